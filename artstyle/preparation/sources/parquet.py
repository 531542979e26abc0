"""Parquet shards: which there are, and the bytes of the pictures in them."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

from artstyle.collection.portable import portable_name
from artstyle.errors import DataError, ImageError, one_line
from artstyle.pictures.skipped import is_litter
from artstyle.storage.parquet import import_pyarrow

_BATCH_ROWS = 16
# Streamed so, a row group of 1,000 pictures and 400 MB takes 40 MB of memory; otherwise 400 MB.
_STREAMED = {"pre_buffer": False, "buffer_size": 1 << 20}
_DEPTH = 4
_IMAGE_NAMES = ("image", "img")


def find_shards(root: Path) -> list[str]:
    """Return the shards in a folder and in three levels of folders below, relative and sorted."""
    patterns = ("*/" * depth + "*" for depth in range(_DEPTH))
    paths = (path.relative_to(root) for pattern in patterns for path in root.glob(pattern))
    shards = (
        path for path in paths if _is_shard(path.name) and not any(map(is_litter, path.parts))
    )
    return sorted(portable_name(path.as_posix()) for path in shards)


def shard_name(path: str) -> str | None:
    """Return the shard in ``shard.parquet#000123``; None for the path of an ordinary file."""
    shard, _, row = path.rpartition("#")
    return shard if _is_shard(shard) and row.isdecimal() else None


def _is_shard(name: str) -> bool:
    return name.lower().endswith(".parquet")


def row_number(path: str) -> int:
    """Return the row in ``shard.parquet#000123``."""
    return int(path.rpartition("#")[2])


def read_rows(shard: Path, rows: Sequence[int]) -> Iterator[bytes | ImageError]:
    """Yield the pictures of some rows, a few at a time; each row group is read at most once.

    Args:
        shard: The Parquet file.
        rows: Positions in the file, ascending.
    """
    pyarrow = import_pyarrow()
    done, reason = 0, "the Parquet file has no such row"
    try:
        with pyarrow.parquet.ParquetFile(shard, **_STREAMED) as file:
            column = image_column(file.schema_arrow, shard)
            for content in _read_bytes(file, column, rows):
                done += 1
                yield ImageError("the row holds no picture") if content is None else content
    except (OSError, pyarrow.ArrowException, DataError) as error:
        reason = f"the Parquet file cannot be read: {one_line(error)}"
    for _ in rows[done:]:
        yield ImageError(reason)


def _read_bytes(file: Any, column: str, rows: Sequence[int]) -> Iterator[bytes | None]:
    groups = range(file.num_row_groups)
    ends = list(accumulate(file.metadata.row_group(group).num_rows for group in groups))
    for group, members in groupby(rows, key=lambda row: bisect_right(ends, row)):
        if group < len(ends):
            start = ends[group - 1] if group else 0
            yield from _read_group_bytes(file, column, group, [row - start for row in members])


def _read_group_bytes(
    file: Any, column: str, group: int, rows: Sequence[int]
) -> Iterator[bytes | None]:
    wanted, start = deque(rows), 0
    for batch in file.iter_batches(
        _BATCH_ROWS, row_groups=[group], columns=[column], use_threads=False
    ):
        contents = batch.column(0).field("bytes") if "." in column else batch.column(0)
        while wanted and wanted[0] < start + len(contents):
            yield contents[wanted.popleft() - start].as_py()
        if not wanted:
            return
        start += len(contents)


def image_column(schema: Any, path: Path) -> str:
    """Return the column that holds the pictures' bytes: ``image.bytes``, or ``image`` itself.

    Raises:
        DataError: The column does not exist, or holds something else.
    """
    types = import_pyarrow().types
    usual = {wanted: [n for n in schema.names if n.casefold() == wanted] for wanted in _IMAGE_NAMES}
    names = next(filter(None, usual.values()), None)
    if names is None:
        raise DataError(
            f"{path} has no column image, only {', '.join(schema.names)};"
            " to read picture files next to Parquet files, use --format folders"
        )
    if len(names) > 1:
        raise DataError(f"{path} has {len(names)} columns of the name {names[0]}")
    held = schema.field(names[0]).type
    if types.is_struct(held) and held.get_field_index("bytes") >= 0:
        inner, column = held.field("bytes").type, f"{names[0]}.bytes"
    else:
        inner, column = held, names[0]
    tests = (types.is_binary, types.is_large_binary, types.is_binary_view)
    if not any(test(inner) for test in tests):
        raise DataError(f"{path}: the column {names[0]} must hold bytes, not {held}")
    return column
