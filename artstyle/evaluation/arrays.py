"""Scores and intervals of answers that are in arrays, computed as ``report.json`` has them."""

from collections.abc import Sequence
from reprlib import repr as short_repr
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from artstyle.data.manifest import ManifestRow
from artstyle.errors import UsageError
from artstyle.evaluation.document import (
    MACRO_AVERAGE,
    WEIGHTED_AVERAGE,
    Bounds,
    ConfusionMatrix,
    EvaluationReport,
    ReliabilityBins,
    ReportHeader,
    Scores,
)
from artstyle.evaluation.outcome import Outcome
from artstyle.evaluation.summary import summarise
from artstyle.metrics import FloatArray
from artstyle.storage.arrays import as_labels, as_scores, require_equal_length
from artstyle.storage.documents import Document

_NOTHING_KNOWN = ReportHeader(
    model="", dataset="", split="", run="", architecture="", dataset_path="", warnings=()
)


class Score(Document):
    """A score with the ranges within which chance alone may move it."""

    value: float
    """The score."""
    interval: Bounds
    """95% interval from a bootstrap of pictures."""
    by_artist: Bounds | None
    """The same from a bootstrap of artists with all their pictures; null if none is known."""


class PredictionScores(Document):
    """The scores of predicted labels.

    Examples:
        >>> labels = ["Baroque", "Rococo"]
        >>> scores = artstyle.evaluate_predictions([0, 1, 1, 1], [0, 0, 1, 1], labels)
        >>> scores.styles["Rococo"].precision
        0.6666666666666666
        >>> scores.confusion_matrix.counts
        ((1, 1), (0, 2))
    """

    pictures: int
    """Pictures that were scored."""
    artists: int | None
    """Artists; each picture by an unknown artist counts as one; null if none is known."""
    accuracy: Score
    """Share of pictures whose predicted style is right."""
    macro_f1: Score
    """Mean F1 over the styles that have pictures."""
    weighted_f1: float
    """Mean F1 over the styles, weighted by their pictures."""
    styles: dict[str, Scores]
    """Precision, recall, F1 and support of each style."""
    confusion_matrix: ConfusionMatrix
    """How often each true style is predicted as each style."""


class LogitScores(PredictionScores):
    """The scores of logits.

    Examples:
        >>> labels = ["Baroque", "Rococo"]
        >>> scores = artstyle.evaluate_logits([[2.0, 0.0], [0.0, 2.0]], [0, 1], labels)
        >>> round(scores.mean_confidence, 3)
        0.881
        >>> sorted(scores.to_dict())[:3]  # as it would be in JSON
        ['accuracy', 'artists', 'brier_score']
    """

    top3_accuracy: Score
    """Share of pictures whose style is among the three most probable."""
    expected_calibration_error: float
    """Mean gap between confidence and accuracy (Guo et al. 2017, eq. 3)."""
    mean_confidence: float
    """Mean probability of the predicted styles."""
    negative_log_likelihood: float
    """Mean negative natural logarithm of the true styles' probabilities."""
    brier_score: float
    """Mean squared distance of the probabilities from the truth, 0 to 2."""
    reliability: ReliabilityBins
    """How often predictions of a given confidence are right."""


def evaluate_logits(
    logits: ArrayLike,
    targets: ArrayLike,
    labels: Sequence[str],
    *,
    artists: Sequence[str] | None = None,
    temperature: float = 1.0,
) -> LogitScores:
    """Return the scores and intervals that `evaluate` would give these logits.

    Args:
        logits: N x C finite numbers, from any model; logarithms of probabilities will do.
        targets: N true labels, positions in ``labels``.
        labels: The C style names.
        artists: Who painted each picture, "" where it is unknown; None if no artist is known.
        temperature: Divides the logits, as `fit_temperature` gives it.

    Raises:
        UsageError: An array has another shape, type or length, or another label; or is empty.

    Examples:
        >>> logits = [[2.0, 1.0], [0.5, 1.0], [3.0, 0.0], [0.0, 1.0]]
        >>> labels, artists = ["Baroque", "Rococo"], ["Rubens", "Rubens", "", "Boucher"]
        >>> scores = artstyle.evaluate_logits(logits, [0, 0, 0, 1], labels, artists=artists)
        >>> scores.accuracy.value, scores.accuracy.interval
        (0.75, (0.25, 1.0))
        >>> scores.artists
        3
    """
    logits_NC = as_scores(logits, "logits", len(labels))
    if not 0 < temperature < np.inf:
        raise UsageError(f"a temperature is a number above 0, not {temperature}")
    report = _report(logits_NC / temperature, targets, labels, artists)
    assert report.reliability is not None
    return LogitScores(
        **_scores(report),
        top3_accuracy=_score(report, "top3_accuracy"),
        expected_calibration_error=report.expected_calibration_error,
        mean_confidence=report.mean_confidence,
        negative_log_likelihood=report.negative_log_likelihood,
        brier_score=report.brier_score,
        reliability=report.reliability,
    )


def evaluate_predictions(
    predictions: ArrayLike,
    targets: ArrayLike,
    labels: Sequence[str],
    *,
    artists: Sequence[str] | None = None,
) -> PredictionScores:
    """Return the scores that `evaluate` would give these predictions, with their intervals.

    The intervals are from other draws than those of `evaluate_logits`, so they differ a little.

    Args:
        predictions: N predicted labels, positions in ``labels``.
        targets: N true labels, the same.
        labels: The C style names.
        artists: Who painted each picture, "" where it is unknown; None if no artist is known.

    Raises:
        UsageError: An array has another shape, type or length, or another label; or is empty.

    Examples:
        >>> labels = ["Baroque", "Rococo"]
        >>> scores = artstyle.evaluate_predictions([0, 1, 1, 1], [0, 0, 1, 1], labels)
        >>> round(scores.macro_f1.value, 3)
        0.733
    """
    predictions_N = as_labels(predictions, "predictions", len(labels))
    # As logits, a 1 for the predicted style gives its scores; those of probabilities are not used.
    return PredictionScores(
        **_scores(_report(np.eye(len(labels))[predictions_N], targets, labels, artists))
    )


def _report(
    logits_NC: FloatArray, targets: ArrayLike, labels: Sequence[str], artists: Sequence[str] | None
) -> EvaluationReport:
    """Return the report of an evaluation with these answers; of the pictures nothing is known."""
    _require_names(labels)
    targets_N = as_labels(targets, "targets", len(labels))
    painters = [""] * len(targets_N) if artists is None else artists
    if isinstance(painters, str):
        raise UsageError("artists are a list with a name for each picture, not one text")
    require_equal_length(answers=logits_NC, targets=targets_N)
    if len(painters) != len(targets_N):
        raise UsageError(f"each picture has an artist, or '', but {len(painters)} are named")
    if not len(targets_N):
        raise UsageError("there are no pictures to score")
    outcome = Outcome(
        labels=tuple(map(str, labels)),
        rows=tuple(map(_row, (str(labels[label]) for label in targets_N), painters)),
        logits_NC=logits_NC,
        artist_seen=(None,) * len(targets_N),
    )
    return summarise(_NOTHING_KNOWN, outcome, None)


def _require_names(labels: Sequence[str]) -> None:
    texts = not isinstance(labels, str) and all(isinstance(name, str) for name in labels)
    if not texts or not len(labels) or len(set(labels)) < len(labels):
        raise UsageError(f"labels are the styles' names, each once, not {short_repr(labels)}")
    if taken := sorted({"accuracy", MACRO_AVERAGE, WEIGHTED_AVERAGE} & set(labels)):
        raise UsageError(f"a style cannot be called '{taken[0]}': a score has that name")


def _row(style: str, artist: str) -> ManifestRow:
    return ManifestRow(
        path="", style=style, artist=artist, title="", genre="", split="", left_out="",
        width=1, height=1, sha256="", phash="", cached="",
    )  # fmt: skip


def _scores(report: EvaluationReport) -> dict[str, Any]:
    by_artist = report.intervals.by_artist
    return {
        "pictures": report.pictures,
        "artists": by_artist and by_artist.artists,
        "accuracy": _score(report, "accuracy"),
        "macro_f1": _score(report, "macro_f1"),
        "weighted_f1": report.weighted_f1,
        "styles": {style: report.scores(style) for style in report.styles},
        "confusion_matrix": report.confusion_matrix,
    }


def _score(report: EvaluationReport, name: str) -> Score:
    by_artist = report.intervals.by_artist
    return Score(
        value=getattr(report, name),
        interval=getattr(report.intervals, name),
        by_artist=by_artist and getattr(by_artist, name),
    )
