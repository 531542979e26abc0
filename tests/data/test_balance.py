import subprocess
import sys
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from artstyle.config import BalanceConfig
from artstyle.data.balance import (
    Balanced,
    choose_balanced,
    class_weights,
    oversampled_indices,
    sample_weights,
)
from artstyle.errors import DataError

STYLES = st.lists(st.sampled_from(["Cubism", "Rococo", "Pop_Art", "Ukiyo_e"]), min_size=1)
LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)


def keys_for(styles: list[str]) -> list[str]:
    return [f"{style}/{index}.jpg" for index, style in enumerate(styles)]


def kept_styles(styles: list[str], balanced: Balanced) -> Counter[str]:
    return Counter(styles[index] for index in balanced.kept)


def config(policy: str, most: int = 4000, least: int = 1) -> BalanceConfig:
    return BalanceConfig.model_validate(
        {"policy": policy, "max_per_style": most, "min_per_style": least}
    )


@pytest.mark.parametrize(
    ("policy", "kept", "reasons"),
    [
        ("cap", {"Cubism": 4, "Rococo": 3}, {"": 7, "balance": 1, "rare_style": 1}),
        ("oversample", {"Cubism": 4, "Rococo": 3}, {"": 7, "balance": 1, "rare_style": 1}),
        ("equal", {"Cubism": 3, "Rococo": 3}, {"": 6, "balance": 2, "rare_style": 1}),
        ("none", {"Cubism": 5, "Rococo": 3}, {"": 8, "rare_style": 1}),
    ],
)
def test_each_policy_keeps_as_many_as_it_says(
    policy: str, kept: dict[str, int], reasons: dict[str, int]
) -> None:
    styles = ["Cubism"] * 5 + ["Rococo"] * 3 + ["Ukiyo_e"]
    balanced = choose_balanced(styles, keys_for(styles), config(policy, 4, 2), seed=42)
    assert kept_styles(styles, balanced) == kept
    assert Counter(balanced.left_out) == reasons


def test_what_is_left_out_is_told_with_its_key() -> None:
    styles = ["Cubism"] * 5 + ["Ukiyo_e"]
    balanced = choose_balanced(styles, keys_for(styles), config("cap", 4, 2), seed=42)
    assert balanced.notes == (
        "styles with fewer than 2 paintings are left out: Ukiyo_e (1);"
        " balance.min_per_style decides",
        "balance.policy cap: 4 paintings are kept of each of Cubism",
    )


def test_no_style_with_enough_paintings_is_an_error() -> None:
    with pytest.raises(DataError, match=r"no style has 2 paintings: .*balance\.min_per_style=1"):
        choose_balanced(["Cubism"], ["a"], config("cap", 4, 2), seed=42)


@given(STYLES, st.integers(1, 8), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_order(
    styles: list[str], most: int, least: int, random: Random
) -> None:
    keys, settings = keys_for(styles), config("cap", most, least)
    order = list(range(len(styles)))
    random.shuffle(order)
    try:
        straight = choose_balanced(styles, keys, settings, 42)
    except DataError:
        assert max(Counter(styles).values()) < least
        return
    mixed = choose_balanced([styles[i] for i in order], [keys[i] for i in order], settings, 42)
    assert {keys[i] for i in straight.kept} == {keys[order[i]] for i in mixed.kept}


@given(STYLES, st.integers(1, 8))
def test_a_style_is_chosen_from_without_regard_to_the_others(styles: list[str], most: int) -> None:
    keys = keys_for(styles)
    together = choose_balanced(styles, keys, config("cap", most), 42)
    for style in set(styles):
        rows = [row for row, other in enumerate(styles) if other == style]
        apart = choose_balanced(
            [style] * len(rows), [keys[r] for r in rows], config("cap", most), 42
        )
        assert [rows[row] for row in apart.kept] == [r for r in together.kept if styles[r] == style]


def test_a_larger_limit_keeps_what_a_smaller_one_kept() -> None:
    styles = ["Cubism"] * 100
    kept = [choose_balanced(styles, keys_for(styles), config("cap", n), 42).kept for n in (20, 60)]
    assert set(kept[0]) < set(kept[1])


def test_another_seed_chooses_others() -> None:
    styles = ["Cubism"] * 100
    chosen = {
        choose_balanced(styles, keys_for(styles), config("cap", 50), s).kept for s in range(9)
    }
    assert len(chosen) == 9


def test_the_choice_is_fair() -> None:
    styles, counts = ["Cubism"] * 10, np.zeros(10)
    for seed in range(2000):
        counts[list(choose_balanced(styles, keys_for(styles), config("cap", 5), seed).kept)] += 1
    # 1000 expected with a standard deviation of 22; five of them.
    assert np.abs(counts - 1000).max() < 112


def test_the_choice_does_not_depend_on_the_hash_seed() -> None:
    script = (
        "from artstyle.config import BalanceConfig; from artstyle.data.balance import *;"
        "styles = ['Cubism', 'Rococo', 'Ukiyo_e'] * 20;"
        "keys = [f'{i:02}' for i in range(60)];"
        "print(choose_balanced(styles, keys, BalanceConfig(policy='equal'), 42));"
        "print(choose_balanced(styles, keys, BalanceConfig(max_per_style=11), 42))"
    )
    outputs = {
        subprocess.check_output([sys.executable, "-c", script], env={"PYTHONHASHSEED": seed})
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


@given(LABELS)
def test_class_weights_are_those_of_scikit_learn(labels_N: np.ndarray) -> None:
    present = np.unique(labels_N)
    weights = class_weights(labels_N, 7)
    expected = compute_class_weight("balanced", classes=present, y=labels_N)
    np.testing.assert_allclose(weights[present], expected, rtol=1e-12)
    assert weights.dtype == np.float64
    assert weights.shape == (7,)
    assert not weights[np.setdiff1d(np.arange(7), present)].any()


@given(LABELS)
def test_sample_weights_are_those_of_scikit_learn_with_mean_one(labels_N: np.ndarray) -> None:
    weights = sample_weights(labels_N, 5)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", labels_N), rtol=1e-12)
    assert weights.mean() == pytest.approx(1)


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


def test_oversampling_draws_anew_with_each_generator() -> None:
    labels_N = np.array([0] * 15 + [1] * 10)
    drawn = {tuple(oversampled_indices(labels_N, np.random.default_rng(seed))) for seed in range(9)}
    assert len(drawn) > 6
    assert oversampled_indices(np.array([], dtype=np.int64), np.random.default_rng(0)).size == 0
