"""The transform of a decoded picture to the tensor that a network sees.

The same as torchvision's Resize, CenterCrop, ToDtype and Normalize, to the last bit; importing it
for these would take a cold start longer than torch itself does.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.square import square_transform

Transform = Callable[[Image.Image], Tensor]


def eval_transform(preprocessing: Preprocessing) -> Transform:
    """Return the function from an RGB picture to a normalised float32 tensor, 3 x S x S.

    It can be sent to another process, such as a worker of a ``DataLoader``.

    Args:
        preprocessing: The model's.

    Examples:
        >>> seen = artstyle.load_model("tiny").preprocessing
        >>> picture = artstyle.read_image("scans/boat.jpg", short_side_px=seen.read_size).pixels
        >>> artstyle.eval_transform(seen)(picture).shape
        torch.Size([3, 32, 32])
    """
    return partial(_normalised, preprocessing=preprocessing)


def _normalised(picture: Image.Image, preprocessing: Preprocessing) -> Tensor:
    pixels_SS3 = torch.from_numpy(np.array(square_transform(preprocessing)(picture)))
    return normalise(pixels_SS3[None], preprocessing)[0]


def normalise(pixels_NHW3: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Return 8-bit pixels as normalised float32, N x 3 x H x W: the last part of it, for a batch.

    In memory a pixel's channels stay next to each other (channels last).
    """
    images_N3HW = pixels_NHW3.permute(0, 3, 1, 2).to(torch.float32).mul_(1 / 255)
    mean_311, std_311 = (
        torch.tensor(values, device=images_N3HW.device)[:, None, None]
        for values in (preprocessing.mean, preprocessing.std)
    )
    return images_N3HW.sub_(mean_311).div_(std_311)
