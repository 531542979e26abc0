"""A table of answers that a person reviews: its rows, and its column ``review``.

A cell of that column holds a style as it is stored, ``rejected``, or nothing yet.
"""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from artstyle.collection.cells import with_cell
from artstyle.collection.table import open_table, without_surplus
from artstyle.collection.text_table import RawRow, TextTable
from artstyle.errors import BusyError, DataError, MissingError, UsageError
from artstyle.prediction.review_columns import (
    REVIEW,
    ReviewRow,
    find_review_columns,
    telling_columns,
)
from artstyle.storage.files import atomic_path, errors_named, inert, remove_unfinished
from artstyle.storage.locks import locked_file
from artstyle.styles.names import visible

REJECTED = "rejected"
"""The review of an answer that is wrong where no style is right."""
ENDINGS = (".csv", ".tsv", ".tab", ".txt")
"""Of files that can be reviewed."""


class ReviewFile:
    """A table of answers in text; only its column ``review`` is ever changed.

    It is held in memory, and written whole with each decision. Its methods can be called from
    several threads.

    Args:
        path: What `artstyle predict` wrote with ``--out``, also with ``--join``.

    Raises:
        MissingError: The file does not exist.
        UsageError: It is not text, holds no answers, or may not be written.
        DataError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        _require_text(path)
        self.path = path
        # A link stays one: the file that it leads to is replaced.
        self._file = path.resolve()
        self._changing = Lock()
        self._read()

    def current(self) -> tuple[str, tuple[ReviewRow, ...]]:
        """Return the name of the reading, and its rows.

        If another program changed the file, it is read again, and the reading has a new name:
        the rows may be others then.
        """
        with self._changing:
            if self._digest_now() != self._digest:
                self._read()
            return self.reading, tuple(self._rows)

    def rows(self) -> tuple[ReviewRow, ...]:
        """Return the rows as they were read or reviewed last."""
        with self._changing:
            return tuple(self._rows)

    def row(self, number: int) -> ReviewRow:
        """Return a row as it was read or reviewed last.

        Args:
            number: From 1.

        Raises:
            MissingError: There are fewer rows.
        """
        rows = self._rows
        if not 1 <= number <= len(rows):
            raise MissingError(f"{self.path.name} has {len(rows)} rows, but no row {number}")
        return rows[number - 1]

    def review(
        self, number: int, review: str, *, former: str | None = None, reading: str | None = None
    ) -> None:
        """Write a decision; when this returns, the disk has it.

        Args:
            number: The row, from 1.
            review: A style, `REJECTED`, or empty.
            former: The review that this one replaces; None replaces any.
            reading: The name that `current` returned with the rows; None takes any.

        Raises:
            MissingError: There are fewer rows.
            BusyError: The file was changed since it was read, or the row was reviewed meanwhile.
            UsageError: The file's encoding does not have the letters of the style.
            DataError: The cell cannot be changed without changing others.
            OSError: The disk is full, or the file may not be written.
        """
        with self._changing:
            row = self.row(number)
            if reading not in (None, self.reading) or self._digest_now() != self._digest:
                raise BusyError(
                    f"{self.path.name} was changed by another program; nothing was written; read"
                    " it again"
                )
            if row.review == review:
                return
            if former not in (None, row.review):
                raise BusyError(
                    f"row {number} was reviewed by someone else meanwhile:"
                    f" {visible(row.review) or 'taken back'}"
                )
            self._write(self._lines_with(number, review))
            line = self._lines[self._places[number - 1]]
            self._rows[number - 1] = self._columns.row(self.path, line)

    def notes(self) -> list[str]:
        """Return what people should know before they review, a sentence each."""
        _, rows = self.current()
        missing = sum(row.error is None and not Path(row.path).is_file() for row in rows)
        done = sum(bool(row.review) for row in rows)
        notes = [f"{self.path}: {done} of {len(rows)} rows are reviewed"]
        if missing:
            notes.append(
                f"pictures that are not there: {missing} of {len(rows)}; relative paths start from"
                " the folder in which you start this command"
            )
        return notes

    def _read(self) -> None:
        with errors_named(self.path):
            content = self._file.read_bytes()
        table = open_table(self._file, telling_columns)
        if not isinstance(table, TextTable):
            raise _not_text(self.path)
        lines = list(table.parsed(io.BytesIO(content)))
        if table.mark + b"".join(line.raw for line in lines) != content:
            raise DataError(f"{self.path} cannot be written back as it is; save it as UTF-8")
        places = [n for n, line in enumerate(lines) if not line.is_empty]
        if len(places) < 2:
            raise UsageError(f"{self.path} has no answers to review")
        header = lines[places[0]].fields
        rows = without_surplus(self.path, (lines[n] for n in places[1:]), len(header))
        self._columns = find_review_columns(self.path, header)
        self._rows = [self._columns.row(self.path, line) for line in rows]
        self._table, self._lines, self._header, self._places = table, lines, places[0], places[1:]
        self._codec = table.output_codec()
        self._digest = hashlib.sha256(content).hexdigest()
        self.reading = self._digest[:12]

    def _lines_with(self, number: int, review: str) -> list[RawRow]:
        """Return all lines with a decision; also the column itself, if there is none yet."""
        lines, at = list(self._lines), self._columns.review

        def put(place: int, text: str) -> None:
            lines[place] = with_cell(self._table, lines[place], at, text, self._codec)

        if at >= len(lines[self._header].fields):
            put(self._header, self._columns.review_name)
            for place in self._places:
                if at >= len(lines[place].fields):
                    put(place, "")
        put(self._places[number - 1], str(inert(review)))
        return lines

    def _write(self, lines: list[RawRow]) -> None:
        content = self._table.mark + b"".join(line.raw for line in lines)
        rights = self._file.stat().st_mode & 0o777
        with errors_named(self.path):
            with atomic_path(self._file, suffix=_temporary_suffix(self._file)) as temporary:
                temporary.write_bytes(content)
            self._file.chmod(rights)
        self._lines = lines
        self._columns.single.setdefault(REVIEW, self._columns.review)
        self._digest = hashlib.sha256(content).hexdigest()

    def _digest_now(self) -> str | None:
        """Return the digest of the file as it is now; None if it is gone."""
        try:
            return hashlib.sha256(self._file.read_bytes()).hexdigest()
        except FileNotFoundError:
            return None


@contextmanager
def opened_review(path: Path) -> Iterator[ReviewFile]:
    """Read a table of answers, and keep other reviews of it out while the block runs.

    Raises:
        BusyError: Another process reviews it.
        MissingError, UsageError, DataError: As `ReviewFile`.
    """
    _require_text(path)
    file = path.resolve()
    lock = file.with_name(f".{file.name}.lock")
    try:
        with locked_file(lock, path):
            remove_unfinished(file.parent, _temporary_suffix(file))
            yield ReviewFile(path)
            with suppress(OSError):  # Windows keeps it: it is open.
                lock.unlink()
    except BusyError:
        raise BusyError(
            f"another `artstyle serve --review` has {path} open; use its page, or stop it"
        ) from None


def _require_text(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise _not_text(path)
    if not path.is_file():
        raise MissingError(f"no file {path}; --review takes what `artstyle predict --out` wrote")
    if not os.access(path, os.W_OK):
        raise UsageError(f"{path} may not be written; a review is saved in it")


def _not_text(path: Path) -> UsageError:
    return UsageError(
        f"--review {path}: only tables of text can be reviewed ({', '.join(ENDINGS)}); write the"
        " answers with --out answers.csv, or save the workbook as CSV"
    )


def _temporary_suffix(file: Path) -> str:
    """Return an ending that only the unfinished files of this review have."""
    return f"-{file.name}.review"
