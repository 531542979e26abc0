"""Dividing paintings so that every split has its share of every style.

Paintings that must stay together form a group. Groups of several paintings are placed first, by
the search of ``place_groups``. Paintings that stand alone then fill each style up to its shares,
which they can do to within one painting.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from artstyle.data.seeding import derived_rng, shuffled
from artstyle.preparation.group_search import Strata, place_groups
from artstyle.styles.names import label_order

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def stratified_splits(
    paths: Sequence[str],
    styles: Sequence[str],
    groups: Sequence[Hashable],
    ratios: Sequence[float],
    seed: int,
    *,
    every_style_everywhere: bool = False,
) -> list[int]:
    """Return the split of each painting, as a position in ``ratios``.

    The result depends on neither the order of the paintings nor the names of the groups.

    Args:
        paths: What identifies each painting; unique.
        styles: The style of each painting.
        groups: Paintings with the same group stay together.
        ratios: Shares of the splits, adding up to 1.
        seed: Of every random choice.
        every_style_everywhere: Put a style into every split if it has that many groups, and
            wholly into the first split if it has fewer.
    """
    order = label_order(styles)
    label_of = {style: label for label, style in enumerate(order)}
    labels_N = np.array([label_of[style] for style in styles], dtype=np.int64)
    together, alone = _partition(paths, groups, labels_N)
    counts_GC = _count_styles(together, labels_N, len(order))
    alone_C = np.array([len(alone[label]) for label in range(len(order))], dtype=np.int64)
    shares_SC, needed_C = _aims(counts_GC, alone_C, ratios, every_style_everywhere)
    strata = Strata(counts_GC, counts_GC.sum(axis=0) + alone_C, shares_SC, needed_C - alone_C)
    placed_G = place_groups(strata, np.array(ratios), derived_rng(seed, "groups"))
    splits_N = np.zeros(len(paths), dtype=np.int64)
    for members, split in zip(together, placed_G, strict=True):
        splits_N[members] = split
    counts_SC = np.zeros_like(shares_SC, dtype=np.int64)
    np.add.at(counts_SC, placed_G, counts_GC)
    for label, style in enumerate(order):
        rows = shuffled(alone[label], paths, derived_rng(seed, "split", style))
        added_S = _fill(counts_SC[:, label], shares_SC[:, label], len(rows), needed_C[label])
        splits_N[rows] = np.repeat(np.arange(len(ratios)), added_S)
    return [int(split) for split in splits_N]


def group_counts(styles: Sequence[str], groups: Sequence[Hashable]) -> dict[str, int]:
    """Return in how many groups each style has paintings, in the order of the style names."""
    pairs = set(zip(styles, groups, strict=True))
    counts = dict.fromkeys(label_order(styles), 0)
    for style, _ in pairs:
        counts[style] += 1
    return counts


def _partition(
    paths: Sequence[str], groups: Sequence[Hashable], labels_N: Ints
) -> tuple[list[list[int]], Mapping[int, list[int]]]:
    """Return the groups of several paintings, and label -> the paintings that stand alone."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for row in sorted(range(len(paths)), key=paths.__getitem__):
        members[groups[row]].append(row)
    together = [rows for rows in members.values() if len(rows) > 1]
    alone: dict[int, list[int]] = defaultdict(list)
    for rows in members.values():
        if len(rows) == 1:
            alone[int(labels_N[rows[0]])].append(rows[0])
    return together, alone


def _count_styles(together: Sequence[Sequence[int]], labels_N: Ints, num_styles: int) -> Ints:
    counts_GC = np.zeros((len(together), num_styles), dtype=np.int64)
    for counts_C, rows in zip(counts_GC, together, strict=True):
        counts_C += np.bincount(labels_N[rows], minlength=num_styles)
    return counts_GC


def _aims(
    counts_GC: Ints, alone_C: Ints, ratios: Sequence[float], every_style_everywhere: bool
) -> tuple[Floats, Ints]:
    """Return each style's wanted share of each split, and in how many splits it must be."""
    shares_SC = np.repeat(np.array(ratios)[:, None], len(alone_C), axis=1)
    needed_C = np.zeros_like(alone_C)
    if every_style_everywhere:
        groups_C = np.count_nonzero(counts_GC, axis=0) + alone_C
        enough_C = groups_C >= len(ratios)
        needed_C[enough_C] = len(ratios)
        shares_SC[:, ~enough_C] = np.eye(len(ratios))[:, :1]
    return shares_SC, needed_C


def _fill(counts_S: Ints, shares_S: Floats, alone: int, needed: int) -> Ints:
    """Return how many single paintings of a style each split gets.

    Each goes where most is lacking: from nothing, that is the method of largest remainders. A
    split that has none of a style that it needs comes first.
    """
    lacking = (shares_S * (counts_S.sum() + alone) - counts_S).tolist()
    empty = [needed > 0 and count == 0 for count in counts_S.tolist()]
    added = [0] * len(lacking)
    for _ in range(alone):
        split = max(range(len(lacking)), key=lambda at: (empty[at], round(lacking[at], 6), -at))
        added[split] += 1
        lacking[split] -= 1
        empty[split] = False
    return np.array(added)
