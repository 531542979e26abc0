"""Which paintings take part, and in which split: quality, then balance, then split."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from artstyle.config import BalanceConfig, Config, QualityConfig, SplitConfig
from artstyle.data.reasons import Reason
from artstyle.errors import ConfigError
from artstyle.preparation.balance import choose_balanced, common_labels, counted_labels
from artstyle.preparation.copies import Copies, find_copies
from artstyle.preparation.paintings import Paintings
from artstyle.preparation.scan_table import ScannedImages
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.preparation.split import Assignment, split_paintings
from artstyle.styles.names import label_order, labels_in


@dataclass(frozen=True)
class Decisions:
    """The fate of each painting that can be read, in the order of the source."""

    splits: tuple[str, ...]
    """train, val, test, or empty."""
    left_out: tuple[str, ...]
    """The `Reason` why it takes part in no split, or empty."""
    styles: tuple[str, ...]
    """The labels under which it takes part: of several, those that enough paintings have."""
    details: tuple[str, ...]
    """More on that: which painting it copies, or its other styles and where they are listed."""
    copies: Copies
    notes: tuple[str, ...]
    """What a person should know, one line each."""


@dataclass(frozen=True)
class _LeftOut:
    """Why a painting takes part in no split."""

    reason: Reason
    detail: str = ""


_Rejects = dict[int, _LeftOut]
"""Position of a painting -> why it is left out."""


def decide(images: Sequence[SourceImage], scanned: ScannedImages, config: Config) -> Decisions:
    """Decide for each painting whether it takes part, and where; perhaps none takes part.

    Args:
        images: Paintings that can be read, in the order of the source.
        scanned: The facts that reading found about each.
        config: Sections ``quality``, ``balance`` and ``split`` (group resolved), and the seed.

    Raises:
        DataError: The source lacks the splits that ``config`` asks for.
    """
    sha256s = list(scanned.sha256s())
    copies = find_copies(images, sha256s, scanned.likenesses, config.quality.near_distance)
    paintings = _paintings(images, copies)
    rejects: _Rejects = {}
    if config.quality.two_styles == "leave_out":
        rejects |= _two_styles(paintings)
    if config.quality.copies == "leave_out":
        rejects |= _exact_copies(paintings, sha256s, _remaining(paintings, rejects), config.split)
    notes = [*_profile_notes(scanned), *_notes(rejects, copies, config.quality)]
    rows = _remaining(paintings, rejects)
    if config.labels.multi:
        paintings, label_notes = _with_common_labels(paintings, rows, config.balance)
        notes += label_notes
        rejects |= {row: _LeftOut("rare_style") for row in rows if not paintings.styles[row]}
        rows = _remaining(paintings, rejects)
    unbalanced, balance_notes = _balance(paintings, rows, config)
    rejects |= unbalanced
    rows = _remaining(paintings, rejects)
    assignment = _split(paintings.take(rows), config)
    rejects |= _rejects_of_split(paintings, rows, assignment)
    splits = dict(zip(rows, assignment.splits, strict=True))
    fates = [rejects.get(row) for row in range(len(paintings))]
    return Decisions(
        splits=tuple(splits.get(row, "") for row in range(len(paintings))),
        left_out=tuple(fate.reason if fate else "" for fate in fates),
        # One of rare labels alone keeps them, so that its line in rejected.csv can be checked.
        styles=tuple(
            style or image.style for style, image in zip(paintings.styles, images, strict=True)
        ),
        details=tuple(fate.detail if fate else "" for fate in fates),
        copies=copies,
        notes=(*notes, *balance_notes, *assignment.notes),
    )


def require_sense(config: Config) -> None:
    """Refuse keys that contradict what is recognised.

    Raises:
        ConfigError: They do.
    """
    if config.split.group == "artist" and config.labels.target == "artist":
        raise ConfigError(
            "split.group is artist, but the artists are what is recognised (--target artist): each"
            " would be in one split only, and never tested; set split.group to image or official"
        )
    if config.balance.policy == "equal" and config.labels.multi:
        raise ConfigError(
            "balance.policy is equal, but a painting may have several labels (labels.multi), so"
            " they cannot all have as many; set balance.policy to cap or none"
        )
    if config.split.file is not None and config.split.group not in ("auto", "official"):
        raise ConfigError(
            f"split.group is {config.split.group}, but split.file says where each painting goes;"
            " leave one of them out"
        )
    if config.split.file is None and config.split.fold != 1:
        raise ConfigError(
            f"split.fold = {config.split.fold} has no effect without split.file, which has folds"
        )


def resolve_group(config: SplitConfig, source: Source) -> SplitConfig:
    """Return the split section with ``group: auto`` replaced by what it means for a source."""
    if config.group != "auto":
        return config
    if config.file is not None:
        return config.model_copy(update={"group": "official"})
    brought = {image.split for image in source.images}
    has_all = source.format == "manifest" or ("train" in brought and len(brought) > 1)
    brings_splits = source.format == "split_folders" or (
        source.format in ("manifest", "parquet", "imagefolder") and "" not in brought and has_all
    )
    return config.model_copy(update={"group": "official" if brings_splits else "image"})


def _paintings(images: Sequence[SourceImage], copies: Copies) -> Paintings:
    return Paintings(
        paths=[image.path for image in images],
        styles=[image.style for image in images],
        artists=[image.artist for image in images],
        groups=copies.groups,
        official=[image.split for image in images],
        sources=[image.source for image in images],
    )


def _remaining(paintings: Paintings, rejects: Mapping[int, _LeftOut]) -> list[int]:
    return [row for row in range(len(paintings)) if row not in rejects]


def _two_styles(paintings: Paintings) -> _Rejects:
    """Leave out every file of a painting whose files are listed under several styles."""
    firsts: dict[Hashable, dict[str, str]] = defaultdict(dict)
    for path, style, group in zip(paintings.paths, paintings.styles, paintings.groups, strict=True):
        firsts[group].setdefault(style, path)
    rejects: _Rejects = {}
    for row, (own, group) in enumerate(zip(paintings.styles, paintings.groups, strict=True)):
        others = [f"{style}: {path}" for style, path in firsts[group].items() if style != own]
        if others:
            rejects[row] = _LeftOut("two_styles", f"also {'; '.join(others)}")
    return rejects


def _exact_copies(
    paintings: Paintings, sha256s: Sequence[str], rows: Sequence[int], config: SplitConfig
) -> _Rejects:
    """Keep the first of exact copies under one style: in official splits, that in test or val."""
    rank = {"test": 0, "val": 1} if config.group == "official" else {}
    firsts: dict[tuple[str, str], int] = {}
    rejects: _Rejects = {}
    for row in sorted(rows, key=lambda row: (rank.get(paintings.official[row], 2), row)):
        first = firsts.setdefault((paintings.styles[row], sha256s[row]), row)
        if first != row:
            rejects[row] = _LeftOut("copy", f"copy of {paintings.paths[first]}")
    return rejects


def _with_common_labels(
    paintings: Paintings, rows: Sequence[int], config: BalanceConfig
) -> tuple[Paintings, list[str]]:
    """Return the paintings without labels that few of these rows have; "" where none is left."""
    found = [paintings.styles[row] for row in rows]
    common = dict(zip(rows, common_labels(found, config.min_per_style), strict=True))
    styles = [common.get(row, style) for row, style in enumerate(paintings.styles)]
    counts = Counter(label for style in found for label in labels_in(style))
    rare = [name for name in label_order(counts) if counts[name] < config.min_per_style]
    named = ", ".join(f"{name} ({counts[name]})" for name in rare)
    notes = (
        [
            f"labels with fewer than {config.min_per_style} paintings are not recognised: {named};"
            " balance.min_per_style decides"
        ]
        if rare
        else []
    )
    return replace(paintings, styles=styles), notes


def _balance(
    paintings: Paintings, rows: Sequence[int], config: Config
) -> tuple[_Rejects, tuple[str, ...]]:
    """Return which of these rows the balance policy leaves out, and its notes."""
    kept, settings = paintings.take(rows), config.balance
    styles = kept.styles
    if config.labels.multi:
        # A painting counts once, for its rarest label; which labels are too rare is decided before.
        settings = settings.model_copy(update={"min_per_style": 1})
        styles = counted_labels(styles)
    if max(Counter(styles).values(), default=0) < settings.min_per_style:
        return {row: _LeftOut("rare_style") for row in rows}, ()
    balanced = choose_balanced(styles, kept.paths, settings, config.seed, config.labels)
    reasons = zip(rows, balanced.left_out, strict=True)
    return {row: _LeftOut(reason) for row, reason in reasons if reason}, balanced.notes


def _split(paintings: Paintings, config: Config) -> Assignment:
    if not len(paintings):
        return Assignment((), (), ())
    return split_paintings(paintings, config.split, config.seed)


def _rejects_of_split(
    paintings: Paintings, rows: Sequence[int], assignment: Assignment
) -> _Rejects:
    """Return the paintings that the split leaves out; a copy names the first that stays."""
    fates = list(zip(rows, assignment.splits, assignment.left_out, strict=True))
    staying = {
        paintings.groups[row]: paintings.paths[row] for row, split, _ in reversed(fates) if split
    }
    return {
        row: _LeftOut(
            reason,
            f"copy of {staying[paintings.groups[row]]}" if reason == "copy_across_splits" else "",
        )
        for row, _, reason in fates
        if reason
    }


def _profile_notes(scanned: ScannedImages) -> list[str]:
    ignored = scanned.profiles_ignored()
    if not ignored:
        return []
    return [
        f"{len(ignored)} files have a colour profile that cannot be used, and count as sRGB;"
        f" the first is {ignored[0]}"
    ]


def _notes(rejects: Mapping[int, _LeftOut], copies: Copies, config: QualityConfig) -> list[str]:
    notes = []
    counts = Counter(reject.reason for reject in rejects.values())
    two_styles, exact = counts["two_styles"], counts["copy"]
    if two_styles:
        notes.append(
            f"{two_styles} files show paintings that are listed under two styles and are left out;"
            " quality.two_styles=keep keeps them, each in one split"
        )
    if exact:
        notes.append(f"{exact} files are left out as exact copies within their style")
    if copies.near:
        notes.append(
            f"{copies.near} pairs of files look alike (near duplicates); no pair is in two splits"
        )
    return notes
