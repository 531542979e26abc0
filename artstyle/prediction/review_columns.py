"""The columns of a table of answers that a person reviews, and what its rows say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

from artstyle.collection.headings import usual_positions
from artstyle.collection.table import cell
from artstyle.collection.text_table import RawRow
from artstyle.confidence.answers import VERDICTS, Verdict
from artstyle.errors import DataError, UsageError
from artstyle.prediction.columns import free_names
from artstyle.prediction.rows import RankedStyle
from artstyle.storage.files import live
from artstyle.styles.names import visible

REVIEW = "review"
"""The column of what a person decides."""

_TELLING = frozenset(("path", "file", "style", "style_1", "verdict", "model", REVIEW))
_PREFIX = re.compile(r"^(?:artstyle_)+")


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """What a row says of a picture, and what a person made of it."""

    path: str
    id: str | None
    label: str | None
    styles: tuple[RankedStyle, ...] | None
    """The most probable first; None if the picture could not be read."""
    error: str | None
    model: str
    verdict: Verdict | None
    likely: tuple[str, ...] | None
    review: str
    """A style, ``rejected``, or empty."""


@dataclass(frozen=True)
class ReviewColumns:
    """Where a table of answers says what."""

    single: dict[str, int]
    """Name -> position; without ``review``, if there is none yet."""
    styles: tuple[tuple[int, int], ...]
    """Positions of the styles and of their probabilities, the most probable first."""
    review: int
    review_name: str

    def row(self, path: Path, line: RawRow) -> ReviewRow:
        """Return what a row of the table says.

        Raises:
            DataError: A probability is not a number from 0 to 1.
        """

        def text(name: str) -> str:
            return live(cell(line, self.single[name])) if name in self.single else ""

        styles = [
            RankedStyle(live(cell(line, style)), _share(path, line, probability))
            for style, probability in self.styles
            if cell(line, style)
        ]
        verdict = text("verdict")
        return ReviewRow(
            path=text("path"),
            id=text("id") or None,
            label=text("label") or None,
            styles=tuple(styles) or None,
            error=text("error") or (None if styles else "it has no answer"),
            model=text("model"),
            verdict=next((known for known in VERDICTS if known == verdict), None),
            likely=tuple(text("likely").split("; ")) if text("likely") else None,
            review=text(REVIEW),
        )


def find_review_columns(path: Path, header: Sequence[str]) -> ReviewColumns:
    """Return the columns of answers: of a list that was joined the added ones at its right.

    Raises:
        UsageError: It has none.
    """
    # The last of a name: a joined list may have columns of its own that are called the same.
    at = {_PREFIX.sub("", title.strip().casefold()): n for n, title in enumerate(header)}
    first = max(at.get("style", -1), at.get("style_1", -1))
    is_joined = first == at.get("style")
    file = "file" if is_joined else "path"
    if first < 0 or file not in at or (is_joined and at[file] < first):
        raise UsageError(
            f"{path} holds no answers: it has no columns"
            f" {'style' if is_joined else 'style_1'} and {file}; name a file that"
            " `artstyle predict --out` wrote"
        )
    names = ("error", "model", "verdict", "likely")
    single = {name: at[name] for name in names if at.get(name, -1) > first}
    single["path"] = at[file]
    for name in ("id", "label"):
        if found := usual_positions(header, name):
            single[name] = found[0]
    if at.get(REVIEW, -1) > first:
        single[REVIEW] = at[REVIEW]
    return ReviewColumns(
        single,
        _ranked(at, is_joined=is_joined),
        single.get(REVIEW, len(header)),
        free_names([REVIEW], header)[0],
    )


def _ranked(at: Mapping[str, int], *, is_joined: bool) -> tuple[tuple[int, int], ...]:
    if is_joined:
        return ((at["style"], at.get("probability", -1)),)
    ranks = takewhile(lambda n: f"style_{n}" in at, count(1))
    return tuple((at[f"style_{n}"], at.get(f"probability_{n}", -1)) for n in ranks)


def _share(path: Path, line: RawRow, at: int) -> float:
    text = cell(line, at) if at >= 0 else ""
    try:
        # A spreadsheet may have saved a decimal comma.
        share = float(text.replace(",", "."))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise DataError(f"{path} line {line.line}: '{visible(text)}' is not a probability")
    return share


def telling_columns(header: Sequence[str]) -> int:
    """Return how many columns of answers a row names."""
    return sum(_PREFIX.sub("", title.strip().casefold()) in _TELLING for title in header)
