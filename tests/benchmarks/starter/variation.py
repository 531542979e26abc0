"""How a batch of training pictures is varied, on the device: crop, mirror, sharpness, colour."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Variation:
    """How much a picture may change."""

    side_px: int = 176
    """Of the square that the network learns from."""
    crop_scale: tuple[float, float] = (0.35, 1.0)
    """Share of the area that a crop keeps."""
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """Width to height of a crop, drawn evenly on a logarithmic scale."""
    colour: float = 0.2
    """Largest change of brightness, contrast and saturation, as a share."""
    blur_px: tuple[int, int] = (96, 224)
    """Sides of the smaller picture over which every second batch makes a detour."""


VARIATION = Variation()


def varied(pixels_NHW3: Tensor, variation: Variation, generator: torch.Generator) -> Tensor:
    """Return float pixels of 0 to 255, N x S x S x 3, each picture cropped and coloured by itself.

    Args:
        pixels_NHW3: 8-bit pixels on the device.
        variation: How much.
        generator: Of all draws, on the CPU: the same pictures come of it on any device.
    """
    images_N3HW = pixels_NHW3.permute(0, 3, 1, 2).float()
    if _uniform(generator, 1, 0, 1).item() < 0.5:
        low, high = variation.blur_px
        side = int(torch.randint(low, high + 1, (), generator=generator))
        images_N3HW = functional.interpolate(
            images_N3HW, size=(side, side), mode="bilinear", antialias=True
        )
    boxes_N23 = _boxes(len(images_N3HW), variation, generator).to(images_N3HW.device)
    size = (len(images_N3HW), 3, variation.side_px, variation.side_px)
    grid = functional.affine_grid(boxes_N23, list(size), align_corners=False)
    images_N3HW = functional.grid_sample(
        images_N3HW, grid, padding_mode="reflection", align_corners=False
    )
    return _coloured(images_N3HW, variation.colour, generator).permute(0, 2, 3, 1)


def _boxes(count: int, variation: Variation, generator: torch.Generator) -> Tensor:
    """Return affine matrices from the output's coordinates (-1 to 1) to those of the picture."""
    area_N = _uniform(generator, count, *variation.crop_scale)
    low, high = (torch.tensor(ratio).log().item() for ratio in variation.crop_ratio)
    ratio_N = _uniform(generator, count, low, high).exp()
    width_N, height_N = (
        (area_N * share_N).sqrt().clamp(max=1) for share_N in (ratio_N, 1 / ratio_N)
    )
    mirror_N = torch.randint(0, 2, (count,), generator=generator) * 2 - 1
    boxes_N23 = torch.zeros(count, 2, 3)
    boxes_N23[:, 0, 0], boxes_N23[:, 1, 1] = width_N * mirror_N, height_N
    for axis, side_N in enumerate((width_N, height_N)):
        boxes_N23[:, axis, 2] = (1 - side_N) * _uniform(generator, count, -1, 1)
    return boxes_N23


def _coloured(images_N3HW: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Return the pictures with other brightness, contrast and saturation."""
    brightness_N, contrast_N, saturation_N = (
        _uniform(generator, len(images_N3HW), 1 - most, 1 + most)
        .to(images_N3HW.device)
        .reshape(-1, 1, 1, 1)
        for _ in range(3)
    )
    images_N3HW = images_N3HW * brightness_N
    images_N3HW = images_N3HW.mean(dim=(1, 2, 3), keepdim=True).lerp(images_N3HW, contrast_N)
    images_N3HW = images_N3HW.mean(dim=1, keepdim=True).lerp(images_N3HW, saturation_N)
    return images_N3HW.clamp(0, 255)


def _uniform(generator: torch.Generator, count: int, low: float, high: float) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low
