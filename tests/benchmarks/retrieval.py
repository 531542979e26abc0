"""How well an index finds works of one movement, and whether CSLS finds them better.

    artstyle index manifest.csv --images FOLDER --out INDEX
    python -m tests.benchmarks.retrieval INDEX

The rule, written before the first measurement: CSLS (Conneau et al. 2018, with k = 10) takes the
place of the cosine if movement mAP@10 with the same artist masked is higher by at least 0.01, and
if the lower end of the 95% interval of the paired difference is above 0. The interval is a
bootstrap over artists, 1,000 draws: works by one artist are not independent.
"""

import argparse
from pathlib import Path

import numpy as np

from artstyle.data.artists import artist_key
from artstyle.metrics import FloatArray
from artstyle.search.embeddings import Vectors
from artstyle.search.index import open_index
from artstyle.search.protocol import RANKS, RetrievalScores, artist_scores, movement_scores

_NEIGHBOURS, _DRAWS, _LEAST_GAIN = 10, 1000, 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    index = open_index(parser.parse_args().index)
    works = [index.work(row) for row in range(index.document.works)]
    vectors_ND = np.array(index.tensors["style"])
    styles = [work.style or "" for work in works]
    artists = [work.artist or "" for work in works]
    plain = movement_scores(vectors_ND, styles, artists)
    gallery_ND, as_queries_ND = with_csls(vectors_ND)
    corrected = movement_scores(gallery_ND, styles, artists, as_queries_ND=as_queries_ND)
    print(f"{len(works)} works, {len(plain.queries)} queries, {plain.unanswerable} without answer")  # noqa: T201
    for name, scores in {"cosine": plain, "CSLS": corrected}.items():
        print(f"movement, {name}: {line(scores)}")  # noqa: T201
    low, high = interval(corrected, plain, artists)
    gain = corrected.mean_average_precision(10) - plain.mean_average_precision(10)
    taken = gain >= _LEAST_GAIN and low > 0
    print(f"CSLS - cosine, mAP@10: {gain:+.4f} [{low:+.4f}, {high:+.4f}]: taken: {taken}")  # noqa: T201
    # Every fifth work of an artist is a query, as a fifth of CSD's collection is.
    seen: dict[str, int] = {}
    is_query = []
    for artist in artists:
        seen[artist] = seen.get(artist, 0) + 1
        is_query.append(seen[artist] % 5 == 0)
    scores = artist_scores(vectors_ND, artists, is_query)
    print(f"artist, cosine, {len(scores.queries)} queries: {line(scores)}")  # noqa: T201
    published = [f"{scores.published_precision[k].mean():.3f} @{k}" for k in RANKS]
    print(f"artist, as the published code averages: {', '.join(published)}")  # noqa: T201


def line(scores: RetrievalScores) -> str:
    """Return mAP and recall at each k."""
    precision = [f"mAP@{k} {scores.mean_average_precision(k):.3f}" for k in RANKS]
    recall = [f"recall@{k} {scores.mean_recall(k):.3f}" for k in RANKS]
    return ", ".join(precision + recall)


def with_csls(vectors_ND: Vectors) -> tuple[Vectors, Vectors]:
    """Return works as gallery and as queries, whose scalar products rank as CSLS does.

    CSLS is 2 cos(x, y) - r(x) - r(y), where r is the mean cosine to the k nearest. For one query
    r(x) is a constant; the rest is the product of (2x, -1) and (y, r(y)).
    """
    cosines_NN = vectors_ND @ vectors_ND.T
    np.fill_diagonal(cosines_NN, -np.inf)
    hubness_N1 = np.sort(cosines_NN, axis=1)[:, -_NEIGHBOURS:].mean(axis=1, keepdims=True)
    return np.hstack([vectors_ND, hubness_N1]), np.hstack(
        [2 * vectors_ND, -np.ones_like(hubness_N1)]
    )


def interval(
    one: RetrievalScores, other: RetrievalScores, artists: list[str]
) -> tuple[float, float]:
    """Return the 95% interval of the difference of mAP@10, by a bootstrap over artists."""
    difference_Q: FloatArray = one.average_precision[10] - other.average_precision[10]
    keys = [artist_key(artists[row]) for row in one.queries]
    _, artist_Q = np.unique(keys, return_inverse=True)
    sums_A = np.bincount(artist_Q, weights=difference_Q)
    counts_A = np.bincount(artist_Q)
    drawn = np.random.default_rng(0).integers(0, len(sums_A), (_DRAWS, len(sums_A)))
    means = sums_A[drawn].sum(axis=1) / counts_A[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
