"""Sources that are Parquet shards, as the Hugging Face hub serves WikiArt.

A shard holds the pictures' bytes; ``artist``, ``genre`` and ``style`` are whole numbers whose
names stand in the schema's metadata.
"""

import importlib
import json
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from pathlib import Path, PurePosixPath
from typing import Any

from artstyle.data.source import (
    Source,
    SourceImage,
    artist_and_title,
    local_path,
    portable_name,
    split_name,
)
from artstyle.errors import DataError, ImageError, MissingError
from artstyle.labels import canonical_style

_BATCH_ROWS = 16
# Streamed so, a row group of 1,000 pictures and 400 MB takes 40 MB of memory; otherwise 400 MB.
_STREAMED = {"pre_buffer": False, "buffer_size": 1 << 20}
_PATTERNS = ("*.parquet", "*/*.parquet")
_UNKNOWN = frozenset({"unknown artist", "unknown genre", "unknown style"})


def find_shards(root: Path) -> list[str]:
    """Return the shards in a folder and in the folders directly in it, relative and sorted."""
    paths = (path.relative_to(root) for pattern in _PATTERNS for path in root.glob(pattern))
    visible = (path for path in paths if not any(part.startswith(".") for part in path.parts))
    return sorted(portable_name(path.as_posix()) for path in visible)


def read_parquet(root: Path, shards: Sequence[str]) -> Source:
    """Read what the shards say of each painting, without the pictures themselves.

    The split is the first word of a shard's name, as in ``train-00000-of-00072.parquet``.

    Raises:
        MissingError: pyarrow is not installed.
        DataError: There are no shards, or one cannot be read or has other columns.
    """
    if not shards:
        raise DataError(f"{root} holds no .parquet files")
    rows = [image for shard in shards for image in _read_shard(root, shard)]
    images = tuple(sorted((row for row in rows if row.style), key=lambda image: image.path))
    if not images:
        raise DataError(f"no row of the Parquet files in {root} has a style")
    unlabelled = len(rows) - len(images)
    notes = (f"rows without a style, left out: {unlabelled}",) if unlabelled else ()
    return Source(root, "parquet", images, 0, notes)


def shard_name(path: str) -> str | None:
    """Return the shard in ``shard.parquet#000123``; None for the path of an ordinary file."""
    shard, _, row = path.rpartition("#")
    return shard if shard.endswith(".parquet") and row.isdecimal() else None


def row_number(path: str) -> int:
    """Return the row in ``shard.parquet#000123``."""
    return int(path.rpartition("#")[2])


def read_rows(shard: Path, rows: Sequence[int]) -> Iterator[bytes | ImageError]:
    """Yield the pictures of some rows, a few at a time; each row group is read at most once.

    Args:
        shard: The Parquet file.
        rows: Positions in the file, ascending.
    """
    pyarrow = _import_pyarrow()
    done, reason = 0, "the Parquet file has no such row"
    try:
        with pyarrow.parquet.ParquetFile(shard, **_STREAMED) as file:
            for content in _read_bytes(file, rows):
                done += 1
                yield ImageError("the row holds no picture") if content is None else content
    except (OSError, pyarrow.ArrowException) as error:
        reason = f"the Parquet file cannot be read: {_one_line(error)}"
    for _ in rows[done:]:
        yield ImageError(reason)


def _read_bytes(file: Any, rows: Sequence[int]) -> Iterator[bytes | None]:
    groups = range(file.num_row_groups)
    ends = list(accumulate(file.metadata.row_group(group).num_rows for group in groups))
    for group, members in groupby(rows, key=lambda row: bisect_right(ends, row)):
        if group < len(ends):
            start = ends[group - 1] if group else 0
            yield from _read_group_bytes(file, group, [row - start for row in members])


def _read_group_bytes(file: Any, group: int, rows: Sequence[int]) -> Iterator[bytes | None]:
    wanted, start = deque(rows), 0
    for batch in file.iter_batches(
        _BATCH_ROWS, row_groups=[group], columns=["image.bytes"], use_threads=False
    ):
        contents = batch.column(0).field("bytes")
        while wanted and wanted[0] < start + len(contents):
            yield contents[wanted.popleft() - start].as_py()
        if not wanted:
            return
        start += len(contents)


def _read_shard(root: Path, shard: str) -> list[SourceImage]:
    pyarrow, path = _import_pyarrow(), local_path(root, shard)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _require_columns(pyarrow, file.schema_arrow, path)
            table = file.read(["style", "artist", "genre", "image.path"], use_threads=False)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(
            f"{path} cannot be read: {_one_line(error)}; fetch it again or move it away"
        ) from None
    return list(_images(shard, table, path))


def _require_columns(pyarrow: Any, schema: Any, path: Path) -> None:
    absent = [name for name in ("image", "style") if name not in schema.names]
    if absent:
        raise DataError(
            f"{path} has no column {' and no column '.join(absent)}, only"
            f" {', '.join(schema.names)}; for pictures beside Parquet files, say --format folders"
        )
    image = schema.field("image").type
    if not pyarrow.types.is_struct(image) or image.get_field_index("bytes") < 0:
        raise DataError(f"{path}: the column image must hold bytes, not {image}")


def _images(shard: str, table: Any, path: Path) -> Iterator[SourceImage]:
    split = split_name(PurePosixPath(shard).name.partition("-")[0]) or ""
    styles, artists, genres = (_names(table, name, path) for name in ("style", "artist", "genre"))
    for row, stored in enumerate(_stored_paths(table)):
        artist, title = artist_and_title(stored)
        yield SourceImage(
            path=f"{shard}#{row:06d}",
            style=canonical_style(styles[row]),
            artist=artists[row],
            title=title if artist else "",
            genre=genres[row],
            split=split,
        )


def _names(table: Any, column: str, path: Path) -> list[str]:
    """Return a column's class names, empty where the class is unknown."""
    if column not in table.column_names:
        return [""] * table.num_rows
    values = table.column(column).to_pylist()
    if any(isinstance(value, int) for value in values):
        names = _class_names(table.schema, column, path)
        known = range(len(names))
        values = [names[value] if value in known else "" for value in values]
    return ["" if value is None or value.casefold() in _UNKNOWN else value for value in values]


def _class_names(schema: Any, column: str, path: Path) -> list[str]:
    """Return the names of a column's whole numbers from the ``huggingface`` metadata."""
    try:
        description = json.loads(schema.metadata[b"huggingface"])
        return list(description["info"]["features"][column]["names"])
    except (TypeError, KeyError, ValueError):
        raise DataError(
            f"{path} does not name the classes of its column {column};"
            " the schema metadata 'huggingface' must hold info.features with their names"
        ) from None


def _stored_paths(table: Any) -> list[str]:
    if "image" not in table.column_names:
        return [""] * table.num_rows
    return [
        PurePosixPath((image or {}).get("path") or "").name for image in table["image"].to_pylist()
    ]


def _import_pyarrow() -> Any:
    """Return pyarrow, which only these sources need."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise MissingError(
            'Parquet files need pyarrow, which is not installed: pip install "artstyle[parquet]"'
        ) from None
    return importlib.import_module("pyarrow")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
