"""The columns of a table: which are read, and their positions in its header."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from artstyle.collection.headings import usual_positions
from artstyle.collection.text_table import HEADER_WITHIN, RawRow
from artstyle.errors import DataError, UnknownNameError, UsageError
from artstyle.styles.names import visible

REQUIRED_COLUMNS = ("path", "style")
HUGGING_FACE_PATH = "file_name"
"""What a Hugging Face image folder calls its column of paths."""
COLUMNS = (*REQUIRED_COLUMNS, "id", "artist", "title", "genre", "split", "source")
"""What is read of a table; all else in it is ignored. An id, the accession number, may be there
instead of a path."""

_EDGES = re.compile(r"""^[\s\ufeff'"]+|[\s'"]+$""")
_USUAL_NAMES = {
    "path": ("name", "imageid"),
    "style": ("label", "class", "category", "movement", "artstyle", "stylename", "target"),
}  # fmt: skip
"""Names that others give these columns, compared without spaces and underscores."""


def parse_columns(text: str) -> dict[str, str]:
    """Return ``path=File,style=Label`` as a dictionary: one of `COLUMNS` -> the table's name.

    Raises:
        UsageError: It is written in another way, or names something twice.
        UnknownNameError: A column is not one of `COLUMNS`.
    """
    named: dict[str, str] = {}
    # A name in a table may hold commas: only those before the next NAME= separate.
    for part in re.split(r",(?=[^,=]*=)", text):
        column, equals, name = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            raise UsageError(
                f"--columns {text}: '{part}' is not COLUMN=NAME, as in path=File,style=Label"
            )
        if column not in COLUMNS:
            raise UnknownNameError("column", column, COLUMNS)
        if column in named:
            raise UsageError(f"--columns {text} names {column} twice")
        named[column] = name
    return named


def positions(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, list[int]]:
    """Return the positions of each of `COLUMNS` in a header; an exact name in ``columns`` wins."""
    places: dict[str, list[int]] = {}
    for column in COLUMNS:
        name = columns.get(column, column)
        exact = [at for at, title in enumerate(header) if title == name]
        loose = [at for at, title in enumerate(header) if _fold(title) == _fold(name)]
        if found := (exact if column in columns and exact else loose):
            places[column] = found
    return places


def guessed_positions(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, list[int]]:
    """Return `positions`; a path, or an id instead, is also found under its usual names."""
    places = positions(header, columns)
    for column in ("path", "id"):
        free = column not in places and column not in columns and "path" not in places
        if free and (found := usual_positions(header, column)):
            places[column] = found
    return places


def columns_note(path: Path, header: Sequence[str], places: Mapping[str, int]) -> tuple[str, ...]:
    """Return which column names the files, if that is a guess."""
    column = "path" if "path" in places else "id"
    title = _shown(header[places[column]])
    if column == "path" and _fold(title) in (column, HUGGING_FACE_PATH):
        return ()
    by = f"'{title}'" if column == "path" else f"the numbers in '{title}'"
    return (f"{path}: files by {by} (--path-column and --id-column name others)",)


def _fold(title: str) -> str:
    # A mark inside the first quotes, also as Windows-1252 shows it, does not belong to the name.
    return _EDGES.sub("", title.removeprefix("ï»¿")).casefold()


def _shown(title: str) -> str:
    return visible(title.strip())


def require_columns(
    path: Path,
    header: Sequence[str],
    columns: Mapping[str, str],
    below: Iterator[RawRow],
) -> dict[str, int]:
    """Return the position of each column.

    Args:
        path: The table, for messages.
        header: The names of its columns.
        columns: One of `COLUMNS` -> this table's own name for it.
        below: The rows after the header; only looked at to explain an error.

    Raises:
        UnknownNameError: A name in ``columns`` is not in the header.
        DataError: A column is missing or there twice: style, and path or id.
    """
    if not header:
        raise DataError(f"{path} is empty; its first line must name the columns path,style")
    places = guessed_positions(header, columns)
    absent = [column for column in REQUIRED_COLUMNS if column not in places]
    if "id" in places and "path" not in columns:
        absent = [column for column in absent if column != "path"]
    if absent:
        _refuse_header_below(path, header, columns, below)
    for column, name in columns.items():
        if column not in places:
            raise UnknownNameError(f"column of {path}", name, map(_shown, header))
    if absent:
        raise DataError(_absent_columns(path, header, absent))
    for column, found in places.items():
        if len(found) > 1:
            names = " and ".join(f"'{_shown(header[at])}'" for at in found)
            raise DataError(
                f"{path} has {len(found)} columns of the name {column} ({names});"
                " delete or rename all but one"
            )
    return {column: found[0] for column, found in places.items()}


def _refuse_header_below(
    path: Path,
    header: Sequence[str],
    columns: Mapping[str, str],
    below: Iterator[RawRow],
) -> None:
    """Refuse a table whose column names are not in its first row but in a later one."""
    for row in islice(below, HEADER_WITHIN):
        if set(REQUIRED_COLUMNS) <= guessed_positions(row.fields, columns).keys():
            raise DataError(
                f"{path}: the names of the columns are in line {row.line}; delete the lines above"
                f" it, which begin with {header[0].strip()[:40]!r}"
            )


def _absent_columns(path: Path, header: Sequence[str], absent: Sequence[str]) -> str:
    titles = {re.sub(r"[\s_-]", "", _fold(title)): _shown(title) for title in header}
    guesses = {
        column: next((titles[name] for name in _USUAL_NAMES[column] if name in titles), "NAME")
        for column in absent
    }
    named = ",".join(f"{column}={name}" for column, name in guesses.items())
    return (
        f"the first line of {path} has no column {' and no column '.join(absent)}, only"
        f" {', '.join(map(_shown, header))}; a manifest has path,style and may have"
        f" artist,title,genre,split,source; to name columns, use --columns {named}"
    )
