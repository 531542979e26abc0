"""Dividing paintings so that every split has its share of every style.

Paintings that must stay together form a group. ``place_groups`` first places the groups of several
paintings, and the paintings of several labels. Single paintings then fill each style up to its
shares, to within one painting.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from artstyle.data.seeding import derived_rng, shuffled
from artstyle.preparation.group_search import Strata, place_groups
from artstyle.preparation.paintings import Paintings
from artstyle.styles.names import label_order, labels_in

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def stratified_splits(
    paintings: Paintings,
    ratios: Sequence[float],
    seed: int,
    *,
    every_style_everywhere: bool = False,
) -> list[int]:
    """Return the split of each painting, as a position in ``ratios``.

    The result depends on neither the order of the paintings nor the names of the groups.

    Args:
        paintings: Those with equal groups stay together.
        ratios: Shares of the splits, adding up to 1.
        seed: Seed for all random choices.
        every_style_everywhere: Put a style into every split if it has that many groups, and
            wholly into the first split if it has fewer.
    """
    order = label_order(label for style in paintings.styles for label in labels_in(style))
    label_of = {style: label for label, style in enumerate(order)}
    labels = [[label_of[label] for label in labels_in(style)] for style in paintings.styles]
    together, singles = _partition(paintings, labels)
    counts_GC = _count_styles(together, labels, len(order))
    singles_C = np.array([len(singles[label]) for label in range(len(order))], dtype=np.int64)
    shares_SC, needed_C = _aims(counts_GC, singles_C, ratios, every_style_everywhere)
    strata = Strata(counts_GC, counts_GC.sum(axis=0) + singles_C, shares_SC, needed_C - singles_C)
    placed_G = place_groups(strata, np.array(ratios), derived_rng(seed, "groups"))
    splits_N = np.zeros(len(paintings), dtype=np.int64)
    for members, split in zip(together, placed_G, strict=True):
        splits_N[members] = split
    counts_SC = np.zeros_like(shares_SC, dtype=np.int64)
    np.add.at(counts_SC, placed_G, counts_GC)
    for label, style in enumerate(order):
        rows = shuffled(singles[label], paintings.paths, derived_rng(seed, "split", style))
        added_S = _fill(counts_SC[:, label], shares_SC[:, label], len(rows), needed_C[label])
        splits_N[rows] = np.repeat(np.arange(len(ratios)), added_S)
    return splits_N.tolist()


def group_counts(paintings: Paintings) -> dict[str, int]:
    """Return in how many groups each style has paintings, in the order of the style names."""
    pairs = {
        (label, group)
        for style, group in zip(paintings.styles, paintings.groups, strict=True)
        for label in labels_in(style)
    }
    counts = Counter(label for label, _ in pairs)
    return {label: counts[label] for label in label_order(counts)}


def _partition(
    paintings: Paintings, labels: Sequence[Sequence[int]]
) -> tuple[list[list[int]], Mapping[int, list[int]]]:
    """Return the groups of several paintings or labels, and label -> the single paintings."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for row in sorted(range(len(paintings)), key=paintings.paths.__getitem__):
        members[paintings.groups[row]].append(row)
    together: list[list[int]] = []
    singles: dict[int, list[int]] = defaultdict(list)
    for rows in members.values():
        if len(rows) == len(labels[rows[0]]) == 1:
            singles[labels[rows[0]][0]].append(rows[0])
        else:
            together.append(rows)
    return together, singles


def _count_styles(
    together: Sequence[Sequence[int]], labels: Sequence[Sequence[int]], num_styles: int
) -> Ints:
    counts_GC = np.zeros((len(together), num_styles), dtype=np.int64)
    for counts_C, rows in zip(counts_GC, together, strict=True):
        counts_C += np.bincount([n for row in rows for n in labels[row]], minlength=num_styles)
    return counts_GC


def _aims(
    counts_GC: Ints, singles_C: Ints, ratios: Sequence[float], every_style_everywhere: bool
) -> tuple[Floats, Ints]:
    """Return each style's wanted share of each split, and in how many splits it must be."""
    shares_SC = np.repeat(np.array(ratios)[:, None], len(singles_C), axis=1)
    needed_C = np.zeros_like(singles_C)
    if every_style_everywhere:
        groups_C = np.count_nonzero(counts_GC, axis=0) + singles_C
        enough_C = groups_C >= len(ratios)
        needed_C[enough_C] = len(ratios)
        shares_SC[:, ~enough_C] = np.eye(len(ratios))[:, :1]
    return shares_SC, needed_C


def _fill(counts_S: Ints, shares_S: Floats, singles: int, needed: int) -> Ints:
    """Return how many single paintings of a style each split gets.

    Each goes where most is lacking: from nothing, that is the method of largest remainders. A
    split that has none of a style that it needs comes first.
    """
    lacking = (shares_S * (counts_S.sum() + singles) - counts_S).tolist()
    empty = [needed > 0 and count == 0 for count in counts_S.tolist()]
    added = [0] * len(lacking)
    for _ in range(singles):
        split = max(range(len(lacking)), key=lambda at: (empty[at], round(lacking[at], 6), -at))
        added[split] += 1
        lacking[split] -= 1
        empty[split] = False
    return np.array(added)
