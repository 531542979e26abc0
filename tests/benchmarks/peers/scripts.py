"""The script that people write to shrink a folder of pictures."""

import atexit
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from PIL import Image

from tests.benchmarks.prepare import pixels_of

Shrink = Callable[[Path], None]


def alone(folder: Path, short_side_px: int) -> Callable[[], Any]:
    """Build os.walk, then open, convert, resize and save, one picture after the other."""

    def for_each(shrink: Shrink, paths: list[Path]) -> None:
        for path in paths:
            shrink(path)

    return _script(folder, short_side_px, for_each)


def pooled(folder: Path, short_side_px: int) -> Callable[[], Any]:
    """Build the same in a process pool."""

    def for_each(shrink: Shrink, paths: list[Path]) -> None:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(shrink, paths, chunksize=8))

    return _script(folder, short_side_px, for_each)


def _script(
    folder: Path, short_side_px: int, for_each: Callable[[Shrink, list[Path]], None]
) -> Callable[[], Any]:
    def work() -> Any:
        out = Path(mkdtemp(prefix="artstyle-bench-"))
        atexit.register(rmtree, out, ignore_errors=True)
        paths = [Path(root, name) for root, _, names in os.walk(folder) for name in names]
        for_each(partial(_shrink, folder, out, short_side_px), paths)
        return pixels_of(
            {str(path.relative_to(folder)): out / path.relative_to(folder) for path in paths}
        )

    return work


def _shrink(folder: Path, out: Path, short_side_px: int, path: Path) -> None:
    image = Image.open(path).convert("RGB")
    scale = short_side_px / min(image.size)
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    copy = out / path.relative_to(folder)
    copy.parent.mkdir(parents=True, exist_ok=True)
    image.save(copy, quality=95)
