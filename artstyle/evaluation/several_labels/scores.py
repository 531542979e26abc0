"""The evaluation of a model whose pictures may have several labels: each is scored by itself.

Axes: N pictures, C labels, R draws of a bootstrap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import ReportHeader
from artstyle.evaluation.outcome import Unreadable
from artstyle.evaluation.several_labels.document import LabelIntervals, LabelReport, LabelScores
from artstyle.metrics import (
    BoolArray,
    FloatArray,
    StyleScores,
    average_precision,
    exact_at_the_ends,
    macro_average,
    percentile_interval,
    separate_scores,
)
from artstyle.styles.names import joined_labels
from artstyle.styles.targets import Targets, sigmoid

_SEED, _RESAMPLES, _LEVEL = 42, 1000, 0.95
_DRAWS_AT_ONCE = 100
_FIRST_COLUMNS = ("path", "labels", "given", "correct", "artist", "error")


@dataclass(frozen=True)
class LabelOutcome:
    """The N pictures that could be read, and the model's answers to each of C labels."""

    labels: tuple[str, ...]
    rows: tuple[ManifestRow, ...]
    logits_NC: FloatArray
    thresholds_C: FloatArray
    """From which probability on each label is given; fitted on validation pictures."""
    unreadable: tuple[Unreadable, ...] = ()

    @cached_property
    def truth_NC(self) -> BoolArray:
        """Whether each picture has each label."""
        targets = Targets(self.labels, multi=True)
        truth_NC: BoolArray = targets.indicators([row.style for row in self.rows]) > 0
        return truth_NC

    @cached_property
    def probabilities_NC(self) -> FloatArray:
        """The sigmoid of the logits; a row does not add up to 1."""
        return sigmoid(self.logits_NC)

    @cached_property
    def given_NC(self) -> BoolArray:
        """Whether each label's probability reaches its threshold."""
        given_NC: BoolArray = self.probabilities_NC >= self.thresholds_C
        return given_NC

    @cached_property
    def scores(self) -> StyleScores:
        """Precision, recall and F1 of each label at its threshold."""
        return separate_scores(self.truth_NC, self.given_NC)

    @property
    def prediction_columns(self) -> tuple[str, ...]:
        """The columns of ``predictions.csv``; the last C are probabilities."""
        return (*_FIRST_COLUMNS, *(f"probability {label}" for label in self.labels))

    def prediction_rows(self) -> Iterator[dict[str, object]]:
        """Yield one row for each picture for ``predictions.csv``; unreadable pictures come last."""
        for position, row in enumerate(self.rows):
            given_C, probabilities_C = self.given_NC[position], self.probabilities_NC[position]
            right = bool((given_C == self.truth_NC[position]).all())
            yield {
                "path": row.path,
                "labels": row.style,
                "given": joined_labels(self.labels[c] for c in np.flatnonzero(given_C)),
                "correct": "yes" if right else "no",
                "artist": row.artist,
                **{
                    f"probability {label}": f"{probability:.6f}"
                    for label, probability in zip(self.labels, probabilities_C, strict=True)
                },
            }
        for failed in self.unreadable:
            row = failed.row
            yield {"path": row.path, "labels": row.style, "artist": row.artist,
                   "error": failed.reason}  # fmt: skip


def summarise_labels(header: ReportHeader, outcome: LabelOutcome) -> LabelReport:
    """Return the report of an evaluation. Means are over the labels that have pictures."""
    draws = _draws(outcome, np.ones((1, len(outcome.rows))))
    precision_C, support_C = draws.precision_RC[0], outcome.scores.support_C
    present_C = support_C > 0
    intervals = _intervals(outcome)
    return LabelReport(
        **header.to_dict(),
        pictures=len(outcome.rows),
        unreadable=len(outcome.unreadable),
        mean_average_precision=float(precision_C[present_C].mean()),
        chance_average_precision=float(support_C[present_C].mean() / len(outcome.rows)),
        micro_f1=float(draws.micro_f1_R[0]),
        macro_f1=macro_average(outcome.scores).f1,
        all_labels_right=float((outcome.given_NC == outcome.truth_NC).all(axis=1).mean()),
        mean_labels=float(outcome.truth_NC.sum(axis=1).mean()),
        mean_given=float(outcome.given_NC.sum(axis=1).mean()),
        intervals=intervals,
        labels={
            label: LabelScores(
                average_precision=float(precision_C[c]) if support_C[c] else None,
                threshold=float(outcome.thresholds_C[c]),
                precision=float(outcome.scores.precision_C[c]),
                recall=float(outcome.scores.recall_C[c]),
                f1=float(outcome.scores.f1_C[c]),
                support=int(support_C[c]),
            )
            for c, label in enumerate(outcome.labels)
        },
    )


@dataclass(frozen=True)
class _Draws:
    """Scores of R draws of pictures."""

    precision_RC: FloatArray
    micro_f1_R: FloatArray
    f1_RC: FloatArray


def _draws(outcome: LabelOutcome, weights_RN: FloatArray) -> _Draws:
    truth_NC, given_NC = outcome.truth_NC, outcome.given_NC
    right_RC = weights_RN @ (truth_NC & given_NC)
    either_RC = weights_RN @ truth_NC.astype(float) + weights_RN @ given_NC.astype(float)
    precision = [
        average_precision(outcome.probabilities_NC[:, c], truth_NC[:, c], weights_RN)
        for c in range(len(outcome.labels))
    ]
    return _Draws(
        precision_RC=np.stack(precision, axis=1),
        micro_f1_R=2 * right_RC.sum(axis=1) / np.maximum(either_RC.sum(axis=1), 1),
        f1_RC=2 * right_RC / np.maximum(either_RC, 1),
    )


def _intervals(outcome: LabelOutcome) -> LabelIntervals:
    """Return intervals from draws of pictures; a label that a draw misses counts 0."""
    total = len(outcome.rows)
    rng = np.random.default_rng(_SEED)
    drawn_RN = rng.multinomial(total, np.full(total, 1 / total), size=_RESAMPLES)
    weights_RN = np.vstack([np.ones(total, drawn_RN.dtype), drawn_RN])
    parts = [
        _draws(outcome, weights_RN[start : start + _DRAWS_AT_ONCE].astype(np.float64))
        for start in range(0, len(weights_RN), _DRAWS_AT_ONCE)
    ]
    present_C = outcome.scores.support_C > 0
    values_R = {
        "mean_average_precision": [part.precision_RC[:, present_C].mean(axis=1) for part in parts],
        "micro_f1": [part.micro_f1_R for part in parts],
        "macro_f1": [part.f1_RC[:, present_C].mean(axis=1) for part in parts],
    }
    return LabelIntervals(
        level=_LEVEL,
        method="percentile bootstrap over pictures, not stratified",
        resamples=_RESAMPLES,
        seed=_SEED,
        **{name: _bounds(np.concatenate(found), total) for name, found in values_R.items()},
    )


def _bounds(values_R: FloatArray, total: int) -> tuple[float, float]:
    interval = exact_at_the_ends(percentile_interval(values_R, _LEVEL), _LEVEL, total)
    return interval.low, interval.high


def label_rows(report: LabelReport) -> Sequence[tuple[str, LabelScores]]:
    """Return the labels with their scores, the most frequent first."""
    return sorted(report.labels.items(), key=lambda item: -item[1].support)
