"""Accuracy on pairs of style and genre that training never showed.

Axes: N pictures.
"""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from artstyle.evaluation.intervals import draw_counts, percentile_interval
from artstyle.metrics import BoolArray, IntArray, Interval

Combination = tuple[str, str]
"""A style and a genre."""


@dataclass(frozen=True)
class CombinationScores:
    """Shares of right answers, in [0, 1]."""

    new_pictures: int
    known_pictures: int
    new: Interval
    """On styles and genres that training never showed together."""
    known: Interval
    difference: Interval
    """New less known; below 0, the model needs to have seen the style with the content."""


def combination_scores(
    correct_N: BoolArray,
    combinations: list[Combination],
    trained: Set[Combination],
    artists_N: IntArray,
    *,
    seed: int,
    resamples: int = 1000,
) -> CombinationScores | None:
    """Compare the accuracy on new combinations with that on known ones.

    Args:
        correct_N: Whether each answer is right.
        combinations: The style and genre of each of the N pictures.
        trained: The combinations in training.
        artists_N: Numbers of the artists, from 0 without gaps; draws are of whole artists.
        seed: For the draws.
        resamples: Their number.

    Returns:
        None if all combinations are new, or none is.
    """
    new_N = np.array([combination not in trained for combination in combinations])
    if new_N.all() or not new_N.any():
        return None
    columns = (correct_N & new_N, new_N, correct_N & ~new_N, ~new_N)
    sums_G4 = np.stack([np.bincount(artists_N, weights=column) for column in columns], axis=1)
    counts_RG = draw_counts(len(sums_G4), seed=seed, resamples=resamples)
    right_new, all_new, right_known, all_known = (counts_RG @ sums_G4).T
    with np.errstate(divide="ignore", invalid="ignore"):
        new_R, known_R = right_new / all_new, right_known / all_known
    return CombinationScores(
        int(new_N.sum()),
        int((~new_N).sum()),
        percentile_interval(new_R, 0.95),
        percentile_interval(known_R, 0.95),
        percentile_interval(new_R - known_R, 0.95),
    )
