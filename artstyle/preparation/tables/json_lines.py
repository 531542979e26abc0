"""Tables in JSON Lines: one object a line, its keys the columns."""

import json
from collections.abc import Iterator
from pathlib import Path

from artstyle.collection.table import Contents
from artstyle.collection.text_table import RawRow
from artstyle.errors import DataError, MissingError
from artstyle.storage.files import decode_text
from artstyle.styles.names import BAR


def is_json_lines(path: Path) -> bool:
    """Return whether a file's ending says that it is a table in JSON Lines."""
    return path.suffix.lower() == ".jsonl"


def read_json_lines(path: Path) -> Contents:
    """Return the table; its columns are all keys, in the order in which they first occur.

    Texts stay as they are; a list becomes its elements with bars between, and null is empty.

    Raises:
        MissingError: The file does not exist.
        DataError: A line is not a JSON object.
    """
    objects = list(_objects(path))
    header = tuple(dict.fromkeys(key for _, found in objects for key in found))
    rows = (RawRow(line, [_text(found.get(key)) for key in header], b"") for line, found in objects)
    return Contents(1, header, (row for row in rows if not row.is_empty))


def _objects(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    if not path.is_file():
        raise MissingError(f"no file {path}")
    # Only line feeds end a line: a text may hold other characters that Python would break at.
    for line, text in enumerate(decode_text(path.read_bytes())[0].split("\n"), start=1):
        if not text.strip():
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path} line {line} is not valid JSON: {error}") from None
        if not isinstance(found, dict):
            raise DataError(f"{path} line {line} is not a JSON object with a key for each column")
        yield line, found


def _text(value: object) -> str:
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, list):
        return BAR.join(map(_text, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
