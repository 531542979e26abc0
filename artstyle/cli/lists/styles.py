"""`artstyle styles`: the vocabulary of styles, for people and for programs."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from artstyle.cli.terminal.console import say, show, stdout_stream
from artstyle.storage.files import csv_writer
from artstyle.styles.entries import COLUMNS, LANGUAGES, StyleEntry, entry_cells, require_language
from artstyle.styles.vocabulary import Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from rich.table import Table

Form = Literal["table", "csv", "json"]
SOURCES = (
    "Sources: AAT ids from the Art & Architecture Thesaurus of the Getty Research Institute"
    " (ODC-By 1.0), Wikidata ids from Wikidata (CC0). Definitions and names are artstyle's own."
)
_PIPED_COLUMNS = 100
_WIDE_COLUMNS = 100
_INDENT = 2

FormOption = Annotated[
    Form, typer.Option("--format", help="table; for programs json; csv as styles.file takes it.")
]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help=f"Of the names: {', '.join(LANGUAGES)}.")
]
FileOption = Annotated[
    Path | None, typer.Option("--file", help="A vocabulary of your own styles, listed first.")
]


def styles(
    language: LanguageOption = None, output_format: FormOption = "table", file: FileOption = None
) -> None:
    """List the known styles: names, dates, Getty AAT and Wikidata identifiers.

    For a vocabulary of your own, write --format csv to a file, change it, check it with --file,
    and give it to 'artstyle prepare --set styles.file=FILE'.
    """
    if language is not None:
        require_language(language)
    vocabulary = read_vocabulary(file)
    if output_format == "table":
        columns = get_terminal_size((_PIPED_COLUMNS, 0)).columns
        show(style_table(vocabulary, language or "en", columns))
    else:
        # Programs read UTF-8, whatever the terminal's encoding.
        with stdout_stream(encoding="utf-8", errors="strict") as stream:
            form = _csv if output_format == "csv" else _json
            stream.write(form(vocabulary, language))
    say(SOURCES)


def _all(vocabulary: Vocabulary) -> Iterable[StyleEntry]:
    return vocabulary.entries.values()


def _csv(vocabulary: Vocabulary, language: str | None) -> str:
    """Return a vocabulary file; with a language, only its names."""
    columns = [name for name in COLUMNS if name not in LANGUAGES or language in (None, name)]
    text = io.StringIO()
    write = csv_writer(text)
    write(columns)
    for entry in _all(vocabulary):
        cells = entry_cells(entry)
        write([cells[name] for name in columns])
    return text.getvalue()


def _json(vocabulary: Vocabulary, language: str | None) -> str:
    entries = [_document(entry, language or "en", vocabulary) for entry in _all(vocabulary)]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _document(entry: StyleEntry, language: str, vocabulary: Vocabulary) -> dict[str, object]:
    return {
        "style": entry.style,
        "name": vocabulary.name(entry.style, language),
        "names": dict(entry.names),
        "group": entry.group,
        "year_from": entry.year_from,
        "year_to": entry.year_to,
        "region": entry.region,
        "definition": entry.definition,
        "aat_id": entry.aat_id,
        "wikidata_id": entry.wikidata_id,
        "synonyms": list(entry.synonyms),
    }


def style_table(vocabulary: Vocabulary, language: str, columns: int) -> str:
    """Return the styles below their groups, as wide as the terminal at most."""
    from rich.console import Console
    from rich.padding import Padding

    head = ("style", "name", "dates", "AAT", "Wikidata")
    groups: dict[str, list[tuple[str, ...]]] = {}
    for entry in _all(vocabulary):
        name = vocabulary.name(entry.style, language)
        ids = (entry.years or "", entry.aat_id or "", entry.wikidata_id or "")
        groups.setdefault(entry.group or "Other styles", []).append((entry.style, name, *ids))
    widths = _widths([head, *(row for rows in groups.values() for row in rows)], columns)
    console = Console(width=columns, file=io.StringIO(), color_system=None)
    with console.capture() as drawn:
        console.print(Padding(_grid([head], widths, columns), (0, 0, 0, _INDENT)))
        for group, rows in groups.items():
            console.print(f"\n{group}", markup=False, highlight=False)
            console.print(Padding(_grid(rows, widths, columns), (0, 0, 0, _INDENT)))
    return "\n".join(line.rstrip() for line in drawn.get().splitlines())


def _widths(rows: list[tuple[str, ...]], columns: int) -> list[int]:
    """Return the width of each column; the name's is what the others leave."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    others = sum(widths) - widths[1] + _INDENT + _gap(columns) * (len(widths) - 1)
    widths[1] = max(min(widths[1], columns - others), 8)
    return widths


def _gap(columns: int) -> int:
    return 2 if columns >= _WIDE_COLUMNS else 1


def _grid(rows: list[tuple[str, ...]], widths: list[int], columns: int) -> "Table":
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, _gap(columns), 0, 0))
    for width in widths:
        grid.add_column(width=width, overflow="fold")
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid
