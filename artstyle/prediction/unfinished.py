"""The rows of a `predict --out` that is not finished: kept beside the output, and gone on with.

``rows.csv.partial`` holds, whatever the format of ``rows.csv``, one JSON value a line: first what
was asked, then a row for each picture, written as it comes. A line that was cut off is dropped.
When every picture has its row, the output is written from them and the file is removed.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from artstyle.errors import UsageError
from artstyle.pictures.finding import PicturePath, printable
from artstyle.prediction.predict import PredictionRow, RankedStyle
from artstyle.storage.locks import locked_file


@dataclass(frozen=True)
class Request:
    """What rows depend on beside the pictures: rows of two requests are never mixed."""

    model: str
    """The fingerprint."""
    top_k: int
    batch_size: int
    """Other batches round otherwise in the last digit."""
    device: str


class Unfinished:
    """The rows that there are so far; made by ``unfinished_rows``."""

    def __init__(self, path: Path, file: BinaryIO, request: Request) -> None:
        self._path, self._file, self._request = path, file, request

    def skip_finished(self, pictures: Iterator[PicturePath]) -> Iterator[PicturePath]:
        """Return the pictures that have no row yet.

        Of a batch that is not whole, all pictures are answered anew: batches stay as they were.

        Raises:
            UsageError: The rows are of another request, or of other pictures or another order.
        """
        kept = end = self._check_request()
        batch: list[PicturePath] = []
        for number, line in enumerate(self._file, start=1):
            row, end = _parsed(line), end + len(line)
            if row is None:
                break
            batch.append(self._same_picture(row, next(pictures, None), number))
            if len(batch) == self._request.batch_size:
                kept, batch = end, []
        self._file.truncate(kept)
        self._file.seek(kept)
        return chain(batch, pictures)

    def add(self, row: PredictionRow) -> None:
        """Keep a row, as far as this process can be killed."""
        self._file.write(_line(row.to_dict()))
        self._file.flush()

    def rows(self) -> Iterator[PredictionRow]:
        """Yield all rows, read back one by one."""
        self._file.seek(0)
        next(self._file)
        for value in map(json.loads, self._file):
            ranked = value["styles"] and tuple(RankedStyle(**style) for style in value["styles"])
            yield PredictionRow(Path(value["path"]), ranked, value["error"], value["model"])

    def _check_request(self) -> int:
        """Make sure that the file begins with this request; return how long it is."""
        self._file.seek(0)
        line = next(self._file, b"")
        found, asked = _parsed(line), asdict(self._request)
        if not line.endswith(b"\n"):  # Nothing was kept yet.
            self._file.seek(0)
            self._file.truncate()
            self._file.write(_line(asked))
            return self._file.tell()
        if found is None or found.keys() != asked.keys():
            raise UsageError(f"{self._path} is not of 'artstyle predict'; move it elsewhere")
        for key, value in asked.items():
            if found[key] != value:
                raise UsageError(
                    f"{self._path} was begun with {key.replace('_', ' ')} {found[key]}, not"
                    f" {value}; ask as before, or say --overwrite instead of --resume"
                )
        return len(line)

    def _same_picture(
        self, row: dict[str, Any], picture: PicturePath | None, number: int
    ) -> PicturePath:
        if picture is None or str(picture.path) != row.get("path"):
            found = "there is none" if picture is None else f"it is {printable(picture.path)}"
            raise UsageError(
                f"{self._path} has {row.get('path')!r} as picture {number}, but now {found};"
                " name the same pictures in the same order, or say --overwrite instead of --resume"
            )
        return picture


@contextmanager
def unfinished_rows(
    path: Path, out: Path, request: Request, *, resume: bool
) -> Iterator[Unfinished]:
    """Open the file that keeps rows, and remove it when the block ends well.

    Args:
        path: Where rows are kept.
        out: The output, which the block writes from them.
        request: What was asked.
        resume: Keep the rows that are there; else begin anew.

    Raises:
        BusyError: Another process writes to the same output.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked_file(path, out) as descriptor, open(descriptor, "r+b", closefd=False) as file:
        if not resume:
            file.truncate()
        yield Unfinished(path, file, request)
        path.unlink()


def _line(value: Any) -> bytes:
    # ASCII: the bytes of a path that are no UTF-8 are escapes, and come back as they were.
    return json.dumps(value, allow_nan=False).encode("ascii") + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line's value; None for a line that was cut off."""
    try:
        value = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
