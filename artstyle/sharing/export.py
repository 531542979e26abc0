"""A run's best model in the forms that others load."""

import json
from collections.abc import Callable
from pathlib import Path

from artstyle.models.checkpoint import write_tensors
from artstyle.models.onnx_export import export_onnx
from artstyle.models.torch_model import TorchModel
from artstyle.runs.folder import RunFolder
from artstyle.sharing.description import KEY, describe
from artstyle.sharing.formats import Format, Library
from artstyle.sharing.hub import write_hub_folder
from artstyle.sharing.plain import plain_network
from artstyle.sharing.program import write_program


def export_model(model: TorchModel, run: RunFolder, path: Path, form: Format) -> float:
    """Write a model in a form that others load; what exists is replaced.

    Args:
        model: On a CPU.
        run: The run that it is from; a folder for Hugging Face says what it knows about it.
        path: A file, or the folder for ``hub``.
        form: ``onnx`` and ``torch`` need no library of models; ``timm`` and ``torchvision`` are
            weights for the library's own network; ``hub`` is a folder that timm loads.

    Returns:
        The largest difference of an answer between what is written and the model, over synthetic
        paintings.

    Raises:
        UsageError: The library does not have the network.
        MissingError: A package that writing needs is not installed.
        WeightsError: The network cannot be expressed, or would answer otherwise.
    """
    return _WRITERS[form](model, run, path)


def _write_weights(library: Library) -> "_Writer":
    def write(model: TorchModel, run: RunFolder, path: Path) -> float:
        plain = plain_network(model, library)
        about = {"architecture": plain.architecture, "arguments": dict(plain.arguments)}
        # Not under the key of our own checkpoints, whose tensors have other names.
        metadata = {"format": "pt", f"{KEY}_model": json.dumps(describe(model) | about)}
        write_tensors(path, dict(plain.network.state_dict()), metadata)
        return plain.difference

    return write


def _write_hub(model: TorchModel, run: RunFolder, path: Path) -> float:
    plain = plain_network(model, "timm")
    write_hub_folder(model, plain, run, path)
    return plain.difference


_Writer = Callable[[TorchModel, RunFolder, Path], float]
_WRITERS: dict[Format, _Writer] = {
    "onnx": lambda model, run, path: export_onnx(model, path),
    "torch": lambda model, run, path: write_program(model, path),
    "timm": _write_weights("timm"),
    "torchvision": _write_weights("torchvision"),
    "hub": _write_hub,
}
