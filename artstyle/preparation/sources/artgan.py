"""Sources that follow the ArtGAN lists: WikiArt's official train and validation names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from artstyle.errors import DataError, MissingError
from artstyle.preparation.sources.source import Source, SourceImage, artist_and_title
from artstyle.preparation.sources.tree import PictureTree, with_unlisted
from artstyle.preparation.tables.listing import ListedImage, locate
from artstyle.storage.files import text_encoding
from artstyle.styles.names import canonical_style
from artstyle.styles.vocabulary import known_style

_LISTS = {"style_train.csv": "train", "style_val.csv": "test"}
"""List -> split. The lists have no third part, and what is compared in print is their val."""
_CLASSES = "style_class.txt"
_LINE = re.compile(r"(?P<name>.*)[,;\t]\s*(?P<index>\d{1,9})\s*", re.DOTALL)
_FOLDERS = re.compile(r"[/\\]")


def has_lists(folder: Path) -> bool:
    """Return whether this folder holds the two lists."""
    return all((folder / name).is_file() for name in _LISTS)


def read_artgan(root: Path, lists: Path, tree: PictureTree) -> Source:
    """Read ``style_train.csv`` and ``style_val.csv`` (``Style/name.jpg,index``, no header).

    The style is the index's name in ``style_class.txt``, or the folder where that file is absent.

    Args:
        root: The folder that the listed paths start from.
        lists: The folder of the lists.
        tree: The pictures that are under ``root``.

    Raises:
        MissingError: A list is not there.
        DataError: A line is not ``path,index``, an index has no name, or no listed file exists.
    """
    absent = [name for name in _LISTS if not (lists / name).is_file()]
    if absent:
        raise MissingError(
            f"no {' and no '.join(absent)} in {lists}; name the folder of the lists with --lists"
        )
    listed = [entry for name in _LISTS for entry in read_list(lists / name)]
    located = locate(root, f"the lists in {lists}", listed)
    found = Source(root, "artgan", located.images, located.missing, located.notes)
    return with_unlisted(found, tree, (*_LISTS, _CLASSES), "that are in no list")


def read_list(path: Path) -> Iterator[ListedImage]:
    """Yield the paintings of one list, whatever commas and quotes their names hold.

    Spreadsheets may save semicolons or tabs for the commas, and UTF-16 for UTF-8: both are read.

    Raises:
        DataError: A line is not ``path,index``, or an index has no name in ``style_class.txt``.
    """
    classes = _read_classes(path.parent / _CLASSES)
    for line, text in enumerate(_lines(path), start=1):
        if text.strip():
            image = _image(text, f"{path} line {line}", classes)
            yield ListedImage(path, line, replace(image, split=_LISTS[path.name]))


def _lines(path: Path) -> list[str]:
    """Return the lines of a list; bytes that are not UTF-8 stay, as names on disk have them."""
    content = path.read_bytes()
    codec = text_encoding(content)
    try:
        text = content.decode(codec, "surrogateescape" if codec == "utf-8-sig" else "strict")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not whole {codec} text: {error.reason}") from None
    # Only line feeds end a line: names hold other characters that Python would break at.
    lines = text.split("\n") if "\n" in text else text.split("\r")
    return [line.rstrip("\r") for line in lines]


def _image(text: str, where: str, classes: Mapping[int, str]) -> SourceImage:
    fields = _LINE.fullmatch(text)
    name, index = (fields["name"], int(fields["index"])) if fields else ("", 0)
    if name.startswith('"') and name.endswith('"') and len(name) > 1:
        name = name[1:-1].replace('""', '"')
    folder, slash, file_name = name.rpartition("/" if "/" in name else "\\")
    if not slash:
        raise DataError(f"{where}: {text!r} is not 'Style/name.jpg,index'")
    if classes and index not in classes:
        raise DataError(f"{where}: index {index} has no name in {_CLASSES}")
    style = classes[index] if classes else _style(_FOLDERS.split(folder)[0])
    return SourceImage(name, style, *artist_and_title(file_name), "", "")


def _read_classes(path: Path) -> dict[int, str]:
    """Return index -> style; empty if the file does not exist."""
    if not path.is_file():
        return {}
    classes = {}
    for line, text in enumerate(_lines(path), start=1):
        index, _, name = text.strip().partition(" ")
        if name and index.isdecimal():
            classes[int(index)] = _style(name)
        elif text.strip():
            raise DataError(f"{path} line {line}: {text.strip()!r} is not 'index name'")
    return classes


def _style(name: str) -> str:
    """Return a style as WikiArt's folders name it: its lists also say Art_Nouveau."""
    return known_style(name) or canonical_style(name)
