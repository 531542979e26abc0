"""Answers as an Excel workbook and as a Parquet file."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from artstyle.errors import UsageError
from artstyle.prediction.columns import Column, Value
from artstyle.prediction.rows import PredictionRow
from artstyle.storage.files import FORMULA_STARTS
from artstyle.storage.parquet import import_pyarrow

SHEET_ROWS = 1 << 20
"""The most rows that Excel shows, with the header."""

_ROW_GROUP = 10_000
_WIDTHS = {"path": 40, "file": 24, "error": 40, "likely": 32, "group": 24, "review": 24}
_USUAL_WIDTH = 16


def write_workbook(rows: Iterable[PredictionRow], path: Path, columns: Sequence[Column]) -> None:
    """Write rows as they come; openpyxl keeps them in a temporary file until the last.

    Text stays text, also where it begins like a formula; numbers are numbers.

    Raises:
        UsageError: There are more rows than Excel shows.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("artstyle")
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, start=1):
        width = _WIDTHS.get(column.name, _USUAL_WIDTH)
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_cell(sheet, column.name, is_header=True) for column in columns])
    for number, row in enumerate(rows, start=2):
        if number > SHEET_ROWS:
            sheet.close()
            raise UsageError(
                f"an Excel sheet has at most {SHEET_ROWS:,} rows;"
                " say --resume --format csv to write these answers in another format"
            )
        sheet.append([_cell(sheet, column.value(row)) for column in columns])
    book.save(path)


def write_parquet(rows: Iterable[PredictionRow], path: Path, columns: Sequence[Column]) -> None:
    """Write rows in groups; text columns are strings, numbers are float64."""
    pyarrow = import_pyarrow()
    types = {True: pyarrow.float64(), False: pyarrow.string()}
    schema = pyarrow.schema([(column.name, types[column.is_number]) for column in columns])
    stream = iter(rows)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(stream, _ROW_GROUP)):
            cells = [[utf8(column.value(row)) for row in group] for column in columns]
            writer.write_table(pyarrow.table(cells, schema=schema))


def _cell(sheet: Any, value: Value, *, is_header: bool = False) -> Any:
    if isinstance(value, str) and not value.isprintable():
        value = _printable(value)
    # Most cells need no object of their own. A # begins the name of an error: #N/A.
    special = isinstance(value, str) and (value[:1] in FORMULA_STARTS or value[:1] == "#")
    if not special and not is_header:
        return value
    cell = WriteOnlyCell(sheet, None)
    if isinstance(value, str):
        cell.value = value
        cell.data_type = "s"  # openpyxl takes what begins with = for a formula.
        # Excel would take it for one when someone edits the cell.
        cell.quotePrefix = value[:1] in FORMULA_STARTS
    else:
        cell.value = value
    if is_header:
        cell.font = Font(bold=True)
    return cell


def _printable(text: str) -> str:
    """Return text without what XML cannot hold: control characters and lone surrogates."""
    return "".join(
        character if character.isprintable() or character in "\t\n" else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def utf8(value: Value) -> Value:
    """Return text that is UTF-8: bytes of a path that are not become escapes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
