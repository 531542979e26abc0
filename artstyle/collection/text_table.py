"""Tables of text, whatever program wrote them: any usual encoding, delimiter and ends of lines."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from artstyle.errors import DataError
from artstyle.storage.files import errors_named, text_encoding, utf8_or_windows_1252

Known = Callable[[Sequence[str]], int]
"""How many of the columns that are looked for a row names."""

HEADER_WITHIN = 20
"""The header is looked for in this many first rows."""

_DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r"""\"?sep=([^\w\s"']|\t)"?\s*""", re.IGNORECASE)
_START_BYTES = 1 << 20
# Codec with a mark -> the mark's length and the codec of what follows it.
_BEHIND_MARK = {
    "utf-8-sig": {codecs.BOM_UTF8: "utf-8", b"": "utf-8"},
    "utf-16": {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"},
    "utf-32": {codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be"},
}


class RawRow(NamedTuple):
    """One row of a table, also an empty one."""

    line: int
    """Where it begins in the file, counted from 1; in a workbook, the row's number."""
    fields: list[str]
    raw: bytes
    """Its bytes in a file of text, with the end of its line; empty in a workbook."""
    decimals: frozenset[int] = frozenset()
    """The fields that a workbook stores as numbers with decimals, without their last zeros."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in any of its fields."""
        return not any(field.strip() for field in self.fields)


class _Line(NamedTuple):
    raw: bytes
    text: str


@dataclass(frozen=True)
class TextTable:
    """A table of text and how it is written."""

    path: Path
    mark: bytes
    """The byte-order mark that the file begins with, or nothing."""
    codec: str
    """Of what follows the mark; in ``utf-8``, lines of Windows-1252 may be among the others."""
    delimiter: str

    def rows(self) -> Iterator[RawRow]:
        """Yield all rows as the file is read; a first line ``sep=`` is an empty row.

        Raises:
            DataError: A quote is not closed, or the text is damaged.
        """
        with errors_named(self.path), self.path.open("rb") as file:
            yield from self.parsed(file)

    def parsed(self, file: BinaryIO) -> Iterator[RawRow]:
        """Yield all rows of a file that is written so and begins with the same mark.

        Raises:
            DataError: As `rows`.
        """
        try:
            yield from _parse(_lines(file, self.mark, self.codec), self.delimiter)
        except csv.Error as error:
            raise DataError(f"{self.path} {error}") from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.path} is not whole {error.encoding} text: {error.reason};"
                " save it again as UTF-8"
            ) from None

    def output_codec(self) -> str:
        """Return the encoding of what is added."""
        return "cp1252" if self.first_windows_line() is not None else self.codec

    def first_windows_line(self) -> str | None:
        """Return the first line that is not UTF-8 and is read as Windows-1252."""
        if self.codec != "utf-8":
            return None
        with errors_named(self.path), self.path.open("rb") as file:
            lines = _lines(file, self.mark, self.codec)
            return next((line.text.strip() for line in lines if not _is_utf8(line.raw)), None)


def open_text_table(path: Path, known: Known) -> TextTable:
    """Recognise how a table of text is written.

    Args:
        path: The file.
        known: Its delimiter is the one under which most columns are known in a first row.
    """
    with errors_named(path), path.open("rb") as file:
        start = file.read(_START_BYTES)
    said = text_encoding(start)
    marks = _BEHIND_MARK.get(said, {b"": said})
    mark, codec = next((m, c) for m, c in marks.items() if start.startswith(m))
    return TextTable(path, mark, codec, _delimiter(path, mark, codec, known))


def _lines(file: BinaryIO, mark: bytes, codec: str) -> Iterator[_Line]:
    """Yield lines with their ends; without the zeros and Ctrl-Z with which DOS ends a text."""
    file.seek(len(mark))
    for line in _utf8_lines(file) if codec == "utf-8" else _wide_lines(file, codec):
        ended = line.text.endswith(("\n", "\r"))
        yield line if ended else _Line(line.raw, line.text.rstrip("\0\x1a"))


def _utf8_lines(file: BinaryIO) -> Iterator[_Line]:
    for chunk in file:
        for raw in chunk.splitlines(keepends=True):  # Ends of lines may be carriage returns alone.
            yield _Line(raw, utf8_or_windows_1252(raw))


def _wide_lines(file: BinaryIO, codec: str) -> Iterator[_Line]:
    with io.TextIOWrapper(file, encoding=codec, newline="") as lines:
        for text in lines:
            yield _Line(text.encode(codec), text)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parse(lines: Iterator[_Line], delimiter: str) -> Iterator[RawRow]:
    """Yield the rows.

    Text after a closing quote is kept as it is, except in a row of several lines: there a quote
    was never closed, and the row swallowed others.
    """
    taken: list[_Line] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line.text

    number = 1
    for fields in csv.reader(remembered(), delimiter=delimiter, skipinitialspace=True):
        if len(taken) > 1:
            _require_closed_quotes([line.text for line in taken], delimiter, number)
        is_sep_line = number == 1 and _SEP_LINE.fullmatch(taken[0].text)
        yield RawRow(number, [] if is_sep_line else fields, b"".join(line.raw for line in taken))
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


def _delimiter(path: Path, mark: bytes, codec: str, known: Known) -> str:
    """Return what a line ``sep=`` says, or the delimiter under which most columns are known."""
    with errors_named(path), path.open("rb") as file:
        try:
            first = next(_lines(file, mark, codec), _Line(b"", ""))
        except UnicodeDecodeError:
            return _DELIMITERS[0]  # Reading the rows says what is wrong.
    if said := _SEP_LINE.fullmatch(first.text):
        return said[1]

    def found(delimiter: str) -> tuple[int, int]:
        with errors_named(path), path.open("rb") as file:
            rows = _while_valid(_parse(_lines(file, mark, codec), delimiter))
            first_rows = islice((row.fields for row in rows if not row.is_empty), HEADER_WITHIN)
            return max(((known(fields), len(fields)) for fields in first_rows), default=(0, 0))

    return max(_DELIMITERS, key=found)


def _while_valid(rows: Iterator[RawRow]) -> Iterator[RawRow]:
    try:
        yield from rows
    except (csv.Error, UnicodeDecodeError):
        return
