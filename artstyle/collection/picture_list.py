"""A collection's own list, with a picture for each row."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artstyle.collection.list_columns import Wanted, find_columns
from artstyle.collection.numbers import NumberedFiles
from artstyle.collection.places import Place, find_places, is_web_address, path_below
from artstyle.collection.portable import local_path
from artstyle.collection.spellings import FolderListings
from artstyle.collection.table import (
    cell,
    examples,
    open_table,
    read_contents,
    table_notes,
    without_surplus,
)
from artstyle.collection.text_table import TextTable
from artstyle.collection.whereabouts import whereabouts
from artstyle.collection.workbook import Workbook
from artstyle.errors import MissingError
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.record import Record
from artstyle.styles.names import visible

LIST_ENDINGS = frozenset((".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm"))
"""Files that are lists of pictures, not pictures."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ListedPicture:
    """A row of a list."""

    line: int
    name: str
    """What it calls its file: a path, or the accession number."""
    id: str | None
    label: str | None
    is_decimal: bool = False
    """Whether the number is stored as one, so that 1987.10 is 1987.1."""
    file: str | None = None
    """Relative to the folder of the pictures."""
    problem: str | None = None


@dataclass(frozen=True)
class PictureList:
    """A list that was read and whose pictures were looked for."""

    path: Path
    images: Path
    """The folder of the pictures."""
    table: TextTable | Workbook
    header_line: int
    width: int
    """The most fields that a row has."""
    header: tuple[str, ...]
    rows: tuple[ListedPicture, ...]
    digest: str
    """Of its content, to see whether it is changed while it is answered."""
    notes: tuple[str, ...]
    """What people should know, one line each."""

    def pictures(self) -> Iterator[PicturePath]:
        """Yield a picture for each row, in the order of the list."""
        for row in self.rows:
            record = Record(row.id, row.label)
            if row.file is not None:
                yield PicturePath(local_path(self.images, row.file), record=record)
            else:
                name = Path(row.name or f"{self.path}, line {row.line}")
                yield PicturePath(name, row.problem, record=record)


def read_picture_list(path: Path, images: Path | None, wanted: Wanted) -> PictureList:
    """Read a list and find the files that it names.

    Paths are relative to ``images``, with either slash. Without a column of paths, accession
    numbers are matched to the names of files (`NumberedFiles`). A row whose file is not there,
    lies outside or is not the only one keeps its reason.

    Args:
        path: A table in text or a workbook, recognised by its content.
        images: The folder of the pictures; None is the list's own.
        wanted: The columns that the command names.

    Raises:
        MissingError: The list or the folder does not exist, or no picture of the list is there.
        UnknownNameError: A column that the command names is not in the list.
        DataError: The list cannot be read, or no column names pictures.
    """
    if images is not None and not images.is_dir():
        raise MissingError(f"no folder {images}; --images takes the folder of the pictures")
    folder = path.parent if images is None else images
    table = open_table(path, wanted.known)
    digest = content_digest(path)
    contents = read_contents(table)
    columns = find_columns(path, contents.header, wanted, contents.rows)
    named, width = [], len(contents.header)
    for row in without_surplus(path, contents.rows, len(contents.header)):
        width = max(width, len(row.fields))
        texts = {column: cell(row, at) for column, at in columns.items()}
        name = texts.get("path", texts.get("id", ""))
        named.append(
            ListedPicture(
                row.line,
                name,
                texts.get("id") or None,
                texts.get("label") or None,
                columns.get("id") in row.decimals,
            )
        )
    if not named:
        raise MissingError(f"{path} lists no pictures: it has no rows below its header")
    by_number = "path" not in columns
    rows, notes = _located(
        folder, named, visible(contents.header[columns.get("path", 0)]), by_number
    )
    _require_found(path, folder, rows, by_number)
    notes = (
        _columns_note(path, contents.header, columns),
        *table_notes(table),
        *_repeated_notes(path, rows),
        *notes,
    )
    return PictureList(
        path, folder, table, contents.header_line, width, contents.header, rows, digest, notes
    )


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _located(
    folder: Path, rows: Sequence[ListedPicture], column: str, by_number: bool
) -> tuple[tuple[ListedPicture, ...], tuple[str, ...]]:
    """Return the rows with their files or problems, and notes on the search."""
    names = [row.name if by_number else path_below(row.name, folder) for row in rows]
    searched = [name or "" for name in names]
    numbered = NumberedFiles(folder, filter(None, searched)) if by_number else None
    places = find_places(numbered or FolderListings(folder), searched)
    located: list[ListedPicture] = []
    respelled: list[tuple[ListedPicture, str]] = []
    decimals: list[tuple[ListedPicture, str]] = []
    for row, name, place in zip(rows, names, places, strict=True):
        problem = _name_problem(row.name, name, column, folder)
        if problem is None and numbered:
            problem = _number_problem(row, place, numbered)
        elif problem is None and place.path is None:
            problem = _place_problem(place) or "no such file"
        file = None if problem else place.path
        located.append(replace(row, file=file, problem=problem))
        if file and not place.is_exact:
            respelled.append((row, f" for {visible(file)}" if len(respelled) < _SHOWN else ""))
        if file and numbered and row.is_decimal:
            decimals.append((row, ""))
    groups = {
        "names in another spelling than their files": respelled,
        f"cells of {column} that are decimal numbers, without zeros at their ends": decimals,
    }
    notes = [
        f"{what}: {len(found)}, as {examples(_lines(found[:_SHOWN]), len(found))}"
        for what, found in groups.items()
        if found
    ]
    return tuple(located), (*(numbered.problems if numbered else ()), *notes)


def _lines(rows: Sequence[tuple[ListedPicture, str]]) -> list[str]:
    return [f"{visible(row.name)} (line {row.line}){more}" for row, more in rows]


def _name_problem(name: str, searched: str | None, column: str, folder: Path) -> str | None:
    """Return why nothing can be searched for by this name."""
    if not name:
        return f"the cell of the column {column} is empty (of a formula, its saved result is read)"
    if is_web_address(name):
        return "a web address; download the picture, and write where it is"
    if searched is None:
        return f"leads out of {folder}; write paths below it, or name another folder with --images"
    return None


def _place_problem(place: Place) -> str | None:
    if len(place.free) > 1:
        return f"fits several files: {examples(place.free, len(place.free))}"
    return f"no such file; another row names {place.alike[0]}" if place.alike else None


def _number_problem(row: ListedPicture, place: Place, files: NumberedFiles) -> str | None:
    if row.is_decimal and (longer := files.find_alike(f"{row.name}0")):
        return (
            f"may also mean {longer[0]}: the workbook stores a number, without zeros at its end;"
            " make the column text"
        )
    if place.path is not None:
        return None
    near = files.near(row.name)
    also = f"; names that begin so: {', '.join(near)}" if near else ""
    return _place_problem(place) or f"no picture has this number as its name{also}"


def _require_found(
    path: Path, folder: Path, rows: Sequence[ListedPicture], by_number: bool
) -> None:
    """Refuse a list of which no picture is there: then the folder or the column is wrong.

    Raises:
        MissingError: It says where the pictures are, if they are near.
    """
    if any(row.file is not None for row in rows):
        return
    missing = [row.name for row in rows if row.name]
    shown = examples([visible(name) for name in missing[:_SHOWN]], len(missing))
    if not missing:
        raise MissingError(f"{path} line {rows[0].line}: {rows[0].problem}")
    if by_number:
        hint = (
            "; say with --images FOLDER where the pictures are, or with --path-column their column"
        )
        raise MissingError(
            f"none of the {len(missing)} numbers in {path} is the name of a picture under"
            f" {folder}: {shown}{hint}"
        )
    hint = whereabouts(folder, missing) or "; say with --images FOLDER where these paths start"
    raise MissingError(
        f"none of the {len(missing)} files in {path} is under {folder}: {shown}{hint}"
    )


def _columns_note(path: Path, header: Sequence[str], columns: Mapping[str, int]) -> str:
    """Return which columns are read, so that a wrong guess is seen."""
    titles = {column: visible(header[at].strip()) for column, at in columns.items()}
    parts = [f"files by '{titles['path']}'"] if "path" in titles else []
    if "id" in titles:
        use = "numbers in" if parts else "files by the numbers in"
        parts.append(f"{use} '{titles['id']}'")
    if "label" in titles:
        parts.append(f"titles in '{titles['label']}'")
    return f"{path}: {', '.join(parts)} (--path-column and --id-column name others)"


def _repeated_notes(path: Path, rows: Sequence[ListedPicture]) -> tuple[str, ...]:
    """Return notes on numbers and files that are in several rows."""
    notes = []
    for kind, values in {
        "numbers": [row.id for row in rows],
        "files": [row.file for row in rows],
    }.items():
        lines = defaultdict[str, list[int]](list)
        for row, value in zip(rows, values, strict=True):
            if value is not None:
                lines[value].append(row.line)
        shown = [
            f"{visible(value)} (lines {', '.join(map(str, found[:_SHOWN]))})"
            for value, found in lines.items()
            if len(found) > 1
        ]
        if shown:
            notes.append(
                f"{kind} in several rows of {path}: {len(shown)}, as"
                f" {examples(shown, len(shown))}; each row is answered"
            )
    return tuple(notes)
