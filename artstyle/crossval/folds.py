"""The folds of a cross-validation, each as a dataset folder that shares the images of one."""

import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artstyle.crossval.plan import Group
from artstyle.data.dataset import DatasetFolder
from artstyle.data.description import DatasetDescription, SplitDescription
from artstyle.data.manifest import SPLITS, ManifestRow, read_manifest, write_manifest
from artstyle.data.seeding import derived_seed
from artstyle.errors import DataError, UsageError
from artstyle.preparation.describe import fingerprint_of, style_weights
from artstyle.preparation.paintings import Paintings, groups_with_artists
from artstyle.preparation.split import copies_across
from artstyle.preparation.split_report import absence_notes, split_report
from artstyle.preparation.stratify import stratified_splits
from artstyle.storage.files import write_bytes
from artstyle.styles.names import labels_in
from artstyle.styles.vocabulary import RECORD_NAME, record_vocabulary


@dataclass(frozen=True)
class Folds:
    """Every painting that takes part, and the fold that tests it."""

    rows: tuple[ManifestRow, ...]
    groups: tuple[Hashable, ...]
    """Equal for paintings that are in one fold."""
    test_fold: tuple[int, ...]
    """For each painting, counted from 0."""
    number: int
    """How many folds."""
    seed: int


def divide(data: DatasetFolder, group: Group, number: int, seed: int) -> Folds:
    """Divide all paintings of a data set's splits into folds of equal size and similar styles.

    Paintings of one group are never in two folds. Copies of a painting are in one fold too, except
    between sources: there a fold's training leaves out what its test shows.

    Args:
        data: The data set; its own splits are joined.
        group: What stays together.
        number: How many folds, at least two.
        seed: Seed for all random choices.

    Raises:
        DataError: The data set has no paintings, or an old manifest does not say which are copies.
        UsageError: A style has fewer paintings than folds, or there are too few groups.
    """
    known = list(read_manifest(data.manifest_path))
    _require_copies_known(data, known)
    rows = [row for row in known if row.split]
    _require_enough(data, rows, number)
    paintings = _paintings(rows)
    groups = _groups(paintings, group)
    _require_groups(paintings, groups, group, number)
    joined = replace(paintings, groups=groups)
    tests = stratified_splits(joined, [1 / number] * number, derived_seed(seed, "folds"))
    return Folds(tuple(rows), tuple(groups), tuple(tests), number, seed)


def write_fold(folder: Path, data: DatasetFolder, folds: Folds, fold: int) -> DatasetFolder:
    """Write one fold as a dataset folder that shares the images; keep it if it is there.

    The rest of the paintings is divided into train and val by the data set's own ratios; groups
    stay together there too.

    Raises:
        OSError: The images can be neither linked nor copied.
    """
    written = DatasetFolder(folder)
    if written.description_path.is_file():
        return written
    splits, ratios = _splits(folds, fold, data.description.config.split.ratios)
    left_out = copies_across(splits, [row.copy_of or row.path for row in folds.rows])
    rows = [
        replace(row, split="" if reason else split, left_out=reason)
        for row, split, reason in zip(folds.rows, splits, left_out, strict=True)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    _share_images(data, written, rows)
    write_manifest(written.manifest_path, rows)
    vocabulary = data.path / RECORD_NAME
    record_vocabulary(folder, vocabulary if vocabulary.is_file() else None)
    describe_fold(data.description, rows, ratios).write(written.description_path)
    return DatasetFolder(folder)


def _share_images(data: DatasetFolder, written: DatasetFolder, rows: Sequence[ManifestRow]) -> None:
    """Give a fold the images of its data set: by one link, or else a link or a copy of each."""
    images = written.images_path
    if images.is_symlink():
        return
    try:
        # Relative, so that both folders can be moved together.
        target = os.path.relpath(data.images_path.resolve(), written.path.resolve())
        images.symlink_to(target, target_is_directory=True)
    except (OSError, ValueError):
        # Windows may refuse links, has none between drives, and an earlier try may have begun.
        for row in rows:
            _share(data.image_path(row), written.image_path(row))


def _share(image: Path, shared: Path) -> None:
    if shared.exists():
        return
    shared.parent.mkdir(parents=True, exist_ok=True)
    try:
        shared.hardlink_to(image)
    except OSError:  # Another disk, or a file system without hard links.
        write_bytes(shared, image.read_bytes(), durable=False)


def describe_fold(
    description: DatasetDescription, rows: Sequence[ManifestRow], ratios: tuple[float, ...]
) -> DatasetDescription:
    """Return the description of a data set with other splits."""
    styles, splits = [row.style for row in rows], [row.split for row in rows]
    labels = description.config.labels
    report = split_report(splits, styles, [row.artist for row in rows], ratios, multi=labels.multi)
    placed = Counter(
        (label, split)
        for style, split in zip(styles, splits, strict=True)
        for label in labels_in(style)
    )
    counts = {
        style: count.model_copy(update={split: placed[style, split] for split in SPLITS})
        for style, count in description.counts.styles.items()
    }
    update = {
        "fingerprint": fingerprint_of(
            description.labels, ((row.sha256, row.style, row.split) for row in rows)
        ),
        "class_weights": style_weights(description.labels, styles, splits),
        "counts": description.counts.model_copy(
            update={"styles": counts, "taking_part": sum(map(bool, splits))}
        ),
        "split": SplitDescription(group=description.split.group, **report),
        "notes": tuple(absence_notes(report, labels)),
    }
    return description.model_copy(update=update)


def _splits(
    folds: Folds, fold: int, ratios: Sequence[float]
) -> tuple[list[str], tuple[float, float, float]]:
    """Return the split of each painting in one fold, and the shares that were asked for."""
    train, val, _ = ratios
    inner = (train / (train + val), val / (train + val))
    rest = [row for row, tested in enumerate(folds.test_fold) if tested != fold]
    remaining = replace(_paintings(folds.rows), groups=folds.groups).take(rest)
    places = stratified_splits(
        remaining, inner, derived_seed(folds.seed, "val", fold), every_style_everywhere=True
    )
    splits = ["test"] * len(folds.rows)
    for row, place in zip(rest, places, strict=True):
        splits[row] = SPLITS[place]
    kept = 1 - 1 / folds.number
    return splits, (kept * inner[0], kept * inner[1], 1 / folds.number)


def _paintings(rows: Sequence[ManifestRow]) -> Paintings:
    return Paintings(
        paths=[row.path for row in rows],
        styles=[row.style for row in rows],
        artists=[row.artist for row in rows],
        groups=[row.copy_of or row.path for row in rows],
        official=[row.split for row in rows],
        sources=[row.source for row in rows],
    )


def _groups(paintings: Paintings, group: Group) -> Sequence[Hashable]:
    match group:
        case "artist":
            return groups_with_artists(paintings)
        case "source":
            return paintings.sources
        case "image":
            return paintings.groups


def _require_copies_known(data: DatasetFolder, rows: Sequence[ManifestRow]) -> None:
    copies = data.description.copies
    if copies.near_pairs + copies.same_name_pairs and not any(row.copy_of for row in rows):
        raise DataError(
            f"{data.manifest_path} does not say which paintings are copies of each other: an"
            " earlier version wrote it; run 'artstyle prepare' again"
        )


def _require_enough(data: DatasetFolder, rows: Sequence[ManifestRow], number: int) -> None:
    counts = Counter(label for row in rows for label in labels_in(row.style))
    if not counts:
        raise DataError(f"{data.path} has no paintings; prepare a collection that has some")
    style, fewest = min(counts.items(), key=lambda item: (item[1], item[0]))
    if fewest < number:
        raise UsageError(
            f"{style} has {fewest} paintings, fewer than {number} folds; use fewer with --folds, or"
            f" prepare with --set balance.min_per_style={number}"
        )


def _require_groups(
    paintings: Paintings, groups: Sequence[Hashable], group: Group, number: int
) -> None:
    names = {"artist": paintings.artists, "source": paintings.sources, "image": paintings.paths}
    if not any(names[group]):
        others = "image" if group == "artist" else "artist or --group image"
        raise UsageError(f"no painting has a known {group}; use --group {others}")
    distinct = len(set(groups))
    if distinct < number:
        raise UsageError(
            f"there are {distinct} groups by {group} for {number} folds; use fewer with --folds, or"
            " another --group"
        )
