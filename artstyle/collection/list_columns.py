"""The columns of a list that name its pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from artstyle.collection.headings import fold, usual_positions
from artstyle.collection.text_table import HEADER_WITHIN, RawRow
from artstyle.errors import DataError, UnknownNameError
from artstyle.styles.names import visible


@dataclass(frozen=True)
class Wanted:
    """The columns that a command names; None is guessed."""

    path: str | None = None
    id: str | None = None

    def known(self, header: Sequence[str]) -> int:
        """Return how many of the columns that are looked for a row names."""
        return sum(bool(self._positions(header, name)) for name in ("path", "id", "label"))

    def positions(self, header: Sequence[str]) -> dict[str, list[int]]:
        """Return the positions of path, id and label, those that there are."""
        found = {name: self._positions(header, name) for name in ("path", "id", "label")}
        return {name: at for name, at in found.items() if at}

    def _positions(self, header: Sequence[str], column: str) -> list[int]:
        name = {"path": self.path, "id": self.id}.get(column)
        if name is None:
            return usual_positions(header, column)
        exact = [at for at, title in enumerate(header) if title.strip() == name.strip()]
        return exact or [at for at, title in enumerate(header) if fold(title) == fold(name)]


def find_columns(
    path: Path, header: Sequence[str], wanted: Wanted, below: Iterator[RawRow]
) -> dict[str, int]:
    """Return the positions of path, id and label: of the first two one or both.

    Args:
        path: The list, for messages.
        header: The names of its columns.
        wanted: The columns that the command names.
        below: The rows after the header; only looked at to explain an error.

    Raises:
        UnknownNameError: The list has no column that the command names.
        DataError: It is empty, has neither column, or has one of them twice.
    """
    if not header:
        raise DataError(f"{path} is empty; its first line must name its columns")
    found = wanted.positions(header)
    shown = [visible(title.strip()) for title in header]
    for column, name in (("path", wanted.path), ("id", wanted.id)):
        if name is not None and column not in found:
            raise UnknownNameError(f"column of {path}", name, shown)
    if not found.keys() & {"path", "id"}:
        raise DataError(_no_column(path, shown, wanted, below))
    for column, places in found.items():
        if len(places) > 1:
            raise DataError(
                f"{path} has {len(places)} columns {shown[places[0]]}; rename all but one"
                + (f", or name another with --{column}-column" if column != "label" else "")
            )
    return {column: places[0] for column, places in found.items()}


def _no_column(path: Path, shown: Sequence[str], wanted: Wanted, below: Iterator[RawRow]) -> str:
    for row in islice(below, HEADER_WITHIN):
        if wanted.positions(row.fields).keys() & {"path", "id"}:
            return (
                f"{path}: the names of the columns are in line {row.line}; delete the lines above"
                f" it, which begin with {shown[0][:40]!r}"
            )
    plain = "; for plain paths, one a line: artstyle predict - < LIST" if len(shown) == 1 else ""
    return (
        f"{path} has no column that is known to hold paths or accession numbers, only"
        f" {', '.join(shown)}; name it with --path-column or --id-column{plain}"
    )
