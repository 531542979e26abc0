"""From a decoded picture to the tensor that a network sees, plain or varied for training."""

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional

from artstyle.config import AugmentConfig
from artstyle.preprocessing import Preprocessing

Transform = Callable[[Image.Image], Tensor]


def eval_transform(preprocessing: Preprocessing) -> Transform:
    """Return the function from an RGB picture to a normalised float32 tensor, 3 x S x S."""
    transform: Transform = v2.Compose([*_square(preprocessing), *_to_normalised(preprocessing)])
    return transform


def train_transform(preprocessing: Preprocessing, augment: AugmentConfig) -> Transform:
    """Return the same with random variation.

    All chance comes from torch's global generator, so that seeding it fixes the result.
    """
    steps: list[Callable[..., object]] = []
    if preprocessing.fit == "squash":
        steps.append(v2.Resize([preprocessing.read_size] * 2, interpolation=_BILINEAR))
    if augment.rotation_degrees:
        steps.append(v2.RandomRotation(augment.rotation_degrees, interpolation=_BILINEAR))
    steps += _crop(preprocessing, augment)
    steps.append(v2.RandomHorizontalFlip(augment.flip))
    if augment.trivial_augment:
        steps.append(v2.TrivialAugmentWide(interpolation=_BILINEAR))
    steps += _to_normalised(preprocessing)
    if augment.erasing:
        steps.append(v2.RandomErasing(augment.erasing, scale=augment.erasing_scale))
    transform: Transform = v2.Compose(steps)
    return transform


_BILINEAR = InterpolationMode.BILINEAR


def _crop(preprocessing: Preprocessing, augment: AugmentConfig) -> list[Callable[..., object]]:
    """Return a random resized crop; where nothing may be cropped away, the plain square."""
    if augment.crop_scale == (1.0, 1.0):
        return _square(preprocessing)
    size, interpolation = preprocessing.image_size, _interpolation(preprocessing)
    return [v2.RandomResizedCrop(size, scale=augment.crop_scale, interpolation=interpolation)]


def _square(preprocessing: Preprocessing) -> list[Callable[..., object]]:
    size = preprocessing.image_size
    sides = [size, size] if preprocessing.fit == "squash" else size
    return [v2.Resize(sides, interpolation=_interpolation(preprocessing)), v2.CenterCrop(size)]


def _to_normalised(preprocessing: Preprocessing) -> list[Callable[..., object]]:
    return [
        functional.pil_to_tensor,
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(list(preprocessing.mean), list(preprocessing.std)),
    ]


def _interpolation(preprocessing: Preprocessing) -> InterpolationMode:
    return InterpolationMode(preprocessing.interpolation)
