"""Names in lists and manifests, and the files that they stand for."""

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from artstyle.data.source import SourceImage, local_path, portable_name
from artstyle.errors import DataError
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE


@dataclass(frozen=True, slots=True)
class ListedImage:
    """A painting as a list names it."""

    where: str
    """The list and the line in it, for messages."""
    image: SourceImage
    """With its path as the list spells it."""


@dataclass(frozen=True)
class Located:
    """The listed paintings that are on disk."""

    images: tuple[SourceImage, ...]
    """In code-point order of their paths, which are spelled as on disk."""
    missing: int
    notes: tuple[str, ...]


def locate(root: Path, list_name: str, listed: Iterable[ListedImage]) -> Located:
    """Find the files of listed names, with one look at each folder.

    A name is also found under its composed or decomposed Unicode form (NFC, NFD): copying between
    file systems changes one into the other.

    Args:
        root: The folder that listed paths start from.
        list_name: What to call the list, or lists, in messages.
        listed: The names, in the order of the list.

    Raises:
        DataError: A path leaves ``root``; a file stands under two styles; no file is found.
    """
    found: dict[str, SourceImage] = {}
    missing: list[str] = []
    repeated = 0
    folders: dict[str, frozenset[str]] = {}
    for entry in listed:
        named = _relative(entry.image.path, root, entry.where)
        path = _on_disk(root, named, folders)
        if path is None:
            missing.append(named)
        elif path in found:
            _require_same_style(found[path], entry)
            repeated += 1
        else:
            found[path] = replace(entry.image, path=path)
    if not found:
        raise DataError(_nothing_found(root, list_name, missing))
    images = tuple(found[path] for path in sorted(found))
    return Located(images, len(missing), _notes(list_name, missing, repeated))


def _relative(path: str, root: Path, where: str) -> str:
    """Return the path without needless parts; refuse one that leaves the source's folder."""
    parts = PurePosixPath(path)
    if not path.strip():
        raise DataError(f"{where} has no path")
    if parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise DataError(f"{where}: {path!r} leads out of {root}; write paths relative to it")
    return parts.as_posix()


def _on_disk(root: Path, path: str, folders: dict[str, frozenset[str]]) -> str | None:
    """Return the spelling under which a file is there; ``folders`` keeps what was listed."""
    for spelling in (path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))):
        folder, _, name = spelling.rpartition("/")
        if folder not in folders:
            folders[folder] = _file_names(local_path(root, folder))
        if name in folders[folder]:
            return spelling
    return None


def _file_names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(map(portable_name, os.listdir(folder)))  # noqa: PTH208  # names only
    except OSError as error:
        if error.errno in FAULTS_OF_THE_MACHINE:
            raise
        return frozenset()


def _require_same_style(first: SourceImage, again: ListedImage) -> None:
    if first.style != again.image.style:
        raise DataError(
            f"{again.where}: {first.path} stands under {again.image.style},"
            f" and before that under {first.style}; keep one of the two lines"
        )


def _nothing_found(root: Path, list_name: str, missing: list[str]) -> str:
    if not missing:
        return f"{list_name} lists no pictures"
    return (
        f"none of the {len(missing)} names in {list_name} is under {root},"
        f" neither {missing[0]}; give the folder that these paths start from"
    )


def _notes(list_name: str, missing: list[str], repeated: int) -> tuple[str, ...]:
    notes = []
    if missing:
        notes.append(f"names in {list_name} that are not on disk: {len(missing)}, as {missing[0]}")
    if repeated:
        notes.append(
            f"lines in {list_name} that repeat a file, whose first line counts: {repeated}"
        )
    return tuple(notes)
