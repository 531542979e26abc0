"""Which paintings train, which choose the checkpoint, which test."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from artstyle.config import SplitConfig
from artstyle.data.manifest import SPLITS
from artstyle.errors import ConfigError, DataError
from artstyle.preparation.stratify import group_counts, stratified_splits


@dataclass(frozen=True)
class Assignment:
    """The fate of each painting."""

    splits: tuple[str, ...]
    """For each painting train, val, test, or empty for one that is left out."""
    left_out: tuple[str, ...]
    """For each painting "", "copy_across_splits" or "no_official_split"."""
    notes: tuple[str, ...]
    """What a person should be told, one line each."""


def split_paintings(
    paths: Sequence[str],
    styles: Sequence[str],
    artists: Sequence[str],
    copy_groups: Sequence[Hashable],
    official: Sequence[str],
    config: SplitConfig,
    seed: int,
) -> Assignment:
    """Assign each painting to a split; copies of one painting never go to different splits.

    Under ``image`` every style is divided by the ratios to within one painting (copies apart).
    Under ``artist`` all paintings of an artist, and of artists who share copies, go to one split;
    every style is in every split where it has three artists or more. Under ``official`` the
    source's own splits are kept, and what is lacking of train, val and test is made up from them.

    The result does not depend on the order of the paintings.

    Args:
        paths: What identifies each painting; unique.
        styles: The style of each painting.
        artists: The artist of each painting; an unknown one ("") is nobody else.
        copy_groups: Equal for copies of one painting, exact or near.
        official: The source's split of each painting, or "".
        config: Grouping, already resolved (not "auto"), and ratios.
        seed: Of every random choice.

    Raises:
        DataError: The grouping is official and the source brings no splits.
    """
    match config.group:
        case "image":
            return _split_images(paths, styles, copy_groups, config, seed)
        case "artist":
            return _split_artists(paths, styles, artists, copy_groups, config, seed)
        case "official":
            return _split_officially(paths, styles, copy_groups, official, config, seed)
        case "auto":
            raise ConfigError("split.group is auto; set image, artist or official")


def _split_images(
    paths: Sequence[str],
    styles: Sequence[str],
    copy_groups: Sequence[Hashable],
    config: SplitConfig,
    seed: int,
) -> Assignment:
    return _assignment(stratified_splits(paths, styles, copy_groups, config.ratios, seed), ())


def _split_artists(
    paths: Sequence[str],
    styles: Sequence[str],
    artists: Sequence[str],
    copy_groups: Sequence[Hashable],
    config: SplitConfig,
    seed: int,
) -> Assignment:
    groups = join_groups(artists, copy_groups)
    splits = stratified_splits(
        paths, styles, groups, config.ratios, seed, every_style_everywhere=True
    )
    return _assignment(splits, _artist_notes(styles, artists, groups))


def join_groups(artists: Sequence[str], copy_groups: Sequence[Hashable]) -> list[int]:
    """Return one number for paintings that an artist or a chain of copies joins.

    An unknown artist joins nothing.
    """
    parents = list(range(len(artists)))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    first: dict[tuple[str, Hashable], int] = {}
    for row, (artist, copies) in enumerate(zip(artists, copy_groups, strict=True)):
        keys = [("copies", copies), ("artist", artist)] if artist else [("copies", copies)]
        for key in keys:
            parents[root(row)] = root(first.setdefault(key, row))
    return [root(row) for row in range(len(artists))]


def _artist_notes(
    styles: Sequence[str], artists: Sequence[str], groups: Sequence[Hashable]
) -> tuple[str, ...]:
    notes = []
    unknown = sum(not artist for artist in artists)
    if unknown:
        notes.append(f"paintings by unknown artists, each counted as its own artist: {unknown}")
    few = [
        f"{style} ({count})"
        for style, count in group_counts(styles, groups).items()
        if count < len(SPLITS)
    ]
    if few:
        notes.append(
            f"styles by fewer than {len(SPLITS)} artists cannot be in every split and are"
            f" in train alone: {', '.join(few)}"
        )
    return tuple(notes)


def _split_officially(
    paths: Sequence[str],
    styles: Sequence[str],
    copy_groups: Sequence[Hashable],
    official: Sequence[str],
    config: SplitConfig,
    seed: int,
) -> Assignment:
    brought = _with_test(official)
    left_out = ["" if split else "no_official_split" for split in brought]
    kept = _kept_split_of_copies(brought, copy_groups)
    for row, (split, group) in enumerate(zip(brought, copy_groups, strict=True)):
        if split and split != kept[group]:
            left_out[row] = "copy_across_splits"
    splits = ["" if reason else split for split, reason in zip(brought, left_out, strict=True)]
    drawn: list[int] = []
    if "val" not in brought:
        drawn = _draw_val(paths, styles, copy_groups, splits, config, seed)
    for row in drawn:
        splits[row] = "val"
    notes = _official_notes(left_out, len(drawn))
    if brought != list(official):
        notes = ("the source brings no test; its val is the test", *notes)
    return Assignment(tuple(splits), tuple(left_out), notes)


def _with_test(official: Sequence[str]) -> list[str]:
    """Return the source's splits; where it has no test, what it calls val is the test."""
    brought = set(official) - {""}
    if "train" not in brought or len(brought) < 2:
        found = f"only {', '.join(sorted(brought))}" if brought else "none"
        raise DataError(
            f"split.group is official, which takes train and test from the source, but it brings"
            f" {found}; set split.group to image or artist"
        )
    renamed = {} if "test" in brought else {"val": "test"}
    return [renamed.get(split, split) for split in official]


def _kept_split_of_copies(
    brought: Sequence[str], copy_groups: Sequence[Hashable]
) -> dict[Hashable, str]:
    """Return in which one split the copies of a painting stay: test before val before train."""
    kept: dict[Hashable, str] = {}
    for split, group in zip(brought, copy_groups, strict=True):
        kept[group] = max(kept.get(group, ""), split, key=("", *SPLITS).index)
    return kept


def _draw_val(
    paths: Sequence[str],
    styles: Sequence[str],
    copy_groups: Sequence[Hashable],
    splits: Sequence[str],
    config: SplitConfig,
    seed: int,
) -> list[int]:
    """Return the positions of a stratified part of train, in the proportion of the ratios."""
    rows = [row for row, split in enumerate(splits) if split == "train"]
    train, val, _ = config.ratios
    parts = stratified_splits(
        [paths[row] for row in rows],
        [styles[row] for row in rows],
        [copy_groups[row] for row in rows],
        (train / (train + val), val / (train + val)),
        seed,
    )
    return [row for row, part in zip(rows, parts, strict=True) if part == 1]


def _official_notes(left_out: Sequence[str], drawn: int) -> tuple[str, ...]:
    counts = Counter(left_out)
    notes = []
    if drawn:
        notes.append(
            f"the source brings no third split; paintings of train that became val: {drawn}"
        )
    if counts["copy_across_splits"]:
        notes.append(
            "paintings left out as they have copies in a later official split:"
            f" {counts['copy_across_splits']}"
        )
    if counts["no_official_split"]:
        notes.append(f"paintings in no official split, left out: {counts['no_official_split']}")
    return tuple(notes)


def _assignment(positions: Sequence[int], notes: tuple[str, ...]) -> Assignment:
    splits = tuple(SPLITS[position] for position in positions)
    return Assignment(splits, ("",) * len(splits), notes)
