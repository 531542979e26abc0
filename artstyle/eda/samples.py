"""What training and the model see of a few paintings, made by the functions that they use."""

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import functional

from artstyle.config import AugmentConfig
from artstyle.data.augment import augmentation
from artstyle.data.seeding import derived_seed
from artstyle.pictures.image import read_image
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.transforms import eval_transform
from artstyle.presentation.plots import Tile


def preprocessing_tiles(content: bytes, preprocessing: Preprocessing) -> list[Tile]:
    """Return the steps of a picture from its file to the network, each with its name.

    Raises:
        ImageError: The content cannot be read as a picture.
    """
    decoded = read_image(content, rules=preprocessing.rules)
    small = read_image(
        content, short_side_px=preprocessing.read_size, rules=preprocessing.rules
    ).pixels
    tensor = eval_transform(preprocessing)(small)
    shrunk = "shrunk" if small.size != decoded.pixels.size else "already small"
    square = "centre cropped" if preprocessing.fit == "crop" else "squashed"
    low, high = float(tensor.min()), float(tensor.max())
    steps = [
        (decoded.pixels, f"1 upright RGB\n{decoded.width} x {decoded.height}"),
        (small, f"2 {shrunk}\n{small.width} x {small.height}"),
        (to_picture(tensor, preprocessing), f"3 {square}\n{tensor.shape[2]} x {tensor.shape[1]}"),
        (_stretched(tensor), f"4 as numbers\n{low:.2f} to {high:.2f}"),
    ]
    return [Tile(picture, caption) for picture, caption in steps]


def augmented_tiles(
    content: bytes, preprocessing: Preprocessing, augment: AugmentConfig, count: int, seed: int
) -> list[Tile]:
    """Return a painting as it is, and ``count`` times as training varies it.

    Raises:
        ImageError: The content cannot be read as a picture.
    """
    picture = read_image(
        content, short_side_px=preprocessing.read_size, rules=preprocessing.rules
    ).pixels
    plain, varied = eval_transform(preprocessing), augmentation(preprocessing, augment)
    return [
        Tile(to_picture(plain(picture), preprocessing), "as it is"),
        *(
            Tile(Image.fromarray(varied(picture, derived_seed(seed, number)).numpy()))
            for number in range(count)
        ),
    ]


def to_picture(tensor_3HW: Tensor, preprocessing: Preprocessing) -> Image.Image:
    """Undo the normalisation."""
    mean_3, std_3 = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
    return _to_pil(tensor_3HW * std_3[:, None, None] + mean_3[:, None, None])


def _stretched(tensor_3HW: Tensor) -> Image.Image:
    """Show normalised values: the lowest as black, the highest as full."""
    low, high = tensor_3HW.min(), tensor_3HW.max()
    return _to_pil((tensor_3HW - low) / (high - low).clamp_min(1e-6))


def _to_pil(tensor_3HW: Tensor) -> Image.Image:
    picture: Image.Image = functional.to_pil_image(tensor_3HW.clamp(0, 1))
    return picture
