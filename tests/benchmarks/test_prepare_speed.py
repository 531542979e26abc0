"""How long `prepare` takes, and how much memory: `nox -s bench -- -k prepare`."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.data.wikiart_names import paint_listed

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LISTS = SHARED / "wikiart_lists"


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_bytes: int
    """Of memory that no other process shares, summed over the processes."""

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.peak_bytes / 2**20:.0f} MiB at most"


def measured(*arguments: object) -> Cost:
    begun, peak = time.monotonic(), 0
    command = [sys.executable, "-m", "artstyle", "prepare", *map(str, arguments)]
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(map(_unshared_bytes, [process, *process.children(recursive=True)])))
        time.sleep(0.2)
    assert process.returncode == 0
    return Cost(time.monotonic() - begun, peak)


def _unshared_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0


@pytest.mark.skipif(not LISTS.is_dir(), reason="the official lists are not there")
def test_all_names_of_wikiart(tmp_path: Path) -> None:
    count = paint_listed(LISTS, tmp_path / "wikiart")
    arguments = (tmp_path / "wikiart", "--lists", LISTS, "--out", tmp_path / "out")
    for run in ("first", "second"):
        print(f"{run} run over {count} tiny pictures: {measured(*arguments)}")  # noqa: T201
    description = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert description["copies"]["two_styles_paintings"] == 1349
    assert description["counts"]["left_out"]["two_styles"] == 2698


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real paintings are not there")
@pytest.mark.parametrize("name", ["paintings", "wikiart11"])
def test_real_paintings(name: str, tmp_path: Path) -> None:
    count = len(list((SHARED / name).glob("*/*.jpg")))
    for run in ("first", "second"):
        cost = measured(SHARED / name, "--out", tmp_path / "out")
        print(f"{run} run over {count} of {name}: {cost}")  # noqa: T201


@pytest.mark.parametrize("side_px", [1000, 4000, 8000])
def test_memory_for_large_pictures(side_px: int, tmp_path: Path) -> None:
    """JPEGs are decoded at a fraction of their size; the collection's size plays no part."""
    folder = tmp_path / "museum" / "Cubism"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (100, 80, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((side_px, side_px * 5 // 4))
    for number in range(80):
        picture.putpixel((0, 0), (number, 0, 0))
        picture.save(folder / f"{number}.jpg", quality=95 - number % 10)
    arguments = ("--out", tmp_path / "out", "--set", "quality.copies=keep")
    cost = measured(tmp_path / "museum", *arguments)
    print(f"80 JPEGs of {picture.width}x{picture.height}: {cost}")  # noqa: T201
