"""Augmentation of training images; image and seed decide the result."""

import math
from collections.abc import Callable
from functools import partial
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from artstyle.config import AugmentConfig
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.square import square_transform
from artstyle.pictures.transforms import Transform, normalise

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""

# Aspect ratio, width / height, of a crop (Szegedy et al. 2015, sec. 6) and of an erased rectangle
# (Zhong et al. 2017, alg. 1), drawn uniformly on a logarithmic scale; and the number of tries.
_CROP_RATIO = (3 / 4, 4 / 3)
_ERASED_RATIO = (0.3, 3.3)
_TRIES = 10
_SEEDS = 2**63 - 1

_TRIVIAL = v2.TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR)
# TrivialAugment draws from torch's global generator, but several threads augment images.
_TORCH_DRAWS = Lock()


def varies(config: AugmentConfig) -> bool:
    """Return whether an image differs from epoch to epoch."""
    return bool(
        config.rotation_degrees
        or config.crop_scale != (1.0, 1.0)
        or config.flip
        or config.trivial_augment
        or config.erasing
        or config.mixup_alpha
        or config.cutmix_alpha
    )


def train_transform(
    preprocessing: Preprocessing, augment: AugmentConfig | None = None
) -> Transform:
    """Return the function from an RGB picture to an augmented, normalised tensor, 3 x S x S.

    The training counterpart of `eval_transform`. As with torchvision's transforms, torch's global
    generator decides: ``torch.manual_seed`` repeats the pictures, and the workers of a
    ``DataLoader`` differ. The result can be sent to another process.

    Args:
        preprocessing: The model's.
        augment: Which augmentations, as in a configuration; None takes the defaults. Mixup and
            CutMix mix batches and are not done here.

    Examples:
        >>> import torch
        >>> vary = artstyle.train_transform(artstyle.load_model("tiny").preprocessing)
        >>> picture = artstyle.read_image("scans/boat.jpg").pixels
        >>> _ = torch.manual_seed(7)
        >>> first, second = vary(picture), vary(picture)
        >>> torch.equal(first, second)
        False
        >>> _ = torch.manual_seed(7)
        >>> torch.equal(first, vary(picture))
        True
    """
    return partial(_augmented, preprocessing=preprocessing, config=augment or AugmentConfig())


def augmentation(
    preprocessing: Preprocessing, config: AugmentConfig
) -> Callable[[Image.Image, int], Tensor]:
    """Return the function from an RGB image and a seed to augmented pixels, S x S x 3, 8 bits.

    They are not normalised yet: that is cheaper for a whole batch. If every augmentation is off,
    they equal the pixels of ``eval_transform``. Global random generators are left unchanged.
    """
    return partial(_augmented_pixels, preprocessing=preprocessing, config=config)


def _augmented(image: Image.Image, preprocessing: Preprocessing, config: AugmentConfig) -> Tensor:
    with _TORCH_DRAWS:
        seed = int(torch.randint(_SEEDS, ()))
    pixels_SS3 = _augmented_pixels(image, seed, preprocessing, config)
    return normalise(pixels_SS3[None], preprocessing)[0]


def _augmented_pixels(
    image: Image.Image, seed: int, preprocessing: Preprocessing, config: AugmentConfig
) -> Tensor:
    rng = np.random.default_rng(seed)
    if config.rotation_degrees:
        image = _rotated(image, preprocessing, config.rotation_degrees, rng)
    if config.crop_scale == (1.0, 1.0):
        image = square_transform(preprocessing)(image)
    else:
        image = _cropped(image, preprocessing, config.crop_scale, rng)
    if rng.random() < config.flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if config.trivial_augment:
        image = _trivially_augmented(image, seed)
    pixels_HW3 = np.array(image)
    if rng.random() < config.erasing:
        mean_3 = np.round(np.multiply(preprocessing.mean, 255)).astype(np.uint8)
        _erase(pixels_HW3, config.erasing_scale, mean_3, rng)
    return torch.from_numpy(pixels_HW3)


def _rotated(
    image: Image.Image, preprocessing: Preprocessing, degrees: float, rng: np.random.Generator
) -> Image.Image:
    if preprocessing.fit == "squash":
        image = image.resize(_canvas(image, preprocessing), Image.Resampling.BILINEAR)
    return image.rotate(rng.uniform(-degrees, degrees), Image.Resampling.BILINEAR)


def _cropped(
    image: Image.Image,
    preprocessing: Preprocessing,
    scale: tuple[float, float],
    rng: np.random.Generator,
) -> Image.Image:
    """Squash, crop and resize in one pass over the pixels."""
    canvas = _canvas(image, preprocessing)
    box = random_box(canvas, scale, rng)
    across, down = image.width / canvas[0], image.height / canvas[1]
    return image.resize(
        (preprocessing.image_size, preprocessing.image_size),
        Image.Resampling[preprocessing.interpolation.upper()],
        box=(box[0] * across, box[1] * down, box[2] * across, box[3] * down),
    )


def _canvas(image: Image.Image, preprocessing: Preprocessing) -> tuple[int, int]:
    """Return the width and height in which crop boxes are drawn."""
    side = preprocessing.read_size
    return (side, side) if preprocessing.fit == "squash" else image.size


def random_box(size: tuple[int, int], scale: tuple[float, float], rng: np.random.Generator) -> Box:
    """Return a box within ``size`` (width, height) with a random share of its area.

    If ten draws do not fit, it is the largest centred box with an allowed aspect ratio.
    """
    width, height = size
    for _ in range(_TRIES):
        wide, high = _random_sides(width * height * rng.uniform(*scale), _CROP_RATIO, rng)
        if 0 < wide <= width and 0 < high <= height:
            x, y = rng.integers(width - wide + 1), rng.integers(height - high + 1)
            return float(x), float(y), float(x + wide), float(y + high)
    wide = min(width, round(height * _CROP_RATIO[1]))
    high = min(height, round(width / _CROP_RATIO[0]))
    left, top = (width - wide) // 2, (height - high) // 2
    return float(left), float(top), float(left + wide), float(top + high)


def _erase(
    pixels_HW3: NDArray[np.uint8],
    scale: tuple[float, float],
    fill_3: NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """Fill a random rectangle with the mean colour, in place."""
    height, width = pixels_HW3.shape[:2]
    for _ in range(_TRIES):
        wide, high = _random_sides(width * height * rng.uniform(*scale), _ERASED_RATIO, rng)
        if 0 < wide < width and 0 < high < height:
            left, top = rng.integers(width - wide + 1), rng.integers(height - high + 1)
            pixels_HW3[top : top + high, left : left + wide] = fill_3
            return


def _random_sides(
    area: float, ratios: tuple[float, float], rng: np.random.Generator
) -> tuple[int, int]:
    ratio = math.exp(rng.uniform(math.log(ratios[0]), math.log(ratios[1])))
    return round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))


def _trivially_augmented(image: Image.Image, seed: int) -> Image.Image:
    generator = torch.default_generator
    with _TORCH_DRAWS:
        before = generator.get_state()
        generator.manual_seed(seed)
        try:
            varied: Image.Image = _TRIVIAL(image)
        finally:
            generator.set_state(before)
    return varied
