"""The evaluation of a model whose pictures may have several labels: each is scored by itself.

Axes: N pictures, C labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import Bounds, ReportHeader
from artstyle.evaluation.intervals import artist_clusters
from artstyle.evaluation.outcome import Unreadable
from artstyle.evaluation.several_labels.answers import LabelAnswers, draws_interval, label_draws
from artstyle.evaluation.several_labels.document import (
    LabelArtistIntervals,
    LabelIntervals,
    LabelReport,
    LabelScores,
)
from artstyle.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    StyleScores,
    macro_average,
    separate_scores,
)
from artstyle.styles.names import joined_labels
from artstyle.styles.targets import Targets, sigmoid

_SEED, _RESAMPLES, _LEVEL = 42, 1000, 0.95
PROBABILITY = "probability "
"""Begins the names of the columns with the labels' probabilities."""
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
    def answers(self) -> LabelAnswers:
        """What scores and intervals are computed from."""
        return LabelAnswers(self.truth_NC, self.given_NC, self.probabilities_NC)

    @cached_property
    def scores(self) -> StyleScores:
        """Precision, recall and F1 of each label at its threshold."""
        return separate_scores(self.truth_NC, self.given_NC)

    def prediction_rows(self) -> Iterator[dict[str, object]]:
        """Yield one row for each picture for ``predictions.csv``; unreadable pictures come last."""
        for position, row in enumerate(self.rows):
            given_C, probabilities_C = self.given_NC[position], self.probabilities_NC[position]
            yield {
                "path": row.path,
                "labels": row.style,
                "given": joined_labels(self.labels[c] for c in np.flatnonzero(given_C)),
                "correct": "yes" if self.answers.correct_N[position] else "no",
                "artist": row.artist,
                **{
                    f"{PROBABILITY}{label}": f"{probability:.6f}"
                    for label, probability in zip(self.labels, probabilities_C, strict=True)
                },
            }
        for failed in self.unreadable:
            row = failed.row
            yield {"path": row.path, "labels": row.style, "artist": row.artist,
                   "error": failed.reason}  # fmt: skip


def label_columns(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of ``predictions.csv``; the last C are probabilities."""
    return (*_FIRST_COLUMNS, *(f"{PROBABILITY}{label}" for label in labels))


def summarise_labels(header: ReportHeader, outcome: LabelOutcome) -> LabelReport:
    """Return the report of an evaluation. Means are over the labels that have pictures."""
    observed = label_draws(outcome.answers, np.arange(len(outcome.rows)), seed=_SEED, resamples=0)
    precision_C, support_C = observed.average_precision_RC[0], outcome.scores.support_C
    present_C = support_C > 0
    return LabelReport(
        **header.to_dict(),
        pictures=len(outcome.rows),
        unreadable=len(outcome.unreadable),
        mean_average_precision=float(precision_C[present_C].mean()),
        chance_average_precision=float(support_C[present_C].mean() / len(outcome.rows)),
        micro_f1=float(observed.micro_f1_R[0]),
        macro_f1=macro_average(outcome.scores).f1,
        all_labels_right=float(outcome.answers.correct_N.mean()),
        mean_labels=float(outcome.truth_NC.sum(axis=1).mean()),
        mean_given=float(outcome.given_NC.sum(axis=1).mean()),
        intervals=_intervals(outcome),
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


def _intervals(outcome: LabelOutcome) -> LabelIntervals:
    """Return the ranges for other pictures, and for other artists if any is known."""
    artists = [row.artist for row in outcome.rows]
    return LabelIntervals(
        level=_LEVEL,
        method="percentile bootstrap over pictures, not stratified",
        resamples=_RESAMPLES,
        seed=_SEED,
        **_ranges(outcome.answers, np.arange(len(artists))),
        by_artist=_artist_intervals(outcome.answers, artists) if any(artists) else None,
    )


def _artist_intervals(answers: LabelAnswers, artists: Sequence[str]) -> LabelArtistIntervals:
    clusters_N = artist_clusters(artists)
    count = int(clusters_N.max()) + 1
    return LabelArtistIntervals(artists=count, **_ranges(answers, clusters_N))


def _ranges(answers: LabelAnswers, clusters_N: IntArray) -> dict[str, Bounds]:
    draws = label_draws(answers, clusters_N, seed=_SEED, resamples=_RESAMPLES)
    found = {
        "mean_average_precision": draws.mean_average_precision_R,
        "micro_f1": draws.micro_f1_R,
        "macro_f1": draws.macro_f1_R,
    }
    clusters = int(clusters_N.max()) + 1
    intervals = {name: draws_interval(drawn, clusters, _LEVEL) for name, drawn in found.items()}
    return {name: (interval.low, interval.high) for name, interval in intervals.items()}


def label_rows(report: LabelReport) -> Sequence[tuple[str, LabelScores]]:
    """Return the labels with their scores, the most frequent first."""
    return sorted(report.labels.items(), key=lambda item: -item[1].support)
