"""The life of a file of predictions: new, partial, resumed, whole.

While pictures are answered, ``rows.csv.partial`` keeps their rows, whatever the format of
``rows.csv``. It has one JSON value per line: first the request, then a row for each picture. A
line that was cut off is dropped. When every picture has its row, the output is written from these
rows, and the partial file is removed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from artstyle.errors import UsageError
from artstyle.pictures.finding import PicturePath, printable
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.writers import Counts
from artstyle.storage.files import atomic_path, digest, remove_unfinished
from artstyle.storage.locks import locked_file

Answer = Callable[[Iterator[PicturePath]], Iterator[PredictionRow]]
"""Turns pictures into their rows, in order."""
Writer = Callable[[Iterator[PredictionRow], Path], None]
"""Writes rows to a file."""


@dataclass(frozen=True)
class Request:
    """What rows depend on besides the pictures: rows of two requests are never mixed."""

    model: str
    """The fingerprint."""
    top_k: int
    batch_size: int
    """Other batches round differently in the last digit."""
    device: str


def partial_path(out: Path) -> Path:
    """Return where rows are kept until ``out`` is whole."""
    return out.with_name(f"{out.name}.partial")


def is_whole(out: Path) -> bool:
    """Return whether the output exists and has no rows left to write."""
    return out.exists() and not partial_path(out).exists()


def require_output(out: Path, *, overwrite: bool, resume: bool) -> None:
    """Check that an output may be written as asked.

    Args:
        out: The output.
        overwrite: Replace an output, or discard rows that exist.
        resume: Keep the rows that exist.

    Raises:
        UsageError: The output is a folder, or exists, or the options contradict each other.
    """
    partial = partial_path(out)
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file")
    if resume and overwrite:
        raise UsageError("--resume keeps the rows that exist, --overwrite does not; choose one")
    if overwrite or resume:
        return
    if out.exists():
        raise UsageError(f"--out {out} exists; say --overwrite to replace it")
    if partial.exists():
        raise UsageError(
            f"{partial} holds rows of an --out that was not finished;"
            " say --resume to keep them, or --overwrite to start again"
        )


def write_output(
    out: Path,
    answer: Answer,
    pictures: Iterator[PicturePath],
    request: Request,
    write: Writer,
    *,
    resume: bool,
) -> Counts:
    """Answer the pictures that have no row yet, then write the whole output.

    Args:
        out: The output; it appears under its name only when it is whole.
        answer: Called once, with the pictures that have no row.
        pictures: All pictures, in order.
        request: What the rows depend on.
        write: Writes the whole output.
        resume: Keep the rows that exist; otherwise discard them.

    Raises:
        BusyError: Another process writes to the same output.
        UsageError: The rows that exist come from another request or other pictures.
    """
    with unfinished_rows(out, request, resume=resume) as unfinished:
        remove_unfinished(out.parent, _temporary_suffix(out))
        for row in answer(unfinished.skip_finished(pictures)):
            unfinished.add(row)
        with atomic_path(out, suffix=_temporary_suffix(out)) as temporary:
            counted = _Counted(unfinished.rows())
            write(iter(counted), temporary)
    return Counts(counted.total, counted.failed)


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterator[PredictionRow]) -> None:
        self._rows = rows
        self.total = self.failed = 0

    def __iter__(self) -> Iterator[PredictionRow]:
        for row in self._rows:
            self.total, self.failed = self.total + 1, self.failed + (row.error is not None)
            yield row


class Unfinished:
    """The rows that exist so far; made by ``unfinished_rows``."""

    def __init__(self, path: Path, file: BinaryIO, request: Request) -> None:
        self._path, self._file, self._request = path, file, request
        self.answered = 0
        """How many of the rows that `skip_finished` kept have no error."""

    def skip_finished(self, pictures: Iterator[PicturePath]) -> Iterator[PicturePath]:
        """Return the pictures that have no row yet.

        An incomplete batch is answered again as a whole, so that batches stay as they were.

        Raises:
            UsageError: The rows come from another request, other pictures or another order.
        """
        kept = end = self._check_request()
        batch: list[PicturePath] = []
        answered = 0
        for number, line in enumerate(self._file, start=1):
            row, end = _parsed(line), end + len(line)
            if row is None:
                break
            batch.append(self._same_picture(row, next(pictures, None), number))
            answered += row["error"] is None
            if len(batch) == self._request.batch_size:
                kept, batch, self.answered = end, [], answered
        self._file.truncate(kept)
        self._file.seek(kept)
        return chain(batch, pictures)

    def add(self, row: PredictionRow) -> None:
        """Keep a row; it survives if this process is killed."""
        self._file.write(_line(row.to_dict()))
        self._file.flush()

    def rows(self) -> Iterator[PredictionRow]:
        """Yield all rows, read back one by one."""
        self._file.seek(0)
        next(self._file)
        for value in map(json.loads, self._file):
            yield PredictionRow.from_dict(value)

    def _check_request(self) -> int:
        """Check that the file begins with this request; return the length of its line."""
        self._file.seek(0)
        line = next(self._file, b"")
        found, asked = _parsed(line), asdict(self._request)
        if not line.endswith(b"\n"):  # Nothing was kept yet.
            self._file.seek(0)
            self._file.truncate()
            self._file.write(_line(asked))
            return self._file.tell()
        if found is None or "model" not in found:
            raise UsageError(f"{self._path} was not written by artstyle; move it away")
        if found.keys() != asked.keys():
            raise self._of_another_version()
        for key, value in asked.items():
            if found[key] != value:
                raise UsageError(
                    f"{self._path} was begun with {key.replace('_', ' ')} {found[key]}, not"
                    f" {value}; ask as before, or say --overwrite instead of --resume"
                )
        return len(line)

    def _of_another_version(self) -> UsageError:
        return UsageError(
            f"{self._path} was begun by another version of artstyle and stays as it is;"
            " resume with that version, or say --overwrite instead of --resume to start again"
        )

    def _same_picture(
        self, row: dict[str, Any], picture: PicturePath | None, number: int
    ) -> PicturePath:
        if not _is_row(row):
            raise self._of_another_version()
        record = picture and picture.record and asdict(picture.record)
        if picture is None or str(picture.path) != row["path"] or record != row["record"]:
            found = "there is none" if picture is None else f"it is {_named(picture)}"
            raise UsageError(
                f"{self._path} has {row['path']!r} as picture {number}, but now {found};"
                " name the same pictures in the same order, or say --overwrite instead of --resume"
            )
        return picture


@contextmanager
def unfinished_rows(out: Path, request: Request, *, resume: bool) -> Iterator[Unfinished]:
    """Open the file that keeps rows, and remove it when the block ends without an error.

    Args:
        out: The output, which the block writes from the rows.
        request: What the rows depend on.
        resume: Keep the rows that exist; otherwise discard them.

    Raises:
        BusyError: Another process writes to the same output.
    """
    path = partial_path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked_file(path, out) as descriptor, open(descriptor, "r+b", closefd=False) as file:
        if not resume:
            file.truncate()
        yield Unfinished(path, file, request)
        path.unlink()


def _temporary_suffix(out: Path) -> str:
    """Return an ending that only the temporary files of this output have.

    Other processes may write other files to the same folder at the same time.
    """
    return f".{digest(out.name)[:16]}"


def _is_row(value: Mapping[str, Any]) -> bool:
    """Return whether this version writes such a row."""
    try:
        return PredictionRow.from_dict(value).to_dict() == value
    except (KeyError, TypeError):
        return False


def _line(value: Any) -> bytes:
    # ASCII: the bytes of a path that are not UTF-8 are escapes, and come back as they were.
    return json.dumps(value, allow_nan=False).encode("ascii") + b"\n"


def _named(picture: PicturePath) -> str:
    """Return a picture's path, and its number in the list where it has one."""
    number = picture.record and picture.record.id
    return printable(picture.path) + (f" of {number}" if number else "")


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line's value; None for a line that was cut off."""
    try:
        value = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
