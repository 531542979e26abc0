"""Sources that are Hugging Face image folders: pictures with metadata.csv or metadata.jsonl."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from artstyle.config import LabelsConfig
from artstyle.errors import DataError
from artstyle.pictures.skipped import is_litter
from artstyle.preparation.sources.class_names import read_class_names
from artstyle.preparation.sources.csv_manifest import read_manifest_table
from artstyle.preparation.sources.source import Source, split_name
from artstyle.preparation.tables.cells import is_nothing
from artstyle.preparation.tables.columns import HUGGING_FACE_PATH
from artstyle.preparation.tables.table import Row, Table, read_table, table_header
from artstyle.styles.names import BAR, canonical_style

METADATA_NAMES = ("metadata.csv", "metadata.jsonl")
_DEPTH = 3
_LABEL = "label"


def find_metadata(root: Path) -> list[Path]:
    """Return the metadata files in a folder and in two levels of folders below, sorted.

    A table of that name without the column ``file_name`` is something else.
    """
    patterns = ["*/" * depth + name for depth in range(_DEPTH) for name in METADATA_NAMES]
    found = (path for pattern in patterns for path in root.glob(pattern) if path.is_file())
    meant = (path for path in found if not any(map(is_litter, path.relative_to(root).parts)))
    return sorted(path for path in meant if HUGGING_FACE_PATH in _header(path))


def has_labels(path: Path, columns: Mapping[str, str]) -> bool:
    """Return whether a metadata file has a column of labels, or the user named one."""
    return "style" in columns or not {"style", _LABEL}.isdisjoint(_header(path))


def _header(path: Path) -> list[str]:
    return [title.strip().casefold() for title in table_header(path, {})]


def read_imagefolder(
    root: Path, files: Sequence[Path], columns: Mapping[str, str], labels: LabelsConfig
) -> Source:
    """Read the metadata files: ``file_name`` (from the file's own folder), a label, and others.

    The label is the column style, else label. Numbers have the names that the data set's own files
    give them (`read_class_names`). The split is a column of that name, else the nearest folder's.

    Args:
        root: The folder of the data set.
        files: Its metadata files.
        columns: path, style, artist ... -> the table's own name for it, where it is another.
        labels: What is recognised, and whether a painting may have several labels.

    Raises:
        DataError: No metadata file exists, one cannot be read, or all listed files are missing.
    """
    if not files:
        raise DataError(
            f"{root} has no {' and no '.join(METADATA_NAMES)} with the column {HUGGING_FACE_PATH}"
        )
    names = read_class_names(root)
    parts = [_read_part(root, file, columns, labels, names) for file in files]
    images = sorted((i for part in parts for i in part.images), key=lambda image: image.path)
    twice = next((one.path for one, other in pairwise(images) if one.path == other.path), "")
    if twice:
        raise DataError(f"{root}: two metadata files name {twice}; keep one of them")
    notes = tuple(note for part in parts for note in part.notes)
    return Source(root, "imagefolder", tuple(images), sum(part.missing for part in parts), notes)


def _read_part(
    root: Path,
    file: Path,
    columns: Mapping[str, str],
    labels: LabelsConfig,
    names: Mapping[str, Sequence[str]],
) -> Source:
    folder = file.parent.relative_to(root).as_posix()
    asked = _asked_columns(file, columns)
    table = _with_names(read_table(file, asked), asked, names, file)
    # A class is one label, whatever its name looks like.
    has_classes = asked.get("style", "style") in names
    part = read_manifest_table(file, table, file.parent, labels, exact=has_classes)
    own = next(filter(None, map(split_name, reversed(Path(folder).parts))), "")
    prefix = "" if folder == "." else f"{folder}/"
    images = tuple(
        replace(image, path=prefix + image.path, split=image.split or own) for image in part.images
    )
    return replace(part, images=images)


def _asked_columns(file: Path, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns to read: file_name for paths, and label if no column style exists."""
    header, asked = _header(file), dict(columns)
    asked.setdefault("path", HUGGING_FACE_PATH)
    if "style" not in header and _LABEL in header:
        asked.setdefault("style", _LABEL)
    return asked


def _with_names(
    table: Table, asked: Mapping[str, str], names: Mapping[str, Sequence[str]], file: Path
) -> Table:
    """Return a table with the names of class numbers in the columns that have any."""
    known = {
        column: names[asked.get(column, column)]
        for column in ("style", "artist", "genre", "source")
        if asked.get(column, column) in names
    }
    rows = tuple(
        Row(
            row.line,
            {
                column: _named(cell, known[column]) if column in known else cell
                for column, cell in row.cells.items()
            },
        )
        for row in table.rows
    )
    notes = table.notes
    if "style" not in known and any(row.cells["style"].isdecimal() for row in rows):
        column = asked.get("style", "style")
        notes += (
            f"{file}: the numbers in '{column}' are the labels' names, as no dataset_info.json and"
            " no README.md gives them names",
        )
    return replace(table, rows=rows, notes=notes)


def _named(cell: str, names: Sequence[str]) -> str:
    """Return the names of class numbers; a number without one is unknown, a text stays."""
    parts = [part.strip() for part in cell.split(BAR)]
    if not all(part.removeprefix("-").isdecimal() for part in parts):
        return cell
    numbered = (names[int(part)] if int(part) in range(len(names)) else "" for part in parts)
    return BAR.join("" if is_nothing(name) else canonical_style(name) for name in numbered)
