"""The folder of heatmaps: its files, their names, and the record of each. No torch here."""

import hashlib
import json
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from artstyle.confidence.answers import Verdict
from artstyle.errors import DataError, UsageError
from artstyle.explain.methods import Method, Stream
from artstyle.storage.checks import checked
from artstyle.storage.files import write_text
from artstyle.storage.locks import is_vacant

_STEM_BYTES = 80
# With more than this probability, a style outweighs all others together.
_SURE = 0.5

FileName = Annotated[str, Field(pattern=r"^[\w-]+\.(jpg|png|npy)$")]
"""A name that `file_stem` begins. It is never a path, so nothing outside the folder is read."""


@dataclass(frozen=True)
class HeatmapRecord:
    """A line of ``heatmaps.jsonl``: one heatmap, and the names of its files."""

    path: str
    """The path as it was given, with backslash escapes for bytes that are not UTF-8."""
    style: str
    """The style that the heat is for."""
    probability: float
    method: Method
    model: str
    """The fingerprint of the model."""
    overlay: FileName
    """Names of files in the folder: overlay, panel and raw."""
    panel: FileName
    raw: FileName | None
    region: tuple[float, float, float, float]
    """Left, top, right and bottom edge of what the model saw, as fractions of the picture. The
    raw array covers this region."""
    verdict: Verdict | None = None
    """The model's verdict, where the heat is for its most probable style."""
    stream: Stream = "style"
    """With ``content``, the heat is for what the picture shows, and not for the style."""

    @property
    def stem(self) -> str:
        """What the names of its files begin with: equal for the same heatmap drawn again."""
        return self.panel.rpartition("-")[0]

    @property
    def doubt(self) -> str:
        """Why the style may be wrong, in a word; "" if the model is sure, or for content."""
        return doubt(self.verdict, self.probability, self.stream)


@dataclass(frozen=True)
class HeatmapFolder:
    """A folder that ``artstyle gradcam`` writes to and adds to."""

    path: Path

    @property
    def index_path(self) -> Path:
        """``index.html``: all heatmaps on one page."""
        return self.path / "index.html"

    @property
    def records_path(self) -> Path:
        """``heatmaps.jsonl``: one record for each heatmap."""
        return self.path / "heatmaps.jsonl"

    def open(self) -> None:
        """Make the folder, or check the one that was made before.

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
        """Return the heatmaps that were drawn so far.

        Raises:
            DataError: The record is damaged.
        """
        lines = self.records_path.read_bytes().split(b"\n")
        try:
            values = [json.loads(line) for line in lines if line]
        except (ValueError, RecursionError):
            raise DataError(f"{self.records_path} is damaged: a line is not JSON") from None
        return checked(values, list[HeatmapRecord], self.records_path)


def doubt(verdict: Verdict | None, probability: float, stream: Stream = "style") -> str:
    """Return why a style may be wrong, in a word; "" if the model is sure of it.

    Args:
        verdict: The model's verdict; None if it has none on this style.
        probability: The style's; it decides where no verdict is known.
        stream: The heat of ``content`` is not about a style: nothing is in doubt.
    """
    if stream == "content":
        return ""
    if verdict is not None:
        return "" if verdict == "sure" else verdict
    return "" if probability > _SURE else "unsure"


def file_stem(path: Path, *context: str) -> str:
    """Return the beginning of the names of a picture's files: readable, safe and unique.

    Letters and digits of any script stay; the rest becomes ``_``. Twelve hexadecimal digits of a
    hash over the absolute path and the context separate files of the same name.
    """
    readable = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", path.stem)).strip("_")
    short = readable.encode()[:_STEM_BYTES].decode(errors="ignore")
    # abspath, not resolve: a name must not depend on the target of a link.
    whole = [os.fsencode(os.path.abspath(path)), *(text.encode() for text in context)]  # noqa: PTH100
    digits = hashlib.sha256(b"\0".join(whole)).hexdigest()[:12]
    return f"{short or 'picture'}-{digits}"
