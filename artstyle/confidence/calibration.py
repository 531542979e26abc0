"""What a model's answers mean: fitted on validation pictures, stored with the model."""

from collections.abc import Iterator
from math import exp, lgamma, log
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from artstyle.confidence.familiarity import Familiarity, Features, fit_familiarity
from artstyle.confidence.groups import group_matrix
from artstyle.confidence.sets import least_probability, smallest_sets_temperature
from artstyle.confidence.temperature import fit_temperature, probabilities
from artstyle.confidence.thresholds import best_thresholds
from artstyle.metrics import BoolArray, FloatArray, IntArray
from artstyle.storage.documents import Document
from artstyle.styles.targets import sigmoid
from artstyle.styles.vocabulary import display_name

COVERAGE = 0.9
"""Share of pictures whose true style is among the likely ones."""
PRECISION = 0.9
"""Share of right answers among those that count as sure."""
DOUBT = 0.1
"""How probable so few wrong answers may be, were the share of right ones only just too low."""
UNFAMILIAR = 0.05
"""A familiarity below this is that of the least familiar 5% of new paintings."""
MIN_PICTURES = 30
"""With fewer validation pictures nothing is fitted."""

Share = Annotated[float, Field(ge=0, le=1)]


class LikelySets(Document):
    """What decides which styles are likely."""

    coverage: Share
    """Share of pictures whose true style is among the likely ones."""
    temperature: PositiveFloat
    """Divides the logits, for these sets only."""
    least: Share
    """A style is likely if its probability at that temperature is at least this."""


class Fitted(Document):
    """What was fitted on the validation pictures."""

    temperature: PositiveFloat
    """Divides the logits before they become probabilities."""
    sure: Share | None
    """From this probability on an answer is sure: the validation answers show, at a confidence of
    0.9, that at least 0.9 of such answers are right. Null if they are too few to show it."""
    group_sure: Share | None
    """The same for the probability of a group of styles."""
    likely: LikelySets
    """What decides which styles are likely."""
    familiarity: Familiarity | None = None
    """What decides whether a picture is unfamiliar; null if the network has no features for it."""


class Calibration(Document):
    """How sure a model's answers are, and how right it was on its validation pictures."""

    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    """The styles that it was fitted for, in label order."""
    pictures: NonNegativeInt
    """Number of validation pictures."""
    accuracy: Share | None
    """Share of validation pictures whose most probable style is right; null without pictures."""
    majority: Share | None
    """Share of the validation pictures that always naming their most frequent style gets right."""
    reason: str
    """Why nothing could be fitted; empty if it was."""
    fitted: Fitted | None
    """What was fitted; null if nothing could be."""
    thresholds: tuple[Share, ...] | None = None
    """Where each label is answered by itself: from which probability on it is given, in label
    order. Null where a picture has one label."""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.fitted is None) == (not self.reason):
            raise ValueError("it must hold either fitted values or a reason")
        if self.thresholds is not None and len(self.thresholds) != len(self.labels):
            raise ValueError("it must hold a threshold for each label")
        return self

    @property
    def no_better_than_majority(self) -> bool:
        """Whether always naming the most frequent style is right at least as often."""
        return self.accuracy is not None and self.accuracy <= (self.majority or 0.0)


def notes(calibration: Calibration | None) -> Iterator[str]:
    """Yield what people should know before they read a model's answers, a sentence each."""
    if reason := uncalibrated_reason(calibration):
        yield f"This model does not say how sure it is: {reason}."
    if doubt := majority_doubt(calibration):
        yield doubt


def majority_doubt(calibration: Calibration | None) -> str:
    """Return a sentence if always naming one style does at least as well; else nothing."""
    if calibration is None or not calibration.no_better_than_majority:
        return ""
    return (
        f"This model was right on {calibration.accuracy:.0%} of its"
        f" {calibration.pictures:,} validation pictures."
        f" Always naming their most frequent style gets {calibration.majority:.0%}."
    )


def uncalibrated_reason(calibration: Calibration | None) -> str:
    """Return why a model does not say how sure it is; empty if it does."""
    if calibration is None:
        return "its training was not finished, or an earlier version of artstyle wrote it"
    return calibration.reason


def fit_calibration(
    logits_NC: NDArray[np.floating],
    targets_N: IntArray,
    labels: tuple[str, ...],
    features_ND: Features | None = None,
    means_CD: Features | None = None,
) -> Calibration:
    """Fit everything that decides how sure an answer is.

    Args:
        logits_NC: Logits of the validation pictures.
        targets_N: Their true labels.
        labels: The styles, in label order.
        features_ND: Features of the validation pictures, the input of the last layer.
        means_CD: What `style_means` gives for training pictures. Without features and means,
            nothing is unfamiliar.
    """
    exact_NC = np.asarray(logits_NC, np.float64)
    counts_C = np.bincount(targets_N, minlength=len(labels))
    total = len(targets_N)
    reason = why_not(targets_N, labels)
    fitted = None
    if not reason:
        familiarity = (
            None if features_ND is None or means_CD is None
            else fit_familiarity(means_CD, features_ND)
        )  # fmt: skip
        fitted = _fit(exact_NC, targets_N, labels, familiarity)
    return Calibration(
        labels=labels,
        pictures=total,
        accuracy=float((exact_NC.argmax(axis=1) == targets_N).mean()) if total else None,
        majority=float(counts_C.max() / total) if total else None,
        reason=reason,
        fitted=fitted,
    )


def fit_thresholds(
    logits_NC: NDArray[np.floating], truth_NC: BoolArray, labels: tuple[str, ...]
) -> Calibration:
    """Fit from which probability on each label is given, where a picture may have several.

    Args:
        logits_NC: Logits of the validation pictures.
        truth_NC: Whether each has each label.
        labels: In label order.
    """
    return Calibration(
        labels=labels,
        pictures=len(truth_NC),
        accuracy=None,
        majority=None,
        reason="a picture may have several labels, and each is answered by itself",
        fitted=None,
        thresholds=tuple(best_thresholds(sigmoid(logits_NC), truth_NC).tolist()),
    )


def why_not(targets_N: IntArray, labels: tuple[str, ...]) -> str:
    """Return why nothing can be fitted on pictures with these true labels; empty if it can."""
    total = len(targets_N)
    if total < MIN_PICTURES:
        return f"validation has too few pictures: {total} of {MIN_PICTURES}"
    counts_C = np.bincount(targets_N, minlength=len(labels))
    absent = [display_name(labels[label]) for label in np.flatnonzero(counts_C == 0)]
    return f"validation has no pictures of {', '.join(absent)}" if absent else ""


def _fit(
    logits_NC: FloatArray,
    targets_N: IntArray,
    labels: tuple[str, ...],
    familiarity: Familiarity | None,
) -> Fitted:
    temperature = fit_temperature(logits_NC, targets_N)
    probabilities_NC = probabilities(logits_NC, temperature)
    groups_CG = group_matrix(labels)[1]
    return Fitted(
        temperature=temperature,
        sure=_sure_from(probabilities_NC, targets_N),
        group_sure=_sure_from(probabilities_NC @ groups_CG, groups_CG.argmax(axis=1)[targets_N]),
        likely=_fit_sets(logits_NC, targets_N, temperature),
        familiarity=familiarity,
    )


def _sure_from(probabilities_NC: FloatArray, targets_N: IntArray) -> float | None:
    """Return the lowest probability from which on answers are right often enough.

    The one-sided lower bound of Clopper and Pearson (1934) for the share of right answers must
    reach `PRECISION`, at the level 1 - `DOUBT`. So 22 answers must all be right, or 38 but one
    (docs/experiments.md says why this rule).
    """
    confidence_N = probabilities_NC.max(axis=1)
    order = np.argsort(-confidence_N, kind="stable")
    right_N: BoolArray = (probabilities_NC.argmax(axis=1) == targets_N)[order]
    sorted_N = confidence_N[order]
    # Equal probabilities are sure together, or not at all.
    ends_N = np.append(sorted_N[1:] < sorted_N[:-1], True)
    wrong_N = np.cumsum(~right_N)
    for last in np.flatnonzero(ends_N)[::-1]:
        if chance_of_so_few(int(wrong_N[last]), int(last) + 1) <= DOUBT:
            return float(sorted_N[last])
    return None


def chance_of_so_few(wrong: int, answers: int) -> float:
    """Return how probable it is that so few answers or fewer are wrong, where 1 - `PRECISION` are.

    The bound of Clopper and Pearson at the level 1 - a reaches `PRECISION` exactly where this
    binomial probability is at most a.
    """
    share = 1 - PRECISION
    if wrong >= share * answers:
        return 1.0  # It is about a half or more. Most calls end here.
    logs = (
        lgamma(answers + 1) - lgamma(k + 1) - lgamma(answers - k + 1)
        + k * log(share) + (answers - k) * log(PRECISION)
        for k in range(wrong + 1)
    )  # fmt: skip
    return sum(map(exp, logs))


def _fit_sets(logits_NC: FloatArray, targets_N: IntArray, temperature: float) -> LikelySets:
    """Choose the sets' temperature on every fourth picture of each style, calibrate on the rest."""
    order = np.argsort(targets_N, kind="stable")
    first, second = order[::4], np.delete(order, np.s_[::4])
    own = smallest_sets_temperature(logits_NC[first], targets_N[first], COVERAGE, temperature)
    probabilities_NC = probabilities(logits_NC[second], own)
    least = least_probability(probabilities_NC, targets_N[second], COVERAGE)
    return LikelySets(coverage=COVERAGE, temperature=own, least=least)
