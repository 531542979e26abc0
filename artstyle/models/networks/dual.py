"""Two streams over one network: style in the statistics of its layers, content in the last one.

Axes: N images, D dimensions of an embedding, K channels, H x W positions, P projected channels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from artstyle.errors import UsageError, one_line
from artstyle.models.networks.joined import is_mean
from artstyle.models.zoo import ModelSpec

EMBEDDING = 256
"""D of both embeddings."""
_PROJECTED = 16
"""P: a Gram matrix of so many channels, and not of hundreds, is compact."""
_ROWS = [row for row in range(_PROJECTED) for _ in range(row, _PROJECTED)]
_COLUMNS = [column for row in range(_PROJECTED) for column in range(row, _PROJECTED)]
"""Places of the upper triangle: a Gram matrix is symmetric."""
_POOLING = ("avgpool", "global_pool")
"""What torchvision and timm call the layer after the last feature maps."""
_LEAST_VARIANCE = 1e-5

Change = Callable[[Tensor], Tensor]
"""From the maps of a batch, N x K x H x W, to others, of more images perhaps."""


@dataclass(frozen=True)
class Streams:
    """The two embeddings of N images."""

    style_ND: Tensor
    """The input of the last layer, before dropout."""
    content_ND: Tensor


class DualNetwork(nn.Module):
    """A network with a style embedding, a content embedding, and logits from the first.

    The first layers are shared. The style embedding is made of channel statistics of several of
    them, which do not say where in the picture something is (Gatys et al. 2016; Huang and Belongie
    2017). The content embedding is made of the last maps of the whole network.

    Args:
        backbone: The network; its own head is not used.
        steps: Its layers in order, up to its last maps.
        stages: Steps whose output gives statistics -> the number of its channels, in order.
        num_features: Channels of the last maps.
        num_styles: C, the length of the logits.
        dropout: Rate before the last layer.
    """

    def __init__(
        self,
        backbone: nn.Module,
        steps: Sequence[str],
        stages: Mapping[str, int],
        num_features: int,
        num_styles: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.steps, self.stages = list(steps), list(stages)
        self.style = StyleEmbedding(list(stages.values()))
        self.content = nn.Linear(num_features, EMBEDDING)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(EMBEDDING, num_styles)

    def forward(self, images_N3SS: Tensor) -> Tensor:
        """Return the logits of the styles, N x C; layers of content alone are not computed."""
        maps, _ = self._shared(images_N3SS)
        return self.logits(self.style(maps))

    def logits(self, style_ND: Tensor) -> Tensor:
        """Return the logits of the styles for style embeddings, N x C."""
        logits_NC: Tensor = self.head(self.dropout(style_ND))
        return logits_NC

    def streams(self, images_N3SS: Tensor, change: Change | None = None) -> Streams:
        """Return both embeddings.

        Args:
            images_N3SS: Normalised images.
            change: Changes the maps of all stages but the last; later layers see what it returns.
        """
        maps, last = self._shared(images_N3SS, change)
        for path in self.steps[self.steps.index(self.stages[-1]) + 1 :]:
            last = self.backbone.get_submodule(path)(last)
        return Streams(self.style(maps), self.content(last.mean(dim=(2, 3))))

    def _shared(
        self, images_N3SS: Tensor, change: Change | None = None
    ) -> tuple[list[Tensor], Tensor]:
        """Return the maps of each stage, and those of the last of them."""
        found: list[Tensor] = []
        maps = images_N3SS
        early = self.stages[:-1]
        for path in self.steps[: self.steps.index(self.stages[-1]) + 1]:
            maps = self.backbone.get_submodule(path)(maps)
            if path not in self.stages:
                continue
            seen = change(maps) if change is not None and path in early else maps
            found.append(seen)
            # Later layers go on from the last changed maps: those before would be changed twice.
            maps = seen if path == early[-1] else maps
        return found, maps


class StyleEmbedding(nn.Module):
    """Means, deviations and a compact Gram matrix of several maps, under one linear layer.

    Args:
        channels: K of each of the maps.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Conv2d(k, _PROJECTED, 1, bias=False) for k in channels)
        sizes = [2 * k + _PROJECTED * (_PROJECTED + 1) // 2 for k in channels]
        # Layers differ in scale by orders of magnitude, and each must be heard.
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.linear = nn.Linear(sum(sizes), EMBEDDING)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return N x D for the maps, N x K x H x W each."""
        parts = []
        for maps_NKHW, project, norm in zip(maps, self.projections, self.norms, strict=True):
            places_NPL = project(maps_NKHW).flatten(2)
            # Before the product: in half precision, a sum over all positions would overflow.
            places_NPL = places_NPL / places_NPL.shape[2] ** 0.5
            gram_NPP = places_NPL @ places_NPL.transpose(1, 2)
            mean_NK, deviation_NK = channel_statistics(maps_NKHW)
            triangle_NT = gram_NPP[:, _ROWS, _COLUMNS]
            parts.append(norm(torch.cat([mean_NK, deviation_NK, triangle_NT], dim=1)))
        embedding_ND: Tensor = self.linear(torch.cat(parts, dim=1))
        return embedding_ND


def channel_statistics(maps_NKHW: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each channel over its positions, N x K each.

    In float32, since squares overflow in half precision.
    """
    maps_NKHW = maps_NKHW.float()
    mean_NK = maps_NKHW.mean(dim=(2, 3))
    variance_NK = (maps_NKHW - mean_NK[:, :, None, None]).square().mean(dim=(2, 3))
    return mean_NK, (variance_NK + _LEAST_VARIANCE).sqrt()


def with_statistics_of(maps_NKHW: Tensor, others_NKHW: Tensor) -> Tensor:
    """Return maps with the channel statistics of others (Huang and Belongie 2017, eq. 8)."""
    mean, deviation = (part[:, :, None, None] for part in channel_statistics(maps_NKHW))
    new_mean, new_deviation = (part[:, :, None, None] for part in channel_statistics(others_NKHW))
    changed = (maps_NKHW - mean) / deviation * new_deviation + new_mean
    return changed.to(maps_NKHW.dtype)


def build_dual(
    name: str,
    backbone: nn.Module,
    spec: ModelSpec,
    num_styles: int,
    image_size: int,
    dropout: float | None,
) -> tuple[DualNetwork, ModelSpec]:
    """Put two streams over a network, and describe the result.

    The style embedding sees the last layer of each resolution but the smallest.

    Args:
        name: The name of the result.
        backbone: The network; it becomes a part of the result.
        spec: Its description.
        num_styles: C, the length of the logits.
        image_size: Side in pixels of the input.
        dropout: Rate before the last layer; None is 0.

    Raises:
        UsageError: Its features are not the mean of its last maps, which its layers give one after
            another, or it has fewer than three resolutions.
    """
    backbone.set_submodule(spec.head, nn.Identity())
    steps = _steps(backbone, spec)
    shapes = _shapes(backbone.eval(), spec, steps, image_size)
    sizes = {path: shape[1] for path, shape in shapes.items()}
    stages = {
        path: shapes[path][0] for path, after in pairwise(steps) if sizes[after] < sizes[path]
    }
    if len(stages) < 2:
        raise _refusal(spec, f"{image_size}-pixel images have too few resolutions in it")
    network = DualNetwork(backbone, steps, stages, shapes[steps[-1]][0], num_styles, dropout or 0.0)
    *groups, last = [tuple(f"backbone.{path}" for path in group) for group in spec.blocks]
    new = ("style", "content")
    return network, replace(
        spec,
        name=name,
        head="head",
        blocks=(*groups, (*last, *new)),
        cam_layer=f"backbone.{list(stages)[-1]}",
        content_layer=f"backbone.{steps[-1]}",
        new_layers=new,
    )


def _steps(backbone: nn.Module, spec: ModelSpec) -> list[str]:
    """Return the layers up to the last maps, each by its path."""
    steps: list[str] = []
    for name, child in backbone.named_children():
        if name in (*_POOLING, spec.head.split(".")[0]):
            break
        if isinstance(child, nn.Sequential):
            steps += [f"{name}.{part}" for part, _ in child.named_children()]
        else:
            steps.append(name)
    return steps


def _shapes(
    backbone: nn.Module, spec: ModelSpec, steps: Sequence[str], side: int
) -> dict[str, tuple[int, int, int]]:
    """Return the shape of the maps after each step, K x H x W; the last must be the network's.

    Raises:
        UsageError: They are not.
    """
    image = torch.linspace(-2, 2, 3 * side**2).reshape(1, 3, side, side)
    shapes: dict[str, tuple[int, int, int]] = {}
    try:
        with torch.no_grad():
            maps, features = image, backbone(image)
            for path in steps:
                maps = backbone.get_submodule(path)(maps)
                _, *shape = maps.shape
                channels, height, width = shape
                shapes[path] = channels, height, width
    except (AssertionError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise _refusal(spec, one_line(error)[:120]) from None
    if maps.shape[:2] != features.shape or not is_mean(features, maps):
        raise _refusal(
            spec, "its features are not the mean of feature maps, as those of EfficientNets are"
        )
    return shapes


def _refusal(spec: ModelSpec, reason: str) -> UsageError:
    return UsageError(
        f"{spec.name} cannot have two streams ({reason}); use dual/efficientnet_lite0"
    )
