"""The columns that answers have in tables: CSV, Excel, Parquet, and a collection's own list."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Literal, get_args

from artstyle.pictures.record import Record
from artstyle.prediction.rows import DECIMALS, PredictionRow
from artstyle.storage.files import FORMULA_STARTS
from artstyle.styles.entries import StyleEntry
from artstyle.styles.names import joined_labels
from artstyle.styles.vocabulary import Vocabulary, read_vocabulary

Identifier = Literal["aat", "wikidata"]
IDENTIFIERS: tuple[Identifier, ...] = get_args(Identifier)
"""The Getty Art & Architecture Thesaurus, and Wikidata."""

Value = str | float | None


@dataclass(frozen=True)
class Naming:
    """What is added to the most probable style of each picture."""

    language: str | None = None
    """Its name in one of the vocabulary's languages."""
    identifiers: tuple[Identifier, ...] = ()
    """Its identifiers, empty where they are not known."""
    vocabulary: Vocabulary = field(default_factory=read_vocabulary, repr=False)
    """What knows both: artstyle's vocabulary, or a user's."""


@dataclass(frozen=True)
class Column:
    """A column and what it holds of an answer."""

    name: str
    value: Callable[[PredictionRow], Value]
    is_number: bool = False
    decimals: int | None = None
    """How many digits a number has as text; None has as many as it needs."""

    def text(self, row: PredictionRow) -> str:
        """Return the value as text, empty for None."""
        value = self.value(row)
        if value is None:
            return ""
        return str(value) if self.decimals is None else f"{value:.{self.decimals}f}"


def answer_columns(
    num_styles: int, naming: Naming, *, has_records: bool, multi: bool = False
) -> list[Column]:
    """Return the columns of a table of answers.

    Args:
        num_styles: How many styles a row names.
        naming: What is added to the most probable style.
        has_records: Whether the pictures come from a list or a manifest.
        multi: Whether a picture may have several labels; ``labels`` is then a column.
    """
    records = [part.name for part in fields(Record)] if has_records else []
    return [
        Column("path", lambda row: _inert(row.path)),
        Column("file", lambda row: row.path.name),
        *(Column(name, _recorded(attrgetter(name))) for name in records),
        *([Column("labels", _labels)] if multi else []),
        *(column for n in range(num_styles) for column in _ranked(n)),
        Column("error", lambda row: row.error),
        Column("model", lambda row: row.model),
        Column("verdict", lambda row: row.verdict),
        Column("familiarity", lambda row: row.familiarity, is_number=True),
        Column("likely", lambda row: "; ".join(row.likely) if row.likely else None),
        Column("group", _group),
        Column("group_probability", _group_probability, True, DECIMALS),
        *_naming_columns(naming),
    ]


def joined_columns(naming: Naming, *, multi: bool = False) -> list[Column]:
    """Return the columns that a collection's own list is given.

    Args:
        naming: What is added to the most probable style.
        multi: Whether a picture may have several labels; those that it is given are then the
            answer.
    """
    return [
        *([Column("labels", _labels)] if multi else _answer_columns(naming)),
        Column("file", lambda row: _inert(row.path)),
        Column("error", lambda row: row.error),
        *origin_columns(),
        Column("review", lambda row: None),
    ]


def _answer_columns(naming: Naming) -> Iterator[Column]:
    style, probability = _ranked(0)
    yield Column("style", style.value)
    yield from _naming_columns(naming)
    yield Column("probability", probability.value, True, DECIMALS)
    yield Column("verdict", lambda row: row.verdict)
    yield Column("likely", lambda row: "; ".join(row.likely) if row.likely else None)
    yield Column("group", _group)


def origin_columns() -> Iterator[Column]:
    """Yield the columns that distinguish a machine's answer from a curator's."""
    release, today = version("artstyle"), datetime.now(tz=UTC).date().isoformat()
    yield Column("model", lambda row: row.model)
    yield Column("artstyle", lambda row: release)
    yield Column("date", lambda row: today)


def free_names(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return names for new columns; one that a list has already is given a prefix.

    Args:
        names: The names that they should have.
        taken: The list's own columns; case and outer spaces do not count.
    """
    used = {title.strip().casefold() for title in taken}
    free = []
    for name in names:
        while name.casefold() in used:
            name = f"artstyle_{name}"
        free.append(name)
    return free


def _recorded(value: Callable[[Record], str | None]) -> Callable[[PredictionRow], Value]:
    return lambda row: value(row.record) if row.record else None


def _labels(row: PredictionRow) -> str | None:
    return None if row.labels is None or row.error is not None else joined_labels(row.labels)


def _group(row: PredictionRow) -> str | None:
    return row.group.group if row.group else None


def _group_probability(row: PredictionRow) -> float | None:
    return row.group.probability if row.group else None


def _ranked(n: int) -> tuple[Column, Column]:
    def style(row: PredictionRow) -> str | None:
        return row.styles[n].style if row.styles and n < len(row.styles) else None

    def probability(row: PredictionRow) -> float | None:
        return row.styles[n].probability if row.styles and n < len(row.styles) else None

    return Column(f"style_{n + 1}", style), Column(
        f"probability_{n + 1}", probability, True, DECIMALS
    )


def _naming_columns(naming: Naming) -> Iterator[Column]:
    vocabulary, language = naming.vocabulary, naming.language
    if language is not None:
        yield Column(
            "name",
            lambda row: vocabulary.name(row.styles[0].style, language) if row.styles else None,
        )
    for identifier in naming.identifiers:
        yield Column(identifier, _identified(vocabulary, attrgetter(f"{identifier}_id")))


def _identified(
    vocabulary: Vocabulary, known: Callable[[StyleEntry], str | None]
) -> Callable[[PredictionRow], Value]:
    def value(row: PredictionRow) -> str | None:
        entry = vocabulary.entry(row.styles[0].style) if row.styles else None
        return known(entry) if entry else None

    return value


def _inert(path: Path) -> str:
    """Return a path that is not a formula for a spreadsheet, and still opens the file."""
    text = str(path)
    return f"./{text}" if text[:1] in FORMULA_STARTS else text
