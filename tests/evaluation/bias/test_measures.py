"""The other measures of content bias, on answers made for them."""

import numpy as np
import pytest

from artstyle.evaluation.bias.combinations import combination_scores
from artstyle.evaluation.bias.dependence import dependence, distance_correlation
from artstyle.evaluation.bias.flips import flips
from artstyle.evaluation.bias.genre_probe import probe_genres


def test_an_answer_by_style_flips_with_the_style_alone() -> None:
    by_style = np.tile([0, 1, 2], (6, 1))
    told = flips(by_style, np.array([0, 1, 2, 0, 1, 2]), seed=1)
    assert (told.style_replaced.value, told.content_replaced.value) == (1, 0)


def test_an_answer_by_content_flips_with_the_content_alone() -> None:
    contents = np.array([0, 1, 2, 0, 1, 2])
    told = flips(np.repeat(contents[:, None], 3, axis=1), contents, seed=1)
    assert (told.style_replaced.value, told.content_replaced.value) == (0, 1)


def test_flips_of_three_scenes_counted_by_hand() -> None:
    # Scenes 0 and 1 show the same content, so they make no pair.
    predictions, contents = np.array([[0, 0], [0, 1], [1, 1]]), np.array([0, 0, 1])
    told = flips(predictions, contents, seed=1)
    assert told.style_replaced.value == pytest.approx(1 / 3)
    # 0 with 2 flips in both styles, 1 with 2 in one of two.
    assert told.content_replaced.value == pytest.approx((1 + 0.5) / 2)


def test_combinations_are_new_or_known_by_training() -> None:
    trained = {("Cubism", "portrait"), ("Baroque", "portrait")}
    combinations = [("Cubism", "portrait")] * 4 + [("Cubism", "landscape")] * 4
    correct = np.array([True, True, True, False, True, False, False, False])
    scores = combination_scores(correct, combinations, trained, np.arange(8), seed=1)
    assert scores is not None
    assert (scores.new_pictures, scores.known_pictures) == (4, 4)
    assert (scores.new.value, scores.known.value) == (0.25, 0.75)
    assert scores.difference.value == -0.5
    assert scores.difference.low < -0.5 < scores.difference.high
    assert combination_scores(correct[:4], combinations[:4], trained, np.arange(4), seed=1) is None


def test_a_probe_finds_a_genre_that_is_there_and_none_that_is_not() -> None:
    drawn = np.random.default_rng(2)
    genres = np.array(["landscape", "portrait", "nude_painting"])[drawn.integers(0, 3, 300)]
    artists = drawn.integers(0, 40, 300)
    noise = drawn.normal(size=(300, 6)).astype(np.float32)
    shown = noise + 3 * (genres[:, None] == np.unique(genres)[[0, 1, 2, 0, 1, 2]])
    seen = probe_genres(shown.astype(np.float32), genres.tolist(), artists, seed=1)
    blind = probe_genres(noise, genres.tolist(), artists, seed=1)
    assert seen is not None
    assert blind is not None
    assert seen.chance == pytest.approx(1 / 3)
    assert seen.recall.low > 0.9
    assert blind.recall.low < 1 / 3 < blind.recall.high


def test_no_artist_is_on_both_sides_of_the_probe() -> None:
    # Each artist has a mark and one genre: only a probe that saw the artist can know it.
    drawn = np.random.default_rng(4)
    artists = np.repeat(np.arange(30), 10)
    marks = drawn.normal(size=(30, 20)).astype(np.float32)[artists]
    genres = [("portrait", "landscape")[n] for n in drawn.integers(0, 2, 30)[artists]]
    told = probe_genres(marks, genres, artists, seed=1)
    assert told is not None
    assert told.recall.low < 0.5 < told.recall.high


def test_a_genre_by_one_artist_alone_is_never_answered_for_that_artist() -> None:
    drawn = np.random.default_rng(7)
    artists = np.array([0] * 10 + list(range(1, 11)))
    genres = ["portrait"] * 10 + ["landscape"] * 10
    rows = drawn.normal(size=(20, 3)).astype(np.float32)
    told = probe_genres(rows, genres, artists, seed=1)
    assert told is not None
    # All ten portraits are answered without a portrait to learn from.
    assert told.recall.value <= 0.5


def test_one_genre_or_few_artists_cannot_be_probed() -> None:
    rows = np.eye(12, dtype=np.float32)
    assert probe_genres(rows, ["portrait"] * 12, np.arange(12), seed=1) is None
    assert probe_genres(rows, ["portrait", "nude"] * 6, np.arange(12) % 4, seed=1) is None


def test_distance_correlation_of_itself_moved_turned_and_scaled_is_one() -> None:
    rows = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    turned = (rows @ np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]) * 3 + 5).astype(np.float32)
    assert distance_correlation(rows, turned) == pytest.approx(1, abs=1e-6)


def test_distance_correlation_equals_the_definition() -> None:
    drawn = np.random.default_rng(6)
    one = drawn.normal(size=(20, 2)).astype(np.float32)
    other = (one[:, :1] ** 2 + 0.1 * drawn.normal(size=(20, 1))).astype(np.float32)

    def centred(rows: np.ndarray) -> np.ndarray:
        a = np.array([[np.linalg.norm(x - y) for y in rows] for x in rows])
        centred: np.ndarray = a - a.mean(0) - a.mean(1)[:, None] + a.mean()
        return centred

    a, b = centred(one), centred(other)
    wanted = np.sqrt((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))
    assert distance_correlation(one, other) == pytest.approx(wanted, rel=1e-5)


def test_distance_correlation_of_a_constant_is_zero() -> None:
    rows = np.random.default_rng(1).normal(size=(9, 2)).astype(np.float32)
    assert distance_correlation(rows, np.ones((9, 2), np.float32)) == 0


def test_chance_is_the_distance_correlation_of_pairs_that_do_not_belong_together() -> None:
    drawn = np.random.default_rng(2)
    one, other = (drawn.normal(size=(150, 4)).astype(np.float32) for _ in range(2))
    apart = dependence(one, other, seed=1)
    assert apart.pictures == 150
    assert apart.correlation == pytest.approx(apart.by_chance, abs=0.05)
    assert apart.by_chance > 0.1  # What few pictures give, whatever they are.
    near = dependence(one, one + 0.5 * other, seed=1)
    assert near.correlation > near.by_chance + 0.3
    assert dependence(one, 7 * one, seed=1).correlation == pytest.approx(1, abs=1e-6)
