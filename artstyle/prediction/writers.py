"""Writers of prediction rows: a table for people; CSV, JSON and JSON Lines for programs."""

from collections.abc import Iterable, Iterator
from itertools import chain, zip_longest
from textwrap import wrap
from typing import NamedTuple, TextIO

from rich.cells import chop_cells, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from artstyle.pictures.finding import printable
from artstyle.prediction.annotations import write_annotations
from artstyle.prediction.columns import Column, Naming, answer_columns
from artstyle.prediction.formats import DataFormat, TextFormat
from artstyle.prediction.linked_art import write_linked_art
from artstyle.prediction.origin import origin_now
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.storage.files import csv_writer
from artstyle.storage.json_rows import write_json_array, write_json_lines
from artstyle.styles.vocabulary import display_name

_LEAST_STYLE_COLUMNS, _MOST_STYLE_COLUMNS, _SHARE_COLUMNS = 28, 46, 11
_LEAST_PATH_COLUMNS, _GOOD_PATH_COLUMNS = 24, 63
_COLOURS = {"sure": Style.parse("green"), "unsure": Style.parse("yellow")}
_UNFAMILIAR_COLOUR = Style.parse("magenta")
_PLAIN = Naming()
PIPED_COLUMNS = 100
"""The width of a table that is not on a terminal."""


class Counts(NamedTuple):
    """How many rows were written, and how many of them have an error."""

    total: int
    failed: int


def write_all(
    rows: Iterable[PredictionRow],
    stream: TextIO,
    chosen: TextFormat,
    num_styles: int,
    *,
    naming: Naming = _PLAIN,
    table_columns: int = PIPED_COLUMNS,
    coloured: bool = False,
) -> Counts:
    """Write each row as it comes, flush it, and count.

    Args:
        rows: Consumed one by one.
        stream: Encodes with ``ENCODING_ERRORS`` of the format.
        chosen: The format.
        num_styles: How many styles a row names.
        naming: What is added to the most probable style in CSV.
        table_columns: The width of a table, in characters.
        coloured: Whether a table is shown on a terminal with colours.
    """
    written = (
        write_table(rows, stream, table_columns, coloured=coloured)
        if chosen == "table"
        else write_rows(rows, stream, chosen, num_styles, naming)
    )
    total = failed = 0
    for row in written:
        stream.flush()
        total, failed = total + 1, failed + (row.error is not None)
    return Counts(total, failed)


def write_rows(
    rows: Iterable[PredictionRow],
    stream: TextIO,
    data_format: DataFormat,
    num_styles: int,
    naming: Naming = _PLAIN,
) -> Iterator[PredictionRow]:
    """Write each row for programs as it comes, then yield it.

    Args:
        rows: Consumed one by one.
        stream: Must accept paths that are not UTF-8: in JSON with ``backslashreplace``, which
            writes a lone surrogate as JSON's own escape; in CSV with ``surrogateescape``, which
            writes the path's own bytes.
        data_format: ``json`` is one array, ``jsonl`` one object per line, ``iiif`` one annotation
            page per manifest, ``jsonld`` one object of Linked Art per line.
        num_styles: How many styles a row names: the columns of ``csv``.
        naming: What ``csv`` adds to the most probable style.
    """
    if data_format == "csv":
        return _write_csv(rows, stream, num_styles, naming)
    if data_format == "iiif":
        return write_annotations(rows, stream, origin_now())
    if data_format == "jsonld":
        return write_linked_art(rows, stream, origin_now())
    return (
        write_json_array(rows, stream) if data_format == "json" else write_json_lines(rows, stream)
    )


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
    rows: Iterable[PredictionRow], stream: TextIO, num_styles: int, naming: Naming
) -> Iterator[PredictionRow]:
    write = csv_writer(stream)
    rows, first = with_first(rows)
    columns = columns_of(first, num_styles, naming)
    write([column.name for column in columns])
    for row in rows:
        write([column.text(row) for column in columns])
        yield row


def with_first(
    rows: Iterable[PredictionRow],
) -> tuple[Iterator[PredictionRow], PredictionRow | None]:
    """Return the same rows, and the first of them; None if there is none."""
    stream = iter(rows)
    first = next(stream, None)
    return (stream if first is None else chain([first], stream)), first


def columns_of(first: PredictionRow | None, num_styles: int, naming: Naming) -> list[Column]:
    """Return the columns of a table of rows like the first one."""
    return answer_columns(
        num_styles,
        naming,
        has_records=first is not None and first.record is not None,
        multi=first is not None and first.labels is not None,
    )
