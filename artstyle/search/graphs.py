"""The approximate index: graphs of near neighbours, for collections too large to compare whole.

Each file is a graph (HNSW; Malkov and Yashunin 2018) over at most `ROWS_PER_GRAPH` works, with
8-bit copies of their vectors. Small graphs keep the memory flat while they are built, and are read
from disk as needed while they are searched.
"""

import hashlib
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.errors import DataError
from artstyle.search.document import GraphFile
from artstyle.search.kinds import Kind
from artstyle.storage.files import atomic_path

GRAPH_FROM = 50_000
"""From so many works on there is an approximate index; fewer are compared one by one."""
ROWS_PER_GRAPH = 250_000
_CONNECTIVITY, _EXPANSION_ADD, _EXPANSION_SEARCH = 16, 128, 96
_AT_ONCE = 4096


def has_graphs() -> bool:
    """Return whether the package that graphs need is installed; without it, all are compared."""
    return find_spec("usearch") is not None


def build_graphs(
    folder: Path, kind: Kind, vectors_ND: NDArray[np.float32], rows_per_graph: int = ROWS_PER_GRAPH
) -> Iterator[GraphFile]:
    """Write the graphs of one kind of embedding, and yield each when it is on disk.

    Args:
        folder: The index.
        kind: Of which embeddings.
        vectors_ND: Each row of length 1; read in parts.
        rows_per_graph: The most works of a graph.
    """
    for number, first in enumerate(range(0, len(vectors_ND), rows_per_graph)):
        graph = _new_graph(vectors_ND.shape[1])
        last = min(first + rows_per_graph, len(vectors_ND))
        for start in range(first, last, _AT_ONCE):
            part = np.ascontiguousarray(vectors_ND[start : min(start + _AT_ONCE, last)])
            # With several threads, the graph would differ from run to run.
            graph.add(np.arange(start, start + len(part), dtype=np.uint64), part, threads=1)
        path = folder / f"{kind}-{number:04}.usearch"
        with atomic_path(path) as temporary:
            graph.save(str(temporary))
        yield GraphFile(name=path.name, kind=kind, first=first, sha256=_digest(path))


class Graphs:
    """The graphs of one kind of embedding, opened.

    Args:
        folder: The index.
        files: Those of the kind.
        size: How many numbers a vector has.

    Raises:
        DataError: A file is missing or damaged.
    """

    def __init__(self, folder: Path, files: list[GraphFile], size: int) -> None:
        self._one_at_a_time = Lock()
        self._graphs = [_opened(folder / file.name, file.sha256, size) for file in files]

    def near(self, query_D: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """Return the rows that are probably nearest, ``count`` of each graph, in no order."""
        # usearch does not say whether several threads may search a graph at once.
        with self._one_at_a_time:
            found = [graph.search(query_D, count).keys for graph in self._graphs]
        return np.concatenate(found).astype(np.int64)


def _new_graph(size: int) -> Any:
    return import_module("usearch.index").Index(
        ndim=size,
        metric="cos",
        dtype="i8",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
        expansion_search=_EXPANSION_SEARCH,
    )


def _opened(path: Path, sha256: str, size: int) -> Any:
    # A damaged file could end the process: it is compared with its checksum first.
    if not path.is_file() or _digest(path) != sha256:
        raise DataError(f"{path} is missing or damaged; make the index again with --overwrite")
    graph = _new_graph(size)
    graph.view(str(path))
    return graph


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
