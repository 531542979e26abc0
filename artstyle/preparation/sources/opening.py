"""Opening a source: its form is recognised and its paintings are listed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from artstyle.collection.portable import local_path, portable_name
from artstyle.config import STYLE_LABELS, LabelsConfig
from artstyle.errors import ImageError, MissingError, UnknownNameError, UsageError
from artstyle.pictures.opening import read_bytes
from artstyle.preparation.sources.artgan import has_lists, read_artgan
from artstyle.preparation.sources.csv_manifest import MANIFEST_NAME, read_csv_manifest
from artstyle.preparation.sources.folders import read_folders
from artstyle.preparation.sources.imagefolder import (
    find_metadata,
    has_labels,
    read_imagefolder,
)
from artstyle.preparation.sources.one_spelling import (
    artists_in_one_spelling,
    styles_in_one_spelling,
)
from artstyle.preparation.sources.parquet import find_shards, read_rows, row_number, shard_name
from artstyle.preparation.sources.parquet_labels import read_parquet
from artstyle.preparation.sources.source import FORMATS, Source, SourceImage
from artstyle.preparation.sources.split_folders import read_any_folders, read_split_folders
from artstyle.preparation.sources.targets import (
    labelled_columns,
    with_separate_labels,
    with_target,
)
from artstyle.preparation.sources.tree import PictureTree, read_tree, with_unlisted
from artstyle.preparation.tables.table import has_columns
from artstyle.storage.nearby import did_you_mean
from artstyle.styles.vocabulary import Vocabulary, read_vocabulary

__all__ = ["Source", "SourceImage", "open_source", "read_source_bytes", "stat_key"]

_KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".jsonl", ".xlsx", ".xlsm"), "manifest"),
    ".parquet": "parquet",
}
_TABLES = ("manifest", "parquet", "imagefolder")


def open_source(
    path: Path,
    format: str | None = None,
    lists: Path | None = None,
    columns: Mapping[str, str] | None = None,
    images: Path | None = None,
    vocabulary: Vocabulary | None = None,
    labels: LabelsConfig = STYLE_LABELS,
    *,
    allow_absolute: bool = False,
) -> Source:
    """Find the paintings of a source, without opening them.

    Each label and each artist is spelt in one way, whatever the form.

    Args:
        path: A folder, a manifest (CSV, JSON Lines, Excel) or a Parquet shard.
        format: One of ``FORMATS``; None recognises it.
        lists: The folder of the ArtGAN lists, if they are not in ``path`` itself.
        columns: path, style, artist, title, genre, split or source -> the table's own name for it.
        images: The folder that the paths of a CSV manifest start from; None is its own.
        vocabulary: Which names stand for one style; None is artstyle's.
        labels: What is recognised, and whether a painting may have several labels.
        allow_absolute: Whether a manifest's paths may lead to files outside its folder.

    Raises:
        MissingError: The file or folder does not exist.
        UnknownNameError: The format or the column of the labels is unknown.
        UsageError: The format does not go with the path or with ``lists``.
        DataError: It holds no paintings in a known layout.
    """
    if format is not None and format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    if not path.exists():
        raise MissingError(
            f"no file or folder {path}; give the folder that holds your paintings."
            + did_you_mean(path)
        )
    if lists is not None and not lists.is_dir():
        raise MissingError(f"no folder {lists}; --lists takes the folder of style_train.csv")
    if lists is not None and format not in (None, "artgan"):
        raise UsageError(f"--lists goes with --format artgan, not with {format}")
    if images is not None and not images.is_dir():
        raise MissingError(f"no folder {images}; --images takes the folder that paths start from")
    asked = _Asked(
        labelled_columns(columns or {}, labels.target),
        images,
        labels,
        allow_absolute=allow_absolute,
    )
    if path.is_file():
        found = _open_file(path, format, asked)
    else:
        found = _open_folder(path, format, lists, asked)
    _require_heeded(found, columns or {}, asked)
    if found.format not in _TABLES:
        found = with_target(found, labels.target)
    found = with_separate_labels(found, labels)
    return artists_in_one_spelling(
        styles_in_one_spelling(found, vocabulary or read_vocabulary(), labels.target)
    )


def read_source_bytes(
    root: Path, images: Sequence[SourceImage]
) -> Iterator[tuple[SourceImage, bytes | ImageError]]:
    """Yield each picture's file content, or why it cannot be read, in the order of ``images``.

    Each file is opened once, and each row group of a Parquet shard is read once. The arguments
    can go to another process.

    Args:
        root: ``Source.root``.
        images: Paintings of that source, in its order.
    """
    for shard, members in groupby(images, key=lambda image: shard_name(image.path)):
        if shard is None:
            for image in members:
                yield image, _read_file(root, image)
        else:
            stored = list(members)
            rows = [row_number(image.path) for image in stored]
            yield from zip(stored, read_rows(local_path(root, shard), rows), strict=True)


def stat_key(root: Path, image: SourceImage) -> tuple[int, int]:
    """Return size in bytes and time of change in ns of the file that holds a painting.

    Both are -1 if the file cannot be examined; no file that was read has these values.
    """
    try:
        status = local_path(root, shard_name(image.path) or image.path).stat()
    except (OSError, ValueError):
        return -1, -1
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class _Asked:
    """What is asked of a table."""

    columns: Mapping[str, str]
    """path, style, artist ... -> the table's own name for it; the style is the label."""
    images: Path | None
    labels: LabelsConfig
    allow_absolute: bool

    def read_manifest(self, path: Path) -> Source:
        """Return the paintings of a manifest."""
        return read_csv_manifest(
            path, self.columns, self.images, self.labels, allow_absolute=self.allow_absolute
        )


def _open_file(path: Path, format: str | None, asked: _Asked) -> Source:
    # A table has whatever ending its program gives it, if the format is said.
    kind = _KINDS.get(path.suffix.lower(), "manifest" if format == "manifest" else None)
    if kind is None or format not in (None, kind):
        raise UsageError(
            f"{path} is a file; give a folder of paintings, a .csv manifest or a .parquet shard"
            + (f" (--format {format} reads a folder)" if format else "")
        )
    if kind == "manifest":
        return asked.read_manifest(path)
    return read_parquet(path.parent, [portable_name(path.name)], asked.columns, asked.labels)


def _require_heeded(source: Source, columns: Mapping[str, str], asked: _Asked) -> None:
    """Refuse options for a table if no table was read."""
    if columns and source.format not in _TABLES:
        raise UsageError(f"--columns goes with a table; {source.root} is read without one")
    given = {"--images": asked.images is not None, "--allow-absolute": asked.allow_absolute}
    for option, is_given in given.items():
        if is_given and source.format != "manifest":
            raise UsageError(
                f"{option} goes with a CSV manifest; {source.root} is read without one"
            )


def _open_folder(
    path: Path,
    format: str | None,
    lists: Path | None,
    asked: _Asked,
) -> Source:
    """Try the forms from the most explicit to the least."""
    manifest, columns = path / MANIFEST_NAME, asked.columns
    if manifest.is_file() and (path / "dataset.json").is_file():
        raise UsageError(
            f"{path} is a dataset folder that 'prepare' wrote;"
            " give the folder of paintings that it was made from"
        )
    if format is None and manifest.is_file() and (columns or asked.images):
        format = "manifest"
    if format == "artgan" or lists is not None or (format is None and has_lists(path)):
        return read_artgan(path, lists or path, read_tree(path))
    if format == "manifest" or (format is None and has_columns(manifest, columns)):
        found = asked.read_manifest(manifest)
        if found.root != path:
            return found
        why = f"without a usable row in {MANIFEST_NAME}"
        return with_unlisted(found, read_tree(path), [MANIFEST_NAME], why)
    metadata = find_metadata(path) if format in (None, "imagefolder") else []
    if format == "imagefolder" or any(has_labels(file, columns) for file in metadata):
        found = read_imagefolder(path, metadata, columns, asked.labels)
        lists_read = [file.relative_to(path).as_posix() for file in metadata]
        return with_unlisted(found, read_tree(path), lists_read, "that no metadata file names")
    shards = find_shards(path)
    if format == "parquet" or (format is None and shards):
        found = read_parquet(path, shards, columns, asked.labels)
        return with_unlisted(found, read_tree(path), shards, "next to the Parquet files")
    tree = read_tree(path)
    if manifest.is_file() and format is None:
        tree = _without_table(
            tree, MANIFEST_NAME, f"{manifest} is not used: it lacks path or style"
        )
    for file in metadata:
        note = f"{file} is not used: it has no column style or label; --target names another"
        tree = _without_table(tree, file.relative_to(path).as_posix(), note)
    match format:
        case "folders":
            return read_folders(path, tree)
        case "split_folders":
            return read_split_folders(path, tree)
        case _:
            return read_any_folders(path, tree)


def _without_table(tree: PictureTree, name: str, note: str) -> PictureTree:
    """Return the tree with a note on a table that is not read, which is then not skipped."""
    skipped = tuple(path for path in tree.skipped if path != name)
    return replace(tree, notes=(*tree.notes, note), skipped=skipped)


def _read_file(root: Path, image: SourceImage) -> bytes | ImageError:
    try:
        return read_bytes(local_path(root, image.path))
    except ImageError as error:
        return error
