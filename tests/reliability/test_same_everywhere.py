"""`prepare` under other orders of files, locales, hash seeds, workers and time zones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.preparation.pictures import write_painting

STYLES = ("Iıİi", "Ukiyo_e", "cafe\u0301", os.fsdecode(b"latin-\xe9"))
NAMES = (
    "I_b.jpg",
    "ı_a.jpg",
    "İ_c.jpg",
    "i_d.jpg",
    "Z-z_Ö.jpg",
    "z-z_o\u0308.jpg",
    "_.jpg",
    "-.jpg",
)
COMPARED = ("manifest.csv", "rejected.csv", "dataset.json", "summary.md")
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def write_museum(root: Path, *, backwards: bool) -> Path:
    """Write 4 x 18 paintings, one of them empty, in one order or in the other."""
    files = [
        (root / style / f"{n % 2}{name}" if n < 8 else root / style / f"{n}_{name}", 100 * s + n)
        for s, style in enumerate(STYLES)
        for n, name in enumerate((*NAMES, *NAMES, *NAMES[:2]))
    ]
    for path, seed in reversed(files) if backwards else files:
        write_painting(path, seed, (48, 36))
    files[5][0].write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process writes in the locale of the tests."""
    root = tmp_path_factory.mktemp("first")
    source = write_museum(root / "museum", backwards=False)
    return prepared(source, root / "data", workers=0, environment={"PYTHONHASHSEED": "0"})


def prepared(
    source: Path, out: Path, *, workers: int, environment: dict[str, str]
) -> dict[str, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "artstyle", "prepare", source, "--out", out,
         "--set", "data.cache_size=24", "--set", "balance.min_per_style=3",
         "--set", "balance.max_per_style=16", "--set", f"data.workers={workers}"],
        env=os.environ | environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr.decode(errors="replace")  # One file is empty.
    return {name: (out / name).read_bytes() for name in COMPARED}


@pytest.mark.parametrize(
    ("workers", "environment"),
    [
        (2, PLAIN | {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"}),
        (3, {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr", "PYTHONHASHSEED": "2", "TZ": "Etc/GMT+12"}),
        (0, {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "3", "TZ": "Pacific/Kiritimati"}),
    ],
    ids=["ASCII", "Turkish", "UTF-8"],
)
def test_the_same_bytes_are_written_everywhere(
    workers: int, environment: dict[str, str], first: dict[str, bytes], tmp_path: Path
) -> None:
    source = write_museum(tmp_path / "museum", backwards=True)
    again = prepared(source, tmp_path / "data", workers=workers, environment=environment)
    assert again == first
