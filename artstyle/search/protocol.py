"""How well embeddings find works of one style, or of one artist: the two protocols.

Both compare every query with every other work by the exact cosine. Among equal cosines the first
work comes first.

- **Movement protocol.** Queries and gallery are the works whose style and artist are known. A work
  is relevant if it has the query's style. Works by the query's artist are left out of the gallery:
  otherwise the artist would be found, not the style.
- **Artist protocol** (CSD; Somepalli et al. 2024, section 4). Gallery and queries are given, a work
  is relevant if it is by the query's artist, and nothing is left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artstyle.data.artists import artist_key
from artstyle.errors import DataError
from artstyle.metrics import BoolArray, FloatArray, IntArray
from artstyle.search.embeddings import Vectors

RANKS = (1, 10, 100)
_QUERIES_AT_ONCE = 256


@dataclass(frozen=True)
class RetrievalScores:
    """Scores of Q queries; a query without a relevant work in the gallery is not one of them."""

    queries: IntArray
    """The position of each query among the works, shape (Q,)."""
    unanswerable: int
    """How many works have no relevant work, and are left out."""
    average_precision: dict[int, FloatArray]
    """k -> AP@k of each query: ``sum of P(i) over relevant ranks i <= k``, divided by the most
    relevant works that k ranks can hold, ``min(k, R)``."""
    recall: dict[int, FloatArray]
    """k -> 1 for each query with a relevant work among the first k, else 0."""
    published_precision: dict[int, FloatArray]
    """k -> the mean of P(i) over all ranks i <= k. The published code of CSD reports it as mAP@k;
    it is another number than AP@k, so compare it only with figures of that code."""

    def mean_average_precision(self, k: int) -> float:
        """Return mAP@k, from 0 to 1."""
        return float(self.average_precision[k].mean())

    def mean_recall(self, k: int) -> float:
        """Return recall@k, from 0 to 1."""
        return float(self.recall[k].mean())


def movement_scores(
    vectors_ND: Vectors,
    styles: Sequence[str],
    artists: Sequence[str],
    ranks: Sequence[int] = RANKS,
    *,
    as_queries_ND: Vectors | None = None,
) -> RetrievalScores:
    """Return how well works of one style are found, the same artist left out.

    Args:
        vectors_ND: Embeddings of N works, each of length 1.
        styles: Of each work; "" where unknown.
        artists: Of each work, in any spelling; "" where unknown.
        ranks: The values of k.
        as_queries_ND: What the works are as queries, where the scalar product is not symmetric.

    Raises:
        DataError: All known works are of one style, so that nothing can be found wrongly; or no
            work has a relevant one.
    """
    style_N, artist_N = _numbers(styles), _numbers([a and artist_key(a) for a in artists])
    known = np.flatnonzero((style_N >= 0) & (artist_N >= 0))
    if len(np.unique(style_N[known])) < 2:
        raise DataError(
            "the movement protocol needs works of at least two styles whose artists are known;"
            f" here {len(known)} works have both"
        )

    def allowed(rows: IntArray) -> BoolArray:
        other: BoolArray = artist_N[rows][:, None] != artist_N[known][None, :]
        return other

    as_queries_ND = vectors_ND if as_queries_ND is None else as_queries_ND
    return _scores(vectors_ND, as_queries_ND, style_N, known, known, allowed, ranks)


def artist_scores(
    vectors_ND: Vectors,
    artists: Sequence[str],
    is_query: Sequence[bool],
    ranks: Sequence[int] = RANKS,
) -> RetrievalScores:
    """Return how well works of one artist are found, by the protocol of CSD.

    Args:
        vectors_ND: Embeddings of N works, each of length 1.
        artists: Of each work; "" where unknown: it takes part in nothing.
        is_query: Whether a work is a query; all others are the gallery.
        ranks: The values of k.

    Raises:
        DataError: No query has a work by its artist in the gallery.
    """
    artist_N = _numbers([a and artist_key(a) for a in artists])
    asked = np.asarray(is_query, bool)
    queries = np.flatnonzero(asked & (artist_N >= 0))
    gallery = np.flatnonzero(~asked & (artist_N >= 0))

    def allowed(rows: IntArray) -> BoolArray:
        return np.ones((len(rows), len(gallery)), bool)

    return _scores(vectors_ND, vectors_ND, artist_N, queries, gallery, allowed, ranks)


def _numbers(names: Sequence[str]) -> IntArray:
    """Return a number for each name, the same for the same one; -1 for ""."""
    numbers = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
    return np.array([numbers.get(name, -1) for name in names], np.int64)


def _scores(
    vectors_ND: Vectors,
    as_queries_ND: Vectors,
    kind_N: IntArray,
    queries: IntArray,
    gallery: IntArray,
    allowed: Callable[[IntArray], BoolArray],
    ranks: Sequence[int],
) -> RetrievalScores:
    answered, ordered, totals = [], [], []
    deepest = min(max(ranks), len(gallery))
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        rows = queries[start : start + _QUERIES_AT_ONCE]
        allowed_QG = allowed(rows)
        cosines_QG = as_queries_ND[rows] @ vectors_ND[gallery].T
        cosines_QG[~allowed_QG] = -np.inf
        relevant_QG = (kind_N[rows][:, None] == kind_N[gallery][None, :]) & allowed_QG
        total_Q = relevant_QG.sum(axis=1)
        order_QK = np.argsort(-cosines_QG, axis=1, kind="stable")[:, :deepest]
        has_answer = total_Q > 0
        answered.append(rows[has_answer])
        ordered.append(np.take_along_axis(relevant_QG, order_QK, axis=1)[has_answer])
        totals.append(total_Q[has_answer])
    found = np.concatenate(answered) if answered else np.empty(0, np.int64)
    if not len(found):
        raise DataError("no query has a relevant work in the gallery: there is nothing to score")
    relevant_QK, total_Q = np.concatenate(ordered), np.concatenate(totals)
    return RetrievalScores(
        queries=found,
        unanswerable=len(queries) - len(found),
        average_precision={k: average_precision(relevant_QK, total_Q, k) for k in ranks},
        recall={k: _has_answer(relevant_QK, k) for k in ranks},
        published_precision={k: _published_precision(relevant_QK, k) for k in ranks},
    )


def average_precision(relevant_QK: BoolArray, total_Q: IntArray, k: int) -> FloatArray:
    """Return AP@k of each query: precision at each relevant rank up to k, over min(k, R).

    Args:
        relevant_QK: Whether the work at each rank is relevant, the nearest first.
        total_Q: R, how many relevant works the gallery has; at least 1.
        k: The last rank that counts.
    """
    at_relevant_QK = np.where(relevant_QK[:, :k], _precision_QK(relevant_QK, k), 0)
    precision_Q: FloatArray = at_relevant_QK.sum(axis=1) / np.minimum(total_Q, k)
    return precision_Q


def _has_answer(relevant_QK: BoolArray, k: int) -> FloatArray:
    has_answer_Q: BoolArray = np.any(relevant_QK[:, :k], axis=1)
    return has_answer_Q.astype(np.float64)


def _published_precision(relevant_QK: BoolArray, k: int) -> FloatArray:
    precision_Q: FloatArray = _precision_QK(relevant_QK, k).mean(axis=1)
    return precision_Q


def _precision_QK(relevant_QK: BoolArray, k: int) -> FloatArray:
    """Return P(i), the share of relevant works among the first i, for each rank up to k."""
    first_QK = relevant_QK[:, :k]
    ranks_K = np.arange(1, first_QK.shape[1] + 1)
    precision_QK: NDArray[np.float64] = first_QK.cumsum(axis=1) / ranks_K
    return precision_QK
