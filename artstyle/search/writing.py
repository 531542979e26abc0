"""The file of embeddings, written from what was kept while pictures were embedded."""

import json
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from artstyle.errors import DataError
from artstyle.pictures.finding import printable
from artstyle.prediction.rows import PredictionRow
from artstyle.search.folder import IndexFolder
from artstyle.search.kinds import Kind
from artstyle.search.vectors import NUMBER_BYTES, Tensor, write_tensors
from artstyle.search.works import Known, artist_number, path_number, work_of
from artstyle.storage.files import atomic_path

Knowledge = Callable[[int, Path], Known]
"""What the collection says of a picture, from its position among all and its path."""
_COPIED_BYTES = 1 << 22


@dataclass
class Written:
    """What the file of embeddings holds, without vectors and works: 28 bytes for each work."""

    ends: "array[int]" = field(default_factory=lambda: array("q"))
    paths: "array[int]" = field(default_factory=lambda: array("Q"))
    artists: "array[int]" = field(default_factory=lambda: array("Q"))
    checksums: "array[int]" = field(default_factory=lambda: array("I"))
    failures: list[tuple[Path, str]] = field(default_factory=list)
    """Path and reason of each picture that could not be read."""

    @property
    def checksum(self) -> int:
        """CRC-32 of all columns but the vectors and the works, which have their own."""
        columns = (self.ends, self.paths, self.artists, self.checksums)
        return zlib.crc32(b"".join(map(_little, columns)))


def write_embeddings(
    folder: IndexFolder,
    sizes: Mapping[Kind, int],
    rows: Iterator[PredictionRow],
    known: Knowledge,
) -> Written:
    """Write vectors and works as one file, in parts.

    Args:
        folder: With the vectors of all rows that have no error.
        sizes: Kind of embedding -> how many numbers each has.
        rows: An answer for each picture.
        known: What the collection says of them.

    Raises:
        DataError: No picture could be read.
    """
    with TemporaryFile(dir=folder.path) as lines:
        written = _read_back(folder, sizes, rows, known, lines)
        count = len(written.ends)
        lines.seek(0)
        tensors: dict[str, Tensor] = {
            kind: Tensor("F32", (count, size), _parts_of(folder.vectors_so_far(kind)))
            for kind, size in sizes.items()
        }
        tensors |= {
            "ends": Tensor("I64", (count,), [_little(written.ends)]),
            "paths": Tensor("U64", (count,), [_little(written.paths)]),
            "artists": Tensor("U64", (count,), [_little(written.artists)]),
            "checksums": Tensor("U32", (count,), [_little(written.checksums)]),
            "rows": Tensor("U8", (written.ends[-1],), _parts(lines)),
        }
        folder.remove_former()
        with atomic_path(folder.tensors_path) as temporary:
            write_tensors(temporary, tensors)
    return written


def row_checksum(line: bytes, vectors: Iterable[bytes]) -> int:
    """Return the CRC-32 of a work's line and its vectors, kind by kind."""
    checksum = zlib.crc32(line)
    for vector in vectors:
        checksum = zlib.crc32(vector, checksum)
    return checksum


def _read_back(
    folder: IndexFolder,
    sizes: Mapping[Kind, int],
    rows: Iterator[PredictionRow],
    known: Knowledge,
    lines: IO[bytes],
) -> Written:
    written = Written()
    vectors = _vectors(folder, sizes)
    for number, row in enumerate(rows):
        if row.error is not None:
            written.failures.append((row.path, row.error))
            continue
        work = work_of(row, known(number, row.path))
        line = json.dumps(work.to_dict(), allow_nan=False).encode("ascii") + b"\n"
        lines.write(line)
        written.ends.append(lines.tell())
        written.paths.append(path_number(work.path))
        written.artists.append(artist_number(work.artist))
        written.checksums.append(row_checksum(line, next(vectors)))
    if not written.ends:
        path, reason = written.failures[0]
        raise DataError(f"no picture could be read; the first, {printable(path)}: {reason}")
    return written


def _vectors(folder: IndexFolder, sizes: Mapping[Kind, int]) -> Iterator[tuple[bytes, ...]]:
    """Yield the vectors of each row, kind by kind."""
    records = [_records(folder.vectors_so_far(kind), size) for kind, size in sizes.items()]
    return zip(*records, strict=True)


def _records(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while record := file.read(size * NUMBER_BYTES):
            yield record


def _parts_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _parts(file)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_COPIED_BYTES):
        yield part


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()
