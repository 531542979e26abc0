"""The report of a cross-validation whose pictures may have several labels.

Axes: N pictures, C labels, R draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from artstyle.crossval.document import (
    CrossvalHeader,
    Estimate,
    LabelCrossvalReport,
    LabelEstimate,
)
from artstyle.evaluation.several_labels.answers import (
    LabelAnswers,
    LabelDraws,
    draws_interval,
    label_draws,
    mean_label_draws,
)
from artstyle.metrics import BoolArray, FloatArray, IntArray, separate_scores


@dataclass(frozen=True)
class _Scores:
    """The draws that all scores and intervals come from."""

    of_seeds: tuple[LabelDraws, ...]
    by_picture: LabelDraws
    """Mean over the seeds, from draws of pictures."""
    by_artist: LabelDraws
    """The same from draws of artists."""
    artists_N: IntArray
    level: float

    def estimate(self, name: str) -> Estimate:
        """Return a score of all labels together, by the name of its draws."""
        return self._estimate(lambda drawn: getattr(drawn, name), np.ones(len(self.artists_N)) > 0)

    def estimate_of(self, label: int, name: str, has_N: BoolArray) -> Estimate:
        """Return a score of one label, which ``has_N`` pictures have."""
        return self._estimate(lambda drawn: getattr(drawn, name)[:, label], has_N)

    def _estimate(self, pick: Callable[[LabelDraws], FloatArray], has_N: BoolArray) -> Estimate:
        artists, of_seeds = len(np.unique(self.artists_N[has_N])), map(pick, self.of_seeds)
        values = [float(np.nan_to_num(values_R[0])) for values_R in of_seeds]
        pictures = draws_interval(pick(self.by_picture), int(has_N.sum()), self.level)
        others = draws_interval(pick(self.by_artist), artists, self.level)
        return Estimate.of(values, pictures, others)


def summarise_labels(
    header: CrossvalHeader,
    labels: Sequence[str],
    seeds: Sequence[LabelAnswers],
    artists_N: IntArray,
) -> LabelCrossvalReport:
    """Return the report: each score is the mean over the seeds, with both intervals.

    Args:
        header: What was cross-validated.
        labels: The data set's labels, C.
        seeds: The answers of each seed to the same N pictures.
        artists_N: The number of each picture's artist.
    """
    scores, truth_NC = _score(header, seeds, artists_N), seeds[0].truth_NC
    return LabelCrossvalReport(
        **header.to_dict(),
        accuracy=scores.estimate("accuracy_R"),
        mean_average_precision=scores.estimate("mean_average_precision_R"),
        micro_f1=scores.estimate("micro_f1_R"),
        macro_f1=scores.estimate("macro_f1_R"),
        chance_average_precision=float(truth_NC[:, seeds[0].present_C].mean()),
        styles=_labels(labels, seeds, scores),
    )


def _score(header: CrossvalHeader, seeds: Sequence[LabelAnswers], artists_N: IntArray) -> _Scores:
    def draws(clusters_N: IntArray) -> list[LabelDraws]:
        seed, resamples = header.interval_seed, header.interval_draws
        return [label_draws(a, clusters_N, seed=seed, resamples=resamples) for a in seeds]

    of_seeds = draws(np.arange(len(artists_N)))
    return _Scores(
        of_seeds=tuple(of_seeds),
        by_picture=mean_label_draws(of_seeds),
        by_artist=mean_label_draws(draws(artists_N)),
        artists_N=artists_N,
        level=header.interval_level,
    )


def _labels(
    labels: Sequence[str], seeds: Sequence[LabelAnswers], scores: _Scores
) -> dict[str, LabelEstimate]:
    truth_NC = seeds[0].truth_NC
    shares = separate_scores(
        np.concatenate([answers.truth_NC for answers in seeds]),
        np.concatenate([answers.given_NC for answers in seeds]),
    )
    return {
        name: LabelEstimate(
            pictures=int(truth_NC[:, label].sum()),
            precision=float(shares.precision_C[label]),
            recall=float(shares.recall_C[label]),
            f1=scores.estimate_of(label, "f1_RC", truth_NC[:, label]),
            average_precision=scores.estimate_of(label, "average_precision_RC", truth_NC[:, label]),
        )
        for label, name in enumerate(labels)
    }
