"""Tables of others: text in any usual encoding, with any usual delimiter and header."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from artstyle.errors import DataError, MissingError
from artstyle.preparation.tables.columns import (
    HEADER_WITHIN,
    REQUIRED_COLUMNS,
    positions,
    require_columns,
)
from artstyle.storage.files import decode_text
from artstyle.styles.names import visible

_DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r"""\"?sep=([^\w\s"']|\t)"?\s*""", re.IGNORECASE)
_SHOWN = 3
_NOT_TEXT = {b"PK\x03\x04": "an Excel workbook", b"\xd0\xcf\x11\xe0": "an Excel workbook"}


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a table."""

    line: int
    """In the file, counted from 1, where the record begins."""
    cells: dict[str, str]
    """One of `COLUMNS` -> its text, without outer spaces; empty if the row is short."""


@dataclass(frozen=True)
class Table:
    """The rows of a table."""

    header: tuple[str, ...]
    """All columns as the table names them."""
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def has_columns(path: Path, columns: Mapping[str, str]) -> bool:
    """Return whether a file is a table with the columns that a manifest needs."""
    try:
        _, records = _records(_decode(path)[0], columns)
        header = next(records, (0, []))[1]
    except (MissingError, DataError, csv.Error):
        return False
    return all(positions(header, columns).get(column) for column in REQUIRED_COLUMNS)


def read_table(path: Path, columns: Mapping[str, str]) -> Table:
    """Read a table with a header, whatever program wrote it.

    UTF-8, UTF-16 and Windows-1252; commas, semicolons, tabs, bars, or what a first line ``sep=``
    says; any ends of lines. Case and spaces of the column names do not matter. Empty rows and
    empty surplus fields are ignored.

    Args:
        path: The file.
        columns: One of `COLUMNS` -> this table's own name for it.

    Raises:
        MissingError: The file does not exist.
        UnknownNameError: A name in ``columns`` is not in the table.
        DataError: It is not a table of text, lacks a column or has it twice, a quote is not
            closed, or rows have more fields than the header.
    """
    text, notes = _decode(path)
    first_line, records = _records(text, columns)
    try:
        _, header = next(records, (first_line, []))
        places = require_columns(path, header, columns, records)
        numbered = list(records)
    except csv.Error as error:
        raise DataError(f"{path} {error}") from None
    _require_no_surplus(path, numbered, len(header))
    rows = tuple(
        Row(line, {name: _cell(fields, at) for name, at in places.items()})
        for line, fields in numbered
    )
    return Table(tuple(header), rows, notes)


def examples(shown: Sequence[str], total: int) -> str:
    """Return the first few of many, and how many more there are."""
    more = total - min(len(shown), _SHOWN)
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more else "")


def _decode(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return a table's text and notes on its encoding."""
    if not path.is_file():
        raise MissingError(f"no file {path}")
    content = path.read_bytes()
    for start, kind in _NOT_TEXT.items():
        if content.startswith(start):
            raise DataError(f"{path} is {kind}, not a CSV file; save it as CSV (UTF-8)")
    try:
        text, encoding = decode_text(content)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not whole {error.encoding} text: {error.reason}; save it again as UTF-8"
        ) from None
    notes = _encoding_notes(path, content, text) if encoding == "Windows-1252" else ()
    return text.rstrip("\0\x1a"), notes  # DOS ends a text with Ctrl-Z.


def _encoding_notes(path: Path, content: bytes, text: str) -> tuple[str, ...]:
    lines = zip(content.splitlines(), io.StringIO(text, newline=None), strict=True)
    line = next(line.strip() for raw, line in lines if not _is_utf8(raw))
    return (
        f"{path} is not UTF-8 and is read as Windows-1252 (if that is wrong, save it as UTF-8):"
        f" {visible(line[:60])}",
    )


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _records(text: str, columns: Mapping[str, str]) -> tuple[int, Iterator[tuple[int, list[str]]]]:
    """Return the number of the first line and the records that are not empty, from it on."""
    stream = io.StringIO(text, newline="")
    said = _SEP_LINE.fullmatch(stream.readline())
    if not said:
        stream.seek(0)
    first = 2 if said else 1
    delimiter = said[1] if said else _likely_delimiter(text, columns)
    return first, _parse(stream, delimiter, first)


def _parse(
    lines: Iterator[str], delimiter: str, first_line: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each record begins and its fields.

    Text after a closing quote is kept as it is, except in a record of several lines: there a quote
    was never closed, and the record swallowed others.
    """
    taken: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    number = first_line
    for fields in csv.reader(remembered(), delimiter=delimiter, skipinitialspace=True):
        if len(taken) > 1:
            _require_closed_quotes(taken, delimiter, number)
        if any(field.strip() for field in fields):
            yield number, fields
        number += len(taken)
        taken.clear()


def _require_closed_quotes(lines: Sequence[str], delimiter: str, number: int) -> None:
    try:
        list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        raise csv.Error(
            f"line {number}: a quote is opened here and not closed; close it,"
            ' or write a quote that belongs to the text as ""'
        ) from None


def _likely_delimiter(text: str, columns: Mapping[str, str]) -> str:
    """Return the delimiter under which most columns are found in one of the first lines."""

    def found(delimiter: str) -> tuple[int, int]:
        records = islice(_parse(io.StringIO(text, newline=""), delimiter, 1), HEADER_WITHIN)
        headers = (fields for _, fields in _while_valid(records))
        counts = ((len(positions(header, columns)), len(header)) for header in headers)
        return max(counts, default=(0, 0))

    return max(_DELIMITERS, key=found)


def _while_valid(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from records
    except csv.Error:
        return


def _require_no_surplus(path: Path, rows: Sequence[tuple[int, list[str]]], columns: int) -> None:
    surplus = [
        f"line {line} ({next(filter(str.strip, fields[columns:])).strip()[:40]!r})"
        for line, fields in rows
        if len(fields) > columns and any(map(str.strip, fields[columns:]))
    ]
    if surplus:
        raise DataError(
            f"{path} {examples(surplus, len(surplus))}: more fields than the header has columns;"
            " put fields that hold the delimiter in quotes"
        )


def _cell(fields: Sequence[str], at: int) -> str:
    return fields[at].strip() if at < len(fields) else ""
