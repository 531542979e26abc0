"""An index that was opened: its works, and which of them are nearest."""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.errors import DataError, UsageError
from artstyle.models.style_model import StyleModel
from artstyle.search.document import IndexDocument
from artstyle.search.embeddings import Vectors
from artstyle.search.folder import IndexFolder
from artstyle.search.graphs import Graphs, has_graphs
from artstyle.search.kinds import By, Kind, kinds_of
from artstyle.search.vectors import read_tensors
from artstyle.search.works import Work, path_number
from artstyle.search.writing import row_checksum

Rows = NDArray[np.int64]
LeftOut = Callable[[Rows], NDArray[np.bool_]]
"""Rows -> whether each is left out."""

_COMPARED_AT_ONCE = 8192
_CANDIDATES = 4
"""Times more than asked for: their order by 8-bit vectors is not yet the true one."""
_MORE = 8


@dataclass(frozen=True)
class Index:
    """An index of N works; made by `open_index`."""

    folder: IndexFolder
    document: IndexDocument
    tensors: Mapping[str, NDArray[Any]]
    """As `read_tensors` gave them."""
    checked: NDArray[np.bool_] = field(repr=False)
    """Which rows were compared with their checksum, shape (N,)."""

    @property
    def is_approximate(self) -> bool:
        """Whether graphs name the candidates; otherwise all works are compared."""
        return bool(self.document.graphs) and has_graphs()

    def require_model(self, model: StyleModel) -> None:
        """Refuse a model that did not make the index: embeddings of two are never mixed.

        Raises:
            UsageError: Its fingerprint is another.
        """
        known = self.document
        if known.model != model.fingerprint:
            raise UsageError(
                f"the index {self.folder.path} was made with another model: {known.network}"
                f" {known.model} of {known.run}, not {model.name} {model.fingerprint}; name that"
                " one with --run, take the --engine that made it, or make the index again with"
                " --overwrite"
            )

    def require_kinds(self, by: By) -> None:
        """Refuse a comparison by embeddings that the index does not have.

        Raises:
            UsageError: It has only others.
        """
        if missing := [kind for kind in kinds_of(by) if kind not in self.document.sizes]:
            raise UsageError(
                f"--by {by} needs {missing[0]} embeddings, which {self.document.network} does not"
                f" give: use --by {' or '.join(self.document.sizes)}"
            )

    def work(self, row: int) -> Work:
        """Return a work.

        Raises:
            DataError: It is damaged on disk.
        """
        self._check(np.array([row]))
        return Work.from_dict(json.loads(self._line(row)))

    def has_file(self, path: str) -> bool:
        """Return whether this is exactly the path of a work, and not only a name.

        Raises:
            DataError: The work is damaged on disk.
        """
        rows = np.flatnonzero(self.tensors["paths"] == np.uint64(path_number(path)))
        works = [self.work(int(row)) for row in rows]
        return any(work.path == path and work.is_file for work in works)

    def vectors(self, rows: Rows) -> dict[Kind, Vectors]:
        """Return the embeddings of some works.

        Raises:
            DataError: One is damaged on disk.
        """
        self._check(rows)
        return {kind: np.asarray(self.tensors[kind][rows]) for kind in self.document.sizes}

    def nearest(
        self, query: Mapping[Kind, Vectors], by: By, count: int, left_out: LeftOut
    ) -> list[tuple[int, float]]:
        """Return the nearest works, as row and mean cosine, the nearest first.

        Cosines are exact. With an approximate index, a work may be missed that is nearer.

        Args:
            query: Kind of embedding -> D numbers of length 1.
            by: Which kinds are compared.
            count: How many works; fewer if there are not so many.
            left_out: Which rows do not count.

        Raises:
            DataError: A row is damaged on disk.
        """
        wanted = _CANDIDATES * count
        while self.is_approximate and wanted < self.document.works // _MORE:
            rows = np.unique(
                np.concatenate([self.graphs[k].near(query[k], wanted) for k in kinds_of(by)])
            )
            rows = rows[~left_out(rows)]
            if 2 * len(rows) >= wanted:
                return _best(rows, self._scores(rows, query, by), count)
            wanted *= _MORE
        return self._nearest_of_all(query, by, count, left_out)

    def _nearest_of_all(
        self, query: Mapping[Kind, Vectors], by: By, count: int, left_out: LeftOut
    ) -> list[tuple[int, float]]:
        best: list[tuple[int, float]] = []
        for start in range(0, self.document.works, _COMPARED_AT_ONCE):
            rows = np.arange(start, min(start + _COMPARED_AT_ONCE, self.document.works))
            rows = rows[~left_out(rows)]
            best += _best(rows, self._scores(rows, query, by), count)
        return sorted(best, key=lambda found: (-found[1], found[0]))[:count]

    def _scores(self, rows: Rows, query: Mapping[Kind, Vectors], by: By) -> Vectors:
        vectors, kinds = self.vectors(rows), kinds_of(by)
        scores_N = np.zeros(len(rows), np.float32)
        for kind in kinds:
            scores_N += vectors[kind] @ query[kind]
        return scores_N / np.float32(len(kinds))

    def _check(self, rows: Rows) -> None:
        """Compare rows with their checksums, once each."""
        kinds = [self.tensors[kind] for kind in self.document.sizes]
        for row in rows[~self.checked[rows]].tolist():
            found = row_checksum(self._line(row), (kind[row].tobytes() for kind in kinds))
            if found != self.tensors["checksums"][row]:
                raise DataError(
                    f"{self.folder.tensors_path} is damaged in row {row + 1}; make the index again"
                    " with --overwrite"
                )
            self.checked[row] = True

    def _line(self, row: int) -> bytes:
        ends = self.tensors["ends"]
        start = int(ends[row - 1]) if row else 0
        return self.tensors["rows"][start : int(ends[row])].tobytes()

    @cached_property
    def graphs(self) -> dict[Kind, Graphs]:
        """The approximate index of each kind; opened and compared with its checksum once.

        Raises:
            DataError: A file of it is missing or damaged.
        """
        files = self.document.graphs
        return {
            kind: Graphs(self.folder.path, [f for f in files if f.kind == kind], size)
            for kind, size in self.document.sizes.items()
        }


def open_index(path: Path) -> Index:
    """Open an index for search; its vectors stay on disk, and the system reads what is used.

    Raises:
        MissingError: The folder is not an index, or the index is not finished.
        DataError: A file is damaged, or a later version of artstyle wrote it.
    """
    folder = IndexFolder(path)
    folder.require_whole()
    try:
        document = IndexDocument.read(folder.document_path)
    except DataError as error:
        raise DataError(f"{error}; make the index again with --overwrite") from None
    tensors = read_tensors(folder.tensors_path)
    columns = ("ends", "paths", "artists", "checksums")
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(columns, (document.works,))
    shapes |= {kind: (document.works, size) for kind, size in document.sizes.items()}
    fits = all(name in tensors and tensors[name].shape == shape for name, shape in shapes.items())
    if not fits or _checksum(tensors, columns) != document.checksum:
        raise DataError(
            f"{folder.tensors_path} does not belong to {folder.document_path.name}, or is damaged;"
            " make the index again with --overwrite"
        )
    return Index(folder, document, tensors, np.zeros(document.works, bool))


def _checksum(tensors: Mapping[str, NDArray[Any]], columns: Sequence[str]) -> int:
    return zlib.crc32(b"".join(tensors[name].tobytes() for name in columns))


def _best(rows: Rows, scores_N: Vectors, count: int) -> list[tuple[int, float]]:
    """Return the rows of the highest scores; among equals the first row comes first."""
    order = np.lexsort((rows, -scores_N))[:count]
    return [(int(rows[at]), float(scores_N[at])) for at in order]
