"""A network from its name: architecture, weights, and a head for our styles."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import URLError

from torch import nn

from artstyle.errors import UsageError
from artstyle.models.networks.dual import build_dual
from artstyle.models.networks.joined import join
from artstyle.models.networks.simple_cnn import SimpleCNN
from artstyle.models.weights import load_weights, no_download, read_lite
from artstyle.models.zoo import (
    MODELS,
    TIMM_PREFIX,
    ModelSpec,
    backbone_name,
    is_dual,
    member_names,
    require_model,
    weights_at_start,
)

_RESNET_DROPOUT = 0.5


@dataclass(frozen=True)
class Built:
    """A network and its description."""

    network: nn.Module = field(repr=False)
    spec: ModelSpec
    notes: Mapping[str, str] = field(default_factory=dict)
    """The parts taken from a file of weights: part -> words; empty without a file."""


def build_network(
    name: str,
    num_styles: int,
    *,
    weights: str | Path | None = "none",
    image_size: int | None = None,
    dropout: float | None = None,
    styles: Sequence[str] = (),
) -> Built:
    """Build a network with a new, random head.

    Args:
        name: A name in ``MODELS``, or ``timm/NAME``; several, joined by ``+``; or ``dual/NAME``.
        num_styles: C, the length of the logits.
        weights: ``imagenet``, ``none``, or a file (safetensors, or a PyTorch state dict); None
            takes ImageNet's where the model has them.
        image_size: Side in pixels of the input; None takes the model's own.
        dropout: Before the last layer; None takes the model's own.
        styles: Style names in label order; rows of the file's head with one of these names are
            kept.

    Raises:
        UnknownNameError: The model is unknown.
        UsageError: It has no ImageNet weights, or its networks cannot be joined, or it cannot have
            two streams.
        WeightsError: The weights cannot be loaded, or do not fit.

    Examples:
        >>> import torch
        >>> built = artstyle.build_network("simple_cnn", num_styles=4, image_size=32)
        >>> built.network(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 4])
        >>> built.network.get_submodule(built.spec.head)
        Linear(in_features=512, out_features=4, bias=True)
    """
    require_model(name)
    weights = weights_at_start(name, None if weights is None else os.fspath(weights))
    own = weights == "imagenet"
    members = member_names(name)
    if len(members) > 1:
        network, spec = _build_joined(name, members, own, num_styles, image_size)
    elif is_dual(name):
        backbone, under = _build_single(backbone_name(name), own, 1, image_size, None)
        side = image_size or under.image_size
        network, spec = build_dual(name, backbone, under, num_styles, side, dropout)
    else:
        network, spec = _build_single(name, own, num_styles, image_size, dropout)
    if weights in ("imagenet", "none"):
        return Built(network, spec)
    return Built(network, spec, load_weights(network, spec, Path(weights), styles))


def _build_joined(
    name: str, members: Sequence[str], pretrained: bool, num_styles: int, size: int | None
) -> tuple[nn.Module, ModelSpec]:
    # Their own heads give way to one over all of them, so they may have any size.
    first = _build_single(members[0], pretrained, 1, size, None)
    side = size or first[1].image_size
    others = [_build_single(member, pretrained, 1, side, None) for member in members[1:]]
    return join(name, [first, *others], num_styles, side)


def _build_single(
    name: str, pretrained: bool, num_styles: int, size: int | None, dropout: float | None
) -> tuple[nn.Module, ModelSpec]:
    if name.startswith(TIMM_PREFIX):
        network, spec = timm_models().build_any(
            name, pretrained=pretrained, image_size=size, dropout=dropout
        )
    else:
        spec = MODELS[name]
        if pretrained and not spec.has_weights:
            raise UsageError(f"{name} has no ImageNet weights; use --set model.weights=none")
        network = _BUILDERS[spec.source](spec, pretrained, num_styles, size, dropout)
    if spec.source != "artstyle":
        _replace_head(network, spec, num_styles, dropout)
    elif dropout is not None:
        _set_dropout(network.get_submodule("classifier"), dropout)
    return network, spec


def _build_simple(
    spec: ModelSpec, pretrained: bool, num_styles: int, size: int | None, dropout: float | None
) -> nn.Module:
    return SimpleCNN(num_styles, size or spec.image_size)


def _build_torchvision(
    spec: ModelSpec, pretrained: bool, num_styles: int, size: int | None, dropout: float | None
) -> nn.Module:
    # Importing it takes a second, so it is imported only for its own models.
    models = import_module("torchvision.models")
    try:
        network: nn.Module = models.get_model(
            spec.builder, weights=spec.weights if pretrained else None
        )
    except (URLError, OSError) as error:
        raise no_download(spec.name, error) from None
    return network


def _build_timm(
    spec: ModelSpec, pretrained: bool, num_styles: int, size: int | None, dropout: float | None
) -> nn.Module:
    network: nn.Module = timm_models().build(spec.builder, dropout=dropout)
    if pretrained:
        network.load_state_dict(read_lite(spec.name))
    return network


def timm_models() -> ModuleType:
    """Return our module over timm; importing it takes a second, so only its models do."""
    return import_module("artstyle.models.networks.timm_models")


_BUILDERS = {
    "artstyle": _build_simple,
    "torchvision": _build_torchvision,
    "timm": _build_timm,
}


def _replace_head(
    network: nn.Module, spec: ModelSpec, num_styles: int, dropout: float | None
) -> None:
    if spec.source == "timm":
        network.reset_classifier(num_styles)  # type: ignore[operator]
        return
    # torchvision's EfficientNets end in Sequential(Dropout, Linear), its ResNets in a bare Linear.
    root = spec.head.removesuffix(".1")
    old = network.get_submodule(root)
    parts: list[Any] = (
        list(old) if isinstance(old, nn.Sequential) else [nn.Dropout(_RESNET_DROPOUT), old]
    )
    linear = nn.Linear(parts[-1].in_features, num_styles)
    network.set_submodule(root, nn.Sequential(parts[0], linear))
    if dropout is not None:
        _set_dropout(network.get_submodule(root), dropout)


def _set_dropout(module: nn.Module, p: float) -> None:
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = p
