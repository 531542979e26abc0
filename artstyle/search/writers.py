"""Writers of similar works: a table for people; CSV, JSON and JSON Lines for programs."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, TextIO

from artstyle.data.artists import display_artist
from artstyle.pictures.finding import printable
from artstyle.search.neighbours import SimilarRow, SimilarWork
from artstyle.storage.files import csv_writer
from artstyle.storage.json_rows import write_json_array, write_json_lines
from artstyle.styles.vocabulary import display_name

SimilarFormat = Literal["table", "csv", "json", "jsonl"]
COLUMNS = ("path", "rank", "similar", "score", "style", "artist", "predicted", "error")


def write_similar(
    rows: Iterable[SimilarRow], stream: TextIO, chosen: SimilarFormat
) -> Iterator[SimilarRow]:
    """Write each row as it comes, then yield it.

    Args:
        rows: Consumed one by one.
        stream: Encodes with ``ENCODING_ERRORS`` of the format.
        chosen: ``table``; ``csv``, a line for each neighbour; ``json``, one array with an object
            a line; ``jsonl``, one object a line.
    """
    return _WRITERS[chosen](rows, stream)


def _write_table(rows: Iterable[SimilarRow], stream: TextIO) -> Iterator[SimilarRow]:
    for row in rows:
        stream.write(f"{printable(row.path)}\n")
        if row.error is not None:
            stream.write(f"      no similar works: {row.error}\n")
        for rank, work in enumerate(row.similar, start=1):
            stream.write(f"{rank:>4}  {work.score:.3f}  {about(work)}\n")
            stream.write(f"             {printable(Path(work.path))}\n")
        yield row


def about(work: SimilarWork) -> str:
    """Return style and artist for people; a style that only the model names is marked."""
    style = display_name(work.style) if work.style else f"{display_name(work.predicted)} (model)"
    return f"{style}, {display_artist(work.artist)}" if work.artist else style


def _write_csv(rows: Iterable[SimilarRow], stream: TextIO) -> Iterator[SimilarRow]:
    write = csv_writer(stream)
    write(COLUMNS)
    for row in rows:
        if row.error is not None:
            write([str(row.path), "", "", "", "", "", "", row.error])
        for rank, work in enumerate(row.similar, start=1):
            known = (work.style or "", work.artist or "", work.predicted)
            write([str(row.path), rank, work.path, work.score, *known, ""])
        yield row


_WRITERS: dict[str, Callable[[Iterable[SimilarRow], TextIO], Iterator[SimilarRow]]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": write_json_array,
    "jsonl": write_json_lines,
}
