"""A model's network as timm or torchvision themselves build it, with the same answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from artstyle.errors import WeightsError
from artstyle.models.onnx_export import painted_pixels
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.transforms import normalise
from artstyle.sharing.formats import Library, require_available

_TOLERANCE = 1e-4
_PICTURES = 4


@dataclass(frozen=True)
class PlainNetwork:
    """A network that a library builds by a name."""

    library: Library
    architecture: str
    """The name there."""
    network: nn.Module
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What building it takes besides the name and ``num_classes``."""
    difference: float = 0.0
    """By how much its logits differ from the model's at most, over some synthetic paintings."""


def plain_network(model: TorchModel, library: Library) -> PlainNetwork:
    """Return the library's own network with a model's weights.

    Args:
        model: On a CPU.
        library: Whose network it becomes. The EfficientNets and ResNets of torchvision exist in
            timm as well, with other names for the same layers.

    Raises:
        UsageError: The library does not have the network.
        WeightsError: Its network does not take the weights, or gives other logits.
    """
    require_available(model.name, library)
    architecture = model.spec.builder.split(".")[0]
    network, arguments = _built(model, architecture, library)
    weights = _renamed(model.network.state_dict(), network.state_dict())
    if weights is None:
        raise WeightsError(
            f"{library}'s {architecture} has other layers than this version of artstyle knows;"
            " use --format onnx or --format torch"
        )
    network.load_state_dict(weights)
    difference = _difference(model, network.eval())
    if not difference <= _TOLERANCE:
        raise WeightsError(
            f"nothing was written: {library}'s {architecture} answers otherwise with the same"
            f" weights (by {difference:.2g}); use --format onnx or --format torch"
        )
    return PlainNetwork(library, architecture, network, arguments, difference)


def _built(
    model: TorchModel, architecture: str, library: Library
) -> tuple[nn.Module, Mapping[str, Any]]:
    """Return the library's network and the arguments that it needed."""
    classes = len(model.labels)
    if library == "torchvision":
        build = import_module("torchvision.models").get_model
        return build(architecture, weights=None, num_classes=classes), {}
    create = import_module("timm").create_model
    network = create(architecture, num_classes=classes)
    size = model.preprocessing.image_size
    if network.pretrained_cfg["input_size"][-1] == size:
        return network, {}
    try:  # Networks with position embeddings or windows are built for one size.
        return create(architecture, num_classes=classes, img_size=size), {"img_size": size}
    except TypeError:
        return network, {}


def _renamed(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Return tensors under other names, in the same order; None if a shape differs.

    Both networks list the same layers in the order in which they compute.
    """
    if len(given) != len(wanted):
        return None
    pairs = list(zip(wanted.items(), given.values(), strict=True))
    if any(asked.shape != tensor.shape for (_, asked), tensor in pairs):
        return None
    return {name: tensor.contiguous() for (name, _), tensor in pairs}


def _difference(model: TorchModel, network: nn.Module) -> float:
    """Return the largest difference of a logit, as a share of the largest logit above 1."""
    pixels = torch.from_numpy(painted_pixels(model.preprocessing, _PICTURES))
    images_N3SS = normalise(pixels, model.preprocessing)
    with torch.inference_mode():
        expected_NC, found_NC = model.network(images_N3SS), network(images_N3SS)
    scale = max(float(expected_NC.abs().max()), 1.0)
    return float((found_NC - expected_NC).abs().max()) / scale
