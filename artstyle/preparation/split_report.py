"""Quality of a split: counts, shared artists, and how well the artist alone predicts the style."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from artstyle.config import STYLE_LABELS, LabelsConfig
from artstyle.data.artists import artist_oracle, artist_overlap, artists_in
from artstyle.data.manifest import SPLITS
from artstyle.styles.names import label_order, labels_in

_CONSEQUENCES = {
    "train": "they cannot be learnt",
    "val": "they do not count when the checkpoint is chosen",
    "test": "they are not measured",
}
"""Split -> consequence of a style's absence."""
_EMPTY = {
    "train": "nothing can be learnt",
    "val": "no checkpoint can be chosen",
    "test": "nothing can be measured",
}


def split_report(
    splits: Sequence[str],
    styles: Sequence[str],
    artists: Sequence[str],
    ratios: Sequence[float],
    *,
    multi: bool = False,
) -> dict[str, Any]:
    """Describe what a split achieved, in plain types.

    Args:
        splits: train, val, test, or "" for paintings that take part in none.
        styles: The style of each painting.
        artists: The artist of each painting, or "".
        ratios: The requested shares.
        multi: Whether a painting may have several styles: it counts in each, and no oracle is
            scored.

    Returns:
        ``counts`` (style -> split -> paintings), ``totals`` (split -> paintings), ``ratios``
        (split -> share achieved), ``largest_deviation`` (from the requested share, among
        styles that are in every split), ``absent`` (split -> missing styles),
        ``artists`` (split -> known artists), ``unknown_artists`` (paintings), ``with_artist``
        (split -> paintings whose artist is known), ``artist_overlap`` and ``artist_oracle``
        (split -> see the functions of these names).
    """
    counts = _counts(splits, styles)
    totals = {part: sum(split == part for split in splits) for part in SPLITS}
    taking_part = sum(totals.values())
    return {
        "counts": counts,
        "totals": totals,
        "ratios": {part: total / max(taking_part, 1) for part, total in totals.items()},
        "largest_deviation": _largest_deviation(counts, ratios),
        "absent": {part: [s for s, row in counts.items() if not row[part]] for part in SPLITS},
        "artists": {part: len(artists_in(splits, artists, part)) for part in SPLITS},
        "unknown_artists": sum(
            bool(part) and not artist for part, artist in zip(splits, artists, strict=True)
        ),
        "with_artist": {
            part: sum(
                split == part and bool(artist)
                for split, artist in zip(splits, artists, strict=True)
            )
            for part in SPLITS[1:]
        },
        "artist_overlap": {part: artist_overlap(splits, artists, part) for part in SPLITS[1:]},
        "artist_oracle": {
            part: score and asdict(score)
            for part in SPLITS[1:]
            for score in [None if multi else artist_oracle(splits, styles, artists, part)]
        },
    }


def absence_notes(report: Mapping[str, Any], labels: LabelsConfig = STYLE_LABELS) -> list[str]:
    """Return what a split lacks, one sentence each.

    Args:
        report: As `split_report` returns it.
        labels: What the labels are.
    """
    counts: Mapping[str, Mapping[str, int]] = report["counts"]
    notes = one_style_notes(counts, labels.target)
    for part, consequence in _CONSEQUENCES.items():
        if not report["totals"][part]:
            notes.append(
                f"{part} has no paintings: {_EMPTY[part]}; add paintings, or change split.ratios or"
                " split.group"
            )
        elif absent := report["absent"][part]:
            named = ", ".join(f"{style} ({sum(counts[style].values())})" for style in absent)
            notes.append(
                f"{labels.plural} without a painting in {part}, so that {consequence}: {named}"
            )
    return notes


def one_style_notes(styles: Collection[str], target: str = "style") -> list[str]:
    """Return a note if there is only one style, or other label."""
    if len(styles) != 1:
        return []
    return [f"only one {target}, {next(iter(styles))}: training needs at least two"]


def _counts(splits: Sequence[str], styles: Sequence[str]) -> dict[str, dict[str, int]]:
    taking_part = [
        (label, split)
        for style, split in zip(styles, splits, strict=True)
        if split
        for label in labels_in(style)
    ]
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
