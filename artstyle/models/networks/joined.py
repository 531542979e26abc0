"""Several networks as one: their features next to each other, under one linear layer."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import torch
from torch import Tensor, nn

from artstyle.errors import UsageError, one_line
from artstyle.models.zoo import ModelSpec

# A mean that is computed in another order differs by rounding alone.
_TOLERANCE = 1e-4


class JoinedNetwork(nn.Module):
    """Networks that see the same images and answer through one linear layer.

    Their last feature maps are concatenated before they are averaged. So the whole has class
    activation maps, with a share of each network.

    Args:
        members: From images to feature maps, N x D x H x W; H and W are the same for all.
        num_features: The sum of all D.
        num_styles: C, the length of the logits.
    """

    def __init__(self, members: Sequence[nn.Module], num_features: int, num_styles: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.maps = nn.Identity()  # Has a name, so that heatmaps can be made of what passes here.
        self.classifier = nn.Linear(num_features, num_styles)

    def forward(self, images_N3SS: Tensor) -> Tensor:
        """Return logits, N x C."""
        maps_NDHW = self.maps(torch.cat([member(images_N3SS) for member in self.members], dim=1))
        logits_NC: Tensor = self.classifier(maps_NDHW.mean(dim=(2, 3)))
        return logits_NC


class Renormalise(nn.Module):
    """Images that are normalised for one network, normalised for another."""

    scale: Tensor
    shift: Tensor

    def __init__(self, given: ModelSpec, wanted: ModelSpec) -> None:
        super().__init__()
        mean_3, std_3, wanted_mean_3, wanted_std_3 = (
            torch.tensor(values)[:, None, None]
            for values in (given.mean, given.std, wanted.mean, wanted.std)
        )
        # Not in the checkpoint: the names of the networks decide them.
        self.register_buffer("scale", std_3 / wanted_std_3, persistent=False)
        self.register_buffer("shift", (mean_3 - wanted_mean_3) / wanted_std_3, persistent=False)

    def forward(self, images_N3SS: Tensor) -> Tensor:
        """Return images of the same shape."""
        changed: Tensor = images_N3SS * self.scale + self.shift
        return changed


def join(
    name: str,
    parts: Sequence[tuple[nn.Module, ModelSpec]],
    num_styles: int,
    image_size: int,
) -> tuple[nn.Module, ModelSpec]:
    """Join networks, and describe the result: its images are prepared as for the first one.

    Args:
        name: The name of the result.
        parts: Each network and its description. The networks become parts of the result.
        num_styles: C, the length of the logits.
        image_size: Side in pixels of the input.

    Raises:
        UsageError: A network's features are not the mean of its last feature maps, or these maps
            have another size than those of the others.
    """
    first = parts[0][1]
    spec = replace(
        first,
        name=name,
        head="classifier",
        blocks=(("members",),),
        cam_layer="maps",
    )
    members, num_features, sizes = [], 0, {}
    for network, own in parts:
        member, (channels, *sizes[own.name]) = _maps_part(network.eval(), own, image_size)
        num_features += channels
        same = (own.mean, own.std) == (first.mean, first.std)
        members.append(member if same else nn.Sequential(Renormalise(first, own), member))
    if len(set(map(tuple, sizes.values()))) > 1:
        listed = ", ".join(
            f"{height} x {width} of {part}" for part, (height, width) in sizes.items()
        )
        raise UsageError(f"{name} cannot be joined: feature maps of unequal size ({listed})")
    return JoinedNetwork(members, num_features, num_styles), spec


class _ForwardFeatures(nn.Module):
    """A network of timm up to its last feature maps."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_N3SS: Tensor) -> Tensor:
        maps_NDHW: Tensor = self.network.forward_features(images_N3SS)  # type: ignore[operator]
        return maps_NDHW


def _maps_part(network: nn.Module, spec: ModelSpec, side: int) -> tuple[nn.Module, tuple[int, ...]]:
    """Return the part of a network that gives its last feature maps, and their shape, D x H x W.

    Raises:
        UsageError: Their mean is not the input of the network's last layer.
    """
    network.set_submodule(spec.head, nn.Identity())
    part: nn.Module
    if spec.source == "timm":
        part = _ForwardFeatures(network)
    else:  # torchvision's networks average what their other layers, one after another, give.
        children = list(network.named_children())
        part = nn.Sequential(OrderedDict(takewhile(lambda child: child[0] != "avgpool", children)))
    image = torch.linspace(-2, 2, 3 * side**2).reshape(1, 3, side, side)
    try:
        with torch.no_grad():
            maps, features = part(image), network(image)
    except (AssertionError, RuntimeError) as error:
        reason = f"it does not accept {side}-pixel images ({one_line(error)[:120]})"
        raise _refusal(spec, reason) from None
    if maps.dim() != 4 or maps.shape[:2] != features.shape or not is_mean(features, maps):
        reason = "its features are not the mean of feature maps, as those of EfficientNets and"
        raise _refusal(spec, f"{reason} ResNets are")
    return part, tuple(maps.shape[1:])


def is_mean(features_1D: Tensor, maps_1DHW: Tensor) -> bool:
    """Return whether features are the mean of feature maps, but for rounding."""
    if maps_1DHW.is_meta:  # A network without memory, built for its names and shapes.
        return True
    limit = _TOLERANCE * float(features_1D.abs().max())
    return bool((maps_1DHW.mean(dim=(2, 3)) - features_1D).abs().max() <= limit)


def _refusal(spec: ModelSpec, reason: str) -> UsageError:
    return UsageError(f"{spec.name} cannot be joined with other models: {reason}")
