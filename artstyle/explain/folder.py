"""The folder of heatmaps: what lies in it, under which names, and what was recorded. No torch."""

import hashlib
import json
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from artstyle.checks import checked
from artstyle.errors import DataError, UsageError
from artstyle.explain.methods import Method
from artstyle.files import write_text
from artstyle.locks import is_vacant

_STEM_BYTES = 80

FileName = Annotated[str, Field(pattern=r"^[\w-]+\.(png|npy)$")]
"""As `file_stem` begins it: no path, so that nothing outside the folder is ever read or shown."""


@dataclass(frozen=True)
class HeatmapRecord:
    """A line of ``heatmaps.jsonl``: what was drawn of one picture, and where it lies."""

    path: str
    """As it was given, with backslash escapes for bytes that are no UTF-8."""
    style: str
    """That the heat is for."""
    probability: float
    method: Method
    model: str
    """The fingerprint of the model."""
    overlay: FileName
    """Of files in the folder."""
    panel: FileName
    raw: FileName | None
    region: tuple[float, float, float, float]
    """Left, top, right and bottom edge of what the model saw, as fractions of the picture: where
    the raw array lies in it."""


@dataclass(frozen=True)
class HeatmapFolder:
    """A folder that ``artstyle gradcam`` writes to, again and again."""

    path: Path

    @property
    def index_path(self) -> Path:
        """``index.html``: all heatmaps on one page."""
        return self.path / "index.html"

    @property
    def records_path(self) -> Path:
        """``heatmaps.jsonl``: one record a heatmap."""
        return self.path / "heatmaps.jsonl"

    def open(self) -> None:
        """Make the folder, or go on with one that was made before.

        Raises:
            UsageError: It holds something else.
            DataError: The record in it is damaged.
        """
        if self.records_path.is_file():
            self.records()
            return
        if not is_vacant(self.path):
            raise UsageError(
                f"{self.path} holds something other than heatmaps; choose another folder with --out"
            )
        write_text(self.records_path, "")

    def records(self) -> list[HeatmapRecord]:
        """Return what was drawn so far.

        Raises:
            DataError: The record is damaged.
        """
        lines = self.records_path.read_bytes().split(b"\n")
        try:
            values = [json.loads(line) for line in lines if line]
        except (ValueError, RecursionError):
            raise DataError(f"{self.records_path} is damaged: a line is no JSON") from None
        return checked(values, list[HeatmapRecord], self.records_path)


def file_stem(path: Path, *context: str) -> str:
    """Return the beginning of the names of a picture's files: readable, safe, and its own.

    Letters and digits of any script stay; the rest becomes ``_``. Twelve hexadecimal digits over
    the absolute path and the context tell files of one name apart.
    """
    readable = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", path.stem)).strip("_")
    short = readable.encode()[:_STEM_BYTES].decode(errors="ignore")
    # abspath, not resolve: a name does not depend on where links lead.
    whole = [os.fsencode(os.path.abspath(path)), *(text.encode() for text in context)]  # noqa: PTH100
    digits = hashlib.sha256(b"\0".join(whole)).hexdigest()[:12]
    return f"{short or 'picture'}-{digits}"
