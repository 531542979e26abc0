"""Sources that are Parquet shards, as the Hugging Face hub serves WikiArt.

A shard holds the pictures' bytes; ``style`` (or ``label``), ``artist`` and ``genre`` are text, or
whole numbers whose names are in the schema's metadata.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from artstyle.collection.portable import local_path
from artstyle.collection.table import examples
from artstyle.config import LabelsConfig
from artstyle.errors import DataError, UnknownNameError, one_line
from artstyle.preparation.sources.parquet import image_column
from artstyle.preparation.sources.source import Source, SourceImage, artist_and_title, split_name
from artstyle.preparation.sources.targets import is_usable, kept_by
from artstyle.preparation.tables.cells import cell_labels, cell_text, is_nothing
from artstyle.preparation.tables.splits import cell_splits
from artstyle.storage.parquet import import_pyarrow
from artstyle.styles.names import canonical_style, joined_labels

_NAMED = ("style", "artist", "genre", "split", "source")
_STYLE_NAMES = ("style", "label")


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One row and the labels that it names."""

    image: SourceImage
    """Under all of them."""
    styles: tuple[str, ...]


def read_parquet(
    root: Path, shards: Sequence[str], columns: Mapping[str, str], labels: LabelsConfig
) -> Source:
    """Read what the shards say of each painting, without the pictures themselves.

    The split is a column of that name, or the first word of a shard's name, as in
    ``train-00000-of-00072.parquet``, or the nearest folder's, as in ``default/train/0000.parquet``.

    Args:
        root: The folder of the shards.
        shards: Their paths in it.
        columns: style, artist, genre, split or source -> how the shards name it, where they do
            otherwise; the style is what is recognised, from whichever column.
        labels: What is recognised, and whether a painting may have several labels.

    Raises:
        MissingError: pyarrow is not installed.
        UnknownNameError: A name in ``columns`` is not in a shard.
        DataError: No shards are found, or one cannot be read or has other columns.
    """
    if not shards:
        raise DataError(f"{root} holds no .parquet files")
    for column in columns:
        if column not in _NAMED:
            raise UnknownNameError("column of Parquet files", column, _NAMED)
    rows = [row for shard in shards for row in _read_shard(root, shard, columns, labels.target)]
    images = [row.image for row in rows if is_usable(labels, row.styles)]
    nothing = [row for row in rows if not row.styles]
    several = [] if labels.multi else [row for row in rows if len(row.styles) > 1]
    notes = _left_out_notes(nothing, several, labels)
    if not images:
        reasons = "; ".join(notes) or "they have no rows"
        wanted = labels.one if labels.multi else f"one {labels.target}"
        raise DataError(f"no row of the Parquet files in {root} has {wanted}: {reasons}")
    images.sort(key=lambda image: image.path)
    return Source(root, "parquet", tuple(images), 0, notes)


def _left_out_notes(
    nothing: Sequence[_Labelled], several: Sequence[_Labelled], labels: LabelsConfig
) -> tuple[str, ...]:
    notes = []
    if nothing:
        notes.append(f"rows without {labels.one}, left out: {len(nothing)}")
    if several:
        shown = [f"{row.image.path} ({', '.join(row.styles)})" for row in several[:3]]
        notes.append(
            f"rows of several {labels.plural}, left out: {len(several)}, as"
            f" {examples(shown, len(several))}; {kept_by(labels)}"
        )
    return tuple(notes)


def _read_shard(root: Path, shard: str, columns: Mapping[str, str], target: str) -> list[_Labelled]:
    pyarrow, path = import_pyarrow(), local_path(root, shard)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            found = _find_columns(path, file.schema_arrow, columns)
            image = image_column(file.schema_arrow, path)
            _require_pictures(file.metadata, image, path)
            stored_names = image.removesuffix(".bytes") + ".path"
            # The column of the target may be there under two names.
            asked = list(dict.fromkeys([*found.values(), stored_names]))
            table = file.read(asked, use_threads=False)
            return list(_rows(shard, table, path, found, image.partition(".")[0], target))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: a text in it is not UTF-8: {error.reason}") from None
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(
            f"{path} cannot be read: {one_line(error)}; fetch it again or move it away"
        ) from None


def _find_columns(path: Path, schema: Any, columns: Mapping[str, str]) -> dict[str, str]:
    """Return which of `_NAMED` are there -> their names in the shard."""
    names = list(schema.names)
    for name in columns.values():
        if name not in names:
            raise UnknownNameError(f"column of {path}", name, names)
    found: dict[str, str] = {}
    for column in _NAMED:
        if column in columns:
            found[column] = columns[column]
            continue
        wanted = _STYLE_NAMES if column == "style" else (column,)
        matches = [name for want in wanted for name in names if _is_named(name, want)]
        first = [name for name in matches if name.casefold() == matches[0].casefold()]
        if len(first) > 1:
            raise DataError(
                f"{path} has {len(first)} columns of the name {column} ({', '.join(first)});"
                " delete or rename all but one"
            )
        if first:
            found[column] = first[0]
    if "style" not in found:
        raise DataError(
            f"{path} has no column style, only {', '.join(names)};"
            " name it with --columns style=NAME, or to read picture files next to Parquet files,"
            " use --format folders"
        )
    return found


def _is_named(name: str, wanted: str) -> bool:
    return name.strip().casefold() == wanted.casefold()


def _require_pictures(metadata: Any, column: str, path: Path) -> None:
    """Refuse a shard whose rows only name pictures, if its statistics show it."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    stored = [group.column(at) for group in groups for at in range(group.num_columns)]
    pictures = [chunk.statistics for chunk in stored if chunk.path_in_schema == column]
    if pictures and all(
        part is not None and part.has_null_count and part.null_count and not part.num_values
        for part in pictures
    ):
        raise DataError(
            f"{path} holds no pictures, only what they are called; write the shard with the"
            " pictures in it, or list their files in a CSV manifest with path,style"
        )


def _rows(
    shard: str, table: Any, path: Path, columns: Mapping[str, str], image: str, target: str
) -> Iterator[_Labelled]:
    styles = _styles(_elements(table, columns["style"], path), target)
    artists, genres, splits, sources = (
        [", ".join(texts) for texts, _ in _elements(table, columns[column], path)]
        if column in columns
        else [""] * table.num_rows
        for column in _NAMED[1:]
    )
    of_shard = _split_of_name(shard)
    first: dict[str, str] = {}
    for row, word in enumerate(splits):
        first.setdefault(word, f"row {row}")
    meant = cell_splits(str(path), first)
    for row, stored in enumerate(_stored_names(table, image)):
        has_artist, title = artist_and_title(stored)
        labelled = SourceImage(
            path=f"{shard}#{row:06d}",
            style=joined_labels(styles[row]),
            artist=cell_text(artists[row]),
            title=title if has_artist else "",
            genre=cell_text(genres[row]),
            split=meant[splits[row]] or of_shard,
            source=cell_text(sources[row]),
        )
        yield _Labelled(labelled, styles[row])


def _split_of_name(shard: str) -> str:
    """Return the split that a shard's own name begins with, or the folder nearest to it has."""
    path = PurePosixPath(shard)
    words = [re.split(r"[-_.]", path.name)[0], *reversed(path.parent.parts)]
    named = (split_name(word.removeprefix("partial-")) for word in words)
    return next(filter(None, named), "")


def _styles(rows: Sequence[tuple[Sequence[str], bool]], target: str) -> list[tuple[str, ...]]:
    """Return the labels of each row; a class is one label whatever its name looks like."""
    meant = cell_labels(
        (text for texts, are_classes in rows for text in texts if not are_classes), target
    )
    return [
        tuple(
            dict.fromkeys(
                style
                for text in texts
                for style in (_one_class(text) if are_classes else meant[text])
            )
        )
        for texts, are_classes in rows
    ]


def _one_class(name: str) -> tuple[str, ...]:
    return () if is_nothing(name) else (canonical_style(name),)


def _elements(table: Any, column: str, path: Path) -> list[tuple[list[str], bool]]:
    """Return the texts in each cell of a column, and whether they are the names of classes."""
    cells = [
        value if isinstance(value, list) else [value] for value in table.column(column).to_pylist()
    ]
    known = [[element for element in cell if not _is_missing(element)] for cell in cells]
    if any(_is_number(element) for cell in known for element in cell):
        names = _class_names(table.schema, column, path)
        return [([_class_name(n, names) for n in cell if _is_number(n)], True) for cell in known]
    kind = table.schema.field(column).type
    return [([_text(element, column, kind, path) for element in cell], False) for cell in known]


def _is_missing(value: object) -> bool:
    return value is None or value != value  # NaN


def _is_number(value: object) -> bool:
    """Return whether this is a class number; pandas makes floats of a column where one lacks."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _class_name(number: float, names: Sequence[str]) -> str:
    """Return a class's name; empty for -1 and other numbers that have none."""
    return names[int(number)] if number in range(len(names)) else ""


def _text(value: object, column: str, kind: object, path: Path) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise DataError(f"{path}: the column {column} holds {kind}, not text or class numbers")
    return value


def _class_names(schema: Any, column: str, path: Path) -> list[str]:
    """Return the names of a column's whole numbers from the ``huggingface`` metadata."""
    try:
        feature = json.loads(schema.metadata[b"huggingface"])["info"]["features"][column]
        # A list of classes is described as [class], or as what a Sequence or a List is of.
        while "names" not in feature:
            feature = feature[0] if isinstance(feature, list) else feature["feature"]
        names = feature["names"]
    except (TypeError, KeyError, IndexError, ValueError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(
            f"{path} does not name the classes of its column {column};"
            " the schema metadata 'huggingface' must hold info.features with their names"
        )
    return names


def _stored_names(table: Any, image: str) -> list[str]:
    """Return the file names stored with the pictures, empty where unknown."""
    if image not in table.column_names:
        return [""] * table.num_rows
    return [
        PurePosixPath((value or {}).get("path") or "").name for value in table[image].to_pylist()
    ]
