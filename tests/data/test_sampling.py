"""Class weights against scikit-learn's, and oversampling against its definition."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from artstyle.data.sampling import class_weights, oversampled_indices

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)


@given(LABELS)
def test_class_weights_are_those_of_scikit_learn(labels_N: np.ndarray) -> None:
    present = np.unique(labels_N)
    weights = class_weights(labels_N, 7)
    expected = compute_class_weight("balanced", classes=present, y=labels_N)
    np.testing.assert_allclose(weights[present], expected, rtol=1e-12)
    assert weights.dtype == np.float64
    assert weights.shape == (7,)
    assert not weights[np.setdiff1d(np.arange(7), present)].any()


def test_class_weights_worked_by_hand() -> None:
    # 6 paintings, 3 styles: 6 / (3 * 3), 6 / (3 * 2), 6 / (3 * 1).
    np.testing.assert_allclose(class_weights(np.array([0, 0, 0, 1, 1, 2]), 3), [2 / 3, 1, 2])


@given(LABELS, st.integers(0, 9))
def test_oversampling_gives_every_style_the_size_of_the_largest(
    labels_N: np.ndarray, seed: int
) -> None:
    indices = oversampled_indices(labels_N, np.random.default_rng(seed))
    largest = max(Counter(labels_N.tolist()).values())
    assert set(Counter(labels_N[indices].tolist()).values()) == {largest}
    times = Counter(indices.tolist())
    assert sorted(times) == list(range(len(labels_N)))
    for label in set(labels_N.tolist()):
        repeats = [times[row] for row in np.flatnonzero(labels_N == label).tolist()]
        assert max(repeats) - min(repeats) <= 1


def test_oversampling_depends_on_the_generator() -> None:
    labels_N = np.array([0] * 15 + [1] * 10)
    drawn = {tuple(oversampled_indices(labels_N, np.random.default_rng(seed))) for seed in range(9)}
    assert len(drawn) > 6
    assert oversampled_indices(np.array([], dtype=np.int64), np.random.default_rng(0)).size == 0
