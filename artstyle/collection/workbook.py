"""Tables in Excel workbooks: the values of the first sheet, as openpyxl streams them."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from artstyle.collection.text_table import RawRow
from artstyle.errors import DataError, one_line
from artstyle.storage.files import errors_named

_FAULTS = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError)
"""What openpyxl raised on damaged workbooks and on other files in a zip archive."""


@dataclass(frozen=True)
class Workbook:
    """The first sheet of a workbook."""

    path: Path

    def rows(self) -> Iterator[RawRow]:
        """Yield all rows; of a formula, the result that was saved with it.

        Raises:
            DataError: It is not a workbook, or it is damaged or protected by a password.
        """
        for number, values in enumerate(self._values(), start=1):
            fields = [_text(value) for value in values]
            while fields and not fields[-1]:
                fields.pop()
            decimals = frozenset(
                at for at, v in enumerate(values) if isinstance(v, float) and not v.is_integer()
            )
            yield RawRow(number, fields, b"", decimals)

    def sheets(self) -> list[str]:
        """Return the names of its sheets, the one that is read first."""
        with self._open() as book:
            return [sheet.title for sheet in book.worksheets]

    def part(self) -> str:
        """Return the name in the archive of the sheet that is read."""
        with self._open() as book:
            part: str = book.worksheets[0]._worksheet_path
            return part

    def _values(self) -> Iterator[tuple[Any, ...]]:
        with self._open() as book:
            if not book.worksheets:
                raise DataError(f"{self.path} has no sheet with cells")
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # Some programs write wrong ones, and cells would be lost.
            yield from sheet.iter_rows(values_only=True)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        # As a file: openpyxl refuses a path by its ending.
        with errors_named(self.path), self.path.open("rb") as file:
            try:
                book = load_workbook(file, read_only=True, data_only=True)
                yield book
                book.close()
            except _FAULTS as error:
                raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(
            f"{self.path} cannot be read as an Excel workbook: {one_line(error)};"
            " save it again as .xlsx, or as CSV (UTF-8)"
        )


def _text(value: Any) -> str:
    """Return a cell's text: a whole number without decimals, a date as 1893-05-17."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
