"""How an epoch is trained elsewhere: the loading, loop and float32 of two libraries.

Each gets a folder a style, the network with a new head, what of it learns, and the same variation:
a random crop of half the area or more, and a flip. Batches, optimiser and learning rate are alike.
"""

from collections.abc import Callable, Iterable
from os import cpu_count
from pathlib import Path
from typing import Any

import torch
from timm.data.dataset_factory import create_dataset
from timm.data.loader import create_loader
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import (
    Compose,
    InterpolationMode,
    Normalize,
    RandomHorizontalFlip,
    RandomResizedCrop,
    ToTensor,
)

from artstyle.pictures.preprocessing import Preprocessing
from tests.benchmarks.peers.torchvision_way import plain_transform
from tests.benchmarks.training import Exercise, trainee

LR = 2e-4


def torchvision_way(exercise: Exercise, folder: Path) -> Callable[[], float]:
    """Build an epoch as in references/classification/train.py."""
    network, preprocessing = trainee(exercise)
    pictures = ImageFolder(str(folder), _transform(exercise, preprocessing))
    # Persistent, as timm's are: a short epoch must not be one of starting workers.
    loader = DataLoader(
        pictures,
        exercise.batch_size,
        shuffle=True,
        num_workers=cpu_count() or 1,
        persistent_workers=True,
    )
    return _epochs(network, loader)


def timm_way(exercise: Exercise, folder: Path) -> Callable[[], float]:
    """Build an epoch as in train.py, whose loader also normalises."""
    network, preprocessing = trainee(exercise)
    size = preprocessing.image_size
    scale = exercise.config().augment.crop_scale
    loader = create_loader(
        create_dataset(name="", root=str(folder)),
        input_size=(3, size, size),
        batch_size=exercise.batch_size,
        is_training=True,
        no_aug=not exercise.varied,
        scale=scale,
        ratio=(3 / 4, 4 / 3),
        hflip=0.5,
        color_jitter=0.0,
        interpolation=preprocessing.interpolation,
        mean=preprocessing.mean,
        std=preprocessing.std,
        num_workers=cpu_count() or 1,
        device=torch.device("cpu"),
    )
    return _epochs(network, loader)


def _transform(exercise: Exercise, preprocessing: Preprocessing) -> Compose:
    if not exercise.varied:
        return plain_transform(preprocessing)
    scale = exercise.config().augment.crop_scale
    interpolation = InterpolationMode(preprocessing.interpolation)
    return Compose(
        [
            RandomResizedCrop(preprocessing.image_size, scale, interpolation=interpolation),
            RandomHorizontalFlip(),
            ToTensor(),
            Normalize(preprocessing.mean, preprocessing.std),
        ]
    )


def _epochs(network: nn.Module, loader: Iterable[Any]) -> Callable[[], float]:
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=LR)
    criterion = nn.CrossEntropyLoss()

    def work() -> float:
        losses = []
        for images, labels in loader:
            loss = criterion(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return float(sum(losses) / len(losses))

    return work
