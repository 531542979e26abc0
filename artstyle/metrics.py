"""The scores of an evaluation, from true styles and logits; numpy only.

A confusion matrix always has true styles as rows and predicted styles as columns. An average over
styles includes only the styles that have true images: a style without one has no recall, and would
only lower the average.

Examples:
    >>> from artstyle import metrics
    >>> confusion = metrics.confusion_matrix([0, 0, 1, 1], [0, 2, 1, 1], num_styles=3)
    >>> metrics.accuracy(confusion)
    0.75
    >>> metrics.macro_average(metrics.style_scores(confusion)).f1
    0.8333333333333333
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from artstyle.errors import UsageError
from artstyle.storage.arrays import as_labels, as_scores, require_equal_length

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_ROUNDING = 1e-6
"""How far above 1 rounding may put a probability."""


@dataclass(frozen=True)
class StyleScores:
    """Scores of each style; each array has shape (C,)."""

    precision_C: FloatArray
    recall_C: FloatArray
    f1_C: FloatArray
    support_C: IntArray
    """How many images have the style as their true style."""


@dataclass(frozen=True)
class Averages:
    """Precision, recall and F1 averaged over styles."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Reliability:
    """How often predictions of a given confidence are right, in bins of equal width."""

    edges: FloatArray
    """Shape (bins + 1,), from 0 to 1; a bin includes its upper edge, the first both."""
    counts: IntArray
    """Predictions in each bin, shape (bins,)."""
    confidence: FloatArray
    """Mean confidence in each bin; 0 where it is empty."""
    accuracy: FloatArray
    """Share of right predictions in each bin; 0 where it is empty."""

    @property
    def expected_calibration_error(self) -> float:
        """Mean gap between confidence and accuracy, weighted by count (Guo et al. 2017, eq. 3)."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((gaps * self.counts).sum() / max(self.counts.sum(), 1))


@dataclass(frozen=True)
class Interval:
    """A score and its confidence interval."""

    value: float
    low: float
    high: float


def confusion_matrix(targets_N: ArrayLike, predictions_N: ArrayLike, num_styles: int) -> IntArray:
    """Count each pair of true (row) and predicted (column) style; shape (C, C).

    Args:
        targets_N: True labels, in [0, num_styles).
        predictions_N: Predicted labels, the same.
        num_styles: C.

    Raises:
        UsageError: An array has another shape, type or length, or another label.
    """
    targets_N = as_labels(targets_N, "targets", num_styles)
    predictions_N = as_labels(predictions_N, "predictions", num_styles)
    require_equal_length(targets=targets_N, predictions=predictions_N)
    pairs_N = targets_N * num_styles + predictions_N
    counts = np.bincount(pairs_N, minlength=num_styles**2)
    return counts.reshape(num_styles, num_styles).astype(np.int64)


def accuracy(confusion_CC: IntArray) -> float:
    """Return the share of right predictions; 0 if there are no predictions.

    Args:
        confusion_CC: What `confusion_matrix` gives.

    Raises:
        UsageError: It is something else.
    """
    confusion_CC = _square(confusion_CC)
    return float(confusion_CC.trace() / max(confusion_CC.sum(), 1))


def style_scores(confusion_CC: IntArray) -> StyleScores:
    """Return the scores of each style.

    A score without a denominator is 0, as with scikit-learn's ``zero_division=0``.

    Args:
        confusion_CC: What `confusion_matrix` gives.

    Raises:
        UsageError: It is something else.
    """
    confusion_CC = _square(confusion_CC)
    right_C, support_C = confusion_CC.diagonal(), confusion_CC.sum(axis=1)
    predicted_C = confusion_CC.sum(axis=0)
    return StyleScores(
        precision_C=_ratio(right_C, predicted_C),
        recall_C=_ratio(right_C, support_C),
        f1_C=_f1(right_C, support_C, predicted_C),
        support_C=support_C,
    )


def separate_scores(truth_NC: BoolArray, given_NC: BoolArray) -> StyleScores:
    """Return the scores of each label where a picture may have several, each by itself."""
    right_C = (truth_NC & given_NC).sum(axis=0)
    support_C, given_C = truth_NC.sum(axis=0), given_NC.sum(axis=0)
    return StyleScores(
        precision_C=_ratio(right_C, given_C),
        recall_C=_ratio(right_C, support_C),
        f1_C=_f1(right_C, support_C, given_C),
        support_C=support_C.astype(np.int64),
    )


def average_precision(
    probabilities_N: FloatArray, truth_N: BoolArray, weights_RN: FloatArray
) -> FloatArray:
    """Return the average precision of one label in each draw, R: sum of (R_n - R_n-1) P_n.

    That is scikit-learn's definition: no interpolation, and equal probabilities are one step. It
    is 0 in a draw without a picture of the label.

    Args:
        probabilities_N: The label's probability for each picture.
        truth_N: Whether the picture has the label.
        weights_RN: How often each draw has each picture; one row of ones is the score itself.
    """
    order = np.argsort(-probabilities_N, kind="stable")
    sorted_N = probabilities_N[order]
    ends = np.flatnonzero(np.append(sorted_N[1:] < sorted_N[:-1], True))
    weights_RN = weights_RN[:, order]
    right_RE = np.cumsum(weights_RN * truth_N[order], axis=1)[:, ends]
    precision_RE = _ratio(right_RE, np.cumsum(weights_RN, axis=1)[:, ends])
    steps_RE = np.diff(right_RE, axis=1, prepend=0.0)
    return _ratio((steps_RE * precision_RE).sum(axis=1), right_RE[:, -1])


def macro_average(scores: StyleScores) -> Averages:
    """Average over the styles that have true images, each with the same weight."""
    return _averages(scores, (scores.support_C > 0).astype(np.float64))


def weighted_average(scores: StyleScores) -> Averages:
    """Average over styles, each weighted by its support."""
    return _averages(scores, scores.support_C.astype(np.float64))


def true_ranks(scores_NC: ArrayLike, targets_N: ArrayLike) -> IntArray:
    """Return the rank of each image's true style among its scores; 1 is the highest.

    Among equal scores the lower label comes first, as in ``argmax``: the rank is 1 exactly if the
    prediction is right.

    Raises:
        UsageError: An array has another shape, type or length, or another label.
    """
    scores_NC = as_scores(scores_NC, "scores")
    targets_N = _targets_of(scores_NC, targets_N)
    of_target_N1 = np.take_along_axis(scores_NC, targets_N[:, None], axis=1)
    earlier_NC = np.arange(scores_NC.shape[1])[None, :] < targets_N[:, None]
    before_NC = (scores_NC > of_target_N1) | ((scores_NC == of_target_N1) & earlier_NC)
    ranks_N: IntArray = 1 + before_NC.sum(axis=1, dtype=np.int64)
    return ranks_N


def log_softmax(logits_NC: FloatArray) -> FloatArray:
    """Return log-probabilities; finite even if a probability would round to 0."""
    shifted_NC = logits_NC - logits_NC.max(axis=1, keepdims=True)
    log_probabilities_NC: FloatArray = shifted_NC - np.log(
        np.exp(shifted_NC).sum(axis=1, keepdims=True)
    )
    return log_probabilities_NC


def log_loss(logits_NC: ArrayLike, targets_N: ArrayLike) -> float:
    """Return the mean negative natural logarithm of the true styles' probabilities.

    Raises:
        UsageError: An array has another shape, type or length, or another label.
    """
    log_probabilities_NC = log_softmax(as_scores(logits_NC, "logits"))
    targets_N = _targets_of(log_probabilities_NC, targets_N)
    return float(-np.take_along_axis(log_probabilities_NC, targets_N[:, None], axis=1).mean())


def binary_log_loss(logits_NC: NDArray[np.floating], truth_NC: BoolArray) -> float:
    """Return the mean binary cross-entropy of all answers to all labels."""
    exact_NC = logits_NC.astype(np.float64)
    losses_NC = np.logaddexp(0, np.where(truth_NC, -exact_NC, exact_NC))
    return float(losses_NC.mean())


def brier_score(probabilities_NC: ArrayLike, targets_N: ArrayLike) -> float:
    """Return the mean squared distance to the truth over all styles (Brier 1950), 0 to 2.

    Raises:
        UsageError: An array has another shape, type or length, or another label.
    """
    probabilities_NC = as_scores(probabilities_NC, "probabilities")
    targets_N = _targets_of(probabilities_NC, targets_N)
    truth_NC = np.eye(probabilities_NC.shape[1])[targets_N]
    return float(((probabilities_NC - truth_NC) ** 2).sum(axis=1).mean())


def reliability(confidence_N: FloatArray, correct_N: BoolArray, bins: int = 15) -> Reliability:
    """Sort predictions into ``bins`` equally wide ranges of confidence (Guo et al. 2017, sec. 2).

    Args:
        confidence_N: Probability of the predicted style, 0 to 1.
        correct_N: Whether the prediction was right.
        bins: How many ranges; 15 is the paper's choice.

    Raises:
        UsageError: The arrays differ in length, or a confidence is not a probability.
    """
    confidence_N, correct_N = np.asarray(confidence_N), np.asarray(correct_N)
    require_equal_length(confidences=confidence_N, answers=correct_N)
    if not ((confidence_N >= 0) & (confidence_N <= 1 + _ROUNDING)).all():
        raise UsageError("confidences are probabilities, from 0 to 1, and some are not")
    edges = np.linspace(0, 1, bins + 1)
    bin_N = np.clip(np.searchsorted(edges, confidence_N, side="left") - 1, 0, bins - 1)
    counts = np.bincount(bin_N, minlength=bins)
    return Reliability(
        edges=edges,
        counts=counts.astype(np.int64),
        confidence=_ratio(np.bincount(bin_N, weights=confidence_N, minlength=bins), counts),
        accuracy=_ratio(np.bincount(bin_N, weights=correct_N, minlength=bins), counts),
    )


def bootstrap_intervals(
    targets_N: IntArray,
    predictions_N: IntArray,
    in_top_k_N: BoolArray,
    num_styles: int,
    *,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Return percentile intervals of accuracy, macro F1 and top-k accuracy (Efron 1979).

    Images are drawn with replacement, not stratified: the supports of the styles vary from draw to
    draw, as in another collection of the same kind. The macro F1 of a draw is over all styles that
    have images: a style that the draw misses counts 0, as with scikit-learn's ``labels`` set to
    these. Images count as independent. If an artist has many, they are not, and the true interval
    is wider.

    Args:
        targets_N: True labels, in [0, num_styles).
        predictions_N: Predicted labels, same shape.
        in_top_k_N: Whether the true style is among the k with the highest scores.
        num_styles: C.
        seed: For the draws.
        resamples: R, the number of draws.
        level: Share of the draws within the interval.
    """
    triples_N3 = np.stack([targets_N, predictions_N, in_top_k_N], axis=1)
    triples_K3, counts_RK = _resampled_counts(triples_N3, seed, resamples)
    true_KC, predicted_KC = (np.eye(num_styles)[triples_K3[:, side]] for side in (0, 1))
    support_RC = counts_RK @ true_KC
    right_RC = counts_RK @ (true_KC * predicted_KC)
    f1_RC = _f1(right_RC, support_RC, counts_RK @ predicted_KC)
    present_C = support_RC[0] > 0
    values_R = {
        "accuracy": right_RC.sum(axis=1) / len(targets_N),
        "macro_f1": f1_RC[:, present_C].mean(axis=1),
        "top_k_accuracy": counts_RK @ triples_K3[:, 2] / len(targets_N),
    }
    return {
        name: exact_at_the_ends(percentile_interval(values, level), level, len(targets_N))
        for name, values in values_R.items()
    }


def _resampled_counts(
    triples_N3: IntArray, seed: int, resamples: int
) -> tuple[IntArray, FloatArray]:
    """Return the K distinct triples and how often each occurs in each draw, (R + 1) x K.

    A draw of N images is a multinomial draw over the distinct (true, predicted, in top k) triples,
    so time and memory grow with K and not with N. Row 0 is the observation itself: value and draws
    then go through the same arithmetic.
    """
    triples_K3, counts_K = np.unique(triples_N3, axis=0, return_counts=True)
    total = int(counts_K.sum())
    generator = np.random.default_rng(seed)
    drawn_RK = generator.multinomial(total, counts_K / total, size=resamples)
    return triples_K3, np.vstack([counts_K, drawn_RK]).astype(np.float64)


def percentile_interval(values_R: FloatArray, level: float) -> Interval:
    """Return the interval of draws; the first value is that of the observation itself."""
    low, high = np.quantile(values_R[1:], [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values_R[0]), float(low), float(high))


def exact_at_the_ends(interval: Interval, level: float, answers: int) -> Interval:
    """Return a score's interval, the exact one where every draw of a bootstrap is 1, or 0.

    If all answers are right, all are right in every draw too, which shows nothing of those to
    come. The interval is then that of Clopper and Pearson (1934) for a share of which all were
    right, or none.

    Args:
        interval: Of a score between 0 and 1.
        level: Share of the draws within it.
        answers: How many independent answers the score is of; without any, nothing changes.
    """
    value = interval.value
    if not answers or not (interval.low == interval.high == value and value in (0, 1)):
        return interval
    reached: float = ((1 - level) / 2) ** (1 / answers)
    return Interval(value, reached, 1.0) if value else Interval(value, 0.0, 1 - reached)


def _square(confusion_CC: ArrayLike) -> IntArray:
    if np.ndim(confusion_CC) != 2 or len(set(np.shape(confusion_CC))) > 1:
        shape = " x ".join(map(str, np.shape(confusion_CC)))
        raise UsageError(f"a confusion matrix is C x C, as confusion_matrix gives it, not {shape}")
    return np.asarray(confusion_CC)


def _targets_of(scores_NC: FloatArray, targets_N: ArrayLike) -> IntArray:
    """Return the true labels, once they are known to belong to these scores."""
    targets_N = as_labels(targets_N, "targets", scores_NC.shape[1])
    require_equal_length(scores=scores_NC, targets=targets_N)
    return targets_N


def _averages(scores: StyleScores, weights_C: FloatArray) -> Averages:
    total = max(float(weights_C.sum()), 1.0)
    return Averages(
        precision=float(scores.precision_C @ weights_C / total),
        recall=float(scores.recall_C @ weights_C / total),
        f1=float(scores.f1_C @ weights_C / total),
    )


def _f1(
    right: NDArray[np.generic], support: NDArray[np.generic], predicted: NDArray[np.generic]
) -> FloatArray:
    return _ratio(2 * np.asarray(right), np.asarray(support) + np.asarray(predicted))


def _ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> FloatArray:
    top, bottom = np.asarray(numerator, float), np.asarray(denominator, float)
    result: FloatArray = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return result
