"""From a decoded picture to the numbers that a network sees, without torch.

The same as torchvision's Resize, CenterCrop, ToDtype and Normalize, to the last bit.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.pictures.preprocessing import Preprocessing

_RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def square_transform(preprocessing: Preprocessing) -> Callable[[Image.Image], Image.Image]:
    """Return the function from an RGB picture to its square of S x S pixels."""
    side, resampling = preprocessing.image_size, _RESAMPLING[preprocessing.interpolation]

    def square(picture: Image.Image) -> Image.Image:
        if preprocessing.fit == "squash":
            return picture.resize((side, side), resampling)
        short, long = min(picture.size), max(picture.size)
        width, height = (side if s == short else int(side * long / short) for s in picture.size)
        left, top = round((width - side) / 2), round((height - side) / 2)
        shrunk = picture.resize((width, height), resampling)
        return shrunk.crop((left, top, left + side, top + side))

    return square


def normalised_pixels(
    pixels_NHW3: NDArray[np.uint8], preprocessing: Preprocessing
) -> NDArray[np.float32]:
    """Return 8-bit pixels as normalised float32, N x 3 x H x W, as `transforms.normalise` does."""
    images_N3HW = np.empty((len(pixels_NHW3), 3, *pixels_NHW3.shape[1:3]), np.float32)
    images_N3HW[:] = pixels_NHW3.transpose(0, 3, 1, 2)
    images_N3HW *= np.float32(1 / 255)
    mean_311, std_311 = (
        np.array(values, np.float32)[:, None, None]
        for values in (preprocessing.mean, preprocessing.std)
    )
    images_N3HW -= mean_311
    images_N3HW /= std_311
    return images_N3HW
