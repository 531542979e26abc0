"""Pictures and runs to measure with, made once and kept in a cache folder outside the project.

The pictures are real paintings, enlarged with texture to the sizes of scans: bicubic enlargement
alone would give files that are far too small for their pixels. Without the real paintings, painted
ones serve. Everything follows from a seed; the first N pictures of a corpus are always the same.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from shutil import rmtree

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from artstyle.data.dataset import DatasetFolder
from artstyle.painter.collection import paint_collection
from artstyle.preparation.prepare import prepare
from artstyle.recipes import resolve_config

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "paintings"
_TEXTURE_PX = 1024
_ASPECT_LIMIT = 2.5

ShortSide = Callable[[Generator], float]
"""Draws a picture's shorter side, in pixels."""


def cache() -> Path:
    """Return the folder of all corpora; ``ARTSTYLE_BENCH`` says where else it should be."""
    default = Path.home() / ".cache" / "artstyle-bench"
    return Path(os.environ.get("ARTSTYLE_BENCH", default))


def paintings() -> list[Path]:
    """Return the real paintings, in a fixed order; where there are none, painted ones."""
    if REAL.is_dir():
        return sorted(REAL.glob("*/*.jpg"))
    folder = cache() / "painted"
    if not folder.is_dir():
        list(paint_collection(folder, 40, short_side_px=352))
    return sorted(folder.glob("*/*.jpg"))


def mixed(count: int) -> Path:
    """Return a folder of JPEGs of all sizes: shorter sides of 300 to 3,000 pixels, log-uniform."""
    return _corpus("mixed", count, _log_uniform)


def museum(count: int) -> Path:
    """Return a folder of JPEGs of museum size: 6 megapixels in the median, 2 to 20."""
    return _corpus("museum", count, _museum)


def _log_uniform(chance: Generator) -> float:
    return float(np.exp(chance.uniform(np.log(300), np.log(3000))))


def _museum(chance: Generator) -> float:
    return float(np.clip(chance.lognormal(np.log(2150), 0.3), 1250, 4000))


def _corpus(name: str, count: int, short_side: ShortSide) -> Path:
    """Return a folder with one folder a style; makes the pictures that are missing.

    Corpora of several sizes share their files through hard links.
    """
    folder = cache() / name / str(count)
    if folder.is_dir():
        return folder
    sources = paintings()
    order = np.random.default_rng(0).permutation(len(sources))
    chosen = [sources[order[number % len(sources)]] for number in range(count)]
    places = [f"{path.parent.name}/{number:06}.jpg" for number, path in enumerate(chosen)]
    every = [cache() / name / "all" / place for place in places]
    jobs = [job for job in enumerate(zip(chosen, every, strict=True)) if not job[1][1].is_file()]
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_enlarge, short_side), jobs, chunksize=8))
    beside = folder.with_suffix(".part")
    rmtree(beside, ignore_errors=True)
    for place, path in zip(places, every, strict=True):
        (beside / place).parent.mkdir(parents=True, exist_ok=True)
        (beside / place).hardlink_to(path)
    beside.rename(folder)
    return folder


def _enlarge(short_side: ShortSide, job: tuple[int, tuple[Path, Path]]) -> None:
    number, (source, path) = job
    chance = np.random.default_rng(number)
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    scale = short_side(chance) / min(picture.size)
    scale *= min(1, _ASPECT_LIMIT * min(picture.size) / max(picture.size))
    picture = picture.resize(
        (round(width * scale), round(height * scale)), Image.Resampling.BICUBIC
    )
    pixels_HW3 = np.asarray(picture).astype(np.int16)
    pixels_HW3 += _texture(chance, picture.height, picture.width)[..., None]
    textured = Image.fromarray(np.clip(pixels_HW3, 0, 255).astype(np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    textured.save(beside, "JPEG", quality=int(chance.integers(82, 95)))
    beside.replace(path)


def _texture(chance: Generator, height: int, width: int) -> NDArray[np.int16]:
    """Return brush and grain: noise of three widths, tiled over the picture."""
    side = _TEXTURE_PX
    total = np.zeros((side, side), np.float32)
    for width_px, strength in ((1, 4.0), (4, 6.0), (16, 8.0)):
        coarse = chance.normal(0, strength, (side // width_px,) * 2).astype(np.float32)
        total += np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))
    repeats = -(-height // side), -(-width // side)
    return np.tile(total.astype(np.int16), repeats)[:height, :width]


def dataset() -> DatasetFolder:
    """Return the paintings, prepared as `artstyle prepare` does by default."""
    out = cache() / "processed"
    found = DatasetFolder(out)
    if not found.description_path.is_file():
        prepare(paintings()[0].parents[1], out, resolve_config().config)
    return found
