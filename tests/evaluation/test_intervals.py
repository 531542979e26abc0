"""Intervals from draws of whole artists: the same as scoring each draw by itself."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from artstyle.evaluation.intervals import Answers, cluster_intervals
from artstyle.metrics import IntArray, bootstrap_intervals, reliability

STYLES = 4


def guesses(pictures: int, seed: int = 0) -> Answers:
    """Return answers that are right more often than not; one style has a single picture."""
    rng = np.random.default_rng(seed)
    targets_N = rng.integers(0, STYLES - 1, pictures)
    targets_N[0] = STYLES - 1
    right_N = rng.random(pictures) < 0.6
    predictions_N = np.where(right_N, targets_N, rng.integers(0, STYLES, pictures))
    in_top_k_N = (predictions_N == targets_N) | (rng.random(pictures) < 0.5)
    return Answers(STYLES, targets_N, predictions_N, in_top_k_N, rng.uniform(0.25, 1, pictures))


def taken(answers: Answers, rows: IntArray) -> Answers:
    return Answers(
        STYLES,
        answers.targets_N[rows],
        answers.predictions_N[rows],
        answers.in_top_k_N[rows],
        answers.confidence_N[rows],
    )


def scored(answers: Answers) -> dict[str, float]:
    truth, given = answers.targets_N, answers.predictions_N
    bins = reliability(answers.confidence_N, answers.correct_N)
    return {
        "accuracy": accuracy_score(truth, given),
        "macro_f1": f1_score(truth, given, average="macro", labels=range(STYLES), zero_division=0),
        "top_k_accuracy": float(answers.in_top_k_N.mean()),
        "expected_calibration_error": bins.expected_calibration_error,
    }


def test_the_bounds_are_those_of_scoring_each_draw_of_artists_by_itself() -> None:
    answers = guesses(60)
    artists_N = np.arange(60) % 17
    found = cluster_intervals(answers, artists_N, seed=5, resamples=40, level=0.9)
    counts_RG = np.random.default_rng(5).multinomial(17, np.full(17, 1 / 17), size=40)
    draws = []
    for counts_G in counts_RG:
        members = [np.flatnonzero(artists_N == artist) for artist in np.repeat(range(17), counts_G)]
        draws.append(scored(taken(answers, np.concatenate(members))))
    for name, value in scored(answers).items():
        interval = getattr(found, name)
        low, high = np.quantile([draw[name] for draw in draws], [0.05, 0.95])
        assert (interval.value, interval.low, interval.high) == pytest.approx((value, low, high))
    by_style = f1_score(answers.targets_N, answers.predictions_N, average=None)
    assert [interval.value for interval in found.f1_C] == pytest.approx(by_style.tolist())


def test_with_one_picture_an_artist_it_is_the_bootstrap_of_pictures() -> None:
    answers = guesses(400)
    ours = cluster_intervals(answers, np.arange(400), seed=1)
    theirs = bootstrap_intervals(
        answers.targets_N, answers.predictions_N, answers.in_top_k_N, STYLES, seed=2
    )
    for name, expected in theirs.items():
        interval = getattr(ours, name)
        assert interval.value == pytest.approx(expected.value)
        # Two sets of 1,000 draws: their ends differ by chance.
        assert (interval.low, interval.high) == pytest.approx(
            (expected.low, expected.high), abs=0.01
        )


def test_equal_pictures_by_an_artist_make_the_interval_no_narrower() -> None:
    answers = guesses(100)
    nine = taken(answers, np.repeat(np.arange(100), 9))
    by_artist = cluster_intervals(nine, np.repeat(np.arange(100), 9), seed=1).accuracy
    one_each = cluster_intervals(answers, np.arange(100), seed=1).accuracy
    assert (by_artist.low, by_artist.high) == pytest.approx((one_each.low, one_each.high))
    by_picture = cluster_intervals(nine, np.arange(900), seed=1).accuracy
    ratio = (by_artist.high - by_artist.low) / (by_picture.high - by_picture.low)
    assert ratio == pytest.approx(3, rel=0.15)


def test_a_style_without_pictures_has_no_f1_and_does_not_lower_the_mean() -> None:
    answers = guesses(50)
    more = Answers(
        6, answers.targets_N, answers.predictions_N, answers.in_top_k_N, answers.confidence_N
    )
    one, other = (cluster_intervals(a, np.arange(50), seed=1) for a in (answers, more))
    assert other.macro_f1 == one.macro_f1
    assert other.f1_C[5].value == other.f1_C[5].high == 0


def test_where_all_answers_are_right_the_bound_counts_artists_not_pictures() -> None:
    targets_N = np.repeat([0, 1], 20)
    answers = Answers(2, targets_N, targets_N, targets_N == targets_N, np.full(40, 0.9))
    artists_N = np.arange(40) // 5  # Four artists of each style.
    for numbers_N, clusters in ((np.arange(40), 40), (artists_N, 8)):
        intervals = cluster_intervals(answers, numbers_N, seed=1, resamples=200)
        assert intervals.accuracy.low == pytest.approx(0.025 ** (1 / clusters))
        assert intervals.f1_C[0].low == pytest.approx(0.025 ** (1 / (clusters / 2)))
        assert intervals.accuracy.high == intervals.f1_C[0].high == 1
