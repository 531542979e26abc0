import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from artstyle.confidence.sets import least_probability, likely_sets
from artstyle.confidence.temperature import probabilities
from artstyle.metrics import FloatArray
from tests.confidence.synthetic import drawn

LOGITS = arrays(float, some.tuples(some.integers(1, 30), some.just(4)), elements=some.floats(-9, 9))
COVERAGE = some.floats(0.01, 0.99)


def test_the_least_probability_equals_a_hand_worked_one() -> None:
    """Of 19 pictures, floor(0.1 * 20) = 2: the second lowest probability of a true style."""
    true_N = np.arange(1, 20) / 20
    probabilities_N2 = np.stack([true_N, 1 - true_N], axis=1)
    assert least_probability(probabilities_N2, np.zeros(19, int), 0.9) == true_N[1]


def test_sets_of_too_few_pictures_hold_every_style() -> None:
    """Eight pictures cannot promise 90%: nine with the new one, and it may be the worst."""
    least = least_probability(np.full((8, 2), 0.5), np.zeros(8, int), 0.9)
    assert likely_sets(np.array([[1.0, 0.0]]), least).all()


@given(LOGITS, COVERAGE, COVERAGE, some.integers(0, 2**32 - 1))
def test_sets_are_never_empty_and_grow_with_coverage(
    logits_NC: FloatArray, one: float, other: float, seed: int
) -> None:
    probabilities_NC = probabilities(logits_NC, 1.0)
    targets_N = np.random.default_rng(seed).integers(4, size=len(logits_NC))
    small_NC, large_NC = (
        likely_sets(probabilities_NC, least_probability(probabilities_NC, targets_N, coverage))
        for coverage in sorted((one, other))
    )
    assert small_NC.any(axis=1).all()
    assert (large_NC | ~small_NC).all()


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_sets_hold_the_true_style_as_often_as_promised(coverage: float) -> None:
    """Whether the model is well calibrated or not."""
    for temperature in (0.3, 1.0, 3.0):
        logits_NC, targets_N = drawn(8000, temperature=temperature)
        shown_NC = probabilities(logits_NC, 1.0)
        least = least_probability(shown_NC[:4000], targets_N[:4000], coverage)
        held_N = likely_sets(shown_NC[4000:], least)[np.arange(4000), targets_N[4000:]]
        # Three standard errors of a share over 4,000 pictures are at most 0.024.
        assert abs(held_N.mean() - coverage) < 0.024 or held_N.mean() > coverage


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (0.8, "2 024 1 0 4 3 3 01 01 3 14 02"),
        (0.9, "2 024 1 0 4 13 134 01 01 3 14 02"),
    ],
)
def test_sets_equal_those_of_mapie(coverage: float, expected: str) -> None:
    """The labels in each set of MAPIE 1.6.0, with ``conformity_score="lac"``."""
    logits_NC, targets_N = drawn(60, seed=3)
    least = least_probability(probabilities(logits_NC, 1.0), targets_N, coverage)
    sets_NC = likely_sets(probabilities(drawn(12, seed=4)[0], 1.0), least)
    found = ["".join(map(str, np.flatnonzero(set_C))) for set_C in sets_NC]
    assert " ".join(found) == expected
