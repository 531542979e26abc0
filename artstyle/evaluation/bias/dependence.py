"""How much one embedding says about another.

Axes: N pictures, D and E dimensions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artstyle.evaluation.bias.neighbours import Embeddings

AT_MOST, _PAIRINGS = 2000, 20
_SHORTEST = 1e-12


@dataclass(frozen=True)
class Dependence:
    """How much two embeddings say of each other."""

    pictures: int
    correlation: float
    by_chance: float


def dependence(one_ND: Embeddings, other_NE: Embeddings, *, seed: int) -> Dependence:
    """Return the distance correlation of the directions of two embeddings, and that of chance.

    Directions, since searches and neighbours compare nothing else. Chance is the mean over random
    pairings of the same rows.

    Args:
        one_ND: At least two rows; of more than 2,000, so many are taken, spread evenly.
        other_NE: As many rows.
        seed: For the pairings.
    """
    count = min(len(one_ND), AT_MOST)
    chosen = np.linspace(0, len(one_ND) - 1, count).astype(np.int64)
    one_NN, other_NN = (_centred(_unit(rows[chosen])) for rows in (one_ND, other_NE))
    rng = np.random.default_rng(seed)
    shuffled = (rng.permutation(count) for _ in range(_PAIRINGS))
    chance = [_correlation(one_NN, other_NN[np.ix_(order, order)]) for order in shuffled]
    return Dependence(count, _correlation(one_NN, other_NN), float(np.mean(chance)))


def distance_correlation(one_ND: Embeddings, other_NE: Embeddings) -> float:
    """Return the distance correlation of two embeddings of the same pictures, in [0, 1].

    0 only if they are independent, in the limit of many pictures; 1 if one is the other, turned,
    moved or scaled (Székely, Rizzo and Bakirov 2007, eq. 2.8 to 2.10; Euclidean distances). Few
    pictures in many dimensions give values far above 0 for independent embeddings as well: compare
    values for the same number of pictures. Memory grows with the square of N.

    Args:
        one_ND: At least two rows.
        other_NE: As many rows.
    """
    return _correlation(_centred(one_ND), _centred(other_NE))


def _unit(rows_ND: Embeddings) -> Embeddings:
    lengths_N1 = np.linalg.norm(rows_ND, axis=1, keepdims=True)
    unit_ND: Embeddings = rows_ND / np.maximum(lengths_N1, _SHORTEST)
    return unit_ND


def _correlation(one_NN: NDArray[np.float64], other_NN: NDArray[np.float64]) -> float:
    """Return the distance correlation for centred distances."""
    covariance = float((one_NN * other_NN).mean())
    scale = float(np.sqrt((one_NN**2).mean() * (other_NN**2).mean()))
    # Rounding may leave a covariance of independent embeddings a hair below 0.
    return float(np.sqrt(max(covariance, 0.0) / scale)) if scale else 0.0


def _centred(rows_ND: Embeddings) -> NDArray[np.float64]:
    """Return the distances between rows with the means of rows and columns taken off."""
    rows = rows_ND.astype(np.float64)
    squares_N = (rows**2).sum(axis=1)
    squared_NN = squares_N[:, None] + squares_N[None, :] - 2 * rows @ rows.T
    np.fill_diagonal(squared_NN, 0)
    distance_NN = np.sqrt(np.maximum(squared_NN, 0))
    means_N = distance_NN.mean(axis=1)
    centred: NDArray[np.float64] = (
        distance_NN - means_N[:, None] - means_N[None, :] + means_N.mean()
    )
    return centred
