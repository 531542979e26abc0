"""The pack as training reads it: rows, folds, and all pictures as one array."""

import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.pictures.preprocessing import Preprocessing
from artstyle.storage.files import read_csv
from artstyle.styles.names import label_order

NETWORKS = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
# What artstyle does to a picture before an EfficientNet-Lite sees it.
PREPROCESSING = Preprocessing(
    224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bicubic", "squash", read_size=432
)
FOLDS = {"source": 4, "artist": 3, "image": 3}
"""Regimes of cross-validation, and how many folds each has."""
COLUMNS = (
    "path", "style", "artist", "source", "source_fold", "artist_fold", "image_fold", "like",
)  # fmt: skip
_TESTED_LAST = "paintings/"
_PIXELS = "pixels.npy"

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Pack:
    """All pictures: first the paintings, then photographs, which have no style."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    """The styles, in the order of their integer labels."""
    labels_N: Positions
    """-1 for photographs."""
    artists_N: Positions
    """A number an artist; an unknown one is nobody else's."""
    folds: dict[str, Positions]
    """For each regime the fold in which a picture is tested; -1: it never is."""
    like: tuple[tuple[int, ...], ...]
    """For each picture the positions that may not be in training while it is tested."""
    pixels_NHW3: NDArray[np.uint8]

    @property
    def photographs(self) -> Positions:
        """Return the positions of what is not a painting."""
        found: Positions = np.flatnonzero(self.labels_N < 0)
        return found

    def tested(self, regime: str, fold: int) -> Positions:
        """Return the positions that a fold tests."""
        found: Positions = np.flatnonzero(self.folds[regime] == fold)
        return found

    def training(self, regime: str, fold: int | None) -> Positions:
        """Return the positions that a fold learns from; with None all paintings.

        What is like a tested picture is left out.
        """
        usable_N = self.labels_N >= 0
        if fold is not None:
            tested = self.tested(regime, fold)
            usable_N[tested] = False
            usable_N[[other for position in tested for other in self.like[position]]] = False
        return np.flatnonzero(usable_N)

    def strangers(self, positions: Positions, regime: str) -> Positions:
        """Return those of the collections that are only learnt from, for the first stage.

        In the regime of sources it serves all folds, so what is like any tested picture goes too.
        """
        kept_N = np.array([not path.startswith(_TESTED_LAST) for path in self.paths])
        if regime == "source":
            tested = np.flatnonzero(self.folds[regime] >= 0)
            kept_N[[other for position in tested for other in self.like[position]]] = False
        found: Positions = positions[kept_N[positions]]
        return found


def write_part(pack: Path, first: int, encoded: Sequence[bytes]) -> None:
    """Write the pictures from position ``first`` on as one file."""
    lengths = np.array([len(picture) for picture in encoded])
    joined = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    np.savez(pack / f"part-{first:05}.npz", lengths=lengths, bytes=joined)


def read_pack(folder: Path) -> Pack:
    """Read the rows and the pixels; the pictures are decoded once and kept next to the parts."""
    rows = list(read_csv(folder / "pictures.csv"))
    labels = label_order(row["style"] for row in rows if row["style"])
    numbers = {style: number for number, style in enumerate(labels)}
    artists = [row["artist"] or f"unknown/{row['path']}" for row in rows]
    return Pack(
        paths=tuple(row["path"] for row in rows),
        labels=labels,
        labels_N=np.array([numbers.get(row["style"], -1) for row in rows]),
        artists_N=np.unique(artists, return_inverse=True)[1],
        folds={name: np.array([int(row[f"{name}_fold"] or -1) for row in rows]) for name in FOLDS},
        like=tuple(tuple(map(int, row["like"].split())) for row in rows),
        pixels_NHW3=_pixels(folder, len(rows)),
    )


def _pixels(folder: Path, count: int) -> NDArray[np.uint8]:
    path = folder / _PIXELS
    if not path.is_file():
        parts = sorted(folder.glob("part-*.npz"))
        stored = [picture for part in parts for picture in _stored(part)]
        if len(stored) != count:
            raise SystemExit(f"{folder} has {len(stored)} of {count} pictures: a part is missing")
        with ProcessPoolExecutor() as pool:
            decoded = list(pool.map(_decode, stored, chunksize=64))
        partial = path.with_suffix(".part.npy")
        np.save(partial, np.stack(decoded))
        partial.replace(path)
    pixels: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return pixels


def _stored(part: Path) -> list[bytes]:
    with np.load(part) as arrays:
        ends = np.cumsum(arrays["lengths"])
        joined = arrays["bytes"].tobytes()
    starts = np.concatenate([[0], ends[:-1]])
    return [joined[start:end] for start, end in zip(starts, ends, strict=True)]


def _decode(encoded: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(encoded)) as image:
        return np.asarray(image.convert("RGB"))
