"""Libraries of approximate search, side by side: build time, memory, recall@10, query time.

Each library searches the same vectors in a process of its own, on one thread. The vectors are
synthetic: real embeddings, drawn with replacement, plus normal noise of half the real standard
deviation of each number, scaled to length 1. Queries are made the same way and are not among them.
Truth is the exact cosine.

    artstyle index PICTURES --out INDEX
    python -m tests.benchmarks.search INDEX --scratch FOLDER --sizes 10000 100000 1000000

Seconds are of the processor, so that other work on the machine counts less.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.search.graphs import ROWS_PER_GRAPH, Graphs, build_graphs
from artstyle.search.vectors import read_tensors

Vectors = NDArray[np.float32]
Search = Callable[[Vectors, int], NDArray[np.int64]]
"""Returns the rows that a library finds near a vector."""

_QUERIES, _TOP, _CANDIDATES, _AT_ONCE = 200, 10, 40, 10_000
_NOISE = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path, help="an index folder, whose embeddings are real")
    parser.add_argument("--scratch", type=Path, required=True, help="a folder for the vectors")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--libraries", nargs="+", default=list(LIBRARIES), choices=LIBRARIES)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.scratch, given.one, given.sizes[0])))  # noqa: T201
        return
    for size in given.sizes:
        write_vectors(given.index, given.scratch, size)
        for library in given.libraries:
            words = [str(given.index), "--scratch", str(given.scratch), "--sizes", str(size)]
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.search", *words, "--one", library],
                stdout=subprocess.PIPE,
                text=True,
            )
            print(size, library, done.stdout.strip() or f"failed: {done.returncode}", flush=True)  # noqa: T201


def write_vectors(index: Path, scratch: Path, size: int) -> None:
    """Write vectors, queries and the true neighbours of the queries."""
    real_ND = np.array(read_tensors(index / "embeddings.safetensors")["style"])
    generator = np.random.default_rng(size)
    deviation_D = real_ND.std(axis=0)

    def drawn(count: int) -> Vectors:
        noise_ND = generator.standard_normal((count, real_ND.shape[1]), np.float32) * deviation_D
        vectors_ND = real_ND[generator.integers(0, len(real_ND), count)] + _NOISE * noise_ND
        unit_ND: Vectors = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
        return unit_ND

    scratch.mkdir(parents=True, exist_ok=True)
    queries_QD = drawn(_QUERIES)
    shape = (size, real_ND.shape[1])
    vectors_ND = np.lib.format.open_memmap(scratch / "vectors.npy", "w+", np.float32, shape)
    best = [(np.empty((_QUERIES, 0)), np.empty((_QUERIES, 0), np.int64))]
    for start in range(0, size, _AT_ONCE):
        part = drawn(min(_AT_ONCE, size - start))
        vectors_ND[start : start + len(part)] = part
        cosines = np.hstack([best[-1][0], queries_QD @ part.T])
        rows = np.tile(np.arange(start, start + len(part)), (_QUERIES, 1))
        rows = np.hstack([best[-1][1], rows])
        order = np.argsort(-cosines, axis=1)[:, :_TOP]
        best = [(np.take_along_axis(cosines, order, 1), np.take_along_axis(rows, order, 1))]
    np.savez(scratch / "queries.npz", queries=queries_QD, truth=best[-1][1])


def measured(scratch: Path, library: str, size: int) -> dict[str, float]:
    """Build and search with one library."""
    vectors_ND = np.load(scratch / "vectors.npy", mmap_mode="r", allow_pickle=False)
    with np.load(scratch / "queries.npz", allow_pickle=False) as kept:
        queries_QD, truth_QK = kept["queries"], kept["truth"]
    started = time.process_time()
    search, files = LIBRARIES[library](vectors_ND, scratch)
    built, memory = time.process_time() - started, own_memory_mb()
    seconds: list[float] = []
    found: list[float] = []
    for query_D in queries_QD:
        started = time.process_time()
        rows = search(query_D, _CANDIDATES)
        # As `artstyle similar` does: the candidates are sorted by their exact cosines.
        rows = rows[np.argsort(-(vectors_ND[rows] @ query_D))][:_TOP]
        seconds.append(time.process_time() - started)
        found.append(len(set(rows.tolist()) & set(truth_QK[len(found)].tolist())) / _TOP)
    return {
        "build_s": round(built, 1),
        "memory_mb": memory,
        "file_mb": round(sum(path.stat().st_size for path in files) / 2**20),
        "recall": round(float(np.mean(found)), 4),
        "query_ms": round(float(np.median(seconds)) * 1000, 2),
        "query_p95_ms": round(float(np.quantile(seconds, 0.95)) * 1000, 2),
    }


def own_memory_mb() -> int:
    """Return the memory that is this process's own, without files that it maps; Linux only."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("RssAnon:")[2].split()[0]) // 1024


def exact(vectors_ND: Vectors, scratch: Path) -> tuple[Search, list[Path]]:
    """Compare every vector, as `artstyle similar` does without an approximate index."""

    def search(query_D: Vectors, count: int) -> NDArray[np.int64]:
        return np.argsort(-(vectors_ND @ query_D))[:count]

    return search, []


def with_usearch(vectors_ND: Vectors, scratch: Path) -> tuple[Search, list[Path]]:
    """Build the graphs of `artstyle index`."""
    files = list(build_graphs(scratch, "style", vectors_ND, ROWS_PER_GRAPH))
    graphs = Graphs(scratch, files, vectors_ND.shape[1])
    return graphs.near, [scratch / file.name for file in files]


def with_hnswlib(vectors_ND: Vectors, scratch: Path) -> tuple[Search, list[Path]]:
    """Build one graph of 32-bit vectors, in memory."""
    import hnswlib  # noqa: PLC0415

    graph: Any = hnswlib.Index("ip", vectors_ND.shape[1])
    graph.init_index(len(vectors_ND), M=16, ef_construction=128, random_seed=1)
    for start in range(0, len(vectors_ND), _AT_ONCE):
        graph.add_items(vectors_ND[start : start + _AT_ONCE], num_threads=1)
    graph.set_ef(96)
    path = scratch / "hnswlib.bin"
    graph.save_index(str(path))
    return lambda query_D, count: graph.knn_query(query_D, count, num_threads=1)[0][0].astype(
        np.int64
    ), [path]


def with_faiss(vectors_ND: Vectors, scratch: Path) -> tuple[Search, list[Path]]:
    """Build inverted lists of 8-bit vectors."""
    import faiss  # noqa: PLC0415

    faiss.omp_set_num_threads(1)
    size, lists = vectors_ND.shape[1], max(64, int(np.sqrt(len(vectors_ND))))
    index: Any = faiss.index_factory(size, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    step = max(1, len(vectors_ND) // (40 * lists))
    index.train(np.ascontiguousarray(vectors_ND[::step]))
    for start in range(0, len(vectors_ND), _AT_ONCE):
        index.add(np.ascontiguousarray(vectors_ND[start : start + _AT_ONCE]))
    index.nprobe = 16
    path = scratch / "faiss.index"
    faiss.write_index(index, str(path))
    return lambda query_D, count: index.search(query_D[None], count)[1][0], [path]


LIBRARIES: dict[str, Callable[[Vectors, Path], tuple[Search, list[Path]]]] = {
    "exact": exact,
    "usearch": with_usearch,
    "hnswlib": with_hnswlib,
    "faiss": with_faiss,
}

if __name__ == "__main__":
    main()
