"""A list written back with new columns at its right, and all else as it was.

Of a list in text, each row's own bytes are kept; of a workbook, all but the cells that are added.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from artstyle.collection.join_workbook import join_workbook
from artstyle.collection.picture_list import PictureList, content_digest
from artstyle.collection.text_table import RawRow, TextTable
from artstyle.errors import DataError, UsageError
from artstyle.styles.names import visible

Cell = str | float | None


def require_joinable(source: PictureList, out: Path, texts: Iterable[str]) -> None:
    """Check that a list can be written back to ``out``.

    Args:
        source: The list.
        out: The file to be written.
        texts: Texts that will be written, for the list's encoding.

    Raises:
        UsageError: ``out`` is the list itself, or another kind of file, or the list's encoding
            does not have the letters of ``texts``.
        DataError: The last quote of a row is not closed.
    """
    if out.exists() and out.samefile(source.path):
        raise UsageError(f"--out {out} is the list itself, which is never changed; name another")
    table = source.table
    is_sheet = out.suffix.lower() in (".xlsx", ".xlsm")
    if isinstance(table, TextTable) == is_sheet or (
        is_sheet and out.suffix.lower() != source.path.suffix.lower()
    ):
        raise UsageError(f"--join writes a list back as it is: end --out in {source.path.suffix}")
    if isinstance(table, TextTable):
        _require_encodable(table, texts)
        _require_open_ends(table)


def join(
    source: PictureList, names: Sequence[str], cells: Iterator[Sequence[Cell]], path: Path
) -> None:
    """Write a list to ``path`` with new columns.

    Args:
        source: The list.
        names: The names of the columns.
        cells: The values of each row that lists a picture, consumed one by one.
        path: The file to be written.

    Raises:
        DataError: The list was changed after it was read.
    """
    if content_digest(source.path) != source.digest:
        raise DataError(
            f"{source.path} was changed while it was answered; answer it again with --overwrite"
        )
    if isinstance(source.table, TextTable):
        _join_text(source, source.table, names, cells, path)
    else:
        lines = chain([source.header_line], (row.line for row in source.rows))
        added = zip(lines, chain([names], cells), strict=True)
        join_workbook(source.path, source.table.part(), added, path)


def _join_text(
    source: PictureList,
    table: TextTable,
    names: Sequence[str],
    cells: Iterator[Sequence[Cell]],
    path: Path,
) -> None:
    codec = table.output_codec()
    with path.open("wb") as file:
        file.write(table.mark)
        for row in table.rows():
            if row.is_empty:
                file.write(row.raw)
                continue
            added = names if row.line == source.header_line else next(cells)
            missing = source.width - len(row.fields)
            new = _delimited(["", *[""] * missing, *added], table.delimiter)
            file.write(_inserted(row, new.encode(codec, "backslashreplace"), table.codec))


def _delimited(cells: Sequence[Cell], delimiter: str) -> str:
    """Return cells as text that can follow a row; it begins with the delimiter."""
    stream = io.StringIO()
    # Cells with a character of the line's end are quoted; without one, they would not be.
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return stream.getvalue().removesuffix("\r\n")


def _inserted(row: RawRow, new: bytes, codec: str) -> bytes:
    """Return a row's bytes with new ones before the end of its line."""
    ends = (end.encode(codec) for end in ("\r\n", "\n", "\r"))
    end = next((end for end in ends if row.raw.endswith(end)), b"")
    body = row.raw.removesuffix(end)
    if not end and codec == "utf-8":  # DOS ends a text with Ctrl-Z.
        body = body.rstrip(b"\0\x1a")
        end = row.raw[len(body) :]
    return body + new + end


def _require_encodable(table: TextTable, texts: Iterable[str]) -> None:
    codec = table.output_codec()
    for text in texts:
        try:
            text.encode(codec)
        except UnicodeEncodeError:
            raise UsageError(
                f"{table.path} is in Windows-1252, which does not have the letters of"
                f" '{visible(text)}'; save it as UTF-8, or choose another --language"
            ) from None


def _require_open_ends(table: TextTable) -> None:
    """Refuse rows at whose end a quote is open: what is added would be inside it.

    Raises:
        DataError: It names the line.
    """
    for row in table.rows():
        line = _text(row, table).rstrip("\r\n") + f"{table.delimiter}x"
        fields = next(csv.reader([line], delimiter=table.delimiter, skipinitialspace=True), [])
        if '"' in line and "\n" not in line and "\r" not in line and fields[-1:] != ["x"]:
            raise DataError(
                f"{table.path} line {row.line}: a quote is opened here and not closed; close it"
            )


def _text(row: RawRow, table: TextTable) -> str:
    return row.raw.decode(table.codec, "replace")
