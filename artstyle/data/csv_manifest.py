"""Sources that are a CSV manifest: path, style, and what else is known."""

import csv
from collections.abc import Iterator
from pathlib import Path

from artstyle.data.listing import ListedImage, locate
from artstyle.data.manifest import COLUMNS
from artstyle.data.source import Source, SourceImage, split_name
from artstyle.errors import DataError
from artstyle.files import read_csv
from artstyle.labels import canonical_style

MANIFEST_NAME = "manifest.csv"
REQUIRED_COLUMNS = ("path", "style")
_OPTIONAL_COLUMNS = ("artist", "title", "genre", "split")


def is_manifest(path: Path) -> bool:
    """Return whether this is a CSV file with the columns that a manifest needs."""
    return path.is_file() and set(REQUIRED_COLUMNS) <= set(_header(path))


def read_csv_manifest(path: Path) -> Source:
    """Read a manifest; its paths are relative to its own folder. Further columns are ignored.

    Raises:
        MissingError: There is no such file.
        DataError: A required column is missing, a path leads out of the folder, a split has an
            unknown name, or none of the files is there.
    """
    header = _header(path)
    absent = [column for column in REQUIRED_COLUMNS if column not in header]
    if path.is_file() and absent:
        raise DataError(
            f"{path} has no column {' and no column '.join(absent)}, only {', '.join(header)};"
            f" a manifest has path,style and may have {','.join(_OPTIONAL_COLUMNS)}"
        )
    # A dataset folder's manifest, taken to where the pictures are, is read as it was written.
    listed = list(_listed(path, ours=set(COLUMNS) <= set(header)))
    unlabelled = sum(not entry.image.style for entry in listed)
    located = locate(path.parent, str(path), (entry for entry in listed if entry.image.style))
    notes = [f"rows of {path} without a style, left out: {unlabelled}"] if unlabelled else []
    return Source(
        path.parent, "manifest", located.images, located.missing, (*notes, *located.notes)
    )


def _listed(path: Path, *, ours: bool) -> Iterator[ListedImage]:
    for line, row in enumerate(read_csv(path, ours=ours), start=2):
        where = f"{path} line {line}"
        named_split = row.get("split", "").strip()
        split = split_name(named_split) or ""
        if named_split and not split:
            raise DataError(f"{where}: unknown split '{named_split}'; write train, val or test")
        artist, title, genre = (row.get(name, "").strip() for name in ("artist", "title", "genre"))
        style = canonical_style(row["style"])
        yield ListedImage(where, SourceImage(row["path"], style, artist, title, genre, split))


def _header(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        try:
            return tuple(next(csv.reader(file), ()))
        except csv.Error:
            return ()
