"""Writers of prediction rows: a table for people; CSV, JSON and JSON Lines for programs."""

import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple, TextIO

from rich.cells import chop_cells, set_cell_size

from artstyle.pictures.finding import printable
from artstyle.prediction.formats import DataFormat, Format
from artstyle.prediction.rows import DECIMALS, PredictionRow
from artstyle.storage.files import FORMULA_STARTS, csv_writer
from artstyle.styles.names import display_name

_STYLE_COLUMNS, _SHARE_COLUMNS, _LEAST_PATH_COLUMNS = 28, 11, 24
PIPED_COLUMNS = 100
"""The width of a table that is not on a terminal."""


class Counts(NamedTuple):
    """How many rows were written, and how many of them have an error."""

    total: int
    failed: int


def write_all(
    rows: Iterable[PredictionRow],
    stream: TextIO,
    chosen: Format,
    num_styles: int,
    *,
    table_columns: int = PIPED_COLUMNS,
) -> Counts:
    """Write each row as it comes, flush it, and count.

    Args:
        rows: Consumed one by one.
        stream: Encodes with ``ENCODING_ERRORS`` of the format.
        chosen: The format.
        num_styles: How many styles a row names.
        table_columns: The width of a table, in characters.
    """
    written = (
        write_table(rows, stream, table_columns)
        if chosen == "table"
        else write_rows(rows, stream, chosen, num_styles)
    )
    total = failed = 0
    for row in written:
        stream.flush()
        total, failed = total + 1, failed + (row.error is not None)
    return Counts(total, failed)


def write_rows(
    rows: Iterable[PredictionRow], stream: TextIO, data_format: DataFormat, num_styles: int
) -> Iterator[PredictionRow]:
    """Write each row for programs as it comes, then yield it.

    Args:
        rows: Consumed one by one.
        stream: Must accept paths that are not UTF-8: in JSON with ``backslashreplace``, which
            writes a lone surrogate as JSON's own escape; in CSV with ``surrogateescape``, which
            writes the path's own bytes.
        data_format: ``json`` is one array, ``jsonl`` one object per line.
        num_styles: How many styles a row names: the columns of ``csv``.
    """
    if data_format == "csv":
        return _write_csv(rows, stream, num_styles)
    return _write_json(rows, stream) if data_format == "json" else _write_jsonl(rows, stream)


def write_table(
    rows: Iterable[PredictionRow], stream: TextIO, columns: int
) -> Iterator[PredictionRow]:
    """Write each row for people as it comes, then yield it.

    Args:
        rows: Consumed one by one.
        stream: Text, of a terminal or a file.
        columns: The width of the table, in characters.
    """
    path_columns = max(_LEAST_PATH_COLUMNS, columns - _STYLE_COLUMNS - _SHARE_COLUMNS)
    stream.write(_line("picture", "style", "probability", path_columns))
    for row in rows:
        stream.writelines(_row_lines(row, path_columns))
        yield row


def _row_lines(row: PredictionRow, path_columns: int) -> Iterator[str]:
    """Yield a picture's lines: left the folded path, right its styles or its error."""
    path = chop_cells(printable(row.path), path_columns - 2)
    if row.styles is None:
        right = [
            (line, "") for line in wrap(f"not read: {row.error}", _STYLE_COLUMNS + _SHARE_COLUMNS)
        ]
    else:
        right = [(display_name(r.style), f"{r.probability:.1%}") for r in row.styles]
    for part, named in zip_longest(path, right):
        style, share = named or ("", "")
        yield _line(part or "", style, share, path_columns)


def _line(path: str, style: str, share: str, path_columns: int) -> str:
    left = set_cell_size(path, path_columns)
    if not share:
        return f"{left}{style}".rstrip() + "\n"
    return f"{left}{set_cell_size(style, _STYLE_COLUMNS)}{share:>{_SHARE_COLUMNS}}\n"


def _write_csv(
    rows: Iterable[PredictionRow], stream: TextIO, num_styles: int
) -> Iterator[PredictionRow]:
    write = csv_writer(stream)
    numbered = [(f"style_{n}", f"probability_{n}") for n in range(1, num_styles + 1)]
    write(["path", *(name for pair in numbered for name in pair), "error", "model"])
    for row in rows:
        ranked = [cell for r in row.styles or () for cell in (r.style, _plain(r.probability))]
        padding = [""] * (2 * num_styles - len(ranked))
        write([_inert(row.path), *ranked, *padding, row.error or "", row.model])
        yield row


def _write_json(rows: Iterable[PredictionRow], stream: TextIO) -> Iterator[PredictionRow]:
    separator = "[\n"
    for row in rows:
        stream.write(f"{separator}{_json(row)}")
        separator = ",\n"
        yield row
    stream.write("\n]\n" if separator == ",\n" else "[]\n")


def _write_jsonl(rows: Iterable[PredictionRow], stream: TextIO) -> Iterator[PredictionRow]:
    for row in rows:
        stream.write(f"{_json(row)}\n")
        yield row


def _json(row: PredictionRow) -> str:
    return json.dumps(row.to_dict(), ensure_ascii=False, allow_nan=False)


def _plain(probability: float) -> str:
    return f"{probability:.{DECIMALS}f}"


def _inert(path: Path) -> str:
    """Return a path that is not a formula for a spreadsheet, and still opens the file."""
    text = str(path)
    return f"./{text}" if text[:1] in FORMULA_STARTS else text
