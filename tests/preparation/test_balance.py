import subprocess
import sys
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.config import BalanceConfig
from artstyle.errors import DataError
from artstyle.preparation.balance import (
    Balanced,
    choose_balanced,
)

STYLES = st.lists(st.sampled_from(["Cubism", "Rococo", "Pop_Art", "Ukiyo_e"]), min_size=1)


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
        "from artstyle.config import BalanceConfig; from artstyle.preparation.balance import *;"
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
