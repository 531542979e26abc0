"""Locks: only one process at a time writes to a folder or file."""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from artstyle.errors import BusyError
from artstyle.storage.files import TEMPORARY_PREFIX, remove_unfinished

_LOCK_NAME = ".lock"


def is_vacant(folder: Path, *, but_for: Collection[str] = ()) -> bool:
    """Return whether a folder is empty or does not exist.

    The lock, unfinished files and empty folders do not count: a process that is killed early
    leaves them.

    Args:
        folder: Searched at all depths, up to the first file that counts.
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
    """Lock a folder for writing; make it if needed, and remove what a killed writer left.

    The operating system locks the file ``.lock`` in the folder for this process. The lock ends
    with the process, however that ends; worker processes do not inherit it. The empty file stays
    and means nothing by itself. On a network disk the lock works between machines if the disk's
    server keeps locks (NFS and SMB do by default). On a file system without locks every process
    may write; each file is still written whole or not at all.

    Raises:
        BusyError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked_file(folder / _LOCK_NAME, folder):
        remove_unfinished(folder)
        yield


@contextmanager
def locked_file(path: Path, writes_to: Path) -> Iterator[int]:
    """Lock one file, made empty if it does not exist, and yield its descriptor.

    Args:
        path: Do not open it again in this process meanwhile: closing it would end the lock.
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
