"""The tables that describe paintings for `prepare`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from artstyle.collection.table import (
    Contents,
    cell,
    open_table,
    read_contents,
    table_notes,
    without_surplus,
)
from artstyle.errors import DataError, MissingError
from artstyle.preparation.tables.columns import (
    REQUIRED_COLUMNS,
    columns_note,
    guessed_positions,
    positions,
    require_columns,
)
from artstyle.preparation.tables.json_lines import is_json_lines, read_json_lines


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
    by_number: bool = False
    """Whether its paths are accession numbers instead."""


def has_columns(path: Path, columns: Mapping[str, str]) -> bool:
    """Return whether a file is a table with the columns that a manifest needs."""
    try:
        header = table_header(path, columns)
    except (MissingError, DataError):
        return False
    return all(positions(header, columns).get(column) for column in REQUIRED_COLUMNS)


def table_header(path: Path, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of a table as it names them.

    Raises:
        MissingError, DataError: The file does not exist, or is not a table.
    """
    return _open(path, columns)[0].header


def _open(path: Path, columns: Mapping[str, str]) -> tuple[Contents, tuple[str, ...]]:
    """Return what a table holds, and what people should know about how it was read."""
    if is_json_lines(path):
        return read_json_lines(path), ()
    table = open_table(path, lambda row: len(guessed_positions(row, columns)))
    return read_contents(table), table_notes(table)


def read_table(path: Path, columns: Mapping[str, str]) -> Table:
    """Read a table with a header, whatever program wrote it.

    UTF-8, UTF-16 and Windows-1252; commas, semicolons, tabs, bars, or what a first line ``sep=``
    says; any ends of lines; Excel workbooks; JSON Lines. Case and spaces of the column names do
    not matter. Empty rows and empty surplus fields are ignored.

    Args:
        path: The file.
        columns: One of `COLUMNS` -> this table's own name for it.

    Raises:
        MissingError: The file does not exist.
        UnknownNameError: A name in ``columns`` is not in the table.
        DataError: It is not a table, lacks a column or has it twice, a quote is not closed, or
            rows have more fields than the header.
    """
    contents, read_notes = _open(path, columns)
    places = require_columns(path, contents.header, columns, contents.rows)
    notes = (*columns_note(path, contents.header, places), *read_notes)
    by_number = "path" not in places
    if by_number:
        places["path"] = places["id"]
    rows = tuple(
        Row(row.line, {name: cell(row, at) for name, at in places.items()})
        for row in without_surplus(path, contents.rows, len(contents.header))
    )
    return Table(contents.header, rows, notes, by_number)
