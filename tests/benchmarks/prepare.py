"""`artstyle prepare` on scans of museum size against the usual script, alone and in processes.

The script decodes every file whole; artstyle decodes JPEGs at a fraction of their size, finds
copies, hashes, splits and describes as well. The bound is the decoding that artstyle needs, at that
fraction, on all cores.
"""

import atexit
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import ceil
from os import cpu_count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.config import Config
from artstyle.data.manifest import read_manifest
from artstyle.preparation.cache import COPY_MARGIN
from artstyle.preparation.prepare import prepare
from artstyle.recipes import resolve_config
from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest

_PICTURES = 2000
# Copies that are compared with the script's, pixel by pixel.
_COMPARED = 64
# Of 255 grey levels, over a whole copy; the JPEGs of the two copies are the greater part of it.
_MOST_DIFFERENCE = 5.0

Pixels = NDArray[np.uint8]
Work = Callable[[], Any]


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield the one contest."""
    count = pictures or _PICTURES
    folder = corpora.museum(count)
    side = Config().data.cache_size
    same = {"folder": folder, "short_side_px": side}
    script = "tests.benchmarks.peers.scripts"
    yield Contest(
        stage="prepare",
        what=f"{count} JPEGs of 6 megapixels in the median, to a shorter side of {side} pixels",
        unit="picture",
        units=count,
        contenders=(
            Contender("artstyle", f"{__name__}:artstyle", same, "artstyle"),
            Contender("usual script, process pool", f"{script}:pooled", same),
            Contender("usual script, alone", f"{script}:alone", same),
            Contender("decoding at a fraction", f"{__name__}:decoding", same, "part"),
            Contender("decoding whole", f"{__name__}:decoding_whole", same, "aside"),
        ),
        compare=compare,
    )


def artstyle(folder: Path, short_side_px: int) -> Work:
    """Build what `artstyle prepare` does once it has started, into a new folder each time."""

    # Few pictures, for a quick look, must do too.
    config = resolve_config(overrides=["balance.min_per_style=1"]).config

    def work() -> dict[str, Pixels]:
        out = Path(mkdtemp(prefix="artstyle-bench-"))
        atexit.register(rmtree, out, ignore_errors=True)
        dataset = prepare(folder, out / "processed", config).dataset
        copies = {row.path: dataset.image_path(row) for row in read_manifest(dataset.manifest_path)}
        return pixels_of(copies)

    return work


def decoding(folder: Path, short_side_px: int) -> Work:
    """Build the decoding of every file at the fraction that artstyle needs, and nothing else."""
    return _in_processes(folder, partial(_decode, short_side_px))


def decoding_whole(folder: Path, short_side_px: int) -> Work:
    """Build the decoding of every pixel."""
    return _in_processes(folder, partial(_decode, None))


def _in_processes(folder: Path, decode: Callable[[Path], None]) -> Work:
    paths = sorted(folder.glob("*/*.jpg"))

    def work() -> None:
        with ProcessPoolExecutor(cpu_count()) as pool:
            list(pool.map(decode, paths, chunksize=8))

    return work


def _decode(short_side_px: int | None, path: Path) -> None:
    with Image.open(path) as image:
        if short_side_px is not None:
            scale = COPY_MARGIN * short_side_px / min(image.size)
            image.draft(None, (ceil(image.width * scale), ceil(image.height * scale)))
        image.load()


def pixels_of(copies: Mapping[str, Path]) -> dict[str, Pixels]:
    """Return the pixels of the copies that are compared."""
    chosen = sorted(copies)[:: max(1, len(copies) // _COMPARED)]
    return {name: np.asarray(Image.open(copies[name]).convert("RGB")) for name in chosen}


def compare(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Return by how much the script's copies differ from artstyle's."""
    own: dict[str, Pixels] = answers["artstyle"]
    words = {}
    for name, theirs in answers.items():
        if name == "artstyle" or not isinstance(theirs, dict):
            continue
        assert theirs.keys() == own.keys()
        differences = [
            float(np.abs(theirs[path].astype(np.int16) - own[path]).mean()) for path in own
        ]
        assert max(differences) < _MOST_DIFFERENCE, max(differences)
        words[name] = (
            f"{np.mean(differences):.2f} of 255 on average, {max(differences):.2f} the worst copy"
        )
    return words
