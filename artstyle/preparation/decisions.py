"""Which paintings take part, and in which split: quality, then balance, then split."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from artstyle.config import Config, QualityConfig, SplitConfig
from artstyle.preparation.balance import choose_balanced
from artstyle.preparation.copies import Copies, find_copies
from artstyle.preparation.scan_table import ScannedImages
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.preparation.split import split_paintings


@dataclass(frozen=True)
class Decisions:
    """The fate of each painting that can be read, in the order of the source."""

    splits: tuple[str, ...]
    """train, val, test, or empty."""
    left_out: tuple[str, ...]
    """Why it takes part in no split, or empty."""
    details: tuple[str, ...]
    """More on that: which painting it copies, under which other style that stands."""
    copies: Copies
    notes: tuple[str, ...]
    """What a person should be told, one line each."""


def decide(images: Sequence[SourceImage], scanned: ScannedImages, config: Config) -> Decisions:
    """Decide for each painting whether it takes part, and where; it may be that none does.

    Args:
        images: Paintings that can be read, in the order of the source.
        scanned: What reading told of each.
        config: Sections ``quality``, ``balance`` and ``split`` (group resolved), and the seed.

    Raises:
        DataError: The source lacks the splits that were asked for.
    """
    sha256s = list(scanned.sha256s())
    copies = find_copies(images, sha256s, scanned.likenesses, config.quality.near_distance)
    left_out = [""] * len(images)
    details = [""] * len(images)
    if config.quality.two_styles == "leave_out":
        _leave_out_two_styles(images, copies.groups, left_out, details)
    if config.quality.copies == "leave_out":
        _leave_out_copies(images, sha256s, config.split, left_out, details)
    notes = [*_profile_notes(scanned), *_notes(left_out, copies, config.quality)]
    notes += _balance(images, config, left_out)
    splits, split_notes = _split(images, copies.groups, config, left_out, details)
    return Decisions(tuple(splits), tuple(left_out), tuple(details), copies, (*notes, *split_notes))


def resolve_group(config: SplitConfig, source: Source) -> SplitConfig:
    """Return the split section with ``group: auto`` replaced by what it means for a source."""
    if config.group != "auto":
        return config
    brings_splits = source.format == "split_folders" or (
        source.format == "manifest" and all(image.split for image in source.images)
    )
    return config.model_copy(update={"group": "official" if brings_splits else "image"})


def _leave_out_two_styles(
    images: Sequence[SourceImage],
    groups: Sequence[int],
    left_out: list[str],
    details: list[str],
) -> None:
    firsts: dict[int, dict[str, str]] = defaultdict(dict)
    for image, group in zip(images, groups, strict=True):
        firsts[group].setdefault(image.style, image.path)
    for row, (image, group) in enumerate(zip(images, groups, strict=True)):
        others = [
            f"{style}: {path}" for style, path in firsts[group].items() if style != image.style
        ]
        if others:
            left_out[row] = "two_styles"
            details[row] = f"also {'; '.join(others)}"


def _leave_out_copies(
    images: Sequence[SourceImage],
    sha256s: Sequence[str],
    config: SplitConfig,
    left_out: list[str],
    details: list[str],
) -> None:
    """Of exact copies under one style, keep the first: in official splits, that in test or val."""
    rank = {"test": 0, "val": 1} if config.group == "official" else {}
    rows = [row for row, reason in enumerate(left_out) if not reason]
    rows.sort(key=lambda row: (rank.get(images[row].split, 2), row))
    firsts: dict[tuple[str, str], int] = {}
    for row in rows:
        first = firsts.setdefault((images[row].style, sha256s[row]), row)
        if first != row:
            left_out[row] = "copy"
            details[row] = f"copy of {images[first].path}"


def _balance(images: Sequence[SourceImage], config: Config, left_out: list[str]) -> list[str]:
    rows = [row for row, reason in enumerate(left_out) if not reason]
    styles = [images[row].style for row in rows]
    paths = [images[row].path for row in rows]
    if max(Counter(styles).values(), default=0) < config.balance.min_per_style:
        for row in rows:
            left_out[row] = "rare_style"
        return []
    balanced = choose_balanced(styles, paths, config.balance, config.seed)
    for row, reason in zip(rows, balanced.left_out, strict=True):
        left_out[row] = reason
    return list(balanced.notes)


def _split(
    images: Sequence[SourceImage],
    groups: Sequence[int],
    config: Config,
    left_out: list[str],
    details: list[str],
) -> tuple[list[str], tuple[str, ...]]:
    rows = [row for row, reason in enumerate(left_out) if not reason]
    if not rows:
        return [""] * len(images), ()
    kept = [images[row] for row in rows]
    assignment = split_paintings(
        [image.path for image in kept],
        [image.style for image in kept],
        [image.artist for image in kept],
        [groups[row] for row in rows],
        [image.split for image in kept],
        config.split,
        config.seed,
    )
    splits = [""] * len(images)
    for row, split, reason in zip(rows, assignment.splits, assignment.left_out, strict=True):
        splits[row], left_out[row] = split, reason
    staying = {groups[row]: images[row].path for row in reversed(rows) if splits[row]}
    for row in rows:
        if left_out[row] == "copy_across_splits":
            details[row] = f"copy of {staying[groups[row]]}"
    return splits, assignment.notes


def _profile_notes(scanned: ScannedImages) -> list[str]:
    ignored = scanned.profiles_ignored()
    if not ignored:
        return []
    return [
        f"{len(ignored)} files have a colour profile that cannot be used, and count as sRGB;"
        f" the first is {ignored[0]}"
    ]


def _notes(left_out: Sequence[str], copies: Copies, config: QualityConfig) -> list[str]:
    notes = []
    two_styles, exact = left_out.count("two_styles"), left_out.count("copy")
    if two_styles:
        notes.append(
            f"{two_styles} files show paintings that stand under two styles and are left out;"
            " quality.two_styles=keep keeps them, each in one split"
        )
    if exact:
        notes.append(f"{exact} files are left out as exact copies within their style")
    if copies.near:
        notes.append(
            f"{copies.near} pairs of files look alike (near duplicates); no pair is in two splits"
        )
    return notes
