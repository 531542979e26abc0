"""torchvision's way, as in its references: ImageFolder, Compose, DataLoader, float32."""

from collections.abc import Callable
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import (
    CenterCrop,
    Compose,
    InterpolationMode,
    Normalize,
    Resize,
    ToTensor,
)

from artstyle.models.checkpoint import load_style_model
from artstyle.pictures.preprocessing import Preprocessing

_BATCH = 32


def predict(checkpoint: Path, folder: Path) -> Callable[[], NDArray[np.float64]]:
    """Build answers for a folder: N x C probabilities."""
    model = load_style_model(checkpoint, torch.device("cpu"))
    network = model.network.to(memory_format=torch.contiguous_format)
    pictures = ImageFolder(str(folder), plain_transform(model.preprocessing))
    loader = DataLoader(pictures, batch_size=_BATCH, num_workers=cpu_count() or 1)

    def work() -> NDArray[np.float64]:
        answers = []
        with torch.inference_mode():
            for images, _ in loader:
                answers.append(network(images).softmax(-1).numpy())
        return np.concatenate(answers).astype(np.float64)

    return work


@dataclass(frozen=True)
class Shrink:
    """The first step that the model knows from its training, exactly: to the size of a copy."""

    short_side_px: int

    def __call__(self, picture: Image.Image) -> Image.Image:
        """Return the picture with this shorter side, or as it is if smaller."""
        short = min(picture.size)
        if short <= self.short_side_px:
            return picture
        width, height = (round(side * self.short_side_px / short) for side in picture.size)
        return picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)


def plain_transform(preprocessing: Preprocessing) -> Compose:
    """Return the usual transform, with the model's own sizes and normalisation."""
    size = preprocessing.image_size
    sides = [size, size] if preprocessing.fit == "squash" else size
    return Compose(
        [
            Shrink(preprocessing.read_size),
            Resize(sides, InterpolationMode(preprocessing.interpolation)),
            CenterCrop(size),
            ToTensor(),
            Normalize(preprocessing.mean, preprocessing.std),
        ]
    )
