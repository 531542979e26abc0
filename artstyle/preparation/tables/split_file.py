"""Splits from a file, such as the folds that others publish on, for the paintings of a source."""

import csv
import io
import lzma
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from artstyle.collection.table import examples
from artstyle.config import SplitConfig
from artstyle.errors import ConfigError, DataError, MissingError, UnknownNameError
from artstyle.preparation.sources.source import Source
from artstyle.preparation.tables.splits import cell_splits
from artstyle.recipes import shipped_splits
from artstyle.storage.files import decode_text, errors_named
from artstyle.styles.names import visible

_MAX_BYTES = 1 << 30
"""Of the text of a table: a small compressed file must not ask for any memory."""
_LEAST_FOLDS = 3
_NUMBER = re.compile(r"[1-9]\d{0,5}", re.ASCII)


def with_given_splits(source: Source, config: SplitConfig) -> Source:
    """Return the source with the splits of ``split.file``; without one, as it is.

    A line's path is a picture's whole path, or its end from a folder on: ``Cubism/a.jpg`` is
    ``wikiart/Cubism/a.jpg`` too. Pictures that no line names get no split.

    Raises:
        MissingError, UnknownNameError: The file does not exist.
        ConfigError: It has no fold of that number.
        DataError: It cannot be read, or no picture, or more than one, fits a line.
    """
    if config.file is None:
        return source
    path = _find(config.file)
    splits = read_split_file(path, config.fold)
    found: dict[str, str] = {}
    for image in source.images:
        name = next((end for end in _ends(_key(image.path)) if end in splits), None)
        if name is None:
            continue
        if name in found:
            raise DataError(
                f"{path} names '{visible(name)}' once, but two pictures fit:"
                f" {visible(found[name])} and {visible(image.path)}; keep one of them"
            )
        found[name] = image.path
    if not found:
        first = visible(source.images[0].path) if source.images else "none"
        raise DataError(
            f"{path} names none of the {len(source.images)} pictures of {source.root}: it has"
            f" {visible(next(iter(splits)))}, and the first picture is {first}"
        )
    by_path = {image_path: splits[name] for name, image_path in found.items()}
    images = tuple(replace(i, split=by_path.get(i.path, "")) for i in source.images)
    return replace(source, images=images, notes=(*source.notes, *_notes(path, splits, found)))


def read_split_file(path: Path, fold: int = 1) -> dict[str, str]:
    """Return path -> train, val or test of a CSV file, which may be compressed as ``.xz``.

    It has the columns ``path`` and ``split``, or ``path`` and ``fold``, whose folds are counted
    from 1.

    Args:
        path: The file.
        fold: The fold that is the test.

    Raises:
        MissingError: It does not exist.
        ConfigError: It has no fold of that number.
        DataError: It cannot be read, or a line cannot be understood.
    """
    rows = list(_rows(path))
    if "fold" in rows[0][1]:
        return _splits_of_folds(path, _folds(path, rows), fold)
    if "split" not in rows[0][1]:
        raise DataError(f"{path} has no column fold and no column split; give it one of them")
    if fold != 1:
        raise ConfigError(f"split.fold = {fold} has no effect: {path} has splits, not folds")
    first: dict[str, str] = {}
    for line, row in rows:
        first.setdefault(row["split"], f"line {line}")
    meant = cell_splits(str(path), first)
    return _unique(path, ((line, row["path"], meant[row["split"]]) for line, row in rows))


def split_of_fold(fold: int, tested: int, number: int) -> str:
    """Return the split of a fold: one is tested, the next one is val, and the others are train."""
    if fold == tested:
        return "test"
    return "val" if fold == tested % number + 1 else "train"


def _find(name: str) -> Path:
    path, known = Path(name), shipped_splits()
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise MissingError(f"no file {path}; split.file also takes one of: {', '.join(known)}")
    if name not in known:
        raise UnknownNameError("split file", name, known)
    return known[name]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the cells of each row.

    Raises:
        MissingError: The file does not exist.
        DataError: It has no column ``path``, or a row is too short.
    """
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    header = reader.fieldnames or ()
    if "path" not in header:
        raise DataError(f"{path} has no column path; its first line names the columns")
    count = 0
    try:
        for row in reader:
            if None in row.values() or None in row:
                raise DataError(f"{path} line {reader.line_num}: it has another number of fields")
            yield reader.line_num, row
            count += 1
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: {error}") from None
    if not count:
        raise DataError(f"{path} names no pictures")


def _text(path: Path) -> str:
    if not path.is_file():
        raise MissingError(f"no file {path}")
    with errors_named(path):
        content = path.read_bytes()
    try:
        return decode_text(_decompressed(content) if path.suffix == ".xz" else content)[0]
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged: {error}; get it again") from None


def _decompressed(content: bytes) -> bytes:
    """Return the whole text; a file may be several that were joined, each with its own end."""
    with lzma.open(io.BytesIO(content)) as file:
        text = file.read(_MAX_BYTES + 1)
    if len(text) > _MAX_BYTES:
        raise lzma.LZMAError("it holds more than a gigabyte")
    return text


def _folds(path: Path, rows: Sequence[tuple[int, dict[str, str]]]) -> dict[str, int]:
    for line, row in rows:
        if not _NUMBER.fullmatch(row["fold"]):
            raise DataError(f"{path} line {line}: fold is {row['fold']!r}, not 1, 2, 3 ...")
    folds = _unique(path, ((line, row["path"], row["fold"]) for line, row in rows))
    return {name: int(fold) for name, fold in folds.items()}


def _splits_of_folds(path: Path, folds: Mapping[str, int], tested: int) -> dict[str, str]:
    number = max(folds.values())
    if set(folds.values()) != set(range(1, number + 1)) or number < _LEAST_FOLDS:
        raise DataError(f"{path} needs folds 1, 2, 3 and so on, and at least {_LEAST_FOLDS}")
    if tested > number:
        raise ConfigError(f"split.fold = {tested}, but {path} has {number} folds")
    return {name: split_of_fold(fold, tested, number) for name, fold in folds.items()}


def _unique(path: Path, lines: Iterable[tuple[int, str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, name, value in lines:
        key = _key(name)
        if key in found:
            raise DataError(f"{path} line {line} names '{visible(name)}' a second time")
        found[key] = value
    return found


def _key(path: str) -> str:
    """Return a path as it is compared: accents have several spellings, and so have folders."""
    return unicodedata.normalize("NFC", path.replace("\\", "/"))


def _ends(path: str) -> Iterator[str]:
    """Yield a path, then what remains of it without the first folder, and so on."""
    while path:
        yield path
        path = path.partition("/")[2]


def _notes(path: Path, splits: Mapping[str, str], found: Mapping[str, str]) -> tuple[str, ...]:
    missing = [visible(name) for name in splits if name not in found]
    if not missing:
        return ()
    shown = examples(missing[:3], len(missing))
    return (f"paths in {path.name} without a picture: {len(missing)}, as {shown}",)
