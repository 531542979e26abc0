"""A folder that keeps what was fetched for a day, so that nothing is asked for twice."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from artstyle.storage.files import digest, write_bytes

MAX_AGE_S = 24 * 60 * 60
MAX_BYTES = 2 << 30


def default_folder() -> Path:
    """Return the folder for this user: ``~/.cache/artstyle/iiif`` on Linux."""
    return user_cache_path("artstyle", appauthor=False) / "iiif"


class Cache:
    """Contents by address. A file is whole or not there; its name is a digest of the address.

    Args:
        folder: Made when it is needed. Files in it that are older than a day are removed.
        note: Called with a line if nothing can be kept.
        max_bytes: When the files together reach this size, nothing more is kept.
    """

    def __init__(
        self, folder: Path, note: Callable[[str], None], max_bytes: int = MAX_BYTES
    ) -> None:
        self._folder, self._note = folder, note
        self._room_bytes = max_bytes - sum(_fresh_sizes(folder))

    def read(self, address: str) -> bytes | None:
        """Return what an address gave, less than a day ago; None if it is not known."""
        path = self._path(address)
        with suppress(OSError):
            if _is_fresh(path):
                return path.read_bytes()
        return None

    def write(self, address: str, content: bytes) -> None:
        """Keep what an address gave, while there is room."""
        if len(content) > self._room_bytes:
            return
        try:
            write_bytes(self._path(address), content, durable=False)
            self._room_bytes -= len(content)
        except OSError as error:
            self._room_bytes = 0
            self._note(f"images are not kept for the next time: {self._folder}: {error.strerror}")

    def _path(self, address: str) -> Path:
        return self._folder / digest(address)


def _fresh_sizes(folder: Path) -> list[int]:
    """Remove what is too old; return the sizes of the rest, in bytes."""
    sizes = []
    for path in folder.glob("*"):
        with suppress(OSError):
            if _is_fresh(path):
                sizes.append(path.stat().st_size)
            else:
                path.unlink()
    return sizes


def _is_fresh(path: Path) -> bool:
    return -MAX_AGE_S < time.time() - path.stat().st_mtime < MAX_AGE_S
