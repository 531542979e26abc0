"""Where listed pictures are, if not where the list says."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from artstyle.collection.portable import local_path
from artstyle.styles.names import visible

# They are looked for in so many folders, not on a whole disk.
_FOLDERS_LOOKED_AT = 5000


def whereabouts(root: Path, missing: Sequence[str]) -> str:
    """Return where the first names are and what mends the list or the command.

    Looked at are all folders below ``root``, the two above it and those next to it.

    Args:
        root: The folder that the names start from.
        missing: The names as the list spells them.

    Returns:
        "; NAME is under FOLDER: ...", or "" where none is found.
    """
    below, around = list(_folders_below(root)), _folders_around(root)
    for path in missing[:3]:
        parts = path.replace("\\", "/").split("/")
        for start in range(len(parts)):
            rest = "/".join(parts[start:])
            if not parts[start] or ".." in parts[start:]:
                continue
            # Elsewhere a bare file name that is only a part of the path proves little.
            places = [*below, *around] if start == 0 or "/" in rest else below
            folder = next((place for place in places if _is_file(place, rest)), None)
            if folder is not None:
                return f"; {visible(rest)} is under {folder}: {_remedy(root, folder, path, rest)}"
    return ""


def _remedy(root: Path, folder: Path, path: str, rest: str) -> str:
    prefix = visible(path[: len(path) - len(rest)])
    steps = [f"take '{prefix}' off the paths"] if prefix else []
    if folder != root:
        steps.append(f"use --images {folder}")
    return " and ".join(steps)


def _folders_below(root: Path) -> Iterator[Path]:
    folders = [root]
    for folder in islice(folders, _FOLDERS_LOOKED_AT):  # Grows on the way.
        yield folder
        folders += _folders_in(folder)


def _folders_around(root: Path) -> list[Path]:
    above = list(root.absolute().parents[:2])
    return above + (_folders_in(above[0]) if above else [])


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _is_file(folder: Path, path: str) -> bool:
    try:
        return local_path(folder, path).is_file()
    except (OSError, ValueError):
        return False
