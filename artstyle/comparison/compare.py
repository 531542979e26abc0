"""Comparing models on the same pictures: scores, paired differences, and what changed.

Axes: N pictures, R draws of the bootstrap, with the observation first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artstyle.comparison.answers import Compared, Row, read_compared
from artstyle.comparison.document import (
    ComparedRow,
    ComparedScore,
    ComparedStyle,
    Comparison,
    Difference,
)
from artstyle.comparison.scored import find_scored
from artstyle.comparison.significance import holm, mcnemar_p
from artstyle.data.manifest import Split
from artstyle.evaluation.document import Bounds
from artstyle.evaluation.intervals import (
    Answers,
    ScoreDraws,
    artist_clusters,
    percentile_interval,
    score_draws,
)
from artstyle.evaluation.several_labels.answers import LabelAnswers, LabelDraws, label_draws
from artstyle.metrics import FloatArray, IntArray, Interval, exact_at_the_ends
from artstyle.runs.folder import RunFolder

_SEED = 42
_RESAMPLES = 1000
_LEVEL = 0.95
_KEYS_NAMED = 3


@dataclass(frozen=True)
class _Draws:
    """The draws of each run of a row."""

    pictures: "_Clustered"
    artists: "_Clustered | None"


@dataclass(frozen=True)
class _Clustered:
    """The draws of each run from one kind of clusters."""

    runs: tuple[ScoreDraws | LabelDraws, ...]
    clusters: int
    """How many are drawn from."""


def compare_runs(
    runs: Iterable[RunFolder | str | Path], split: Split = "test", group_by: str | None = None
) -> Comparison:
    """Return the comparison of evaluated runs on the same pictures, each row with the first.

    Args:
        runs: Two or more runs, or names or paths of runs and cross-validations.
        split: Whose evaluations.
        group_by: A configuration key, such as ``model``: runs with the same value are one row.

    Raises:
        UsageError: Fewer than two rows, a run named twice, or an unknown key.
        MissingError: A run is not evaluated on the split.
        RunError: Two runs were not evaluated on the same pictures.

    Examples:
        >>> for run in ("tiny", "probe"):
        ...     _ = artstyle.evaluate(run, "data/processed", device="cpu")
        >>> comparison = artstyle.compare_runs(["tiny", "probe"])
        >>> [row.name for row in comparison.rows], comparison.pictures
        (['tiny', 'probe'], 4)
    """
    named = [runs] if isinstance(runs, str | Path | RunFolder) else runs
    folders = [run if isinstance(run, RunFolder) else find_scored(str(run)) for run in named]
    return compare(read_compared(folders, split, group_by), group_by)


def compare(compared: Compared, grouped_by: str | None) -> Comparison:
    """Return the comparison of all rows with the first.

    A row of several runs has the mean of their scores, and is right about a picture if more than
    half of its runs are. A difference is computed within each draw of the bootstrap, so that it
    is not widened by what is equally hard for both.

    Args:
        compared: The rows and their answers.
        grouped_by: The setting that the runs of a row share.
    """
    artists = [picture.artist for picture in compared.pictures]
    artists_N = artist_clusters(artists) if any(artists) else None
    draws = [_draws(row, artists_N) for row in compared.rows]
    first = compared.rows[0].right_N
    p_values = [mcnemar_p(first, row.right_N) for row in compared.rows[1:]]
    tests = [None, *zip(p_values, holm(p_values), strict=True)]
    return Comparison(
        split=compared.split,
        grouped_by=grouped_by,
        pictures=len(artists),
        multi=compared.multi,
        artists=None if artists_N is None else int(artists_N.max()) + 1,
        interval_level=_LEVEL,
        interval_draws=_RESAMPLES,
        interval_seed=_SEED,
        rows=[
            _row(compared, row, drawn, draws[0], test)
            for row, drawn, test in zip(compared.rows, draws, tests, strict=True)
        ],
        styles=list(_styles(compared)),
        notes=list(_notes(compared, artists)),
    )


def _draws(row: Row, artists_N: IntArray | None) -> _Draws:
    def of_each_run(clusters_N: IntArray) -> _Clustered:
        runs = tuple(_scored_draws(run.answers, clusters_N) for run in row.runs)
        return _Clustered(runs, int(clusters_N.max()) + 1)

    pictures = of_each_run(np.arange(len(row.right_N)))
    return _Draws(pictures, None if artists_N is None else of_each_run(artists_N))


def _scored_draws(answers: Answers | LabelAnswers, clusters_N: IntArray) -> ScoreDraws | LabelDraws:
    if isinstance(answers, LabelAnswers):
        return label_draws(answers, clusters_N, seed=_SEED, resamples=_RESAMPLES)
    return score_draws(answers, clusters_N, seed=_SEED, resamples=_RESAMPLES)


def _row(
    compared: Compared,
    row: Row,
    draws: _Draws,
    first: _Draws,
    test: tuple[float, float] | None,
) -> ComparedRow:
    base_N, right_N = compared.rows[0].right_N, row.right_N
    return ComparedRow(
        name=row.name,
        runs=[str(run.scored.path) for run in row.runs],
        seeds=[run.scored.config.seed for run in row.runs],
        accuracy=_score(draws, "accuracy_R"),
        macro_f1=_score(draws, "macro_f1_R"),
        top3_accuracy=None if compared.multi else _score(draws, "top_k_accuracy_R"),
        mean_average_precision=_score(draws, "mean_average_precision_R")
        if compared.multi
        else None,
        difference=test
        and Difference(
            accuracy=_score(draws, "accuracy_R", first),
            macro_f1=_score(draws, "macro_f1_R", first),
            won=int((right_N & ~base_N).sum()),
            lost=int((base_N & ~right_N).sum()),
            mcnemar_p=test[0],
            holm_p=test[1],
        ),
    )


def _score(draws: _Draws, name: str, base: _Draws | None = None) -> ComparedScore:
    """Return the score of this name, or by how much it is above that of the row ``base``."""
    interval = _interval(draws.pictures, name, base.pictures if base else None)
    below = float(_mean(base.pictures, name)[0]) if base else 0.0
    runs = [float(getattr(run, name)[0]) - below for run in draws.pictures.runs]
    artists: Bounds | None = None
    if draws.artists is not None:
        by_artist = _interval(draws.artists, name, base.artists if base else None)
        artists = by_artist.low, by_artist.high
    return ComparedScore(
        value=interval.value,
        runs=(min(runs), max(runs)),
        pictures=(interval.low, interval.high),
        artists=artists,
    )


def _interval(drawn: _Clustered, name: str, base: _Clustered | None) -> Interval:
    mean_R = _mean(drawn, name)
    if base is not None:
        return percentile_interval(mean_R - _mean(base, name), _LEVEL)
    return exact_at_the_ends(percentile_interval(mean_R, _LEVEL), _LEVEL, drawn.clusters)


def _mean(drawn: _Clustered, name: str) -> FloatArray:
    mean_R: FloatArray = np.mean([getattr(run, name) for run in drawn.runs], axis=0)
    return mean_R


def _styles(compared: Compared) -> Iterator[ComparedStyle]:
    truth = compared.rows[0].runs[0].answers
    for label, style in enumerate(compared.labels):
        if not (pictures := int(truth.has_N(label).sum())):
            continue
        right = [row.recognised_N(label) for row in compared.rows]
        yield ComparedStyle(
            style=style,
            pictures=pictures,
            right=[int(right_N.sum()) for right_N in right],
            won=[int((right_N & ~right[0]).sum()) for right_N in right],
            lost=[int((right[0] & ~right_N).sum()) for right_N in right],
        )


def _notes(compared: Compared, artists: Sequence[str]) -> Iterator[str]:
    runs = [run for row in compared.rows for run in row.runs]
    if len({run.scored.dataset for run in runs}) > 1:
        yield (
            "The runs were evaluated on data sets that differ in more than these pictures:"
            " another size, or other training pictures."
        )
    for row in compared.rows:
        if keys := row.differing_keys:
            more = ", ..." if len(keys) > _KEYS_NAMED else ""
            yield (
                f"The runs of {row.name} differ in more than the seed: "
                f"{', '.join(keys[:_KEYS_NAMED])}{more}; --group-by folder, or another key, keeps"
                " them apart."
            )
    if len({len(row.runs) for row in compared.rows}) > 1:
        yield "The rows have different numbers of runs."
    if any(len(row.runs) > 1 for row in compared.rows):
        yield (
            "The intervals are about other pictures and artists; how much a seed changes is the"
            " range over the runs."
        )
    if not any(artists):
        yield "The artists are not known, so only the interval for other pictures is given."


def changed_pictures(compared: Compared) -> Iterator[dict[str, str]]:
    """Yield a line for each picture that the rows do not answer alike: its truth, all answers."""
    answers = [row.predicted for row in compared.rows]
    for n, picture in enumerate(compared.pictures):
        given = [styles[n] for styles in answers]
        if len(set(given)) > 1:
            yield {
                "path": picture.path,
                "style": picture.style,
                "artist": picture.artist,
                **{row.name: style for row, style in zip(compared.rows, given, strict=True)},
            }
