"""Writers of prediction rows: a table for people; CSV, JSON and JSON Lines for programs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from itertools import chain, zip_longest
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple, TextIO

from rich.cells import chop_cells, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from artstyle.pictures.finding import printable
from artstyle.pictures.record import Record
from artstyle.prediction.formats import DataFormat, Format
from artstyle.prediction.rows import DECIMALS, PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.storage.files import FORMULA_STARTS, csv_writer
from artstyle.styles.vocabulary import display_name

_LEAST_STYLE_COLUMNS, _MOST_STYLE_COLUMNS, _SHARE_COLUMNS = 28, 46, 11
_LEAST_PATH_COLUMNS, _GOOD_PATH_COLUMNS = 24, 63
_RECORD_COLUMNS = tuple(field.name for field in fields(Record))
_CONFIDENCE_COLUMNS = ("verdict", "familiarity", "likely", "group", "group_probability")
_COLOURS = {"sure": Style.parse("green"), "unsure": Style.parse("yellow")}
_UNFAMILIAR_COLOUR = Style.parse("magenta")
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
    coloured: bool = False,
) -> Counts:
    """Write each row as it comes, flush it, and count.

    Args:
        rows: Consumed one by one.
        stream: Encodes with ``ENCODING_ERRORS`` of the format.
        chosen: The format.
        num_styles: How many styles a row names.
        table_columns: The width of a table, in characters.
        coloured: Whether a table is shown on a terminal with colours.
    """
    written = (
        write_table(rows, stream, table_columns, coloured=coloured)
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
    rows: Iterable[PredictionRow], stream: TextIO, columns: int, *, coloured: bool = False
) -> Iterator[PredictionRow]:
    """Write each row for people as it comes, then yield it.

    Args:
        rows: Consumed one by one.
        stream: Text, of a terminal or a file.
        columns: The width of the table, in characters.
        coloured: Whether verdicts have a colour; their words say the same.
    """
    widths = _widths(columns)
    stream.write(_line("picture", "style", "probability", widths))
    for row in rows:
        stream.writelines(_row_lines(row, widths, coloured))
        yield row


class _Widths(NamedTuple):
    """Columns of a table, in characters."""

    path: int
    style: int


def _widths(columns: int) -> _Widths:
    """Return widths that give room to the path first, then to the verdict."""
    spare = columns - _GOOD_PATH_COLUMNS - _SHARE_COLUMNS
    style = max(_LEAST_STYLE_COLUMNS, min(_MOST_STYLE_COLUMNS, spare))
    return _Widths(max(_LEAST_PATH_COLUMNS, columns - style - _SHARE_COLUMNS), style)


def _row_lines(row: PredictionRow, widths: _Widths, coloured: bool) -> Iterator[str]:
    """Yield a picture's lines: left the folded path, right its verdict and styles, or its error."""
    path = chop_cells(printable(row.path), widths.path - 2)
    if row.styles is None:
        right = [(line, "") for line in _folded(f"not read: {row.error}", widths)]
    else:
        verdict = [
            (_painted(line, row, coloured), "") for line in _folded(verdict_words(row), widths)
        ]
        styles = [(display_name(r.style), f"{r.probability:.1%}") for r in row.styles]
        right = [*verdict, *styles]
    for part, named in zip_longest(path, right):
        words, share = named or ("", "")
        yield _line(part or "", words, share, widths)


def _folded(words: str, widths: _Widths) -> list[str]:
    return wrap(words, widths.style + _SHARE_COLUMNS)


def _painted(words: str, row: PredictionRow, coloured: bool) -> str:
    if not coloured:
        return words
    style = _COLOURS.get(row.verdict or "", _UNFAMILIAR_COLOUR)
    return style.render(words, color_system=ColorSystem.STANDARD)


def _line(path: str, words: str, share: str, widths: _Widths) -> str:
    left = set_cell_size(path, widths.path)
    if not share:
        return f"{left}{words}".rstrip() + "\n"
    return f"{left}{set_cell_size(words, widths.style)}{share:>{_SHARE_COLUMNS}}\n"


def _write_csv(
    rows: Iterable[PredictionRow], stream: TextIO, num_styles: int
) -> Iterator[PredictionRow]:
    write = csv_writer(stream)
    rows, has_records = _with_records(rows)
    numbered = [(f"style_{n}", f"probability_{n}") for n in range(1, num_styles + 1)]
    ranks = [name for pair in numbered for name in pair]
    record_columns = _RECORD_COLUMNS if has_records else ()
    write(["path", "file", *record_columns, *ranks, "error", "model", *_CONFIDENCE_COLUMNS])
    for row in rows:
        ranked = [cell for r in row.styles or () for cell in (r.style, _plain(r.probability))]
        padding = [""] * (2 * num_styles - len(ranked))
        named = [*ranked, *padding, row.error or "", row.model]
        record = _record_cells(row) if has_records else []
        write([_inert(row.path), row.path.name, *record, *named, *_confidence_cells(row)])
        yield row


def _with_records(rows: Iterable[PredictionRow]) -> tuple[Iterator[PredictionRow], bool]:
    """Return the same rows, and whether their source has records: the first row says so."""
    stream = iter(rows)
    first = next(stream, None)
    if first is None:
        return stream, False
    return chain([first], stream), first.record is not None


def _record_cells(row: PredictionRow) -> list[str]:
    return [value or "" for value in astuple(row.record or Record(None))]


def _confidence_cells(row: PredictionRow) -> list[str]:
    group = row.group
    return [
        row.verdict or "",
        "" if row.familiarity is None else str(row.familiarity),
        "; ".join(row.likely or ()),
        group.group if group else "",
        _plain(group.probability) if group else "",
    ]


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
