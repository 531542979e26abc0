"""Bootstrap intervals where pictures come in clusters, such as those of one artist.

Axes: N pictures, G clusters, R draws, C styles, B bins of confidence.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artstyle.data.artists import artist_key
from artstyle.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    Interval,
    Reliability,
    exact_at_the_ends,
    reliability,
)

_DRAWS_AT_ONCE = 50


@dataclass(frozen=True)
class Answers:
    """What a model answered for N pictures, and the truth."""

    num_styles: int
    targets_N: IntArray
    predictions_N: IntArray
    in_top_k_N: BoolArray
    """Whether the true style is among the k most probable."""
    confidence_N: FloatArray
    """Probability of the predicted style."""

    @property
    def correct_N(self) -> BoolArray:
        """Whether the predicted style is the true one."""
        correct_N: BoolArray = self.predictions_N == self.targets_N
        return correct_N

    def has_N(self, label: int) -> BoolArray:
        """Return whether each picture's true style is this one."""
        has_N: BoolArray = self.targets_N == label
        return has_N

    def recognised_N(self, label: int) -> BoolArray:
        """Return whether each picture's true style is this one, and predicted."""
        recognised_N: BoolArray = self.has_N(label) & self.correct_N
        return recognised_N

    @property
    def reliability(self) -> Reliability:
        """How often predictions of a given confidence are right."""
        return reliability(self.confidence_N, self.correct_N)


def joined(parts: Sequence[Answers]) -> Answers:
    """Return the answers of several parts as one; N is the sum of theirs."""
    return Answers(
        num_styles=parts[0].num_styles,
        targets_N=np.concatenate([part.targets_N for part in parts]),
        predictions_N=np.concatenate([part.predictions_N for part in parts]),
        in_top_k_N=np.concatenate([part.in_top_k_N for part in parts]),
        confidence_N=np.concatenate([part.confidence_N for part in parts]),
    )


@dataclass(frozen=True)
class Intervals:
    """Scores of all pictures with their intervals."""

    accuracy: Interval
    macro_f1: Interval
    top_k_accuracy: Interval
    expected_calibration_error: Interval
    f1_C: tuple[Interval, ...]
    """F1 of each style; draws without a picture of it do not count."""


@dataclass(frozen=True)
class ScoreDraws:
    """The scores of each draw; the first of the 1 + R is the observation itself."""

    accuracy_R: FloatArray
    macro_f1_R: FloatArray
    top_k_accuracy_R: FloatArray
    calibration_error_R: FloatArray
    f1_RC: FloatArray
    """NaN for a style that a draw misses."""


def cluster_intervals(
    answers: Answers,
    clusters_N: IntArray,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> Intervals:
    """Return percentile intervals from draws of whole clusters with replacement.

    A draw has as many clusters as there are, and every picture of each (Davison and Hinkley 1997,
    section 3.8). With one picture a cluster, that is the usual bootstrap of pictures. The macro F1
    of a draw is over all styles that have pictures: a style that the draw misses counts 0.

    Args:
        answers: The answers for N pictures.
        clusters_N: The number of each picture's cluster, in [0, G), each with a picture or more.
        seed: For the draws.
        resamples: R, the number of draws.
        level: Share of the draws within an interval.
    """
    scores = score_draws(answers, clusters_N, seed=seed, resamples=resamples)
    return draw_intervals(scores, answers.targets_N, clusters_N, level)


def draw_intervals(
    scores: ScoreDraws, targets_N: IntArray, clusters_N: IntArray, level: float = 0.95
) -> Intervals:
    """Return the percentile intervals of draws that were scored.

    Args:
        scores: What `score_draws` returned, or the mean of several by `mean_draws`.
        targets_N: The true label of each picture.
        clusters_N: The clusters that were drawn.
        level: Share of the draws within an interval.
    """

    def interval(values_R: FloatArray, counted_N: IntArray) -> Interval:
        clusters = len(np.unique(counted_N))
        return exact_at_the_ends(percentile_interval(values_R, level), level, clusters)

    return Intervals(
        accuracy=interval(scores.accuracy_R, clusters_N),
        macro_f1=interval(scores.macro_f1_R, clusters_N),
        top_k_accuracy=interval(scores.top_k_accuracy_R, clusters_N),
        expected_calibration_error=interval(scores.calibration_error_R, clusters_N),
        f1_C=tuple(
            interval(values_R, clusters_N[targets_N == label])
            for label, values_R in enumerate(scores.f1_RC.T)
        ),
    )


def score_draws(
    answers: Answers, clusters_N: IntArray, *, seed: int, resamples: int = 1000
) -> ScoreDraws:
    """Return the scores of each draw of `cluster_intervals`.

    The draws depend on the number of clusters and the seed alone: two models that answered the
    same pictures are scored on the same draws, so that their scores can be subtracted.
    """
    sums_GK = _sums(answers, clusters_N)
    drawn = np.random.default_rng(seed)
    # Row 0 is the observation itself, so that it goes through the same arithmetic.
    totals = [np.ones((1, len(sums_GK))) @ sums_GK]
    totals += [counts_RG @ sums_GK for counts_RG in _draws(drawn, len(sums_GK), resamples)]
    return _scores(np.concatenate(totals), answers.num_styles)


def mean_draws(draws: Sequence[ScoreDraws]) -> ScoreDraws:
    """Return the mean scores of several models in each draw, such as those of several seeds.

    All have answered the same pictures, and were scored on draws of the same clusters and seed.
    """

    def mean(pick: Callable[[ScoreDraws], FloatArray]) -> FloatArray:
        values: FloatArray = np.mean([pick(drawn) for drawn in draws], axis=0)
        return values

    return ScoreDraws(
        accuracy_R=mean(lambda drawn: drawn.accuracy_R),
        macro_f1_R=mean(lambda drawn: drawn.macro_f1_R),
        top_k_accuracy_R=mean(lambda drawn: drawn.top_k_accuracy_R),
        calibration_error_R=mean(lambda drawn: drawn.calibration_error_R),
        f1_RC=mean(lambda drawn: drawn.f1_RC),
    )


def artist_clusters(artists: Sequence[str]) -> IntArray:
    """Return the number of each picture's artist, from 0.

    Spellings of one name have one number (`artist_key`). Each unknown artist, "", has its own.
    """
    names = [(artist_key(name), -1) if name else ("", n) for n, name in enumerate(artists)]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def draw_counts(clusters: int, *, seed: int, resamples: int = 1000) -> FloatArray:
    """Return how often each cluster occurs in each draw, (1 + R) x G; row 0 has each once.

    The draws are those of `score_draws`.
    """
    draws = _draws(np.random.default_rng(seed), clusters, resamples)
    return np.concatenate([np.ones((1, clusters)), *draws])


def _draws(generator: np.random.Generator, clusters: int, resamples: int) -> Iterator[FloatArray]:
    """Yield how often each cluster occurs, a few draws at a time: memory stays small."""
    even_G = np.full(clusters, 1 / clusters)
    for start in range(0, resamples, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, resamples - start)
        yield generator.multinomial(clusters, even_G, size=size).astype(np.float64)


def _sums(answers: Answers, clusters_N: IntArray) -> FloatArray:
    """Return for each cluster the sums that all scores are made of, G x (2 + 3C + 3B)."""
    styles = np.eye(answers.num_styles)
    edges = answers.reliability.edges
    bins = np.eye(len(edges) - 1)
    bin_N = np.clip(np.searchsorted(edges, answers.confidence_N, side="left") - 1, 0, len(bins) - 1)
    correct_N1 = answers.correct_N[:, None]
    of_pictures = [
        np.ones((len(clusters_N), 1)),
        answers.in_top_k_N[:, None],
        styles[answers.targets_N],
        styles[answers.predictions_N],
        styles[answers.targets_N] * correct_N1,
        bins[bin_N] * answers.confidence_N[:, None],
        bins[bin_N] * correct_N1,
    ]
    values_NK = np.concatenate(of_pictures, axis=1, dtype=np.float64)
    sums_GK = np.zeros((int(clusters_N.max()) + 1, values_NK.shape[1]))
    np.add.at(sums_GK, clusters_N, values_NK)
    return sums_GK


def _scores(totals_RK: FloatArray, num_styles: int) -> ScoreDraws:
    size_R, top_R, *rest = np.split(totals_RK, [1, 2], axis=1)
    by_style, by_bin = np.split(rest[0], [3 * num_styles], axis=1)
    support_RC, predicted_RC, right_RC = np.split(by_style, 3, axis=1)
    confidence_RB, correct_RB = np.split(by_bin, 2, axis=1)
    size_R1, present_RC = size_R, support_RC > 0
    f1_RC = np.full(support_RC.shape, np.nan)
    np.divide(2 * right_RC, support_RC + predicted_RC, out=f1_RC, where=present_RC)
    observed_RC = np.nan_to_num(f1_RC)[:, present_RC[0]]
    return ScoreDraws(
        accuracy_R=right_RC.sum(axis=1) / size_R1[:, 0],
        macro_f1_R=observed_RC.mean(axis=1),
        top_k_accuracy_R=top_R[:, 0] / size_R1[:, 0],
        # |accuracy - confidence| x count / N is the difference of the sums / N.
        calibration_error_R=np.abs(correct_RB - confidence_RB).sum(axis=1) / size_R1[:, 0],
        f1_RC=f1_RC,
    )


def percentile_interval(values_R: FloatArray, level: float) -> Interval:
    """Return the observation, which comes first, with the percentiles of the other draws."""
    drawn_R = values_R[1:][np.isfinite(values_R[1:])]
    if not len(drawn_R) or not np.isfinite(values_R[0]):
        return Interval(0.0, 0.0, 0.0)
    low, high = np.quantile(drawn_R, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values_R[0]), float(low), float(high))
