"""Which paintings train, which choose the checkpoint, which test."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from artstyle.config import SplitConfig
from artstyle.data.manifest import SPLITS
from artstyle.data.reasons import MaybeReason
from artstyle.errors import ConfigError, DataError
from artstyle.preparation.paintings import Paintings, groups_with_artists
from artstyle.preparation.stratify import group_counts, stratified_splits


@dataclass(frozen=True)
class Assignment:
    """The fate of each painting."""

    splits: tuple[str, ...]
    """For each painting train, val, test, or empty for one that is left out."""
    left_out: tuple[MaybeReason, ...]
    """For each painting "", "copy_across_splits" or "no_official_split"."""
    notes: tuple[str, ...]
    """What a person should know, one line each."""


def split_paintings(paintings: Paintings, config: SplitConfig, seed: int) -> Assignment:
    """Assign each painting to a split; copies of one painting never go to different splits.

    Under ``image`` every style is divided by the ratios to within one painting (copies apart).
    Under ``artist`` all paintings of an artist, and of artists who share copies, go to one split;
    every style is in every split where it has three artists or more. Under ``source`` the same
    holds for collections, but what two splits share as copies is left out of one: collections
    that copied from each other would otherwise all go together. Under ``official`` the source's
    own splits are kept; a missing val or test is made from the others.

    The result does not depend on the order of the paintings.

    Args:
        paintings: The paintings that take part; copies share a group.
        config: Grouping, already resolved (not "auto"), and ratios.
        seed: Seed for all random choices.

    Raises:
        DataError: The grouping is official and the source has no splits, or it is source and there
            are fewer than three.
    """
    match config.group:
        case "image":
            return _assignment(stratified_splits(paintings, config.ratios, seed), ())
        case "artist":
            return _split_artists(paintings, config, seed)
        case "source":
            return _split_sources(paintings, config, seed)
        case "official":
            return _split_officially(paintings, config, seed)
        case "auto":
            raise ConfigError("split.group is auto; set image, artist, source or official")


def _split_artists(paintings: Paintings, config: SplitConfig, seed: int) -> Assignment:
    joined = replace(paintings, groups=groups_with_artists(paintings))
    splits = stratified_splits(joined, config.ratios, seed, every_style_everywhere=True)
    notes = []
    unknown = sum(not artist for artist in paintings.artists)
    if unknown:
        notes.append(f"paintings by unknown artists, each counted as its own artist: {unknown}")
    return _assignment(splits, (*notes, *_narrow_notes(joined, "styles by fewer than 3 artists")))


def _narrow_notes(paintings: Paintings, what: str) -> tuple[str, ...]:
    """Return a note on the styles of fewer groups than there are splits."""
    few = [
        f"{style} ({count})"
        for style, count in group_counts(paintings).items()
        if count < len(SPLITS)
    ]
    if not few:
        return ()
    return (f"{what} cannot be in every split and are in train alone: {', '.join(few)}",)


def _split_sources(paintings: Paintings, config: SplitConfig, seed: int) -> Assignment:
    _require_sources(paintings)
    joined = replace(paintings, groups=paintings.sources)
    places = stratified_splits(joined, config.ratios, seed, every_style_everywhere=True)
    drawn = [SPLITS[place] for place in places]
    left_out = copies_across(drawn, paintings.groups)
    splits = ["" if reason else split for split, reason in zip(drawn, left_out, strict=True)]
    notes = []
    if unknown := sum(not source for source in paintings.sources):
        notes.append(f"paintings without a source, together counted as one source: {unknown}")
    notes += _copy_notes(left_out, "split")
    notes += _narrow_notes(joined, "styles of fewer than 3 sources")
    return Assignment(tuple(splits), tuple(left_out), tuple(notes))


def _require_sources(paintings: Paintings) -> None:
    known = sorted(set(paintings.sources) - {""})
    if not known:
        raise DataError(
            "split.group is source, but no painting has a source; list the paintings in a table"
            " with a column source, or set split.group to artist or image"
        )
    if len(known) < len(SPLITS):
        raise DataError(
            f"split.group is source, which takes at least {len(SPLITS)} sources, one for each"
            f" split; there is only {' and '.join(known)}; set split.group to artist or image"
        )


def _split_officially(paintings: Paintings, config: SplitConfig, seed: int) -> Assignment:
    official = _with_test(paintings.official)
    left_out: list[MaybeReason] = [
        copy if split else "no_official_split"
        for split, copy in zip(official, copies_across(official, paintings.groups), strict=True)
    ]
    splits = ["" if reason else split for split, reason in zip(official, left_out, strict=True)]
    drawn = [] if "val" in official else _draw_val(paintings, splits, config, seed)
    for row in drawn:
        splits[row] = "val"
    notes = _official_notes(left_out, len(drawn))
    if official != list(paintings.official):
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


def copies_across(splits: Sequence[str], groups: Sequence[Hashable]) -> list[MaybeReason]:
    """Return which paintings are left out, as copies of one in test, or else in val.

    Args:
        splits: The split of each painting.
        groups: Equal for copies of one painting.
    """
    kept: dict[Hashable, str] = {}
    for split, group in zip(splits, groups, strict=True):
        kept[group] = max(kept.get(group, ""), split, key=("", *SPLITS).index)
    return [
        "copy_across_splits" if split != kept[group] else ""
        for split, group in zip(splits, groups, strict=True)
    ]


def _draw_val(
    paintings: Paintings, splits: Sequence[str], config: SplitConfig, seed: int
) -> list[int]:
    """Return the positions of a stratified part of train, in the proportion of the ratios."""
    rows = [row for row, split in enumerate(splits) if split == "train"]
    train, val, _ = config.ratios
    ratios = (train / (train + val), val / (train + val))
    parts = stratified_splits(paintings.take(rows), ratios, seed)
    return [row for row, part in zip(rows, parts, strict=True) if part == 1]


def _official_notes(left_out: Sequence[str], drawn: int) -> tuple[str, ...]:
    counts = Counter(left_out)
    notes = []
    if drawn:
        notes.append(
            f"the source brings no third split; paintings of train that became val: {drawn}"
        )
    notes += _copy_notes(left_out, "official split")
    if counts["no_official_split"]:
        notes.append(f"paintings in no official split, left out: {counts['no_official_split']}")
    return tuple(notes)


def _copy_notes(left_out: Sequence[str], what: str) -> list[str]:
    count = left_out.count("copy_across_splits")
    return [f"paintings left out as they have copies in a later {what}: {count}"] if count else []


def _assignment(positions: Sequence[int], notes: tuple[str, ...]) -> Assignment:
    splits = tuple(SPLITS[position] for position in positions)
    nothing_left_out: list[MaybeReason] = [""] * len(splits)
    return Assignment(splits, tuple(nothing_left_out), notes)
