"""How much one embedding says about another.

Axes: N pictures, D and E dimensions.
"""

import numpy as np
from numpy.typing import NDArray

from artstyle.evaluation.bias.neighbours import Embeddings


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
    one_NN, other_NN = _centred(one_ND), _centred(other_NE)
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
