"""Metrics against hand-worked numbers and scikit-learn."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import (
    brier_score_loss,
    classification_report,
    f1_score,
    log_loss,
    top_k_accuracy_score,
)
from sklearn.metrics import confusion_matrix as sklearn_confusion

from artstyle import metrics
from artstyle.errors import UsageError

STYLES = 6
labels = st.integers(0, STYLES - 1)
outcomes = st.lists(st.tuples(labels, labels), min_size=1, max_size=60).map(
    lambda pairs: np.array(pairs, dtype=np.int64).T
)


def scores_like(targets: np.ndarray, seed: int = 0) -> np.ndarray:
    """Random logits that lean towards the truth."""
    logits = np.random.default_rng(seed).normal(size=(len(targets), STYLES))
    logits[np.arange(len(targets)), targets] += 1
    return logits


@given(outcomes)
def test_rows_of_the_confusion_matrix_are_the_true_styles(pairs: np.ndarray) -> None:
    targets, predictions = pairs
    ours = metrics.confusion_matrix(targets, predictions, STYLES)
    assert np.array_equal(ours, sklearn_confusion(targets, predictions, labels=np.arange(STYLES)))


@given(outcomes)
def test_style_scores_and_averages_equal_scikit_learns(pairs: np.ndarray) -> None:
    targets, predictions = pairs
    confusion = metrics.confusion_matrix(targets, predictions, STYLES)
    scores = metrics.style_scores(confusion)
    present = np.unique(targets)

    every = classification_report(
        targets, predictions, labels=np.arange(STYLES), output_dict=True, zero_division=0
    )
    for label in range(STYLES):
        theirs = every[str(label)]
        assert scores.precision_C[label] == pytest.approx(theirs["precision"])
        assert scores.recall_C[label] == pytest.approx(theirs["recall"])
        assert scores.f1_C[label] == pytest.approx(theirs["f1-score"])
        assert scores.support_C[label] == theirs["support"]

    averaged = classification_report(
        targets, predictions, labels=present, output_dict=True, zero_division=0
    )
    for name, average in (
        ("macro avg", metrics.macro_average(scores)),
        ("weighted avg", metrics.weighted_average(scores)),
    ):
        assert average.precision == pytest.approx(averaged[name]["precision"])
        assert average.recall == pytest.approx(averaged[name]["recall"])
        assert average.f1 == pytest.approx(averaged[name]["f1-score"])


def test_a_style_without_a_true_picture_does_not_lower_the_macro_average() -> None:
    # Truth 0 0 1 1, predicted 0 2 1 1: F1 is 2/3 for 0 and 1 for 1; style 2 is never true.
    confusion = metrics.confusion_matrix(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]), 4)
    scores = metrics.style_scores(confusion)
    assert metrics.macro_average(scores).f1 == pytest.approx((2 / 3 + 1) / 2)
    assert scores.f1_C[2:].tolist() == [0, 0]
    assert metrics.accuracy(confusion) == 0.75


@given(outcomes, st.integers(1, STYLES - 1))
def test_rank_at_most_k_is_scikit_learns_top_k_accuracy(pairs: np.ndarray, k: int) -> None:
    targets = pairs[0]
    logits = scores_like(targets)
    ranks = metrics.true_ranks(logits, targets)
    theirs = top_k_accuracy_score(targets, logits, k=k, labels=np.arange(STYLES))
    assert (ranks <= k).mean() == pytest.approx(theirs)


def test_rank_one_means_argmax_even_among_equal_scores() -> None:
    logits = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 2.0, 2.0]])
    targets = np.array([0, 1, 2])
    assert metrics.true_ranks(logits, targets).tolist() == [1, 2, 2]
    assert ((metrics.true_ranks(logits, targets) == 1) == (logits.argmax(1) == targets)).all()


def test_log_softmax_gives_scikit_learns_log_loss_and_brier_score() -> None:
    targets = np.random.default_rng(1).integers(0, STYLES, 200)
    log_probabilities = metrics.log_softmax(scores_like(targets))
    nll = -log_probabilities[np.arange(200), targets].mean()
    probabilities = np.exp(log_probabilities)
    assert nll == pytest.approx(log_loss(targets, probabilities, labels=np.arange(STYLES)))
    theirs = brier_score_loss(targets, probabilities, labels=np.arange(STYLES), scale_by_half=False)
    assert metrics.brier_score(probabilities, targets) == pytest.approx(theirs)


def test_log_softmax_stays_finite_where_a_probability_rounds_to_zero() -> None:
    assert metrics.log_softmax(np.array([[0.0, -2000.0]])).tolist() == [[0.0, -2000.0]]


def test_calibration_error_is_the_one_worked_out_by_hand() -> None:
    # Two bins. (0, 0.5]: 0.2 wrong, 0.5 right -> gap |1/2 - 0.35| = 0.15, weight 2/5.
    # (0.5, 1]: 0.6 right, 0.9 wrong, 0.9 right -> gap |2/3 - 0.8| = 2/15, weight 3/5.
    confidence = np.array([0.2, 0.5, 0.6, 0.9, 0.9])
    correct = np.array([False, True, True, False, True])
    result = metrics.reliability(confidence, correct, bins=2)
    assert result.counts.tolist() == [2, 3]
    assert result.confidence == pytest.approx([0.35, 0.8])
    assert result.accuracy == pytest.approx([1 / 2, 2 / 3])
    assert result.expected_calibration_error == pytest.approx(0.4 * 0.15 + 0.6 * 2 / 15)


def test_confidences_of_zero_and_one_fall_into_the_outermost_bins() -> None:
    result = metrics.reliability(np.array([0.0, 1.0]), np.array([False, True]))
    assert result.counts[[0, -1]].tolist() == [1, 1]
    assert result.expected_calibration_error == 0


def intervals(n: int, right: float, seed: int = 0) -> dict[str, metrics.Interval]:
    generator = np.random.default_rng(5)
    targets = generator.integers(0, STYLES, n)
    correct = np.arange(n) < right * n
    predictions = np.where(correct, targets, (targets + 1) % STYLES)
    return metrics.bootstrap_intervals(
        targets, predictions, correct, STYLES, seed=seed, resamples=4000
    )


def test_the_interval_of_accuracy_has_the_width_of_the_binomial_one() -> None:
    result = intervals(2000, 0.7)["accuracy"]
    half = 1.96 * np.sqrt(0.7 * 0.3 / 2000)
    # 4,000 draws know a 2.5% quantile to about 4% of its distance from the middle.
    assert result.value == 0.7
    assert result.value - result.low == pytest.approx(half, rel=0.1)
    assert result.high - result.value == pytest.approx(half, rel=0.1)


@pytest.mark.parametrize("n", [30, 300, 3000])
def test_intervals_contain_the_score_and_narrow_with_more_pictures(n: int) -> None:
    for interval in intervals(n, 0.6).values():
        assert interval.low <= interval.value <= interval.high
    assert _width(intervals(10 * n, 0.6)["macro_f1"]) < _width(intervals(n, 0.6)["macro_f1"])


@pytest.mark.parametrize("right", [0, 1])
def test_where_all_answers_are_right_or_none_the_interval_is_the_exact_one(right: int) -> None:
    expected = binomtest(30 * right, 30).proportion_ci(method="exact")
    found = intervals(30, right)
    for interval in (found["accuracy"], found["top_k_accuracy"]):
        bounds = (interval.value, interval.low, interval.high)
        assert bounds == pytest.approx((right, expected.low, expected.high))


def test_the_macro_f1_in_the_interval_is_the_one_of_scikit_learn() -> None:
    generator = np.random.default_rng(2)
    targets, predictions = generator.integers(0, 4, (2, 100))
    result = metrics.bootstrap_intervals(
        targets, predictions, targets == predictions, STYLES, seed=0, resamples=10
    )
    theirs = f1_score(targets, predictions, average="macro", labels=np.unique(targets))
    assert result["macro_f1"].value == pytest.approx(theirs)


def test_the_macro_f1_interval_is_that_of_a_plain_loop_with_all_styles_in_each_draw() -> None:
    generator = np.random.default_rng(3)
    targets = np.sort(generator.choice(STYLES, 400, p=[0.4, 0.3, 0.2, 0.05, 0.04, 0.01]))
    assert (targets == STYLES - 1).sum() == 2  # Every seventh draw misses this style.
    predictions = np.where(generator.random(400) < 0.6, targets, generator.integers(0, 6, 400))
    ours = metrics.bootstrap_intervals(
        targets, predictions, targets == predictions, STYLES, seed=0, resamples=2000
    )["macro_f1"]
    draws = []
    for _ in range(2000):
        chosen = generator.integers(0, 400, 400)
        draw = targets[chosen], predictions[chosen]
        draws.append(f1_score(*draw, average="macro", labels=range(STYLES), zero_division=0))
    # Two sets of 2,000 draws: their quantiles differ by chance, by well under 0.01.
    assert [ours.low, ours.high] == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.01)


def test_intervals_depend_on_the_seed_but_not_on_the_order_of_the_pictures() -> None:
    generator = np.random.default_rng(4)
    targets, predictions = generator.integers(0, STYLES, (2, 200))
    order = generator.permutation(200)

    def run(order: np.ndarray, seed: int) -> dict[str, metrics.Interval]:
        return metrics.bootstrap_intervals(
            targets[order],
            predictions[order],
            (targets == predictions)[order],
            STYLES,
            seed=seed,
        )

    plain = np.arange(200)
    assert run(plain, 1) == run(order, 1)
    assert run(plain, 1) != run(plain, 2)


def _width(interval: metrics.Interval) -> float:
    return interval.high - interval.low


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: metrics.confusion_matrix([0, 1], [0], 2), "2 targets, 1 predictions"),
        (
            lambda: metrics.confusion_matrix([0, 2], [0, 1], 2),
            "targets count 2 styles .* none is 2",
        ),
        (lambda: metrics.confusion_matrix([0.0], [0], 2), "targets are N whole numbers"),
        (lambda: metrics.confusion_matrix([[0, 1]], [[0, 1]], 2), "not 1 x 2 of type int64"),
        (lambda: metrics.accuracy(np.array([0, 1])), "a confusion matrix is C x C"),
        (lambda: metrics.style_scores(np.zeros((2, 3), np.int64)), "not 2 x 3"),
        (lambda: metrics.log_loss([0.5, 0.5], [0]), "logits are N x C numbers"),
        (lambda: metrics.brier_score([[0.5, 0.5]], [0, 1]), "1 scores, 2 targets"),
        (lambda: metrics.true_ranks([[0.5, np.inf]], [0]), "NaN or infinite"),
        (
            lambda: metrics.reliability(np.array([1.5]), np.array([True])),
            "confidences are probabilities",
        ),
    ],
)
def test_wrong_arrays_are_refused_in_one_line(compute: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        compute()
    assert "\n" not in str(caught.value)
