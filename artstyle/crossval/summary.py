"""How a cross-validation's report is made from the answers of its folds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from artstyle import metrics
from artstyle.crossval.answers import FoldAnswers, pooled
from artstyle.crossval.document import (
    CrossvalReport,
    Estimate,
    FoldScores,
    Reference,
    StyleEstimate,
)
from artstyle.crossval.folds import Folds
from artstyle.crossval.plan import CrossvalPlan, Group
from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.document import ConfusionMatrix, ReliabilityBins
from artstyle.evaluation.intervals import Intervals, artist_clusters, cluster_intervals
from artstyle.metrics import IntArray, Interval, Reliability
from artstyle.styles.names import label_order
from artstyle.styles.vocabulary import display_name

_SEED = 42
_RESAMPLES = 1000
_LEVEL = 0.95


def summarise(
    plan: CrossvalPlan,
    data: DatasetFolder,
    folds: Folds,
    answered: Sequence[FoldAnswers],
    runs: Sequence[str],
) -> CrossvalReport:
    """Return the report over the answers of all folds.

    Args:
        plan: What was cross-validated.
        data: The data set.
        folds: The paintings and their groups.
        answered: The answers of each fold.
        runs: The name of each fold's run folder.
    """
    labels, answers = data.labels, pooled(answered, data.labels)
    artists_N = artist_clusters([row.artist for fold in answered for row in fold.rows])
    clusters = (np.arange(len(artists_N)), artists_N)
    by_picture, by_artist = (
        cluster_intervals(answers, numbers_N, seed=_SEED, resamples=_RESAMPLES, level=_LEVEL)
        for numbers_N in clusters
    )
    targets_N = answers.targets_N
    confusion_CC = metrics.confusion_matrix(targets_N, answers.predictions_N, len(labels))
    known = any(row.artist for row in folds.rows)
    return CrossvalReport(
        dataset=data.fingerprint,
        dataset_path=str(data.path),
        group=plan.group,
        groups=len(set(folds.groups)),
        method=plan.method,
        architecture=plan.config.model.name,
        seed=plan.config.seed,
        pictures=len(targets_N),
        artists=int(artists_N.max()) + 1,
        unreadable=sum(fold.unreadable for fold in answered),
        **_estimates(by_picture, by_artist),
        mean_confidence=float(answers.confidence_N.mean()),
        artist_oracle=_reference([fold.oracle for fold in answered], targets_N, labels)
        if known
        else None,
        majority=_reference([fold.majority for fold in answered], targets_N, labels),
        interval_level=_LEVEL,
        interval_draws=_RESAMPLES,
        interval_seed=_SEED,
        styles=_styles(labels, confusion_CC, targets_N, artists_N, by_picture, by_artist),
        confusion_matrix=ConfusionMatrix(labels=labels, counts=confusion_CC.tolist()),
        reliability=_bins(answers.reliability),
        folds=[_fold_scores(run, fold, labels) for run, fold in zip(runs, answered, strict=True)],
        warnings=list(_warnings(folds, plan.group)),
    )


def _estimates(by_picture: Intervals, by_artist: Intervals) -> dict[str, Estimate]:
    """Return the scores over all answers, by their names in the report."""
    return {
        "accuracy": _estimate(by_picture.accuracy, by_artist.accuracy),
        "macro_f1": _estimate(by_picture.macro_f1, by_artist.macro_f1),
        "top3_accuracy": _estimate(by_picture.top_k_accuracy, by_artist.top_k_accuracy),
        "expected_calibration_error": _estimate(
            by_picture.expected_calibration_error, by_artist.expected_calibration_error
        ),
    }


def _bins(reliability: Reliability) -> ReliabilityBins:
    return ReliabilityBins(
        edges=reliability.edges.tolist(),
        counts=reliability.counts.tolist(),
        confidence=reliability.confidence.tolist(),
        accuracy=reliability.accuracy.tolist(),
    )


def _estimate(by_picture: Interval, by_artist: Interval) -> Estimate:
    return Estimate(
        value=by_picture.value,
        pictures=(by_picture.low, by_picture.high),
        artists=(by_artist.low, by_artist.high),
    )


def _reference(
    answers: Sequence[Sequence[str]], targets_N: IntArray, labels: Sequence[str]
) -> Reference:
    position = {label: n for n, label in enumerate(labels)}
    answers_N = np.array([position[style] for fold in answers for style in fold], dtype=np.int64)
    confusion_CC = metrics.confusion_matrix(targets_N, answers_N, len(labels))
    return Reference(
        accuracy=metrics.accuracy(confusion_CC),
        macro_f1=metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
    )


def _styles(
    labels: Sequence[str],
    confusion_CC: IntArray,
    targets_N: IntArray,
    artists_N: IntArray,
    by_picture: Intervals,
    by_artist: Intervals,
) -> dict[str, StyleEstimate]:
    scores = metrics.style_scores(confusion_CC)
    return {
        style: StyleEstimate(
            pictures=int(scores.support_C[label]),
            artists=len(np.unique(artists_N[targets_N == label])),
            precision=float(scores.precision_C[label]),
            recall=float(scores.recall_C[label]),
            f1=_estimate(by_picture.f1_C[label], by_artist.f1_C[label]),
        )
        for label, style in enumerate(labels)
    }


def _fold_scores(run: str, fold: FoldAnswers, labels: Sequence[str]) -> FoldScores:
    answers = pooled([fold], labels)
    confusion_CC = metrics.confusion_matrix(answers.targets_N, answers.predictions_N, len(labels))
    train, val = fold.sizes
    return FoldScores(
        run=run,
        train=train,
        val=val,
        test=len(fold.rows),
        accuracy=metrics.accuracy(confusion_CC),
        macro_f1=metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
    )


def _warnings(folds: Folds, group: Group) -> Iterator[str]:
    unknown = sum(not row.artist for row in folds.rows)
    if group == "artist" and unknown:
        yield (
            f"The artist of {unknown:,} of {len(folds.rows):,} pictures is not known. Each counts"
            " as an artist of its own, so one artist may be in two folds."
        )
    places = defaultdict[str, set[int]](set)
    for row, fold in zip(folds.rows, folds.test_fold, strict=True):
        places[row.style].add(fold)
    alone = [display_name(style) for style in label_order(places) if len(places[style]) == 1]
    if alone:
        yield (
            f"All pictures of these styles are in one fold, whose run could not learn them:"
            f" {', '.join(alone)}. Every answer to them is wrong."
        )
