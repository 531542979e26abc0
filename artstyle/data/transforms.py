"""From a decoded picture to the tensor that a network sees."""

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional

from artstyle.preprocessing import Preprocessing

Transform = Callable[[Image.Image], Tensor]


def eval_transform(preprocessing: Preprocessing) -> Transform:
    """Return the function from an RGB picture to a normalised float32 tensor, 3 x S x S."""
    transform: Transform = v2.Compose(
        [*_square(preprocessing), functional.pil_to_tensor, *_to_normalised(preprocessing)]
    )
    return transform


def square_transform(preprocessing: Preprocessing) -> Callable[[Image.Image], Image.Image]:
    """Return the first part of it: to the square of S x S pixels."""
    transform: Callable[[Image.Image], Image.Image] = v2.Compose(_square(preprocessing))
    return transform


def normalise(pixels_NHW3: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Return 8-bit pixels as normalised float32, N x 3 x H x W: the last part of it, for a batch.

    In memory a picture's pixels stay beside each other (channels last).
    """
    images_N3HW: Tensor = v2.Compose(_to_normalised(preprocessing))(pixels_NHW3.permute(0, 3, 1, 2))
    return images_N3HW


def _square(preprocessing: Preprocessing) -> list[Callable[..., object]]:
    size = preprocessing.image_size
    sides = [size, size] if preprocessing.fit == "squash" else size
    interpolation = InterpolationMode(preprocessing.interpolation)
    return [v2.Resize(sides, interpolation=interpolation), v2.CenterCrop(size)]


def _to_normalised(preprocessing: Preprocessing) -> list[Callable[..., object]]:
    return [
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(list(preprocessing.mean), list(preprocessing.std)),
    ]
