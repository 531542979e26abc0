"""`prepare`: make a dataset folder from a source of paintings, step by step."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from artstyle.config import Config, LabelsConfig
from artstyle.data.dataset import DatasetFolder
from artstyle.data.description import DatasetDescription
from artstyle.data.manifest import ManifestRow, write_manifest
from artstyle.errors import DataError, UsageError
from artstyle.preparation.balance import (
    choose_balanced,
    common_labels,
    counted_labels,
    too_rare,
)
from artstyle.preparation.cache import CacheIndex, cache_rules, source_of
from artstyle.preparation.dead_end import dead_end
from artstyle.preparation.decisions import Decisions, decide, require_sense, resolve_group
from artstyle.preparation.describe import describe
from artstyle.preparation.scan import Scan, scan_source, unchanged
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.sources.source import Source
from artstyle.preparation.sources.targets import decided_images
from artstyle.preparation.split_report import one_style_notes
from artstyle.preparation.summary import summary
from artstyle.preparation.tables.split_file import with_given_splits
from artstyle.progress import Progress, silent
from artstyle.storage.files import write_csv, write_text
from artstyle.storage.locks import is_vacant, sole_writer
from artstyle.styles.names import label_order, labels_in
from artstyle.styles.vocabulary import read_vocabulary, record_vocabulary, styles_named_by

REJECTED_COLUMNS = ("path", "style", "reason", "detail")


@dataclass(frozen=True)
class Prepared:
    """A dataset folder that was just written."""

    dataset: DatasetFolder
    unreadable: tuple[tuple[str, str], ...]
    """Path and reason of each file that cannot be read as a picture."""
    skipped: tuple[str, ...]
    """Paths of files that were not read because their names are not picture names."""


@dataclass(frozen=True)
class Plan:
    """What `prepare` would do."""

    source: Source
    group: str
    """How the split would group paintings."""
    unchanged: int
    """Pictures that would not be read again."""
    found: dict[str, int]
    """Style -> paintings."""
    kept: dict[str, int]
    """Style -> paintings that the balance policy would keep if all could be read."""
    taking_part: int
    """Paintings that it would keep."""
    notes: tuple[str, ...]
    """What a person should know, one line each."""
    labels: LabelsConfig
    """What is recognised."""


def prepare(
    source: str | Path,
    out: str | Path = "data/processed",
    config: Config | None = None,
    *,
    format: str | None = None,
    lists: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    images: str | Path | None = None,
    allow_absolute: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Prepared:
    """Make a dataset folder from a source of paintings.

    Every file is read once; its facts and a pre-resized copy are kept. Then the quality rules, the
    balance policy and the split decide. A second run reads only what has changed. Equal sources
    and configurations give equal folders. ``dataset.json`` is written last: a folder without it is
    incomplete, but the next run uses its copies.

    Each worker process imports the main module, so a script that calls this needs
    ``if __name__ == "__main__":``.

    Args:
        source: Style folders, a manifest, ArtGAN lists, Parquet shards, or an image folder of
            Hugging Face.
        out: The dataset folder: new, empty, or made from the same source before.
        config: Sections ``data``, ``quality``, ``balance``, ``split``, ``styles`` and ``labels``,
            and the seed.
        format: The form of the source; None recognises it.
        lists: The folder of the ArtGAN lists, if they are not in ``source`` itself.
        columns: path, style, artist, title, genre, split or source -> the table's own name for it.
        images: The folder that the paths of a CSV manifest start from; None is its own.
        allow_absolute: Whether a manifest's paths may lead to files outside that folder.
        overwrite: Whether a dataset folder made from another source may be replaced.
        progress: Called while pictures are read.

    Raises:
        UsageError: ``out`` is something else, or made from another source.
        DataError: The source has no readable pictures, or too few.
        BusyError: Another process is preparing the same folder.
        ArtstyleError: A worker process was killed.

    Examples:
        >>> config = artstyle.resolve_config(
        ...     overrides=["data.cache_size=40", "data.workers=0", "balance.min_per_style=4"]
        ... ).config
        >>> prepared = artstyle.prepare("paintings", "data/new", config)
        >>> prepared.dataset.labels, prepared.unreadable
        (('Cubism', 'Minimalism', 'Pop_Art', 'Ukiyo_e'), ())
    """
    source_path, dataset, asked = Path(source), DatasetFolder(out), config or Config()
    require_sense(asked)
    lists_path, images_path = (None if path is None else Path(path) for path in (lists, images))
    vocabulary = read_vocabulary(asked.styles.file)
    found = open_source(
        source_path,
        format,
        lists_path,
        columns,
        images_path,
        vocabulary,
        asked.labels,
        allow_absolute=allow_absolute,
    )
    found = with_given_splits(found, asked.split)
    _require_free(dataset, found, source_path, overwrite)
    split = resolve_group(asked.split, found)
    resolved = asked.model_copy(update={"split": split})
    rules = cache_rules(resolved.data)
    with sole_writer(dataset.path), styles_named_by(vocabulary):
        # Once more: another process may just have finished there.
        _require_free(dataset, found, source_path, overwrite)
        index = CacheIndex(dataset.path, _identity(source_path, found), rules)
        scan = scan_source(found, index, rules, resolved.data.workers, progress)
        decisions = decide(scan.images, scan.scanned, resolved)
        scan = replace(scan, images=decided_images(scan.images, decisions.styles, asked.labels))
        _require_paintings(dataset, found, scan, decisions, resolved)
        description = describe(source_path.resolve().name, found, scan, decisions, asked, resolved)
        write_folder(dataset, scan, decisions, description, index, asked.styles.file)
    unreadable = tuple((image.path, reason) for image, reason in scan.unreadable)
    return Prepared(DatasetFolder(dataset.path), unreadable, found.skipped)


def plan(
    source: Path,
    out: Path,
    config: Config,
    *,
    format: str | None = None,
    lists: Path | None = None,
    columns: Mapping[str, str] | None = None,
    images: Path | None = None,
    allow_absolute: bool = False,
    overwrite: bool = False,
) -> Plan:
    """Return what `prepare` would do; it reads only names and writes nothing.

    Raises:
        UsageError, DataError: As in `prepare`, as far as names can tell.
    """
    require_sense(config)
    vocabulary = read_vocabulary(config.styles.file)
    found = open_source(
        source,
        format,
        lists,
        columns,
        images,
        vocabulary,
        config.labels,
        allow_absolute=allow_absolute,
    )
    found = with_given_splits(found, config.split)
    _require_free(DatasetFolder(out), found, source, overwrite)
    index = CacheIndex(out, _identity(source, found), cache_rules(config.data))
    styles, settings = [image.style for image in found.images], config.balance
    if config.labels.multi:
        styles = common_labels(styles, settings.min_per_style)
        settings = settings.model_copy(update={"min_per_style": 1})
    rows = [row for row, style in enumerate(styles) if style]
    counts = Counter(label for image in found.images for label in labels_in(image.style))
    if not rows:
        raise DataError(too_rare(counts, config.balance.min_per_style, config.labels.target))
    balanced = choose_balanced(
        counted_labels([styles[row] for row in rows]),
        [found.images[row].path for row in rows],
        settings,
        config.seed,
        config.labels,
    )
    kept = Counter(label for row in balanced.kept for label in labels_in(styles[rows[row]]))
    return Plan(
        source=found,
        group=resolve_group(config.split, found).group,
        unchanged=unchanged(found, index),
        found={style: counts[style] for style in label_order(counts)},
        kept={style: kept[style] for style in label_order(counts)},
        taking_part=len(balanced.kept),
        notes=(*found.notes, *balanced.notes, *one_style_notes(+kept, config.labels.target)),
        labels=config.labels,
    )


def _identity(path: Path, source: Source) -> str:
    """Return what identifies a source: where it is, and where its pictures are."""
    place, root = path.resolve(), source.root.resolve()
    return str(place) if root in (place, place.parent) else f"{place} with pictures in {root}"


def _require_free(dataset: DatasetFolder, source: Source, path: Path, overwrite: bool) -> None:
    """Refuse to write over anything but what came from the same source."""
    out = dataset.path
    if source.format in ("folders", "split_folders") and _is_within(out, source.root):
        raise UsageError(
            f"{out} is inside the source {path}, so its pictures would be read as paintings;"
            " choose another folder with --out"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; choose a folder with --out")
    if is_vacant(out):
        return
    images = dataset.images_path
    inside = sorted(images.iterdir()) if images.is_dir() else []
    if links := [path for path in (images, *inside) if path.is_symlink()]:
        raise UsageError(
            f"{links[0]} is a link, so copies would be written outside {out};"
            " remove it, or choose another folder with --out"
        )
    made_from = source_of(out)
    if made_from is None and not dataset.description_path.is_file():
        raise UsageError(
            f"{out} is not empty and not a dataset folder; choose another folder with --out"
        )
    if made_from != _identity(path, source) and not overwrite:
        raise UsageError(
            f"{out} was made from {made_from or 'an unknown source'};"
            " choose another folder with --out, or replace it with --overwrite"
        )


def _is_within(out: Path, root: Path) -> bool:
    return out.resolve().is_relative_to(root.resolve())


def _require_paintings(
    dataset: DatasetFolder, source: Source, scan: Scan, decisions: Decisions, config: Config
) -> None:
    """Raise if no painting takes part; a new folder still gets its rejected.csv."""
    if any(decisions.splits):
        return
    if scan.images:
        reason = dead_end(source, scan, decisions, config)
    else:
        image, why = scan.unreadable[0]
        reason = (
            f"none of {len(scan.unreadable)} pictures can be read; the first, {image.path}: {why}"
        )
    # A data set that was there before stays as it is.
    if not dataset.description_path.is_file():
        write_csv(dataset.rejected_path, REJECTED_COLUMNS, _rejected_rows(scan, decisions))
        reason += f"; {dataset.rejected_path} names each file"
    raise DataError(reason)


def write_folder(
    dataset: DatasetFolder,
    scan: Scan,
    decisions: Decisions,
    description: DatasetDescription,
    index: CacheIndex,
    vocabulary: str | None = None,
) -> None:
    """Write the folder; ``dataset.json`` is absent until all other parts are complete."""
    dataset.description_path.unlink(missing_ok=True)
    record_vocabulary(dataset.path, vocabulary)
    write_manifest(dataset.manifest_path, _manifest_rows(scan, decisions))
    write_csv(dataset.rejected_path, REJECTED_COLUMNS, _rejected_rows(scan, decisions))
    write_text(dataset.path / "summary.md", summary(description))
    index.finish()
    if sys.platform != "win32":
        os.sync()  # Copies were not forced to the disk one by one.
    description.write(dataset.description_path)


def _manifest_rows(scan: Scan, decisions: Decisions) -> Iterator[ManifestRow]:
    paths = [image.path for image in scan.images]
    firsts = [paths[first] for first in decisions.copies.groups]
    fates = zip(
        scan.images, scan.scanned, decisions.splits, decisions.left_out, firsts, strict=True
    )
    for image, scanned, split, left_out, first in fates:
        yield ManifestRow(
            path=image.path,
            style=image.style,
            artist=image.artist,
            title=image.title,
            genre=image.genre,
            split=split,
            left_out=left_out,
            width=scanned.width,
            height=scanned.height,
            sha256=scanned.sha256,
            phash=f"{scanned.likeness.phash:016x}",
            cached=scanned.cached,
            source=image.source,
            copy_of="" if first == image.path else first,
        )


def _rejected_rows(scan: Scan, decisions: Decisions) -> Iterator[dict[str, str]]:
    rows = [(image.path, image.style, "unreadable", reason) for image, reason in scan.unreadable]
    rows += [
        (image.path, image.style, reason, detail)
        for image, reason, detail in zip(
            scan.images, decisions.left_out, decisions.details, strict=True
        )
        if reason
    ]
    return (dict(zip(REJECTED_COLUMNS, row, strict=True)) for row in sorted(rows))
