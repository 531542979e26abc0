"""Training batches: the same images in each, however many processes share them."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.data.loading import EpochBatches, Labels

LABELS = np.array([0] * 13 + [1] * 5 + [2] * 2)


def drawn(batches: EpochBatches) -> list[int]:
    return [draw.index for batch in batches for draw in batch]


@given(
    st.lists(st.integers(0, 3), min_size=6, max_size=60).map(np.array),
    st.integers(3, 16),
    st.sampled_from([2, 3]),
    st.integers(0, 5),
)
def test_processes_together_draw_what_one_draws_at_each_step(
    labels_N: Labels, batch_size: int, world: int, epoch: int
) -> None:
    def steps(rank: int, world_size: int) -> list[set[tuple[int, int]]]:
        batches = EpochBatches(labels_N, batch_size, seed=1, rank=rank, world_size=world_size)
        batches.set_epoch(epoch)
        return [{(draw.index, draw.seed) for draw in batch} for batch in batches]

    alone = steps(0, 1)
    shares = [steps(rank, world) for rank in range(world)]
    together = [set.union(*parts) for parts in zip(*shares, strict=True)]
    # A last batch too small for all processes is left out.
    assert together == alone[: len(together)]
    assert len(alone) - len(together) in (0, 1)
    assert all(part for share in shares for part in share)


def test_an_epoch_goes_through_every_picture_once_in_an_order_of_its_own() -> None:
    batches = EpochBatches(LABELS, 6, seed=42)
    first = drawn(batches)
    batches.set_epoch(1)
    second = drawn(batches)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert batches.sizes() == [6, 6, 6, 2]


def test_balanced_draws_take_every_style_equally_often_within_one() -> None:
    counts = Counter(LABELS[drawn(EpochBatches(LABELS, 6, seed=42, balanced=True))].tolist())
    assert sum(counts.values()) == len(LABELS)
    assert max(counts.values()) - min(counts.values()) <= 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=80),
    st.integers(0, 5),
)
def test_artists_are_drawn_by_the_root_of_their_numbers_and_styles_evenly(
    pairs: list[tuple[int, int]], epoch: int
) -> None:
    labels_N, artists_N = np.array(pairs).T
    batches = EpochBatches(labels_N, 8, seed=42, balanced=True, artists_N=artists_N)
    batches.set_epoch(epoch)
    indices = drawn(batches)
    per_style = Counter(labels_N[indices].tolist())
    assert per_style.total() == len(pairs)
    assert max(per_style.values()) - min(per_style.get(n, 0) for n in set(labels_N.tolist())) <= 1
    for style, times in per_style.items():
        numbers = Counter(artist for label, artist in pairs if label == style)
        roots = sum(math.sqrt(number) for number in numbers.values())
        for artist, number in numbers.items():
            mine = [n for n in indices if pairs[n] == (style, artist)]
            expected = times * math.sqrt(number) / roots
            # One of a style's draws may have been left out, to come to as many as there are.
            assert abs(len(mine) - expected) < 2
            assert all(abs(count - expected / number) < 2 for count in Counter(mine).values())


def test_an_artist_with_four_times_as_many_pictures_is_drawn_twice_as_often() -> None:
    artists_N = np.array([0] * 16 + [1] * 4 + [2] * 10)
    labels_N = np.array([0] * 20 + [1] * 10)
    batches = EpochBatches(labels_N, 6, seed=42, balanced=True, artists_N=artists_N)
    counts: Counter[int] = Counter()
    for epoch in range(4):
        batches.set_epoch(epoch)
        counts.update(artists_N[drawn(batches)].tolist())
    assert counts == {0: 40, 1: 20, 2: 60}


def test_oversampling_repeats_rare_styles_to_the_size_of_the_largest() -> None:
    batches = EpochBatches(LABELS, 6, seed=42, oversample=True)
    indices = drawn(batches)
    assert Counter(LABELS[indices].tolist()) == {0: 13, 1: 13, 2: 13}
    assert set(indices) == set(range(20))
    assert len(batches) == 7


@pytest.mark.parametrize("seeds", [(1, 1), (1, 2)])
def test_the_seed_decides_the_order(seeds: tuple[int, int]) -> None:
    one, other = (drawn(EpochBatches(LABELS, 6, seed=seed)) for seed in seeds)
    assert (one == other) is (seeds[0] == seeds[1])
