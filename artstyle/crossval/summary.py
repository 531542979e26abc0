"""How a cross-validation's report is made from the answers of its folds."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artstyle import metrics
from artstyle.crossval.answers import FoldAnswers, by_seed, pooled
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
from artstyle.evaluation.intervals import (
    Answers,
    Intervals,
    artist_clusters,
    draw_intervals,
    mean_draws,
    score_draws,
)
from artstyle.metrics import IntArray, Interval, Reliability
from artstyle.styles.names import label_order
from artstyle.styles.vocabulary import display_name

_SEED = 42
_RESAMPLES = 1000
_LEVEL = 0.95


@dataclass(frozen=True)
class _Scores:
    """The scores over all pictures, by each way of saying how far they may move."""

    by_picture: Intervals
    by_artist: Intervals
    each_seed: tuple[Intervals, ...]
    """Their values alone count: the scores of one seed."""

    def estimate(self, pick: Callable[[Intervals], Interval]) -> Estimate:
        """Return one score, the mean over the seeds."""
        picture, artist = pick(self.by_picture), pick(self.by_artist)
        of_seeds = [pick(scores).value for scores in self.each_seed]
        return Estimate(
            value=picture.value,
            seeds=(min(of_seeds), max(of_seeds)),
            pictures=(picture.low, picture.high),
            artists=(artist.low, artist.high),
        )


def summarise(
    plan: CrossvalPlan,
    data: DatasetFolder,
    folds: Folds,
    answered: Sequence[FoldAnswers],
) -> CrossvalReport:
    """Return the report over the answers of all folds.

    Args:
        plan: What was cross-validated.
        data: The data set.
        folds: The paintings and their groups.
        answered: The answers of each fold with each seed.

    Raises:
        DataError: The runs of two seeds could not read the same pictures.
    """
    seeds, labels = by_seed(answered), data.labels
    answers = pooled(answered, labels)
    artists_N = artist_clusters([row.artist for fold in seeds[0] for row in fold.rows])
    scores = _score([pooled(folds, labels) for folds in seeds], artists_N)
    targets_N = pooled(seeds[0], labels).targets_N
    confusion_CC = metrics.confusion_matrix(answers.targets_N, answers.predictions_N, len(labels))
    known = any(row.artist for row in folds.rows)
    return CrossvalReport(
        dataset=data.fingerprint,
        dataset_path=str(data.path),
        group=plan.group,
        groups=len(set(folds.groups)),
        method=plan.method,
        architecture=plan.config.model.name,
        seed=plan.config.seed,
        seeds=plan.run_seeds,
        pictures=len(targets_N),
        artists=int(artists_N.max()) + 1,
        unreadable=sum(fold.unreadable for fold in seeds[0]),
        accuracy=scores.estimate(lambda found: found.accuracy),
        macro_f1=scores.estimate(lambda found: found.macro_f1),
        top3_accuracy=scores.estimate(lambda found: found.top_k_accuracy),
        expected_calibration_error=scores.estimate(lambda found: found.expected_calibration_error),
        mean_confidence=float(answers.confidence_N.mean()),
        artist_oracle=_reference([fold.oracle for fold in seeds[0]], targets_N, labels)
        if known
        else None,
        majority=_reference([fold.majority for fold in seeds[0]], targets_N, labels),
        interval_level=_LEVEL,
        interval_draws=_RESAMPLES,
        interval_seed=_SEED,
        styles=_styles(labels, confusion_CC, targets_N, artists_N, scores),
        confusion_matrix=ConfusionMatrix(labels=labels, counts=confusion_CC.tolist()),
        reliability=_bins(answers.reliability),
        folds=[_fold_scores(fold, labels) for fold in answered],
        warnings=list(_warnings(folds, plan.group)),
    )


def _score(seeds: Sequence[Answers], artists_N: IntArray) -> _Scores:
    """Return the mean scores of all seeds, with intervals, and the scores of each."""
    pictures_N, targets_N = np.arange(len(artists_N)), seeds[0].targets_N

    def intervals(answers: Sequence[Answers], clusters_N: IntArray, draws: int) -> Intervals:
        scored = [score_draws(a, clusters_N, seed=_SEED, resamples=draws) for a in answers]
        return draw_intervals(mean_draws(scored), targets_N, clusters_N, _LEVEL)

    return _Scores(
        by_picture=intervals(seeds, pictures_N, _RESAMPLES),
        by_artist=intervals(seeds, artists_N, _RESAMPLES),
        each_seed=tuple(intervals([answers], pictures_N, 1) for answers in seeds),
    )


def _bins(reliability: Reliability) -> ReliabilityBins:
    return ReliabilityBins(
        edges=reliability.edges.tolist(),
        counts=reliability.counts.tolist(),
        confidence=reliability.confidence.tolist(),
        accuracy=reliability.accuracy.tolist(),
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
    scores: _Scores,
) -> dict[str, StyleEstimate]:
    shares = metrics.style_scores(confusion_CC)

    def estimate(label: int) -> StyleEstimate:
        return StyleEstimate(
            pictures=int((targets_N == label).sum()),
            artists=len(np.unique(artists_N[targets_N == label])),
            precision=float(shares.precision_C[label]),
            recall=float(shares.recall_C[label]),
            f1=scores.estimate(lambda found: found.f1_C[label]),
        )

    return {style: estimate(label) for label, style in enumerate(labels)}


def _fold_scores(fold: FoldAnswers, labels: Sequence[str]) -> FoldScores:
    answers = pooled([fold], labels)
    confusion_CC = metrics.confusion_matrix(answers.targets_N, answers.predictions_N, len(labels))
    train, val = fold.sizes
    return FoldScores(
        run=fold.run,
        seed=fold.seed,
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
