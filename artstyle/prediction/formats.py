"""The formats that predictions are written in."""

from pathlib import Path
from typing import Literal, get_args

from artstyle.errors import UsageError

LinkedFormat = Literal["iiif", "jsonld"]
DataFormat = Literal["csv", "json", "jsonl", LinkedFormat]
TextFormat = Literal["table", DataFormat]
SheetFormat = Literal["xlsx", "parquet"]
Format = Literal[TextFormat, SheetFormat]
LINKED: tuple[LinkedFormat, ...] = get_args(LinkedFormat)
"""Formats of statements for other databases: answers, and no row for what could not be read."""
SHEETS: tuple[SheetFormat, ...] = get_args(SheetFormat)
"""Formats that are written as a whole, and only to a file."""

ENCODING_ERRORS: dict[TextFormat, str] = {
    "table": "backslashreplace",
    # The path's own bytes: what a program needs to open it.
    "csv": "surrogateescape",
    # JSON must be UTF-8; what a lone surrogate becomes is its escape in JSON too.
    "json": "backslashreplace",
    "jsonl": "backslashreplace",
    "iiif": "backslashreplace",
    "jsonld": "backslashreplace",
}
"""Format -> how a stream encodes the bytes of a path that are not UTF-8."""
_ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".jsonld": "jsonld",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}


def format_of(out: Path) -> Format:
    """Return the format that a file's ending names.

    Raises:
        UsageError: The ending names no format.
    """
    try:
        return _ENDINGS[out.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"--out {out}: no format is known for '{out.suffix}';"
            f" end it in {', '.join(_ENDINGS)} or say --format"
        ) from None
