"""What a model's nearest pictures share: the style, or what is painted.

Axes: N pictures, Q of them that can be asked about, D dimensions, G clusters, R draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artstyle.evaluation.intervals import draw_counts, percentile_interval
from artstyle.metrics import FloatArray, IntArray, Interval

Embeddings = NDArray[np.float32]

NEIGHBOURS = 10
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Lifts:
    """How much more often than by chance a near picture shares the style, and the genre."""

    queries: int
    """Q, the pictures that were asked about."""
    style: Interval
    genre: Interval
    content_bias: Interval
    """Genre lift / style lift; above 1, content binds the neighbours more than style does."""


@dataclass(frozen=True)
class Shares:
    """For each of Q pictures, the share of others with the same label; all in [0, 1]."""

    near_Q: FloatArray
    """Among its nearest pictures."""
    by_chance_Q: FloatArray
    """Among all pictures by other artists."""


def neighbour_lifts(
    embeddings_ND: Embeddings,
    styles_N: IntArray,
    genres_N: IntArray,
    artists_N: IntArray,
    *,
    seed: int,
    neighbours: int = NEIGHBOURS,
    resamples: int = 1000,
) -> Lifts | None:
    """Return the lift of the same style and of the same genre among the nearest pictures.

    A picture's neighbours are those of the highest cosine similarity by other artists: pictures by
    one artist share both, so they say nothing. The lift is the mean share of neighbours with the
    picture's label, divided by the mean share among all pictures by other artists. 1 is chance.

    Args:
        embeddings_ND: One row for each picture whose style and genre are known.
        styles_N: Numbers of the styles.
        genres_N: Numbers of the genres.
        artists_N: Numbers of the artists, from 0 without gaps; an unknown one has its own.
        seed: For the draws of the intervals, which are of whole artists.
        neighbours: How many near pictures count.
        resamples: R, the number of draws.

    Returns:
        None if no picture has that many others by other artists, or if the near ones never
        share a style.
    """
    others_N = len(artists_N) - np.bincount(artists_N)[artists_N]
    asked = np.flatnonzero(others_N >= neighbours)
    if not len(asked):
        return None
    style, genre = _shares(embeddings_ND, (styles_N, genres_N), artists_N, asked, neighbours)
    return _lifts(style, genre, artists_N[asked], seed, resamples)


def nearest_of_others(
    embeddings_ND: Embeddings, artists_N: IntArray, asked: IntArray, count: int
) -> Iterator[tuple[int, IntArray]]:
    """Yield each asked picture with the nearest ones by other artists, the nearest first.

    Of equally near ones, the first comes first.
    """
    unit_ND = embeddings_ND / np.maximum(
        np.linalg.norm(embeddings_ND, axis=1, keepdims=True), 1e-12
    )
    for start in range(0, len(asked), _ROWS_AT_ONCE):
        block = asked[start : start + _ROWS_AT_ONCE]
        similar_BN = unit_ND[block] @ unit_ND.T
        similar_BN[artists_N[block][:, None] == artists_N[None, :]] = -np.inf
        order_BK = np.argsort(-similar_BN, axis=1, kind="stable")[:, :count]
        yield from zip(block.tolist(), order_BK, strict=True)


def _shares(
    embeddings_ND: Embeddings,
    labels: tuple[IntArray, ...],
    artists_N: IntArray,
    asked: IntArray,
    neighbours: int,
) -> list[Shares]:
    near = list(nearest_of_others(embeddings_ND, artists_N, asked, neighbours))
    near_QK = np.stack([found for _, found in near])
    return [
        Shares(
            (labels_N[near_QK] == labels_N[asked][:, None]).mean(axis=1),
            _by_chance(labels_N, artists_N)[asked],
        )
        for labels_N in labels
    ]


def _by_chance(labels_N: IntArray, artists_N: IntArray) -> FloatArray:
    """Return the share of each picture's label among all pictures by other artists."""
    by_artist = np.zeros((artists_N.max() + 1, labels_N.max() + 1))
    np.add.at(by_artist, (artists_N, labels_N), 1)
    same_N = by_artist.sum(axis=0)[labels_N] - by_artist[artists_N, labels_N]
    others_N = len(artists_N) - by_artist.sum(axis=1)[artists_N]
    share_N: FloatArray = same_N / np.maximum(others_N, 1)
    return share_N


def _lifts(
    style: Shares, genre: Shares, clusters_Q: IntArray, seed: int, resamples: int
) -> Lifts | None:
    _, clusters_Q = np.unique(clusters_Q, return_inverse=True)
    columns = (style.near_Q, style.by_chance_Q, genre.near_Q, genre.by_chance_Q)
    sums_G4 = np.stack([np.bincount(clusters_Q, weights=column) for column in columns], axis=1)
    if not sums_G4[:, :2].sum(axis=0).all() or not sums_G4[:, 3].any():
        return None
    counts_RG = draw_counts(len(sums_G4), seed=seed, resamples=resamples)
    near_style, chance_style, near_genre, chance_genre = (counts_RG @ sums_G4).T
    with np.errstate(divide="ignore", invalid="ignore"):
        style_R, genre_R = near_style / chance_style, near_genre / chance_genre
        bias_R = genre_R / style_R
    return Lifts(
        len(clusters_Q),
        percentile_interval(style_R, 0.95),
        percentile_interval(genre_R, 0.95),
        percentile_interval(bias_R, 0.95),
    )
