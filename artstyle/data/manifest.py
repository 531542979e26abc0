"""The manifest: one row for every painting that could be read."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from reprlib import repr as short_repr
from typing import Literal, get_args

from artstyle.errors import DataError
from artstyle.storage.files import numbered_csv, write_csv
from artstyle.styles.names import is_style_name

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One painting: where it is, what is known of it, and where it went."""

    path: str
    """Relative to the source folder, with forward slashes."""
    style: str
    artist: str
    """Empty if unknown."""
    title: str
    genre: str
    split: str
    """train, val or test; empty for a painting that takes part in none."""
    left_out: str
    """The `Reason` why it takes part in no split; or empty."""
    width: int
    """Width of the upright original in pixels."""
    height: int
    sha256: str
    """Hash of the original file's bytes."""
    phash: str
    """64-bit perceptual hash, 16 hexadecimal digits."""
    cached: str
    """The pre-resized copy, relative to the dataset folder."""
    source: str = ""
    """The collection that the painting comes from; empty if unknown."""
    copy_of: str = ""
    """Path of the first file that shows the same painting; empty for the first itself."""


COLUMNS = tuple(field.name for field in fields(ManifestRow))
FIRST_COLUMNS = COLUMNS[: COLUMNS.index("source")]
"""The columns that every manifest of ours has; earlier versions wrote no more."""


def write_manifest(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Write ``rows`` in their order."""
    # Not asdict: it copies every value and takes five times as long.
    write_csv(path, COLUMNS, ({name: getattr(row, name) for name in COLUMNS} for row in rows))


def read_manifest(path: Path) -> Iterator[ManifestRow]:
    """Yield the rows of a dataset folder's manifest.

    Raises:
        MissingError: The file does not exist.
        DataError: A column is missing, or a value cannot be of our writing.
    """
    for line, row in numbered_csv(path, ours=True):
        try:
            values = {name: row[name] for name in FIRST_COLUMNS}
        except KeyError as error:
            raise DataError(
                f"{path} has no column {error}; run 'artstyle prepare' again to replace it"
            ) from None
        if wrong := [name for name, rule in _RULES.items() if not rule(values[name])]:
            raise DataError(
                f"{path} line {line}: {wrong[0]} cannot be {short_repr(values[wrong[0]])};"
                " run 'artstyle prepare' again to replace it"
            )
        later = {name: row.get(name, "") for name in COLUMNS[len(FIRST_COLUMNS) :]}
        sizes = {"width": int(values["width"]), "height": int(values["height"])}
        yield ManifestRow(**(values | later | sizes))  # type: ignore[arg-type]


def _is_inside(path: str) -> bool:
    """Return whether a relative path stays in its folder."""
    return not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


_RULES: dict[str, Callable[[str], object]] = {
    "style": cache(is_style_name),
    "split": {*SPLITS, ""}.__contains__,
    "width": re.compile(r"[1-9]\d{0,9}", re.ASCII).fullmatch,
    "height": re.compile(r"[1-9]\d{0,9}", re.ASCII).fullmatch,
    "phash": re.compile(r"[0-9a-f]{16}").fullmatch,
    "cached": _is_inside,
}
"""What each column may hold; even in a forged file, no row leads out of the folder."""
