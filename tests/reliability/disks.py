"""Small disks of one's own, in memory: to be filled, and to be made read-only."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MB = 1 << 20


@contextmanager
def small_disk(path: Path, size_mb: int) -> Iterator[Path]:
    """Mount a disk of this size on a new folder; where that is not permitted, skip the test."""
    path.mkdir()
    options = f"size={size_mb}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def fill(disk: Path, room: int = 0) -> Path:
    """Write a file that leaves only so many bytes free, and return it."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(MB))
        except OSError:
            file.truncate(max(0, file.tell() - room))
    return path
