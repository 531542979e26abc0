"""New cells in the first sheet of an Excel workbook.

openpyxl drops charts, pictures and macros when it saves a workbook. So only the XML of the sheet
is extended here; every other part of the archive is copied as it is.
"""

import copy
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO
from xml.parsers import expat
from xml.sax.saxutils import escape

from openpyxl.utils import column_index_from_string, get_column_letter

from artstyle.errors import DataError

Cell = str | float | None

_CHUNK_BYTES = 1 << 14
_COLUMN = re.compile(r"[A-Z]+")
_REF = re.compile(rb'(\bref="[^":]*)(:[^"]*)?"')
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def join_workbook(
    source: Path, part: str, added: Iterator[tuple[int, Sequence[Cell]]], path: Path
) -> None:
    """Write a workbook with new cells at the right of all cells of a sheet.

    Args:
        source: The workbook.
        part: The name of the sheet in the archive.
        added: The number of a row and its new cells, in the order of the sheet; consumed as it is
            written.
        path: The file to be written.

    Raises:
        DataError: The sheet's XML cannot be read, or a row is not in it.
    """
    try:
        with zipfile.ZipFile(source) as book, zipfile.ZipFile(path, "w") as extended:
            with book.open(part) as sheet:
                column = _Columns(sheet).last + 1
            for info in book.infolist():
                with book.open(info) as old, extended.open(_fresh(info), "w") as new:
                    if info.filename == part:
                        _Extension(old, new, column, added).run()
                    else:
                        shutil.copyfileobj(old, new)
    except expat.ExpatError as error:
        raise DataError(f"{source}: the XML of its sheet is damaged: {error}") from None


def _fresh(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return the name, the date and the compression of a part, to be written again."""
    fresh = copy.copy(info)
    fresh.file_size = fresh.compress_size = 0
    return fresh


class _Sheet:
    """The rows of a sheet's XML, as expat reports them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._inside = False
        self.row = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def run(self) -> None:
        """Read the whole sheet."""
        while chunk := self._stream.read(_CHUNK_BYTES):
            self.fed(chunk)
            self.parser.Parse(chunk, False)
        self.parser.Parse(b"", True)

    def fed(self, chunk: bytes) -> None:
        """Take bytes before they are parsed."""

    def began(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""

    def row_ends(self, prefix: str) -> None:
        """Take the end of the row ``self.row``; its namespace's prefix ends in a colon."""

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "sheetData":
            self._inside = True
        elif local == "row" and self._inside:  # Anchors of buttons have rows too.
            self.row = int(attributes.get("r", self.row + 1))
        self.began(local, attributes)

    def _end(self, name: str) -> None:
        before, colon, local = name.rpartition(":")
        if local == "sheetData":
            self._inside = False
        elif local == "row" and self._inside:
            self.row_ends(before + colon)


class _Columns(_Sheet):
    """Finds the last column in which any row has a cell, also an empty one with a colour."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self.last = self._at = 0
        self.run()

    def began(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "row":
            self._at = 0
        elif name == "c" and self._inside:
            letters = _COLUMN.match(attributes.get("r", ""))
            self._at = column_index_from_string(letters[0]) if letters else self._at + 1
            self.last = max(self.last, self._at)


class _Extension(_Sheet):
    """Copies a sheet's XML and puts cells before the ends of its rows."""

    def __init__(
        self,
        old: IO[bytes],
        new: IO[bytes],
        column: int,
        added: Iterator[tuple[int, Sequence[Cell]]],
    ) -> None:
        super().__init__(old)
        self._new, self._column, self._added = new, column, added
        self._waiting, self._written = b"", 0
        self._next = next(added, None)

    def run(self) -> None:
        super().run()
        self._new.write(self._waiting)
        if self._next is not None:
            raise DataError(f"the sheet has no row {self._next[0]} any more")

    def fed(self, chunk: bytes) -> None:
        self._waiting += chunk

    def began(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "dimension" and self._next is not None:
            self._write_until(self.parser.CurrentByteIndex)
            end = self._waiting.index(b">") + 1
            last = get_column_letter(self._column + len(self._next[1]) - 1).encode()
            self._new.write(_REF.sub(_widened(last), self._waiting[:end], count=1))
            self._waiting, self._written = self._waiting[end:], self._written + end

    def row_ends(self, prefix: str) -> None:
        self._write_until(self.parser.CurrentByteIndex)
        if self._next is not None and self._next[0] == self.row:
            cells = enumerate(self._next[1], start=self._column)
            xml = "".join(_cell(prefix, at, self.row, value) for at, value in cells)
            self._new.write(xml.encode())
            self._next = next(self._added, None)

    def _write_until(self, index: int) -> None:
        cut = index - self._written
        self._new.write(self._waiting[:cut])
        self._waiting, self._written = self._waiting[cut:], index


def _widened(last: bytes) -> Callable[[re.Match[bytes]], bytes]:
    """Return what replaces the corners of a sheet: its last column becomes ``last``."""

    def replaced(match: re.Match[bytes]) -> bytes:
        row = re.sub(rb"[^0-9]", b"", match[2] or match[1].partition(b'"')[2])
        return match[1] + b":" + last + row + b'"'

    return replaced


def _cell(prefix: str, column: int, row: int, value: Cell) -> str:
    if value is None:
        return ""
    place = f'{prefix}c r="{get_column_letter(column)}{row}"'
    if not isinstance(value, str):
        return f"<{place}><{prefix}v>{value!r}</{prefix}v></{prefix}c>"
    text = escape(_NOT_XML.sub(lambda odd: odd[0].encode("unicode_escape").decode(), value))
    return (
        f'<{place} t="inlineStr"><{prefix}is><{prefix}t xml:space="preserve">{text}'
        f"</{prefix}t></{prefix}is></{prefix}c>"
    )
