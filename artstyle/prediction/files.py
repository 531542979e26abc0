"""Files of answers in each format, from rows that come one by one."""

from collections.abc import Iterator
from pathlib import Path

from artstyle.collection.join import join
from artstyle.collection.picture_list import PictureList
from artstyle.collection.text_table import TextTable
from artstyle.prediction.columns import (
    Column,
    Naming,
    Value,
    free_names,
    joined_columns,
    origin_columns,
)
from artstyle.prediction.formats import ENCODING_ERRORS, Format, SheetFormat, TextFormat
from artstyle.prediction.output import Writer
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.sheets import write_parquet, write_workbook
from artstyle.prediction.writers import columns_of, with_first, write_all
from artstyle.storage.files import inert


def file_writer(chosen: Format, num_styles: int, naming: Naming) -> Writer:
    """Return the writer of a format.

    Args:
        chosen: The format.
        num_styles: How many styles a row names.
        naming: What tables add to the most probable style.
    """

    def write(rows: Iterator[PredictionRow], path: Path) -> None:
        if chosen == "xlsx" or chosen == "parquet":
            _write_sheet(rows, path, chosen, num_styles, naming)
        else:
            _write_text(rows, path, chosen, num_styles, naming)

    return write


def join_writer(source: PictureList, naming: Naming, *, multi: bool = False) -> Writer:
    """Return the writer that gives a collection's own list the columns `joined_columns`."""
    columns = joined_columns(naming, multi=multi)
    names = free_names([column.name for column in columns], source.header)
    is_text = isinstance(source.table, TextTable)

    def cells(row: PredictionRow) -> list[Value]:
        return [str(inert(c.text(row))) if is_text else c.value(row) for c in columns]

    def write(rows: Iterator[PredictionRow], path: Path) -> None:
        join(source, names, map(cells, rows), path)

    return write


def _write_sheet(
    rows: Iterator[PredictionRow], path: Path, chosen: SheetFormat, num_styles: int, naming: Naming
) -> None:
    rows, first = with_first(rows)
    columns = columns_of(first, num_styles, naming)
    # The model is one of them already.
    columns += [column for column in origin_columns() if column.name != "model"]
    if chosen == "parquet":
        write_parquet(rows, path, columns)
    else:
        write_workbook(rows, path, [*columns, Column("review", lambda row: None)])


def _write_text(
    rows: Iterator[PredictionRow], path: Path, chosen: TextFormat, num_styles: int, naming: Naming
) -> None:
    errors = ENCODING_ERRORS[chosen]
    with path.open("w", encoding="utf-8", errors=errors, newline="") as stream:
        write_all(rows, stream, chosen, num_styles, naming=naming)
