"""A model's answers in full: calibrated probabilities, verdict, likely styles, and group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from artstyle.confidence.calibration import UNFAMILIAR, Calibration, Fitted
from artstyle.confidence.familiarity import Features
from artstyle.confidence.groups import group_matrix
from artstyle.confidence.sets import likely_sets
from artstyle.confidence.temperature import probabilities
from artstyle.errors import WeightsError
from artstyle.metrics import FloatArray
from artstyle.styles.targets import HALF, sigmoid

Verdict = Literal["sure", "unsure", "unfamiliar"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class GroupAnswer:
    """The most probable group of styles."""

    group: str
    probability: float
    """Between 0 and 1: the sum over the styles of the group."""
    sure: bool
    """Whether validation shows that at least 0.9 of answers with such a probability name the right
    group. Never where the picture is unfamiliar."""


@dataclass(frozen=True)
class Answer:
    """The answer for one picture."""

    probabilities_C: FloatArray
    """Calibrated where the model is."""
    verdict: Verdict | None
    """None where the model is not calibrated."""
    familiarity: float | None
    """Between 0 and 1: the share of new paintings that are less familiar."""
    likely: tuple[str, ...] | None
    """The styles that hold the true one in 90% of cases, the most probable first."""
    group: GroupAnswer | None
    """None if no group is known for the most probable styles."""
    labels: tuple[str, ...] | None = None
    """Where each label is answered by itself: those whose probability reaches their threshold, the
    most probable first. None where a picture has one label."""


def read_answers(
    logits_NC: NDArray[np.floating],
    features_ND: Features | None,
    calibration: Calibration | None,
    labels: tuple[str, ...],
    *,
    multi: bool = False,
) -> list[Answer]:
    """Return what the logits of N pictures mean.

    Args:
        logits_NC: As the model gives them.
        features_ND: The input of the model's last layer; None if it is not known.
        calibration: The model's; None if it has none.
        labels: The model's styles, in label order.
        multi: Whether each label is answered by itself.

    Raises:
        WeightsError: The calibration was fitted for other styles.
    """
    require_labels(calibration, labels)
    if multi:
        return list(_separate_answers(logits_NC, thresholds(calibration, labels), labels))
    fitted = calibration.fitted if calibration else None
    probabilities_NC = calibrated(logits_NC, calibration)
    familiarities = _familiarities(features_ND, fitted, len(logits_NC))
    groups = _groups(probabilities_NC, labels, fitted)
    likely = _likely(logits_NC, labels, fitted)
    answers = []
    for probabilities_C, known, styles, group in zip(
        probabilities_NC, familiarities, likely, groups, strict=True
    ):
        verdict = _verdict(probabilities_C, known, fitted)
        if group is not None and verdict == "unfamiliar":
            group = replace(group, sure=False)
        answers.append(Answer(probabilities_C, verdict, known, styles, group))
    return answers


def thresholds(calibration: Calibration | None, labels: Sequence[str]) -> FloatArray:
    """Return from which probability on each label is given, C; a half where none was fitted."""
    found = calibration.thresholds if calibration else None
    return np.full(len(labels), HALF) if found is None else np.array(found)


def _separate_answers(
    logits_NC: NDArray[np.floating], thresholds_C: FloatArray, labels: tuple[str, ...]
) -> Iterator[Answer]:
    for probabilities_C in sigmoid(logits_NC):
        order_C = np.argsort(-probabilities_C, kind="stable")
        given = tuple(labels[c] for c in order_C if probabilities_C[c] >= thresholds_C[c])
        yield Answer(probabilities_C, None, None, None, None, given)


def calibrated(logits_NC: NDArray[np.floating], calibration: Calibration | None) -> FloatArray:
    """Return probabilities, N x C, at the temperature of a model's calibration if it has one."""
    fitted = calibration.fitted if calibration else None
    return probabilities(logits_NC, fitted.temperature if fitted else None)


def require_labels(calibration: Calibration | None, labels: tuple[str, ...]) -> None:
    """Refuse a calibration that was fitted for other styles.

    Raises:
        WeightsError: It was.
    """
    if calibration is not None and calibration.labels != labels:
        raise WeightsError(
            f"the calibration is for other styles ({', '.join(calibration.labels)}) than the"
            f" model's ({', '.join(labels)}); train again, or use another checkpoint"
        )


def _verdict(
    probabilities_C: FloatArray, familiarity: float | None, fitted: Fitted | None
) -> Verdict | None:
    if fitted is None:
        return None
    if familiarity is not None and familiarity < UNFAMILIAR:
        return "unfamiliar"
    return "sure" if _reaches(float(probabilities_C.max()), fitted.sure) else "unsure"


def _reaches(probability: float, threshold: float | None) -> bool:
    return threshold is not None and probability >= threshold


def _familiarities(
    features_ND: Features | None, fitted: Fitted | None, count: int
) -> Sequence[float | None]:
    if features_ND is None or fitted is None or fitted.familiarity is None:
        return [None] * count
    return [float(share) for share in fitted.familiarity.of(features_ND)]


def _likely(
    logits_NC: NDArray[np.floating], labels: tuple[str, ...], fitted: Fitted | None
) -> Iterator[tuple[str, ...] | None]:
    if fitted is None:
        yield from [None] * len(logits_NC)
        return
    probabilities_NC = probabilities(logits_NC, fitted.likely.temperature)
    sets_NC = likely_sets(probabilities_NC, fitted.likely.least)
    order_NC = np.argsort(-probabilities_NC, axis=1, kind="stable")
    for order_C, set_C in zip(order_NC, sets_NC, strict=True):
        yield tuple(labels[label] for label in order_C if set_C[label])


def _groups(
    probabilities_NC: FloatArray, labels: tuple[str, ...], fitted: Fitted | None
) -> Iterator[GroupAnswer | None]:
    names, members_CG = group_matrix(labels)
    sums_NG = probabilities_NC @ members_CG
    for best, sums_G in zip(sums_NG.argmax(axis=1), sums_NG, strict=True):
        name, probability = names[best], min(float(sums_G[best]), 1.0)
        sure = _reaches(probability, fitted.group_sure if fitted else None)
        yield None if name is None else GroupAnswer(name, probability, sure)
