"""A dataset folder as a ``Dataset`` of torch, for training loops that are not ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from PIL import Image
from torch.utils.data import Dataset

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import Labels, read_cached
from artstyle.data.manifest import Split
from artstyle.styles.targets import refused_several

Seen = TypeVar("Seen")


class PaintingDataset(Dataset[tuple[Seen, int]], Generic[Seen]):
    """The paintings of one split, each with its label, for an ordinary ``DataLoader``.

    Args:
        folder: The dataset folder.
        split: Which of its splits.
        transform: Called with each painting's pre-resized copy, RGB: `eval_transform`,
            `train_transform`, or one of another library.

    Attributes:
        labels: Style names; a style's position is its integer label.
        rows: What the manifest says of each painting: style, artist, title, ...
        paths: Their copies.
        targets_N: The labels of all paintings.

    Raises:
        MissingError: This is not a dataset folder.
        DataError: The split is empty; or, on reading, a copy is missing or damaged.

    Examples:
        >>> from torch.utils.data import DataLoader
        >>> seen = artstyle.Preprocessing(32, (0.5,) * 3, (0.5,) * 3, "bilinear", "squash", 40)
        >>> dataset = artstyle.PaintingDataset(
        ...     "data/processed", "train", artstyle.train_transform(seen)
        ... )
        >>> for images_N3SS, targets_N in DataLoader(dataset, batch_size=14, shuffle=True):
        ...     print(images_N3SS.shape, targets_N.dtype)
        torch.Size([14, 3, 32, 32]) torch.int64
        torch.Size([14, 3, 32, 32]) torch.int64
    """

    def __init__(
        self,
        folder: DatasetFolder | str | Path,
        split: Split,
        transform: Callable[[Image.Image], Seen],
    ) -> None:
        folder = folder if isinstance(folder, DatasetFolder) else DatasetFolder(folder)
        self.transform = transform
        if folder.targets.multi:
            raise refused_several(
                "PaintingDataset works", "use DatasetFolder.rows and its targets.indicators"
            )
        self.labels = folder.labels
        self.rows = folder.rows(split)
        self.paths = [folder.image_path(row) for row in self.rows]
        position = {style: label for label, style in enumerate(self.labels)}
        self.targets_N: Labels = np.array([position[row.style] for row in self.rows], np.int64)

    def __len__(self) -> int:
        """Return the number of paintings."""
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Seen, int]:
        """Return a painting, transformed, and its label."""
        image = read_cached(self.paths[index])
        return self.transform(image), int(self.targets_N[index])
