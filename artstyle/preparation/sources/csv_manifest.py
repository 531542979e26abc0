"""Sources that are a CSV manifest: path, style, and what else is known."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from artstyle.collection.table import examples
from artstyle.config import STYLE_LABELS, LabelsConfig
from artstyle.data.manifest import COLUMNS, FIRST_COLUMNS
from artstyle.errors import DataError, UnknownNameError
from artstyle.preparation.sources.collections import with_collections
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.preparation.sources.targets import is_usable, kept_by
from artstyle.preparation.tables.cells import cell_labels, cell_text
from artstyle.preparation.tables.listing import ListedImage, locate
from artstyle.preparation.tables.splits import cell_splits
from artstyle.preparation.tables.table import Row, Table, read_table
from artstyle.storage.files import live, numbered_csv
from artstyle.styles.names import joined_labels, labels_in, visible

MANIFEST_NAME = "manifest.csv"
_OUR_FIRST_LINES = {",".join(names).encode() for names in (FIRST_COLUMNS, COLUMNS)}
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_KNOWN = ("artist", "title", "genre", "split", "source")


def read_csv_manifest(
    path: Path,
    columns: Mapping[str, str] | None = None,
    images: Path | None = None,
    labels: LabelsConfig = STYLE_LABELS,
    *,
    allow_absolute: bool = False,
) -> Source:
    """Read a manifest; columns that are not asked for are ignored.

    Args:
        path: The table.
        columns: path, style, artist, title, genre, split or source -> the table's own name for it;
            the style is what is recognised, from whichever column.
        images: The folder that its paths start from; None is the table's own.
        labels: What is recognised, and whether a painting may have several labels.
        allow_absolute: Whether paths may lead to files outside the folder.

    Raises:
        MissingError: The file does not exist.
        UnknownNameError: A name in ``columns`` is not in the table.
        DataError: It cannot be read, a path leads out of the folder, a split or a style cannot be
            understood, or none of the files is there.
    """
    columns = columns or {}
    table, is_ours = _ours(path, columns) if _is_ours(path) else _others(path, columns)
    root = path.parent if images is None else images
    return read_manifest_table(
        path, table, root, labels, exact=is_ours, allow_absolute=allow_absolute
    )


def read_manifest_table(
    path: Path,
    table: Table,
    root: Path,
    labels: LabelsConfig,
    *,
    exact: bool = False,
    allow_absolute: bool = False,
) -> Source:
    """Return the paintings that a table lists.

    Args:
        path: The table's file, for messages.
        table: Its rows.
        root: The folder that its paths start from.
        labels: What is recognised, and whether a painting may have several labels.
        exact: Whether labels are read letter by letter, and only a bar separates them.
        allow_absolute: Whether paths may lead to files outside the folder.

    Raises:
        DataError: As `read_csv_manifest`.
    """
    rows, notes = table.rows, table.notes
    named = {row.cells["style"] for row in rows}
    styles = (
        {name: tuple(filter(None, labels_in(name))) for name in named}
        if exact
        else cell_labels(named, labels.target)
    )
    _require_text(path, rows)
    usable = [
        row for row in rows if row.cells["path"] and is_usable(labels, styles[row.cells["style"]])
    ]
    first: dict[str, str] = {}
    for row in usable:
        first.setdefault(row.cells.get("split", ""), f"line {row.line}")
    splits = cell_splits(str(path), first)
    listed = [
        _listed(path, row, joined_labels(styles[row.cells["style"]]), splits) for row in usable
    ]
    notes = (*notes, *_left_out_notes(path, rows, styles, labels))
    if not usable:
        reasons = "; ".join(notes) or "it has no rows"
        raise DataError(f"{path} lists no picture with {labels.one}: {reasons}")
    located = locate(
        root,
        str(path),
        listed,
        by_number=table.by_number,
        allow_absolute=allow_absolute,
        multi=labels.multi,
    )
    found, source_notes = with_collections(located.images)
    notes = (*notes, *located.notes, *source_notes)
    return Source(root, "manifest", found, located.missing, notes)


def _is_ours(path: Path) -> bool:
    """Return whether `prepare` wrote it: then it is read as it was written, letter by letter."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().strip() in _OUR_FIRST_LINES


def _ours(path: Path, columns: Mapping[str, str]) -> tuple[Table, bool]:
    label = columns.get("style", "style")
    if label not in COLUMNS:
        raise UnknownNameError(f"column of {path}", label, COLUMNS)
    rows = tuple(
        Row(line, row | {"style": row.get(label, "")})
        for line, row in numbered_csv(path, ours=True)
    )
    return Table(FIRST_COLUMNS, rows, ()), True


def _others(path: Path, columns: Mapping[str, str]) -> tuple[Table, bool]:
    """Return a table, and whether `prepare` wrote it first."""
    table = read_table(path, columns)
    if not set(FIRST_COLUMNS) <= set(table.header):
        return table, False
    # `prepare` wrote it and a spreadsheet saved it again, with our apostrophes before formulas.
    rows = tuple(
        Row(row.line, {name: live(cell) for name, cell in row.cells.items()}) for row in table.rows
    )
    return replace(table, rows=rows), True


def _listed(path: Path, row: Row, style: str, splits: Mapping[str, str]) -> ListedImage:
    artist, title, genre, split, source = (row.cells.get(name, "") for name in _KNOWN)
    return ListedImage(
        path,
        row.line,
        SourceImage(
            path=row.cells["path"],
            style=style,
            artist=cell_text(artist),
            title=cell_text(title),
            genre=cell_text(genre),
            split=splits[split],
            source=cell_text(source),
        ),
    )


def _require_text(path: Path, rows: Sequence[Row]) -> None:
    """Refuse styles with bytes that no encoding explains: what they would be called is a guess."""
    wrong = [f"line {row.line}" for row in rows if _NOT_TEXT.search(row.cells["style"])]
    if wrong:
        raise DataError(
            f"{path} {examples(wrong, len(wrong))}: the style holds bytes that are not text in"
            " UTF-8 or Windows-1252; save the table as UTF-8"
        )


def _left_out_notes(
    path: Path, rows: Sequence[Row], styles: Mapping[str, Sequence[str]], labels: LabelsConfig
) -> tuple[str, ...]:
    pathless = [row for row in rows if not row.cells["path"]]
    placed = [row for row in rows if row.cells["path"]]
    nothing = [row for row in placed if not styles[row.cells["style"]]]
    several = [row for row in placed if len(styles[row.cells["style"]]) > 1]
    kinds = {
        "without a path": pathless,
        f"without {labels.one}": nothing,
        f"of several {labels.plural}": () if labels.multi else several,
    }
    notes = [
        f"rows of {path} {kind}, left out: {len(found)}, as {examples(_shown(found), len(found))}"
        for kind, found in kinds.items()
        if found
    ]
    if several and not labels.multi:
        notes[-1] += f"; {kept_by(labels)}"
    return tuple(notes)


def _shown(rows: Sequence[Row]) -> list[str]:
    return [f"line {row.line} ({visible(row.cells['style'])[:40]!r})" for row in rows[:3]]
