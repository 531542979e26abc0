"""Rows as JSON, written as they come: one array, or one object a line."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TextIO, TypeVar


class JsonRow(Protocol):
    """A row that has a dictionary of its values."""

    def to_dict(self) -> dict[str, Any]:
        """Return names and values that JSON can hold."""
        ...


Row = TypeVar("Row", bound=JsonRow)


def write_json_array(rows: Iterable[Row], stream: TextIO) -> Iterator[Row]:
    """Write one array with an object a line, and yield each row once it is written."""
    separator = "[\n"
    for row in rows:
        stream.write(f"{separator}{_json(row)}")
        separator = ",\n"
        yield row
    stream.write("\n]\n" if separator == ",\n" else "[]\n")


def write_json_lines(rows: Iterable[Row], stream: TextIO) -> Iterator[Row]:
    """Write one object a line, and yield each row once it is written."""
    for row in rows:
        stream.write(f"{_json(row)}\n")
        yield row


def _json(row: JsonRow) -> str:
    return json.dumps(row.to_dict(), ensure_ascii=False, allow_nan=False)
