"""A data set in which some labels are wrong on purpose, to see which of them are found."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import read_manifest, write_manifest


def plant_wrong_labels(
    data: DatasetFolder, folder: Path, count: int, seed: int
) -> tuple[DatasetFolder, dict[str, str]]:
    """Return a copy of a data set, and the path of each wrongly labelled picture with its truth.

    The pictures are drawn from all that take part; each gets one of the other styles at random.
    The copy shares the images.
    """
    rows, drawn = list(read_manifest(data.manifest_path)), np.random.default_rng(seed)
    chosen = drawn.choice([n for n, row in enumerate(rows) if row.split], count, replace=False)
    truth = {}
    for n in chosen:
        others = [style for style in data.labels if style != rows[n].style]
        truth[rows[n].path] = rows[n].style
        rows[n] = replace(rows[n], style=str(drawn.choice(others)))
    planted = DatasetFolder(folder)
    folder.mkdir()
    planted.images_path.symlink_to(data.images_path.resolve(), target_is_directory=True)
    write_manifest(planted.manifest_path, rows)
    planted.description_path.write_bytes(data.description_path.read_bytes())
    return planted, truth
