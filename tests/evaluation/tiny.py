"""A tiny data set and a tiny run, made through the library; the network's weights are random."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import SPLITS, ManifestRow, write_manifest
from artstyle.models.checkpoint import write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.runs.folder import HISTORY_COLUMNS, RunFolder
from artstyle.training.environment import describe_environment
from artstyle.training.process_group import process_group
from tests.data.described import write_description

STYLES = ("Baroque", "Cubism", "Rococo", "Ukiyo_e")
PREPROCESSING = Preprocessing(32, (0.5,) * 3, (0.2,) * 3, "bilinear", "crop", 40)


def write_dataset(
    path: Path,
    styles: Sequence[str] = STYLES,
    *,
    fingerprint: str = "a" * 64,
    first: int = 0,
    pictures: int = 6,
) -> DatasetFolder:
    """Write a data set with six pictures of each style in each split, or as many as asked for.

    Of the artists in val and test, two of six have a picture in train and one is not known.
    """
    rows: list[ManifestRow] = []
    for split in SPLITS:
        for style in styles:
            for k in range(pictures):
                name = f"{style}/{split}_{k}, löwe.jpg"
                artist = "" if k == 5 else f"artist {k}" if k < 2 else f"{split} artist {k}"
                number = first + len(rows)
                _paint(path / "images" / name, number)
                rows.append(manifest_row(name, style, artist, split, f"{number:064x}"))
    write_manifest(path / "manifest.csv", rows)
    notes = ["made for tests"]
    write_description(path / "dataset.json", rows, fingerprint=fingerprint, notes=notes)
    return DatasetFolder(path)


def write_run(path: Path, dataset: DatasetFolder, labels: Sequence[str] = STYLES) -> RunFolder:
    """Write a run of a network that has learnt nothing, as if trained on ``dataset``."""
    run = RunFolder(path)
    with process_group("cpu") as group:
        started = datetime(2026, 11, 22, 10, tzinfo=UTC)
        environment = describe_environment(Config(), dataset, group, started)
    run.begin(Config(), tuple(labels), environment)
    run.write_history([dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": 1}])
    torch.manual_seed(0)
    built = build_network("simple_cnn", len(labels), image_size=PREPROCESSING.image_size)
    write_checkpoint(
        run.best_path, built.network, Header("simple_cnn", tuple(labels), PREPROCESSING, {})
    )
    return run


def _paint(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((40, 48)).save(path)


def manifest_row(name: str, style: str, artist: str, split: str, sha256: str) -> ManifestRow:
    return ManifestRow(
        path=name,
        style=style,
        artist=artist,
        title="",
        genre="",
        split=split,
        left_out="",
        width=40,
        height=48,
        sha256=sha256,
        phash="0" * 16,
        cached=f"images/{name}",
    )
