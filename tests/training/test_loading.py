"""Training batches: the same pictures a step, however many processes deal them out."""

import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from artstyle.data.loading import EpochBatches, Labels
from artstyle.data.prepare import prepare
from artstyle.training.processes import Processes
from artstyle.training.setup import build_setup
from tests.conftest import tiny_config

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
    def steps(rank: int, world: int) -> list[set[tuple[int, int]]]:
        batches = EpochBatches(labels_N, batch_size, seed=1, rank=rank, world=world)
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


def test_artists_are_those_of_the_manifest_and_an_unknown_one_is_nobody_else(
    tiny_paintings: Path, tmp_path: Path
) -> None:
    cubism, ukiyo_e, others = (
        sorted((tiny_paintings / style).iterdir()) for style in ("Cubism", "Ukiyo_e", "Pop_Art")
    )
    names = {
        "Cubism": [f"monet_{n}" for n in range(8)] + ["manet_8", "manet_9"],
        "Ukiyo_e": [f"degas_{n}" for n in range(4)] + [f"scan{n}" for n in range(4)],
    }
    for style, pictures in (("Cubism", cubism), ("Ukiyo_e", ukiyo_e)):
        for split in ("train", "val", "test"):
            (tmp_path / "split" / split / style).mkdir(parents=True)
        for name, picture in zip(names[style], pictures, strict=False):
            copied = tmp_path / "split/train" / style / f"{name}{picture.suffix}"
            shutil.copy(picture, copied)
        for split in ("val", "test"):
            shutil.copy(others.pop(), tmp_path / "split" / split / style)
    overrides = ("train.sampler=artists", "balance.min_per_style=1", "data.cache_size=40")
    config = tiny_config(*overrides)
    data = prepare(tmp_path / "split", tmp_path / "data", config).dataset
    rows = data.rows("train")
    assert Counter(row.artist for row in rows) == {"monet": 8, "manet": 2, "degas": 4, "": 4}

    alone = Processes(0, 1, torch.device("cpu"))
    indices = drawn(build_setup(config, data, alone).batches)
    # Nine of each style. The roots of 8 and 2 are as 2 to 1; that of 4 is 2, beside four ones.
    counts = Counter(rows[index].artist for index in indices)
    assert counts == {"monet": 6, "manet": 3, "degas": 3, "": 6}


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
