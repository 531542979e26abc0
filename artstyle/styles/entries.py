"""What a vocabulary file says about styles: one row a style, in artstyle's own file or a user's."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from artstyle.errors import DataError, MissingError, UnknownNameError
from artstyle.storage.files import decode_text, live, write_csv
from artstyle.styles.names import is_style_name

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "zh", "ja")
"""ISO 639-1; the columns of the names, English first."""
COLUMNS = (
    "style", "group", *LANGUAGES, "year_from", "year_to", "region", "definition",
    "aat_id", "aat_label", "wikidata_id", "synonyms",
)  # fmt: skip
_BETWEEN_SYNONYMS = "|"
_YEAR = re.compile(r"-?\d{1,4}", re.ASCII)
_AAT = re.compile(r"300\d{6}", re.ASCII)
_WIKIDATA = re.compile(r"Q[1-9]\d{0,11}", re.ASCII)
_SHAPES = {
    "year_from": (_YEAR, "a year such as 1905"),
    "year_to": (_YEAR, "a year such as 1905"),
    "aat_id": (_AAT, "a Getty AAT id such as 300021503"),
    "wikidata_id": (_WIKIDATA, "a Wikidata id such as Q40415"),
}


@dataclass(frozen=True)
class StyleEntry:
    """A style as people and databases know it; None where nothing is known."""

    style: str
    """The key: the name of the folder and of the label."""
    names: Mapping[str, str]
    """One of `LANGUAGES` -> the name."""
    group: str | None = None
    year_from: int | None = None
    year_to: int | None = None
    """None with a ``year_from`` means that the style is still in use."""
    region: str | None = None
    definition: str | None = None
    """One English sentence."""
    aat_id: str | None = None
    """In the Getty Art & Architecture Thesaurus."""
    aat_label: str | None = None
    wikidata_id: str | None = None
    synonyms: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """All names that stand for the style, the key first."""
        label = (self.aat_label,) if self.aat_label else ()
        return (self.style, *self.names.values(), *label, *self.synonyms)

    @property
    def years(self) -> str | None:
        """As people write them: ``1905-1920``, ``from 1886``."""
        if self.year_from is None:
            return None if self.year_to is None else f"until {self.year_to}"
        return f"from {self.year_from}" if self.year_to is None else self._span

    @property
    def _span(self) -> str:
        return f"{self.year_from}\N{EN DASH}{self.year_to}"


def require_language(language: str) -> str:
    """Return a language that the names are in.

    Raises:
        UnknownNameError: It is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    return language


def read_entries(path: Path) -> Iterator[StyleEntry]:
    """Yield the styles of a vocabulary file.

    It is a table with a header: UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs. Of
    `COLUMNS`, only ``style`` must be there.

    Raises:
        MissingError: The file does not exist.
        DataError: It is not such a table, or a cell is not what its column holds.
    """
    if not path.is_file():
        raise MissingError(f"no vocabulary file {path}")
    try:
        text, _ = decode_text(path.read_bytes())
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not whole {error.encoding} text: {error.reason}") from None
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(header), restval="")
    _require_columns(path, reader.fieldnames or ())
    try:
        for row in reader:
            where = f"{path} line {reader.line_num}"
            if any(row.pop(None, ())):  # Cells beyond the header.
                raise DataError(f"{where} has more fields than the header; quote cells with commas")
            yield _entry({name.strip(): live(cell).strip() for name, cell in row.items()}, where)
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num} is not valid CSV: {error}") from None


def write_entries(path: Path, entries: Iterable[StyleEntry]) -> None:
    """Write a vocabulary file, whole or not at all."""
    write_csv(path, COLUMNS, map(entry_cells, entries))


def entry_cells(entry: StyleEntry) -> dict[str, str]:
    """Return a style as a row of a vocabulary file; an empty cell where nothing is known."""
    facts = {name: getattr(entry, name, None) for name in COLUMNS}
    facts |= {language: entry.names.get(language) for language in LANGUAGES}
    facts["synonyms"] = _BETWEEN_SYNONYMS.join(entry.synonyms)
    return {name: "" if fact is None else str(fact) for name, fact in facts.items()}


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _require_columns(path: Path, header: Iterable[str]) -> None:
    named = [name.strip() for name in header]
    if "style" not in named:
        raise DataError(
            f"{path} has no column 'style'; a vocabulary has the columns {', '.join(COLUMNS)}"
        )
    for name in named:
        if name not in COLUMNS:
            raise DataError(f"{path}: {UnknownNameError('column', name, COLUMNS)}")
    if twice := {name for name in named if named.count(name) > 1}:
        raise DataError(f"{path} has the column '{min(twice)}' twice")


def _entry(cells: Mapping[str, str], where: str) -> StyleEntry:
    for column, (shape, example) in _SHAPES.items():
        if (cell := cells.get(column, "")) and not shape.fullmatch(cell):
            raise DataError(f"{where}: {column} is '{cell}', not {example}")
    if not is_style_name(cells["style"]):
        raise DataError(f"{where} names no style in its column 'style'")
    year_from, year_to = _year(cells, "year_from"), _year(cells, "year_to")
    if year_from is not None and year_to is not None and year_to < year_from:
        raise DataError(f"{where}: year_to {year_to} is before year_from {year_from}")
    return StyleEntry(
        style=cells["style"],
        names={language: cells[language] for language in LANGUAGES if cells.get(language)},
        group=cells.get("group") or None,
        year_from=year_from,
        year_to=year_to,
        region=cells.get("region") or None,
        definition=cells.get("definition") or None,
        aat_id=cells.get("aat_id") or None,
        aat_label=cells.get("aat_label") or None,
        wikidata_id=cells.get("wikidata_id") or None,
        synonyms=_synonyms(cells.get("synonyms", "")),
    )


def _year(cells: Mapping[str, str], column: str) -> int | None:
    return int(cells[column]) if cells.get(column) else None


def _synonyms(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, cell.split(_BETWEEN_SYNONYMS))))
