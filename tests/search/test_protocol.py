"""The protocols give the numbers that a hand-worked example has."""

import numpy as np
import pytest

from artstyle.errors import DataError
from artstyle.search.protocol import artist_scores, average_precision, movement_scores
from tests.search.indexes import random_vectors, unit


def at_angles(*degrees: float) -> np.ndarray:
    radians = np.radians(degrees)
    return unit(np.stack([np.cos(radians), np.sin(radians)], axis=1))


# Six works on a quarter of a circle: the nearer two angles, the nearer the works.
ANGLES = at_angles(0, 10, 25, 45, 70, 85)
STYLES = ["A", "A", "B", "A", "B", "B"]
ARTISTS = ["x", "x", "y", "z", "y", "w"]


def test_movement_scores_are_those_worked_out_by_hand() -> None:
    # 0 (x): 1 is left out; then 25 B, 45 A, 70 B, 85 B; R = 1: AP@3 = 1/2, mean of P(1..3) = 5/18.
    # 1 (x): the same order: AP@3 = 1/2.
    # 2 (y): 70 is left out; then 10 A (15 away), 45 A (20), 0 A (25), 85 B; R = 1: AP@3 = 0.
    # 3 (z): then 25 B (20 away), 70 B (25), 10 A (35), 85 B, 0 A; R = 2: AP@3 = (1/3) / 2.
    # 4 (y): 25 is left out; then 85 B, 45 A, 10 A, 0 A; R = 1: AP@3 = 1.
    # 5 (w): then 70 B, 45 A, 25 B, ...; R = 2: AP@3 = (1 + 2/3) / 2.
    scores = movement_scores(ANGLES, STYLES, ARTISTS, ranks=(1, 3))
    assert scores.queries.tolist() == [0, 1, 2, 3, 4, 5]
    expected = [1 / 2, 1 / 2, 0, 1 / 6, 1, 5 / 6]
    np.testing.assert_allclose(scores.average_precision[3], expected)
    assert scores.mean_average_precision(3) == pytest.approx(0.5)
    assert scores.recall[3].tolist() == [1, 1, 0, 1, 1, 1]
    assert scores.recall[1].tolist() == [0, 0, 0, 0, 1, 1]
    assert scores.mean_average_precision(1) == pytest.approx(2 / 6)
    assert scores.published_precision[3][0] == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def test_the_published_average_is_another_number_than_average_precision() -> None:
    # One relevant work, at rank 1 of 10: AP@10 is 1; the mean of P(i) is the mean of 1/i.
    relevant = np.array([[True] + [False] * 9])
    assert average_precision(relevant, np.array([1]), 10).tolist() == [1]
    scores = artist_scores(
        at_angles(0, *range(1, 11)), ["x", "x", *"abcdefghi"], [True] + [False] * 10, ranks=(10,)
    )
    assert scores.average_precision[10].tolist() == [1]
    assert scores.published_precision[10][0] == pytest.approx(np.mean(1 / np.arange(1, 11)))


def test_artist_scores_are_those_worked_out_by_hand() -> None:
    # Queries 0 (x) and 4 (y); gallery 10 x, 25 y, 45 z, 85 w.
    # 0: 10 x first: AP@2 = 1. 4: 85 w (15 away), 45 z (25), so nothing at 2: AP@2 = 0.
    asked = [True, False, False, False, True, False]
    scores = artist_scores(ANGLES, ARTISTS, asked, ranks=(2,))
    assert scores.average_precision[2].tolist() == [1, 0]
    assert scores.recall[2].tolist() == [1, 0]


def test_average_precision_is_that_of_scikit_learn_over_all_ranks() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(0)
    relevant = generator.random((20, 50)) < 0.3
    relevant[:, 0] = True
    expected = [sklearn.average_precision_score(row, -np.arange(50)) for row in relevant]
    found = average_precision(relevant, relevant.sum(axis=1), 50)
    np.testing.assert_allclose(found, expected)


def test_a_work_whose_artist_is_unknown_is_neither_query_nor_answer() -> None:
    with_unknown = movement_scores(
        np.vstack([ANGLES, ANGLES[:1]]), [*STYLES, "A"], [*ARTISTS, ""], ranks=(3,)
    )
    without = movement_scores(ANGLES, STYLES, ARTISTS, ranks=(3,))
    assert with_unknown.average_precision[3].tolist() == without.average_precision[3].tolist()


def test_a_work_without_a_relevant_one_is_counted_and_left_out() -> None:
    scores = movement_scores(ANGLES, ["A", "A", "B", "A", "B", "C"], ARTISTS, ranks=(3,))
    assert scores.queries.tolist() == [0, 1, 3]
    assert scores.unanswerable == 3


def test_one_style_only_is_refused() -> None:
    with pytest.raises(DataError, match="at least two styles"):
        movement_scores(random_vectors(4), ["A"] * 4, ["w", "x", "y", "z"])


def test_spellings_of_one_artist_are_one_artist() -> None:
    spelled = ["claude-monet", "Monet, Claude", "y", "z", "y", "w"]
    found = movement_scores(ANGLES, STYLES, spelled, ranks=(3,))
    expected = movement_scores(ANGLES, STYLES, ARTISTS, ranks=(3,))
    assert found.average_precision[3].tolist() == expected.average_precision[3].tolist()
