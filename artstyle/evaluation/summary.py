"""How ``report.json`` is made: every score of an evaluation."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from artstyle import metrics
from artstyle.confidence.answers import VERDICTS, Verdict
from artstyle.confidence.calibration import uncalibrated_reason
from artstyle.data.artists import artist_key, artist_oracle
from artstyle.data.description import ArtistOracle
from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import (
    MACRO_AVERAGE,
    WEIGHTED_AVERAGE,
    ArtistGroup,
    ArtistGroups,
    ArtistIntervals,
    Bounds,
    Confidence,
    ConfusionMatrix,
    EvaluationReport,
    Intervals,
    ReliabilityBins,
    ReportHeader,
    Scores,
    VerdictScores,
)
from artstyle.evaluation.intervals import Answers, artist_clusters, cluster_intervals
from artstyle.evaluation.outcome import TOP_K, Outcome

_SEED = 42
_RESAMPLES = 1000
_LEVEL = 0.95


def summarise(
    header: ReportHeader, outcome: Outcome, training: Sequence[ManifestRow] | None
) -> EvaluationReport:
    """Return the report of an evaluation.

    Args:
        header: What was evaluated.
        outcome: The model's answers.
        training: The training images; None if they are not known.
    """
    scores = metrics.style_scores(outcome.confusion_CC)
    return EvaluationReport(
        **header.to_dict(),
        pictures=len(outcome.rows),
        unreadable=len(outcome.unreadable),
        accuracy=metrics.accuracy(outcome.confusion_CC),
        top3_accuracy=float((outcome.ranks_N <= TOP_K).mean()),
        macro_f1=metrics.macro_average(scores).f1,
        weighted_f1=metrics.weighted_average(scores).f1,
        intervals=_intervals(outcome),
        expected_calibration_error=outcome.reliability.expected_calibration_error,
        mean_confidence=float(outcome.confidence_N.mean()),
        negative_log_likelihood=_negative_log_likelihood(outcome),
        brier_score=metrics.brier_score(outcome.probabilities_NC, outcome.targets_N),
        artists=_by_artist(outcome),
        artist_oracle=_oracle(outcome, training),
        classification_report=_classification_report(outcome),
        styles_without_pictures=[
            style
            for style, support in zip(outcome.labels, scores.support_C, strict=True)
            if support == 0
        ],
        confusion_matrix=ConfusionMatrix(
            labels=outcome.labels, counts=outcome.confusion_CC.tolist()
        ),
        reliability=_bins(outcome.reliability),
        confidence=_confidence(outcome),
        not_calibrated=uncalibrated_reason(outcome.calibration),
    )


def _negative_log_likelihood(outcome: Outcome) -> float:
    of_truth_N1 = np.take_along_axis(
        outcome.log_probabilities_NC, outcome.targets_N[:, None], axis=1
    )
    return float(-of_truth_N1.mean())


def _classification_report(outcome: Outcome) -> dict[str, Scores | float]:
    """Return the scores of the styles and their averages, laid out as scikit-learn does.

    Every style of the model has its entry. The macro average is over the styles with pictures, as
    with scikit-learn's ``labels`` set to these.
    """
    scores = metrics.style_scores(outcome.confusion_CC)
    entries: dict[str, Scores | float] = {
        style: Scores(
            precision=float(scores.precision_C[label]),
            recall=float(scores.recall_C[label]),
            f1=float(scores.f1_C[label]),
            support=int(scores.support_C[label]),
        )
        for label, style in enumerate(outcome.labels)
    }
    entries["accuracy"] = metrics.accuracy(outcome.confusion_CC)
    for name, average in (
        (MACRO_AVERAGE, metrics.macro_average(scores)),
        (WEIGHTED_AVERAGE, metrics.weighted_average(scores)),
    ):
        entries[name] = Scores(
            precision=average.precision,
            recall=average.recall,
            f1=average.f1,
            support=len(outcome.rows),
        )
    return entries


def _confidence(outcome: Outcome) -> Confidence | None:
    fitted = outcome.calibration.fitted if outcome.calibration else None
    if fitted is None:
        return None
    before, likely = outcome.raw_reliability, [answer.likely or () for answer in outcome.answers]
    return Confidence(
        temperature=fitted.temperature,
        error_before=before.expected_calibration_error,
        reliability_before=_bins(before),
        verdicts=tuple(_verdict_scores(outcome, verdict) for verdict in VERDICTS),
        coverage_wanted=fitted.likely.coverage,
        coverage=float(
            np.mean([row.style in s for row, s in zip(outcome.rows, likely, strict=True)])
        ),
        mean_likely=float(np.mean([len(styles) for styles in likely])),
    )


def _verdict_scores(outcome: Outcome, verdict: Verdict) -> VerdictScores:
    chosen_N = np.array([answer.verdict == verdict for answer in outcome.answers])
    support = int(chosen_N.sum())
    return VerdictScores(
        verdict=verdict,
        share=support / len(chosen_N),
        support=support,
        accuracy=float(outcome.correct_N[chosen_N].mean()) if support else None,
    )


def _bins(bins: metrics.Reliability) -> ReliabilityBins:
    return ReliabilityBins(
        edges=bins.edges.tolist(),
        counts=bins.counts.tolist(),
        confidence=bins.confidence.tolist(),
        accuracy=bins.accuracy.tolist(),
    )


def _intervals(outcome: Outcome) -> Intervals:
    bootstrap = _bootstrap(outcome, np.ones(len(outcome.rows), dtype=np.bool_))
    return Intervals(
        level=_LEVEL,
        method="percentile bootstrap over pictures, not stratified; Clopper and Pearson's where all"
        " answers are right, or none",
        resamples=_RESAMPLES,
        seed=_SEED,
        accuracy=_bounds(bootstrap["accuracy"]),
        macro_f1=_bounds(bootstrap["macro_f1"]),
        top3_accuracy=_bounds(bootstrap["top_k_accuracy"]),
        by_artist=_artist_intervals(outcome),
    )


def _artist_intervals(outcome: Outcome) -> ArtistIntervals | None:
    artists = [row.artist for row in outcome.rows]
    if not any(artists):
        return None
    answers = Answers(
        num_styles=len(outcome.labels),
        targets_N=outcome.targets_N,
        predictions_N=outcome.predictions_N,
        in_top_k_N=outcome.ranks_N <= TOP_K,
        confidence_N=outcome.confidence_N,
    )
    clusters_N = artist_clusters(artists)
    found = cluster_intervals(answers, clusters_N, seed=_SEED, resamples=_RESAMPLES, level=_LEVEL)
    return ArtistIntervals(
        artists=int(clusters_N.max()) + 1,
        accuracy=_bounds(found.accuracy),
        macro_f1=_bounds(found.macro_f1),
        top3_accuracy=_bounds(found.top_k_accuracy),
    )


def _by_artist(outcome: Outcome) -> ArtistGroups:
    return ArtistGroups(
        seen=_artist_group(outcome, True),
        unseen=_artist_group(outcome, False),
        unknown=_artist_group(outcome, None),
    )


def _artist_group(outcome: Outcome, wanted: bool | None) -> ArtistGroup:
    chosen_N = np.array([seen is wanted for seen in outcome.artist_seen], dtype=np.bool_)
    support = int(chosen_N.sum())
    if not support:
        return ArtistGroup(support=0, accuracy=None, interval=None)
    interval = _bootstrap(outcome, chosen_N)["accuracy"]
    return ArtistGroup(support=support, accuracy=interval.value, interval=_bounds(interval))


def _bootstrap(outcome: Outcome, chosen_N: metrics.BoolArray) -> dict[str, metrics.Interval]:
    return metrics.bootstrap_intervals(
        outcome.targets_N[chosen_N],
        outcome.predictions_N[chosen_N],
        outcome.ranks_N[chosen_N] <= TOP_K,
        len(outcome.labels),
        seed=_SEED,
        resamples=_RESAMPLES,
        level=_LEVEL,
    )


def _oracle(outcome: Outcome, training: Sequence[ManifestRow] | None) -> ArtistOracle | None:
    """Return what the artist's name alone would score on the same pictures."""
    if training is None:
        return None
    rows = (*training, *outcome.rows)
    oracle = artist_oracle(
        ["train"] * len(training) + ["test"] * len(outcome.rows),
        [row.style for row in rows],
        [artist_key(row.artist) for row in rows],
        "test",
    )
    return None if oracle is None else ArtistOracle(**asdict(oracle))


def _bounds(interval: metrics.Interval) -> Bounds:
    return interval.low, interval.high
