"""Where the files are that a list names, each name by the same rules."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

_WEB_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|data:", re.IGNORECASE)
_WINDOWS_DRIVE = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
# What most paths are: no part begins with a dot, so that none is a folder above.
_PLAIN = re.compile(r"[^/\\\0.][^/\\\0]*(?:/[^/\\\0.][^/\\\0]*)*")


class Finder(Protocol):
    """Finds files by what a list calls them."""

    def find(self, name: str) -> str | None:
        """Return the file with exactly this name."""

    def find_alike(self, name: str) -> list[str]:
        """Return the files that may be meant."""


class Place(NamedTuple):
    """What became of a name."""

    path: str | None
    """The file, relative to the folder that was searched; None if none or several fit."""
    is_exact: bool = False
    alike: tuple[str, ...] = ()
    """The files that may be meant, if the name is not exact."""
    free: tuple[str, ...] = ()
    """Those of them that no other line names exactly."""


def find_places(finder: Finder, names: Sequence[str]) -> list[Place]:
    """Return the file of each name, in their order.

    A name that is not exact refers to the only file that it fits, if no other line names that
    file exactly.
    """
    exact = [finder.find(name) for name in names]
    named = frozenset(path for path in exact if path is not None)
    places = []
    for name, path in zip(names, exact, strict=True):
        if path is not None:
            places.append(Place(path, is_exact=True))
            continue
        alike = tuple(finder.find_alike(name))
        # What another line names exactly is that line's picture, not also this one's.
        free = tuple(path for path in alike if path not in named)
        only = free[0] if len(alike) == len(free) == 1 else None
        places.append(Place(only, alike=alike, free=free))
    return places


def is_web_address(name: str) -> bool:
    """Return whether a list names something on the web."""
    return bool(_WEB_ADDRESS.match(name))


def absolute_path(path: str) -> str | None:
    """Return an absolute path without needless parts; None if it is relative or goes upwards."""
    if ".." in path.replace("\\", "/").split("/") or "\0" in path or not Path(path).is_absolute():
        return None
    return Path(path).as_posix()


def path_below(path: str, root: Path) -> str | None:
    """Return a path relative to ``root`` without needless parts; None if it leads out of it."""
    if _PLAIN.fullmatch(path) and not _WINDOWS_DRIVE.match(path):
        return path
    slashed = path.replace("\\", "/")
    if ".." in slashed.split("/") or "\0" in path:
        return None
    if _WINDOWS_DRIVE.match(path) or slashed.startswith("/"):
        for base in (root.absolute(), root.resolve()):
            if Path(path).is_relative_to(base):
                return Path(path).relative_to(base).as_posix()
        return None
    return PurePosixPath(path).as_posix()
