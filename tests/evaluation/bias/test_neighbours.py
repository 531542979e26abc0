"""Lifts of style and genre, by hand and by brute force."""

import numpy as np
import pytest

from artstyle.evaluation.bias.neighbours import nearest_of_others, neighbour_lifts


def test_lifts_of_six_pictures_worked_by_hand() -> None:
    # On a line of angles: the first three point up, the last three to the right. Styles follow
    # the direction; genres go a, b, a, b, a, b.
    angles = np.array([90, 88, 86, 4, 2, 0]) * np.pi / 180
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    styles, genres = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 0, 1])
    lifts = neighbour_lifts(embeddings, styles, genres, np.arange(6), seed=1, neighbours=2)
    assert lifts is not None
    assert lifts.queries == 6
    # Both neighbours share the style; 2 of the 5 others do.
    assert lifts.style.value == pytest.approx(1 / (2 / 5))
    # Neighbours: 0 -> 1, 2; 1 -> 0, 2; 2 -> 1, 0: genres shared 1, 0, 1 of 2; likewise below.
    near = (0.5 + 0 + 0.5 + 0.5 + 0 + 0.5) / 6
    assert lifts.genre.value == pytest.approx(near / (2 / 5))
    assert lifts.content_bias.value == pytest.approx(lifts.genre.value / lifts.style.value)


def test_pictures_by_the_same_artist_are_never_neighbours() -> None:
    embeddings = np.array([[1, 0], [1, 0], [0, 1], [0.9, 0.1]], np.float32)
    artists = np.array([0, 0, 1, 2])
    near = dict(nearest_of_others(embeddings, artists, np.arange(4), 2))
    assert near[0].tolist() == [3, 2]
    assert near[1].tolist() == [3, 2]
    assert near[3].tolist() == [0, 1]


def test_lifts_equal_those_of_a_plain_loop() -> None:
    drawn = np.random.default_rng(3)
    embeddings = drawn.normal(size=(60, 5)).astype(np.float32)
    styles, genres = drawn.integers(0, 3, 60), drawn.integers(0, 4, 60)
    artists = np.unique(drawn.integers(0, 20, 60), return_inverse=True)[1]
    near, chance = [], []
    for asked in range(60):
        others = [n for n in range(60) if artists[n] != artists[asked]]
        cosine = {
            n: embeddings[n] @ embeddings[asked] / np.linalg.norm(embeddings[n]) for n in others
        }
        best = sorted(others, key=lambda n: -cosine[n])[:10]
        near.append(np.mean([genres[n] == genres[asked] for n in best]))
        chance.append(np.mean([genres[n] == genres[asked] for n in others]))
    lifts = neighbour_lifts(embeddings, styles, genres, artists, seed=1)
    assert lifts is not None
    assert lifts.genre.value == pytest.approx(np.mean(near) / np.mean(chance))
    assert lifts.genre.low < lifts.genre.value < lifts.genre.high


def test_chance_gives_a_lift_of_one() -> None:
    drawn = np.random.default_rng(5)
    embeddings = drawn.normal(size=(800, 8)).astype(np.float32)
    styles, genres = drawn.integers(0, 4, 800), drawn.integers(0, 5, 800)
    lifts = neighbour_lifts(embeddings, styles, genres, np.arange(800), seed=1)
    assert lifts is not None
    # Four standard errors of 8,000 neighbours.
    assert lifts.style.value == pytest.approx(1, abs=0.08)
    assert lifts.genre.value == pytest.approx(1, abs=0.09)


def test_too_few_pictures_by_others_have_no_lift() -> None:
    few = np.eye(4, dtype=np.float32)
    labels = np.array([0, 0, 1, 1])
    assert neighbour_lifts(few, labels, labels, np.arange(4), seed=1) is None
    assert neighbour_lifts(few, labels, labels, np.zeros(4, int), seed=1, neighbours=2) is None
