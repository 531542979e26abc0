"""What a split is worth: its counts, its shared artists, and how much the artist gives away."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from artstyle.data.manifest import SPLITS
from artstyle.labels import label_order

_CONSEQUENCES = {
    "train": "they cannot be learnt",
    "val": "they do not count when the checkpoint is chosen",
    "test": "they are not measured",
}
"""Split -> what comes of it where styles are absent."""
_EMPTY = {
    "train": "nothing can be learnt",
    "val": "no checkpoint can be chosen",
    "test": "nothing can be measured",
}


@dataclass(frozen=True)
class OracleScore:
    """How far one gets without looking at the pictures; both in [0, 1]."""

    accuracy: float
    macro_recall: float
    """Mean over the styles that are present."""


def split_report(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str], ratios: Sequence[float]
) -> dict[str, Any]:
    """Describe what a split achieved, in plain types.

    Args:
        splits: train, val, test, or "" for paintings that take part in none.
        styles: The style of each painting.
        artists: The artist of each painting, or "".
        ratios: The shares that were asked for.

    Returns:
        ``counts`` (style -> split -> paintings), ``totals`` (split -> paintings), ``ratios``
        (split -> share achieved), ``largest_deviation`` (of a style's share of a split from the
        one asked for, among styles that are in every split), ``absent`` (split -> styles that it
        lacks),
        ``artists`` (split -> known artists), ``unknown_artists`` (paintings), ``artist_overlap``
        and ``artist_oracle`` (split -> see the functions of these names).
    """
    counts = _counts(splits, styles)
    totals = {part: sum(row[part] for row in counts.values()) for part in SPLITS}
    taking_part = sum(totals.values())
    return {
        "counts": counts,
        "totals": totals,
        "ratios": {part: total / max(taking_part, 1) for part, total in totals.items()},
        "largest_deviation": _largest_deviation(counts, ratios),
        "absent": {part: [s for s, row in counts.items() if not row[part]] for part in SPLITS},
        "artists": {part: len(_artists_in(splits, artists, part)) for part in SPLITS},
        "unknown_artists": sum(
            bool(part) and not artist for part, artist in zip(splits, artists, strict=True)
        ),
        "artist_overlap": {part: artist_overlap(splits, artists, part) for part in SPLITS[1:]},
        "artist_oracle": {
            part: score and asdict(score)
            for part in SPLITS[1:]
            for score in [artist_oracle(splits, styles, artists, part)]
        },
    }


def absence_notes(report: Mapping[str, Any]) -> list[str]:
    """Return what a split lacks, one sentence each.

    Args:
        report: As `split_report` returns it.
    """
    counts: Mapping[str, Mapping[str, int]] = report["counts"]
    notes = one_style_notes(counts)
    for part, consequence in _CONSEQUENCES.items():
        if not report["totals"][part]:
            notes.append(
                f"{part} has no paintings: {_EMPTY[part]}; add paintings, or change split.ratios or"
                " split.group"
            )
        elif absent := report["absent"][part]:
            named = ", ".join(f"{style} ({sum(counts[style].values())})" for style in absent)
            notes.append(f"styles without a painting in {part}, so that {consequence}: {named}")
    return notes


def one_style_notes(styles: Collection[str]) -> list[str]:
    """Return a note where a style has no other style to be told from."""
    if len(styles) != 1:
        return []
    return [f"only one style, {next(iter(styles))}: training needs at least two"]


def artist_overlap(splits: Sequence[str], artists: Sequence[str], part: str) -> float | None:
    """Return the share of a split's paintings whose artist has a painting in train.

    Paintings by unknown artists count on neither side; None where there are no others.
    """
    trained = _artists_in(splits, artists, "train")
    known = [a for split, a in zip(splits, artists, strict=True) if split == part and a]
    return sum(artist in trained for artist in known) / len(known) if known else None


def artist_oracle(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str], part: str
) -> OracleScore | None:
    """Return how well the artist's name alone gives the style, as learnt from train.

    The answer is the style of most of the artist's paintings in train, among equals the first in
    label order; for an artist who is unknown or not in train, the style of most of train. A model
    that does not beat it has perhaps learnt nothing but artists.

    Args:
        splits: The split of each painting, or "".
        styles: The style of each painting.
        artists: The artist of each painting, or "".
        part: The split to be scored. None is returned if it, or train, is empty.
    """
    answers, fallback = _majority_styles(splits, styles, artists)
    right: Counter[str] = Counter()
    support: Counter[str] = Counter()
    for split, style, artist in zip(splits, styles, artists, strict=True):
        if split == part:
            support[style] += 1
            right[style] += answers.get(artist, fallback) == style
    if not support or not fallback:
        return None
    recalls = [right[style] / count for style, count in support.items()]
    return OracleScore(right.total() / support.total(), sum(sorted(recalls)) / len(recalls))


def _majority_styles(
    splits: Sequence[str], styles: Sequence[str], artists: Sequence[str]
) -> tuple[dict[str, str], str]:
    """Return known artist -> majority style in train, and that of all of train ("" if empty)."""
    overall: Counter[str] = Counter()
    by_artist: dict[str, Counter[str]] = defaultdict(Counter)
    for split, style, artist in zip(splits, styles, artists, strict=True):
        if split == "train":
            overall[style] += 1
            if artist:
                by_artist[artist][style] += 1
    return {artist: _majority(counts) for artist, counts in by_artist.items()}, _majority(overall)


def _majority(counts: Mapping[str, int]) -> str:
    return max(label_order(counts), key=counts.__getitem__, default="")


def _artists_in(splits: Sequence[str], artists: Sequence[str], part: str) -> set[str]:
    return {a for split, a in zip(splits, artists, strict=True) if split == part and a}


def _counts(splits: Sequence[str], styles: Sequence[str]) -> dict[str, dict[str, int]]:
    taking_part = [pair for pair in zip(styles, splits, strict=True) if pair[1]]
    pairs = Counter(taking_part)
    order = label_order(style for style, _ in taking_part)
    return {style: {part: pairs[style, part] for part in SPLITS} for style in order}


def _largest_deviation(
    counts: Mapping[str, Mapping[str, int]], ratios: Sequence[float]
) -> dict[str, Any] | None:
    deviations = [
        (abs(row[part] / sum(row.values()) - ratio), style, part)
        for style, row in counts.items()
        for part, ratio in zip(SPLITS, ratios, strict=True)
        if all(row.values())
    ]
    if not deviations:
        return None
    deviation, style, part = max(deviations)
    return {"style": style, "split": part, "deviation": deviation}
