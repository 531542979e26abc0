"""The answers of an epoch for trackers, with some of its pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.data.loading import CACHE_RULES
from artstyle.data.manifest import ManifestRow
from artstyle.errors import ImageError
from artstyle.pictures.image import read_image
from artstyle.tracking.tracker import KeptEpoch, Sample

_SAMPLE_PX = 160


def kept_epoch(
    labels: Sequence[str],
    targets: Sequence[int],
    predictions: Sequence[int],
    pictures: Sequence[tuple[ManifestRow, Path]],
    samples: int,
) -> KeptEpoch:
    """Return the answers of an epoch with pictures spread evenly over the split.

    Args:
        labels: Style names in label order.
        targets: The true label of each picture.
        predictions: The predicted ones.
        pictures: The row of each, and its file in the cache.
        samples: How many pictures at most.
    """
    count = min(samples, len(pictures))
    chosen = np.linspace(0, len(pictures) - 1, count).astype(int)
    found = [
        Sample(row.path, picture, labels[targets[n]], labels[predictions[n]])
        for n, row, picture in ((n, pictures[n][0], _picture(pictures[n][1])) for n in chosen)
        if picture is not None
    ]
    return KeptEpoch(labels, targets, predictions, found)


def _picture(path: Path) -> Image.Image | None:
    """Return a picture in small; None if it can no longer be read: it is for looking at only."""
    try:
        return read_image(path, short_side_px=_SAMPLE_PX, rules=CACHE_RULES).pixels
    except (ImageError, OSError):
        return None
