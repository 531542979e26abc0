"""Small disks of one's own, in memory: to be filled, to be made read-only, and to fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

fcntl = pytest.importorskip("fcntl", reason="needs a POSIX system")

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


@dataclass(frozen=True)
class FailingDisk:
    """A disk that answers with I/O errors once it is told to.

    It is an ext4 disk in a file of another ext4 disk, the cabinet, which is shut down as a kernel
    does where a device is lost. From then on the kernel gives EIO for what it does not have in
    memory, and for what is forced to the disk.
    """

    memory: Path
    path: Path

    @property
    def cabinet(self) -> Path:
        return self.memory / "cabinet"

    def make(self, size_mb: int) -> None:
        self.cabinet.mkdir()
        self.path.mkdir()
        for image, place, mb in (
            (self.memory / "image", self.cabinet, size_mb + size_mb // 4 + 8),
            (self.cabinet / "image", self.path, size_mb),
        ):
            with image.open("wb") as file:
                file.truncate(mb * MB)
            subprocess.run(["mkfs.ext4", "-q", "-I", "256", image], check=True)
            _mount(image, place)

    def forget(self, *paths: Path) -> None:
        """Write out all that is in memory, and keep no content of these files there."""
        subprocess.run(["sync", "-f", self.path], check=True)
        for path in paths:
            with path.open("rb") as file:
                if sys.platform == "linux":
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def fail(self) -> None:
        descriptor = os.open(self.cabinet, os.O_RDONLY)
        fcntl.ioctl(descriptor, _EXT4_SHUTDOWN, _WITHOUT_LOG)
        os.close(descriptor)

    def mend(self) -> None:
        """Make it what it would be if the machine had lost its power when the disk failed."""
        self.unmount()
        _mount(self.memory / "image", self.cabinet)
        _mount(self.cabinet / "image", self.path)

    def unmount(self) -> None:
        for place in (self.path, self.cabinet):
            subprocess.run(["umount", place], check=True)


# From linux/ext4.h.
_EXT4_SHUTDOWN, _WITHOUT_LOG = 0x8004587D, (2).to_bytes(4, sys.byteorder)


def _mount(image: Path, place: Path) -> None:
    words = ["mount", "-o", "loop", str(image), str(place)]
    mounted = subprocess.run(words, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")


@contextmanager
def failing_disk(path: Path, size_mb: int) -> Iterator[FailingDisk]:
    """Mount such a disk on a new folder; where that is not permitted, skip the test."""
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("no disk can be made here: there is no mkfs.ext4")
    with small_disk(path.with_name("memory"), 2 * size_mb + 16) as memory:
        disk = FailingDisk(memory, path)
        try:
            disk.make(size_mb)
            yield disk
        finally:
            for place in (disk.path, disk.cabinet):
                subprocess.run(["umount", "--lazy", place], capture_output=True)
