"""What a source of paintings is, whatever the form it comes in."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Format = Literal["folders", "split_folders", "manifest", "artgan", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)


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
