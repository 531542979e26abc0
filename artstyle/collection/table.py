"""Tables of others, in text or in a workbook: the header, the rows, and what is wrong with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from artstyle.collection.text_table import Known, RawRow, TextTable, open_text_table
from artstyle.collection.workbook import Workbook
from artstyle.errors import DataError, MissingError
from artstyle.styles.names import visible

_SHOWN = 3
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def open_table(path: Path, known: Known) -> TextTable | Workbook:
    """Recognise a table by its content, whatever its name ends in.

    Args:
        path: The file.
        known: How many of the columns that are looked for a row names.

    Raises:
        MissingError: The file does not exist.
        DataError: It is a workbook of before Excel 2007.
    """
    if not path.is_file():
        raise MissingError(f"no file {path}")
    with path.open("rb") as file:
        start = file.read(len(_ZIP))
    if start == _OLD_EXCEL:
        raise DataError(
            f"{path} is an old or protected Excel workbook; save it as .xlsx without a password"
        )
    return Workbook(path) if start == _ZIP else open_text_table(path, known)


@dataclass(frozen=True)
class Contents:
    """A table's header and the rows below it."""

    header_line: int
    header: tuple[str, ...]
    """Empty if the table is."""
    rows: Iterator[RawRow]
    """Without empty ones; consumed once, as the file is read."""


def read_contents(table: TextTable | Workbook) -> Contents:
    """Return the header, which is the first row that is not empty, and the rows below it."""
    rows = (row for row in table.rows() if not row.is_empty)
    header = next(rows, RawRow(1, [], b""))
    return Contents(header.line, tuple(header.fields), rows)


def table_notes(table: TextTable | Workbook) -> tuple[str, ...]:
    """Return what people should know about how a table was read."""
    if isinstance(table, Workbook):
        first, *others = table.sheets()
        also = ", ".join(map(visible, others))
        return (f"{table.path}: the sheet {visible(first)} is read, not {also}",) if others else ()
    line = table.first_windows_line()
    if line is None:
        return ()
    return (
        f"{table.path} is not UTF-8 and is read as Windows-1252 (if that is wrong, save it as"
        f" UTF-8): {visible(line[:60])}",
    )


def without_surplus(path: Path, rows: Iterator[RawRow], columns: int) -> Iterator[RawRow]:
    """Yield the same rows; those with more fields than the header are collected and refused.

    Raises:
        DataError: At the end, if there was one; it names the first.
    """
    surplus: list[str] = []
    count = 0
    for row in rows:
        if beyond := [field.strip() for field in row.fields[columns:] if field.strip()]:
            count += 1
            surplus += [f"line {row.line} ({beyond[0][:40]!r})"] if count <= _SHOWN else []
        yield row
    if surplus:
        raise DataError(
            f"{path} {examples(surplus, count)}: more fields than the header has columns;"
            " put fields that hold the delimiter in quotes"
        )


def cell(row: RawRow, at: int) -> str:
    """Return a row's text in a column, without outer spaces; empty if the row is short."""
    return row.fields[at].strip() if at < len(row.fields) else ""


def examples(shown: Sequence[str], total: int) -> str:
    """Return the first few of many, and how many more there are."""
    more = total - min(len(shown), _SHOWN)
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more else "")
