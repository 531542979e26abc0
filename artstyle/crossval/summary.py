"""How a cross-validation's report is made from the answers of its folds."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artstyle import metrics
from artstyle.crossval.answers import FoldAnswers, by_seed, pooled
from artstyle.crossval.document import (
    CrossvalHeader,
    CrossvalReport,
    Estimate,
    FoldScores,
    LabelCrossvalReport,
    Reference,
    StyleEstimate,
)
from artstyle.crossval.folds import Folds
from artstyle.crossval.plan import CrossvalPlan, Group
from artstyle.crossval.several_labels import summarise_labels
from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.document import ConfusionMatrix, ReliabilityBins
from artstyle.evaluation.intervals import (
    Answers,
    Intervals,
    artist_clusters,
    draw_intervals,
    joined,
    mean_draws,
    score_draws,
)
from artstyle.evaluation.several_labels.answers import LabelAnswers
from artstyle.metrics import IntArray, Interval, Reliability
from artstyle.styles.names import label_order, labels_in
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
        of_seeds = [pick(scores).value for scores in self.each_seed]
        return Estimate.of(of_seeds, pick(self.by_picture), pick(self.by_artist))


def summarise(
    plan: CrossvalPlan,
    data: DatasetFolder,
    folds: Folds,
    answered: Sequence[FoldAnswers],
) -> CrossvalReport | LabelCrossvalReport:
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
    artists_N = artist_clusters([row.artist for fold in seeds[0] for row in fold.rows])
    header = CrossvalHeader(
        dataset=data.fingerprint,
        dataset_path=str(data.path),
        group=plan.group,
        groups=len(set(folds.groups)),
        method=plan.method,
        architecture=plan.config.model.name,
        seed=plan.config.seed,
        seeds=plan.run_seeds,
        pictures=len(artists_N),
        artists=int(artists_N.max()) + 1,
        unreadable=sum(fold.unreadable for fold in seeds[0]),
        interval_level=_LEVEL,
        interval_draws=_RESAMPLES,
        interval_seed=_SEED,
        folds=[_fold_scores(fold, labels) for fold in answered],
        warnings=list(_warnings(folds, plan.group)),
    )
    of_seeds = [pooled(of_seed, labels) for of_seed in seeds]
    several = [answers for answers in of_seeds if isinstance(answers, LabelAnswers)]
    if several:
        return summarise_labels(header, labels, several, artists_N)
    single = [answers for answers in of_seeds if isinstance(answers, Answers)]
    known = any(row.artist for row in folds.rows)
    return _summarise_single(header, labels, seeds[0], single, artists_N, known)


def _summarise_single(
    header: CrossvalHeader,
    labels: Sequence[str],
    folds: Sequence[FoldAnswers],
    seeds: Sequence[Answers],
    artists_N: IntArray,
    artists_known: bool,
) -> CrossvalReport:
    scores, targets_N = _score(seeds, artists_N), seeds[0].targets_N
    answers = joined(seeds)
    confusion_CC = metrics.confusion_matrix(answers.targets_N, answers.predictions_N, len(labels))
    return CrossvalReport(
        **header.to_dict(),
        accuracy=scores.estimate(lambda found: found.accuracy),
        macro_f1=scores.estimate(lambda found: found.macro_f1),
        top3_accuracy=scores.estimate(lambda found: found.top_k_accuracy),
        expected_calibration_error=scores.estimate(lambda found: found.expected_calibration_error),
        mean_confidence=float(answers.confidence_N.mean()),
        artist_oracle=_reference([fold.oracle for fold in folds], targets_N, labels)
        if artists_known
        else None,
        majority=_reference([fold.majority for fold in folds], targets_N, labels),
        styles=_styles(labels, confusion_CC, targets_N, artists_N, scores),
        confusion_matrix=ConfusionMatrix(labels=labels, counts=confusion_CC.tolist()),
        reliability=_bins(answers.reliability),
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
    train, val = fold.sizes
    accuracy, macro_f1 = _accuracy_and_f1(pooled([fold], labels))
    return FoldScores(
        run=fold.run,
        seed=fold.seed,
        train=train,
        val=val,
        test=len(fold.rows),
        accuracy=accuracy,
        macro_f1=macro_f1,
    )


def _accuracy_and_f1(answers: Answers | LabelAnswers) -> tuple[float, float]:
    if isinstance(answers, LabelAnswers):
        scores = metrics.separate_scores(answers.truth_NC, answers.given_NC)
    else:
        scores = metrics.style_scores(
            metrics.confusion_matrix(answers.targets_N, answers.predictions_N, answers.num_styles)
        )
    return float(answers.correct_N.mean()), metrics.macro_average(scores).f1


def _warnings(folds: Folds, group: Group) -> Iterator[str]:
    unknown = sum(not row.artist for row in folds.rows)
    if group == "artist" and unknown:
        yield (
            f"The artist of {unknown:,} of {len(folds.rows):,} pictures is not known. Each counts"
            " as an artist of its own, so one artist may be in two folds."
        )
    places = defaultdict[str, set[int]](set)
    for row, fold in zip(folds.rows, folds.test_fold, strict=True):
        for label in labels_in(row.style):
            places[label].add(fold)
    alone = [display_name(style) for style in label_order(places) if len(places[style]) == 1]
    if alone:
        yield (
            f"All pictures of these styles are in one fold, whose run could not learn them:"
            f" {', '.join(alone)}. Every answer to them is wrong."
        )
