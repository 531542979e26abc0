"""Indexes of made-up vectors, written as `artstyle index` writes them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from artstyle.prediction.rows import PredictionRow, RankedStyle
from artstyle.search.document import IndexDocument
from artstyle.search.embeddings import Vectors
from artstyle.search.folder import IndexFolder
from artstyle.search.graphs import build_graphs
from artstyle.search.index import Index, open_index
from artstyle.search.kinds import Kind
from artstyle.search.works import Known
from artstyle.search.writing import write_embeddings

MODEL = "0123456789ab"


def unit(vectors_ND: Sequence[Sequence[float]] | Vectors) -> Vectors:
    numbers_ND = np.asarray(vectors_ND, np.float32)
    lengths_N1 = np.linalg.norm(numbers_ND, axis=1, keepdims=True)
    vectors: Vectors = (numbers_ND / lengths_N1).astype(np.float32)
    return vectors


def random_vectors(count: int, size: int = 16, seed: int = 0) -> Vectors:
    generator = np.random.default_rng(seed)
    return unit(generator.standard_normal((count, size)).astype(np.float32))


def write_index(
    path: Path,
    vectors: dict[Kind, Vectors],
    *,
    known: Sequence[Known] | None = None,
    names: Sequence[str] | None = None,
    rows_per_graph: int | None = None,
) -> Index:
    """Write an index of works ``0.jpg``, ``1.jpg``, ... and open it."""
    folder = IndexFolder(path)
    folder.path.mkdir(parents=True)
    count = len(next(iter(vectors.values())))
    sizes = {kind: each.shape[1] for kind, each in vectors.items()}
    for kind, each in vectors.items():
        folder.vectors_so_far(kind).write_bytes(each.astype("<f4").tobytes())
    rows = (
        PredictionRow(Path(name), (RankedStyle("Cubism", 0.5),), None, MODEL)
        for name in names or [f"{n}.jpg" for n in range(count)]
    )
    says = known or [Known()] * count
    written = write_embeddings(folder, sizes, rows, lambda number, path: says[number])
    graphs = [
        file
        for kind, each in vectors.items()
        if rows_per_graph
        for file in build_graphs(folder.path, kind, each, rows_per_graph)
    ]
    IndexDocument(
        model=MODEL,
        network="simple_cnn",
        run="runs/random",
        works=count,
        unreadable=0,
        sizes=sizes,
        checksum=written.checksum,
        graphs=tuple(graphs),
        made="2026-11-27T00:00:00+00:00",
        release="0.1.0",
    ).write(folder.document_path)
    return open_index(path)
