"""Names in lists and manifests, and the files that they refer to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from artstyle.collection.numbers import NumberedFiles
from artstyle.collection.places import (
    Finder,
    absolute_path,
    find_places,
    is_web_address,
    path_below,
)
from artstyle.collection.spellings import FolderListings
from artstyle.collection.table import examples
from artstyle.collection.whereabouts import whereabouts
from artstyle.errors import DataError
from artstyle.preparation.sources.source import SourceImage
from artstyle.styles.names import joined_labels, labels_in, visible
from artstyle.styles.vocabulary import style_identity


@dataclass(frozen=True, slots=True)
class ListedImage:
    """A painting as a list names it."""

    list_path: Path
    line: int
    image: SourceImage
    """With its path as the list spells it."""


@dataclass(frozen=True)
class Located:
    """The listed paintings that are on disk."""

    images: tuple[SourceImage, ...]
    """In code-point order of their paths, which are spelled as on disk."""
    missing: int
    notes: tuple[str, ...]


@dataclass
class _Found:
    """What became of the names of a list."""

    files: dict[str, list[ListedImage]] = field(default_factory=dict)
    """Path on disk -> the lines that name it."""
    respelled: list[tuple[ListedImage, str]] = field(default_factory=list)
    ambiguous: list[ListedImage] = field(default_factory=list)
    missing: list[ListedImage] = field(default_factory=list)


def locate(
    root: Path,
    list_name: str,
    listed: Iterable[ListedImage],
    *,
    by_number: bool = False,
    allow_absolute: bool = False,
    multi: bool = False,
) -> Located:
    """Find the files of listed names, with one look at each folder.

    A name in another spelling (case, outer spaces, ending) refers to the only file that it fits,
    if no other line names that file. A file under two styles is left out.

    Args:
        root: The folder that listed paths start from.
        list_name: What to call the list, or lists, in messages.
        listed: The names, in the order of the list.
        by_number: They are accession numbers, not paths.
        allow_absolute: Absolute paths may lead out of ``root``; they stay absolute.
        multi: A file has all labels under which lines name it.

    Raises:
        DataError: A path is a web address or leaves ``root``; no file is found under one style.
    """
    entries = list(listed)
    if by_number:
        names = [entry.image.path for entry in entries]
        found = _find(NumberedFiles(root, names), entries, names)
    else:
        names = _relative(entries, root, allow_absolute=allow_absolute)
        found = _find(FolderListings(root), entries, names)
    several = {path: lines for path, lines in found.files.items() if len(_styles(lines)) > 1}
    two_styles = {} if multi else several
    images = tuple(
        replace(found.files[path][0].image, path=path, style=_joined(found.files[path]))
        for path in sorted(found.files.keys() - two_styles.keys())
    )
    notes = _notes(list_name, found, two_styles, several if multi else {})
    if not images:
        raise DataError(_nothing_found(root, list_name, found, notes))
    return Located(images, len(found.missing) + len(found.ambiguous), notes)


def _find(finder: Finder, listed: Sequence[ListedImage], names: Sequence[str]) -> _Found:
    """Find each line's file by what the list calls it."""
    found = _Found()
    placed = list(zip(listed, find_places(finder, names), strict=True))
    for entry, place in sorted(placed, key=lambda pair: not pair[1].is_exact):
        if place.path is not None:
            found.files.setdefault(place.path, []).append(entry)
            if not place.is_exact:
                found.respelled.append((entry, place.path))
        elif len(place.free) > 1:
            found.ambiguous.append(entry)
        else:
            found.missing.append(entry)
    return found


def _relative(listed: Sequence[ListedImage], root: Path, *, allow_absolute: bool) -> list[str]:
    """Return each path below ``root``; refuse those that lead anywhere they may not."""
    _refuse(
        [entry for entry in listed if is_web_address(entry.image.path)],
        lambda path: (
            f"'{visible(path)}' is a web address, and pictures are read from files; download"
            " them, and write where they are"
        ),
    )
    paths = [path_below(entry.image.path, root) for entry in listed]
    if allow_absolute:
        paths = [
            absolute_path(entry.image.path) if path is None else path
            for entry, path in zip(listed, paths, strict=True)
        ]
    _refuse(
        [entry for entry, path in zip(listed, paths, strict=True) if path is None],
        lambda path: (
            f"'{visible(path)}' leads out of {root}; write paths relative to it, or say with"
            f" --images where they start{_or_absolute(path)}{whereabouts(root, [path])}"
        ),
    )
    return [path for path in paths if path is not None]


def _or_absolute(path: str) -> str:
    if absolute_path(path) is None:
        return ""
    return "; --allow-absolute reads absolute paths as they are"


def _refuse(wrong: Sequence[ListedImage], reason: Callable[[str], str]) -> None:
    if wrong:
        first, *others = wrong
        shown = [f"line {entry.line}: '{visible(entry.image.path)}'" for entry in others[:2]]
        also = f" (also {examples(shown, len(others))})" if others else ""
        where = f"{first.list_path} line {first.line}"
        raise DataError(f"{where}: {reason(first.image.path)}{also}")


def _nothing_found(root: Path, list_name: str, found: _Found, notes: Sequence[str]) -> str:
    missing = [entry.image.path for entry in found.missing]
    if not missing:
        return f"{list_name} lists no pictures: {'; '.join(notes) or 'it is empty'}"
    shown = examples([visible(path) for path in missing[:3]], len(missing))
    hint = whereabouts(root, missing) or "; say with --images FOLDER where these paths start"
    return f"none of the {len(missing)} names in {list_name} is under {root}: {shown}{hint}"


def _notes(
    list_name: str,
    found: _Found,
    two_styles: dict[str, list[ListedImage]],
    joined: dict[str, list[ListedImage]],
) -> tuple[str, ...]:
    repeated = [
        entry for path, lines in found.files.items() if path not in two_styles | joined
        for entry in lines[1:]
    ]  # fmt: skip
    groups = {
        f"names in {list_name} that are not on disk": _lines(found.missing),
        f"names in {list_name} that fit several files, left out": _lines(found.ambiguous),
        f"names in {list_name} in another spelling than their files": [
            f"{line} for {visible(path)}"
            for line, (_, path) in zip(
                _lines(entry for entry, _ in found.respelled), found.respelled, strict=True
            )
        ],
        f"lines in {list_name} that repeat a file, whose first line counts": _lines(repeated),
        f"files in {list_name} on several lines, whose labels are joined": [
            f"{visible(path)} ({_joined(lines)})" for path, lines in sorted(joined.items())
        ],
        f"files in {list_name} under two styles, left out": [
            f"{visible(path)} ({', '.join(_styles(lines))})"
            for path, lines in sorted(two_styles.items())
        ],
    }
    return tuple(
        f"{what}: {len(shown)}, as {examples(shown, len(shown))}"
        for what, shown in groups.items()
        if shown
    )


def _lines(entries: Iterable[ListedImage]) -> list[str]:
    return [f"{visible(entry.image.path)} (line {entry.line})" for entry in entries]


def _joined(lines: Sequence[ListedImage]) -> str:
    """Return all labels under which a file is listed, each in the spelling of its first line."""
    first: dict[str, str] = {}
    for entry in lines:
        for label in labels_in(entry.image.style):
            first.setdefault(style_identity(label), label)
    return joined_labels(first.values())


def _styles(lines: Sequence[ListedImage]) -> list[str]:
    """Return the distinct styles under which a file is listed, each with its first line."""
    first: dict[str, ListedImage] = {}
    for entry in lines:
        first.setdefault(style_identity(entry.image.style), entry)
    return [f"{entry.image.style} in line {entry.line}" for entry in first.values()]
