"""How well an embedding of style gives the genre away.

Axes: N pictures, D dimensions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from artstyle.evaluation.bias.neighbours import Embeddings
from artstyle.evaluation.intervals import draw_counts, percentile_interval
from artstyle.metrics import FloatArray, IntArray, Interval

_FOLDS, _C = 5, 0.003
"""The usual penalty of `artstyle probe`: one for all models, so that none is favoured."""


@dataclass(frozen=True)
class GenreProbe:
    """What a linear probe reads from an embedding."""

    pictures: int
    genres: Sequence[str]
    recall: Interval
    """Mean over genres of the share of right answers, in [0, 1]."""
    chance: float
    """What any answer without the pictures gets: 1 / number of genres."""


def probe_genres(
    embeddings_ND: Embeddings, genres: Sequence[str], artists_N: IntArray, *, seed: int
) -> GenreProbe | None:
    """Predict genres by logistic regression, each artist held out once.

    The regression is on standardised embeddings, with balanced genres, C = 0.003 and five folds
    without a common artist. A genre of fewer than five pictures is left out.

    Args:
        embeddings_ND: One row for each picture.
        genres: Its genre.
        artists_N: The number of its artist.
        seed: For folds and draws.

    Returns:
        None if fewer than two genres have five pictures, or the artists are fewer than five.
    """
    names, codes_N, counts = np.unique(genres, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts[codes_N] >= _FOLDS)
    if len(set(codes_N[kept].tolist())) < 2 or len(set(artists_N[kept].tolist())) < _FOLDS:
        return None
    names, codes_N = np.unique(np.asarray(genres)[kept], return_inverse=True)
    correct_N = _held_out(embeddings_ND[kept], codes_N, artists_N[kept], seed) == codes_N
    recall = _mean_recall(correct_N, codes_N, artists_N[kept], seed)
    return GenreProbe(len(kept), names.tolist(), recall, 1 / len(names))


def _held_out(
    embeddings_ND: Embeddings, codes_N: IntArray, artists_N: IntArray, seed: int
) -> IntArray:
    """Return the prediction for each picture by the regression that did not see its artist."""
    predicted_N = np.full(len(codes_N), -1)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):
        for fitted, tested in folds.split(embeddings_ND, codes_N, artists_N):
            if not len(tested):
                continue
            if len(set(codes_N[fitted].tolist())) < 2:  # One artist painted all of a genre.
                predicted_N[tested] = codes_N[fitted][0]
                continue
            model = make_pipeline(
                StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000)
            )
            model.fit(embeddings_ND[fitted], codes_N[fitted])
            predicted_N[tested] = model.predict(embeddings_ND[tested])
    return predicted_N


def _mean_recall(
    correct_N: FloatArray, codes_N: IntArray, artists_N: IntArray, seed: int
) -> Interval:
    _, clusters_N = np.unique(artists_N, return_inverse=True)
    shape = (clusters_N.max() + 1, codes_N.max() + 1)
    right_GC, all_GC = np.zeros(shape), np.zeros(shape)
    np.add.at(right_GC, (clusters_N, codes_N), correct_N)
    np.add.at(all_GC, (clusters_N, codes_N), 1)
    counts_RG = draw_counts(shape[0], seed=seed, resamples=1000)
    with np.errstate(invalid="ignore"):
        recall_RC = (counts_RG @ right_GC) / (counts_RG @ all_GC)
    return percentile_interval(np.nanmean(recall_RC, axis=1), 0.95)
