"""A model as a program of torch: it needs torch alone, and no library of models."""

import json
from copy import deepcopy
from pathlib import Path

import torch

from artstyle.errors import WeightsError, one_line
from artstyle.models.onnx_export import painted_pixels
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.transforms import normalise
from artstyle.sharing.description import KEY, describe
from artstyle.storage.files import atomic_path

DESCRIPTION_FILE = f"{KEY}.json"
"""The name of the description in the file, one of torch's ``extra_files``."""

_TOLERANCE = 1e-4
_PICTURES = 4


def write_program(model: TorchModel, path: Path) -> float:
    """Write a model as a file for ``torch.export.load``; batches may have any size.

    Args:
        model: On a CPU.
        path: Ends in ``.pt2``; an existing file is replaced.

    Returns:
        The largest difference of a logit between file and model, over some synthetic paintings.

    Raises:
        WeightsError: torch cannot export the network, or the file gives other logits.
    """
    network = deepcopy(model.network).to(memory_format=torch.contiguous_format).eval()
    pixels = torch.from_numpy(painted_pixels(model.preprocessing, _PICTURES))
    images_N3SS = normalise(pixels, model.preprocessing).contiguous()
    shapes = ({0: torch.export.Dim.DYNAMIC},)
    text = json.dumps(describe(model), ensure_ascii=False)
    try:
        with torch.no_grad():
            program = torch.export.export(network, (images_N3SS,), dynamic_shapes=shapes)
    except (RuntimeError, ValueError, TypeError) as error:
        raise WeightsError(
            f"torch cannot export {model.name} as a program ({one_line(error)[:200]});"
            " use --format onnx"
        ) from None
    with atomic_path(path) as temporary:
        torch.export.save(program, temporary, extra_files={DESCRIPTION_FILE: text})
        written = torch.export.load(temporary).module()
        with torch.inference_mode():
            expected_NC = model.network(images_N3SS)
            difference = float((written(images_N3SS) - expected_NC).abs().max())
        if not difference <= _TOLERANCE * max(float(expected_NC.abs().max()), 1.0):
            raise WeightsError(
                f"{path} was not written: its answers differ by {difference:.2g} from the"
                " checkpoint's; use --format onnx"
            )
    return difference
