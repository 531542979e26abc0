"""The answers of a model whose pictures may have several labels, and their bootstrap.

Axes: N pictures, C labels, G clusters, R draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from artstyle.evaluation.intervals import draw_counts, percentile_interval
from artstyle.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    Interval,
    average_precision,
    exact_at_the_ends,
)

_DRAWS_AT_ONCE = 50


@dataclass(frozen=True)
class LabelAnswers:
    """What a model answered for N pictures to each of C labels, and the truth."""

    truth_NC: BoolArray
    """Whether each picture has each label."""
    given_NC: BoolArray
    """Whether each label's probability reaches its threshold."""
    probabilities_NC: FloatArray

    @property
    def correct_N(self) -> BoolArray:
        """Whether a picture is given all its labels, and no other."""
        correct_N: BoolArray = (self.given_NC == self.truth_NC).all(axis=1)
        return correct_N

    @property
    def present_C(self) -> BoolArray:
        """Whether any picture has the label."""
        present_C: BoolArray = self.truth_NC.sum(axis=0) > 0
        return present_C

    def has_N(self, label: int) -> BoolArray:
        """Return whether each picture has a label."""
        has_N: BoolArray = self.truth_NC[:, label]
        return has_N

    def recognised_N(self, label: int) -> BoolArray:
        """Return whether each picture has a label and is given it."""
        recognised_N: BoolArray = self.truth_NC[:, label] & self.given_NC[:, label]
        return recognised_N


@dataclass(frozen=True)
class LabelDraws:
    """The scores of each draw; the first of the 1 + R is the observation itself.

    Means are over the labels that have pictures; there a label that a draw misses counts 0.
    """

    accuracy_R: FloatArray
    """Share of the pictures whose labels are all right, and no other is given."""
    mean_average_precision_R: FloatArray
    micro_f1_R: FloatArray
    macro_f1_R: FloatArray
    average_precision_RC: FloatArray
    """NaN for a label that a draw misses."""
    f1_RC: FloatArray
    """NaN for a label that a draw misses."""


def label_draws(
    answers: LabelAnswers, clusters_N: IntArray, *, seed: int, resamples: int = 1000
) -> LabelDraws:
    """Return the scores of each draw of whole clusters with replacement, as `score_draws` does.

    Args:
        answers: The answers for N pictures.
        clusters_N: The number of each picture's cluster, in [0, G).
        seed: For the draws; the same as with one label for each picture.
        resamples: R, the number of draws.
    """
    counts_RG = draw_counts(int(clusters_N.max()) + 1, seed=seed, resamples=resamples)
    parts = [
        _scores(answers, counts_RG[start : start + _DRAWS_AT_ONCE, clusters_N])
        for start in range(0, len(counts_RG), _DRAWS_AT_ONCE)
    ]
    return _combined(parts, np.concatenate)


def mean_label_draws(draws: Sequence[LabelDraws]) -> LabelDraws:
    """Return the mean scores of several models in each draw, such as those of several seeds."""
    return _combined(draws, lambda values: np.mean(values, axis=0))


def draws_interval(values_R: FloatArray, clusters: int, level: float) -> Interval:
    """Return the observation, which comes first, with its percentile interval.

    Args:
        values_R: One score in each draw.
        clusters: How many clusters were drawn from.
        level: Share of the draws within the interval.
    """
    return exact_at_the_ends(percentile_interval(values_R, level), level, clusters)


def _combined(
    draws: Sequence[LabelDraws], join: Callable[[list[FloatArray]], FloatArray]
) -> LabelDraws:
    return LabelDraws(
        *(join([getattr(drawn, field.name) for drawn in draws]) for field in fields(LabelDraws))
    )


def _scores(answers: LabelAnswers, weights_RN: FloatArray) -> LabelDraws:
    truth_NC, given_NC, present_C = answers.truth_NC, answers.given_NC, answers.present_C
    support_RC = weights_RN @ truth_NC
    right_RC = weights_RN @ (truth_NC & given_NC)
    either_RC = support_RC + weights_RN @ given_NC
    columns = zip(answers.probabilities_NC.T, truth_NC.T, strict=True)
    precision_RC = np.stack([average_precision(*of, weights_RN) for of in columns], axis=1)
    f1_RC = 2 * right_RC / np.maximum(either_RC, 1)
    return LabelDraws(
        accuracy_R=weights_RN @ answers.correct_N / weights_RN.sum(axis=1),
        mean_average_precision_R=precision_RC[:, present_C].mean(axis=1),
        micro_f1_R=2 * right_RC.sum(axis=1) / np.maximum(either_RC.sum(axis=1), 1),
        macro_f1_R=f1_RC[:, present_C].mean(axis=1),
        average_precision_RC=np.where(support_RC > 0, precision_RC, np.nan),
        f1_RC=np.where(support_RC > 0, f1_RC, np.nan),
    )
