"""The search that places groups of paintings so that splits get their shares of all styles.

Finding the best division is a multi-way partition problem (NP-hard). The search starts greedily,
largest groups first, then moves and swaps groups until nothing helps. It starts several times and
keeps the best. It is bounded: seconds for tens of thousands of groups.

Axes: G groups, S splits, C styles.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_STARTS = 3
# More starts, as long as a style is absent from a split that needs it.
_MAX_STARTS = 24
# Over all starts: above 2,000 groups there are fewer starts, and less is gained by them.
_MAX_GROUPS_STARTED = 6000
_MAX_ROUNDS = 20
# Swaps look at all pairs, 2.25 million here; where there are more, small groups only move.
_MAX_SWAPPED_GROUPS = 1500
_SWAPS_A_ROUND = 200
# A move or swap must gain this much. 1% of a style in the wrong split costs over 1e-4.
_MIN_GAIN = 1e-6
# Above all else: a style that is wholly in the wrong split costs about 8.
_ABSENT_COST = 1000.0
# Costs that differ by less are equal, so that rounding on another machine decides nothing.
_DECIMALS = 9


@dataclass(frozen=True)
class Strata:
    """The groups to place and the shares to reach, in numbers."""

    counts_GC: Ints
    """Paintings of each style in each group."""
    sizes_C: Ints
    """Paintings of each style in the whole collection."""
    shares_SC: Floats
    """Wanted share of each style in each split; columns add up to 1."""
    needed_C: Ints
    """In how many splits the groups must put each style; 0 or less: no requirement."""


def place_groups(strata: Strata, ratios_S: Floats, rng: np.random.Generator) -> Ints:
    """Return the split of each group, shape (G,).

    The cost is the sum over styles and splits of squared deviations from the wanted share, each
    divided by the split's ratio (as in Pearson's chi-squared). All paintings together count as one
    more style. A split that lacks a style which it needs adds a large cost.
    """
    problem = _build_problem(strata, ratios_S)
    found: list[Ints] = []
    costs: list[float] = []
    affordable = max(1, _MAX_GROUPS_STARTED // max(len(strata.counts_GC), 1))
    starts, limit = min(_STARTS, affordable), min(_MAX_STARTS, affordable)
    while len(found) < starts or (min(costs) >= _ABSENT_COST and len(found) < limit):
        found.append(_search(problem, rng))
        costs.append(round(_cost(problem, problem.counts_by_split(found[-1])), _DECIMALS))
    return found[costs.index(min(costs))]


@dataclass(frozen=True)
class _Problem:
    """The strata with a last column in C for all styles together."""

    counts_GC: Ints
    scale_C: Floats
    """Share of its style that one painting is."""
    aims_SC: Floats
    """What all groups together should bring to each split, as a share of the style."""
    needed_C: Ints
    ratios_S: Floats

    def counts_by_split(self, splits_G: Ints) -> Ints:
        """Return the paintings of each style in each split, shape (S, C); -1 is in none."""
        counts_SC = np.zeros(self.aims_SC.shape, dtype=np.int64)
        placed_G = splits_G >= 0
        np.add.at(counts_SC, splits_G[placed_G], self.counts_GC[placed_G])
        return counts_SC


def _build_problem(strata: Strata, ratios_S: Floats) -> _Problem:
    counts_GC = np.column_stack([strata.counts_GC, strata.counts_GC.sum(axis=1)])
    scale_C = 1 / np.maximum(np.append(strata.sizes_C, strata.sizes_C.sum()), 1)
    shares_SC = np.column_stack([strata.shares_SC, ratios_S])
    aims_SC = shares_SC * counts_GC.sum(axis=0) * scale_C
    return _Problem(counts_GC, scale_C, aims_SC, np.append(strata.needed_C, 0), ratios_S)


def _search(problem: _Problem, rng: np.random.Generator) -> Ints:
    """Return one local optimum; ``rng`` varies the order in which groups are placed."""
    sizes_G = problem.counts_GC[:, -1]
    order_G = np.argsort(rng.normal(scale=0.5, size=len(sizes_G)) - np.log(sizes_G), kind="stable")
    splits_G = np.full(len(sizes_G), -1)
    # Otherwise a style's first groups would be spread over all splits for presence alone.
    _move_groups(replace(problem, needed_C=np.zeros_like(problem.needed_C)), splits_G, order_G)
    for _ in range(_MAX_ROUNDS):
        moved = _move_groups(problem, splits_G, order_G)
        if not moved and not _swap_groups(problem, splits_G):
            break
    return splits_G


def _move_groups(problem: _Problem, splits_G: Ints, order_G: Ints) -> bool:
    """Put each group where it costs least, in place; return whether any changed its split."""
    counts_SC = problem.counts_by_split(splits_G)
    moved = False
    for group in order_G:
        old, counts_C = splits_G[group], problem.counts_GC[group]
        if old >= 0:
            counts_SC[old] -= counts_C
        costs_S = _costs_of_adding(problem, counts_SC, counts_C)
        new = int(np.argmin(costs_S))
        if old >= 0 and costs_S[old] - costs_S[new] <= _MIN_GAIN:
            new = old
        counts_SC[new] += counts_C
        splits_G[group] = new
        moved = moved or new != old
    return moved


def _swap_groups(problem: _Problem, splits_G: Ints) -> bool:
    """Exchange the splits of pairs of groups where that helps, in place; return whether any did."""
    counts_SC = problem.counts_by_split(splits_G)
    cost = _cost(problem, counts_SC)
    swapped = False
    for one, other in _promising_swaps(problem, splits_G, counts_SC):
        a, b = splits_G[one], splits_G[other]
        difference_C = problem.counts_GC[other] - problem.counts_GC[one]
        tried_SC = counts_SC.copy()
        tried_SC[a] += difference_C
        tried_SC[b] -= difference_C
        tried = _cost(problem, tried_SC)
        if a != b and cost - tried > _MIN_GAIN:
            splits_G[one], splits_G[other] = b, a
            counts_SC, cost, swapped = tried_SC, tried, True
    return swapped


def _promising_swaps(problem: _Problem, splits_G: Ints, counts_SC: Ints) -> list[tuple[int, int]]:
    """Return the pairs whose exchange lowers the squared deviations most.

    Deviation d is a split's share of each style minus its aim. A group with share x changes the
    squared deviation by 2dx + x^2 where it arrives and by x^2 - 2dx where it leaves. To exchange x
    and y, add both moves and correct them: each split changes by x - y, whose square has the
    term -2xy that separate moves miss.
    """
    largest = np.argsort(-problem.counts_GC[:, -1], kind="stable")[:_MAX_SWAPPED_GROUPS]
    share_GC = problem.counts_GC[largest] * problem.scale_C  # x, for each group and style
    at_G, inverse_G = splits_G[largest], 1 / problem.ratios_S[splits_G[largest]]
    # 2dx and x^2, summed over styles; dividing by the ratio weighs a split as _cost does.
    slope_GS = 2 * share_GC @ (counts_SC * problem.scale_C - problem.aims_SC).T
    square_G = np.square(share_GC).sum(axis=1)
    leaving_G = (square_G - slope_GS[np.arange(len(at_G)), at_G]) * inverse_G
    move_GS = leaving_G[:, None] + (slope_GS + square_G[:, None]) / problem.ratios_S
    # move_GS: cost of moving each group to each split. swap_GG: both moves, then the -2xy term.
    swap_GG = move_GS[:, at_G] + move_GS[:, at_G].T
    swap_GG -= 2 * share_GC @ share_GC.T * (inverse_G[:, None] + inverse_G)
    # Groups in the same split gain nothing; the lower triangle repeats the upper one.
    swap_GG[(at_G[:, None] == at_G) | np.tri(len(at_G), dtype=bool)] = 0
    gains = np.round(swap_GG.ravel(), _DECIMALS)
    helpful = np.flatnonzero(gains < -_MIN_GAIN)
    best = helpful[np.argsort(gains[helpful], kind="stable")][:_SWAPS_A_ROUND]
    pairs = zip(*np.unravel_index(best, swap_GG.shape), strict=True)
    return [(int(largest[one]), int(largest[other])) for one, other in pairs]


def _cost(problem: _Problem, counts_SC: Ints) -> float:
    squares_SC = np.square(counts_SC * problem.scale_C - problem.aims_SC)
    absent_C = np.maximum(problem.needed_C - np.count_nonzero(counts_SC, axis=0), 0)
    return float((squares_SC.sum(axis=1) / problem.ratios_S).sum() + _ABSENT_COST * absent_C.sum())


def _costs_of_adding(problem: _Problem, counts_SC: Ints, counts_C: Ints) -> Floats:
    """Return by how much the cost grows with a group in each split, shape (S,)."""
    share_C = counts_C * problem.scale_C
    deviation_SC = counts_SC * problem.scale_C - problem.aims_SC
    growth_S = ((2 * deviation_SC + share_C) * share_C).sum(axis=1) / problem.ratios_S
    wanted_C = (counts_C > 0) & (problem.needed_C > np.count_nonzero(counts_SC, axis=0))
    presence_S = (wanted_C & (counts_SC == 0)).sum(axis=1)
    costs_S: Floats = np.round(growth_S - _ABSENT_COST * presence_S, _DECIMALS)
    return costs_S
