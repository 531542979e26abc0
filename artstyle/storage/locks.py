"""Locks: of two processes that would write to one folder or file, one is refused."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from artstyle.errors import BusyError
from artstyle.storage.files import TEMPORARY_PREFIX, remove_unfinished

_LOCK_NAME = ".lock"


def is_vacant(folder: Path, *, but_for: Collection[str] = ()) -> bool:
    """Return whether nobody has anything in a folder, which need not exist.

    The lock, unfinished files and empty folders are what a process leaves that is killed early.

    Args:
        folder: Looked through at all depths, up to the first file that counts.
        but_for: Names that do not count either.
    """
    if not folder.is_dir():
        return not folder.exists()
    passed_over = {_LOCK_NAME, *but_for}
    return all(
        path.is_dir() or path.name in passed_over or path.name.startswith(TEMPORARY_PREFIX)
        for path in folder.rglob("*")
    )


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold a folder for writing; made if it is not there, rid of what a killed writer left in it.

    The operating system holds the lock, on the file ``.lock`` in the folder, for this process: it
    is gone when the process is, however that ends, and worker processes do not inherit it. The
    empty file stays and means nothing by itself. On a network disk it holds between machines
    where the disk's server keeps locks (NFS and SMB do by default); where the file system has no
    locks at all, nobody is refused, and each file is still written whole or not at all.

    Raises:
        BusyError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked_file(folder / _LOCK_NAME, folder):
        remove_unfinished(folder)
        yield


@contextmanager
def locked_file(path: Path, writes_to: Path) -> Iterator[int]:
    """Hold the lock on one file, made empty if it is not there, and yield its descriptor.

    Args:
        path: Not to be opened once more in this process meanwhile: closing it would let go.
        writes_to: What the error names.

    Raises:
        BusyError: Another process holds it.
    """
    # Never through a link, which may lead anywhere.
    no_link = getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | no_link, 0o666)
    try:
        _lock(descriptor, writes_to)
        yield descriptor
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, writes_to: Path) -> None:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            raise _busy(writes_to) from None

else:
    import fcntl

    def _lock(descriptor: int, writes_to: Path) -> None:
        # Not flock: forked workers would keep it after the death of the process.
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise _busy(writes_to) from None
        except OSError:
            return  # No locks on this file system.


def _busy(writes_to: Path) -> BusyError:
    return BusyError(
        f"another process of artstyle is writing to {writes_to};"
        " wait for it to end, or choose another place with --out"
    )
