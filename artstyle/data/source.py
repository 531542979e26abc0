"""What a source of paintings is, whatever the form it comes in."""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from artstyle.pictures.formats import SUFFIXES

Format = Literal["folders", "split_folders", "manifest", "artgan", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SPLIT_NAMES = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


@dataclass(frozen=True, slots=True)
class SourceImage:
    """One painting as its source describes it; whether it can be read is not known yet."""

    path: str
    """Relative to the source's root, with forward slashes, unique. Bytes that are no UTF-8 are
    kept as surrogates. A painting in a Parquet shard is ``shard.parquet#000123``: its row."""
    style: str
    """In the spelling of ``canonical_style``."""
    artist: str
    """Empty where it is unknown, as title and genre are."""
    title: str
    genre: str
    split: str
    """train, val or test as the source brings it, or empty."""


@dataclass(frozen=True)
class Source:
    """A collection of paintings with their styles."""

    root: Path
    """The folder that paths are relative to."""
    format: Format
    images: tuple[SourceImage, ...]
    """In code-point order of their paths."""
    missing: int
    """Names in lists or a manifest that are not on disk: counted, left out."""
    notes: tuple[str, ...]
    """What a person should be told, one line each."""


def split_name(text: str) -> str | None:
    """Return train, val or test for the ways in which they are written; None for all else."""
    return _SPLIT_NAMES.get(text.strip().casefold())


def is_picture_name(name: str) -> bool:
    """Return whether a file of this name counts as a picture; hidden files do not."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in SUFFIXES


def artist_and_title(file_name: str) -> tuple[str, str]:
    """Read WikiArt's ``artist_title.jpg``; without an underscore the artist is unknown."""
    stem = PurePosixPath(file_name).stem
    artist, underscore, title = stem.partition("_")
    return (artist, title) if underscore else ("", stem)


def local_path(root: Path, path: str) -> Path:
    """Return where the file of a ``SourceImage.path`` lies.

    Paths of a source are the file system's bytes read as UTF-8, so that they are the same under
    every locale; this goes back to what the interpreter opens under the present one.
    """
    return root / os.fsdecode(path.encode("utf-8", errors="surrogateescape"))


def portable_name(name: str) -> str:
    """Return a file name from the file system as a part of ``SourceImage.path``."""
    return os.fsencode(name).decode("utf-8", errors="surrogateescape")
