"""From arguments to pictures: files, folders, globs and lists, as a stream in a fixed order.

An argument that names a file is that file, whatever its name looks like. One that names a folder
is every picture in it, at any depth, sorted by the code points of their paths. Anything else with
``*``, ``?`` or ``[`` in it is a glob, where ``**`` stands for any number of folders.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from artstyle.errors import MissingError
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE
from artstyle.pictures.formats import SUFFIXES

LIST = "-"
"""The argument that stands for a list of paths on standard input."""

_CHUNK_BYTES = 1 << 16
_MAGIC = frozenset("*?[")
_ENDINGS = ", ".join(sorted(SUFFIXES))


@dataclass(frozen=True)
class PicturePath:
    """A file to be read as a picture, or a place where there is none."""

    path: Path
    problem: str | None = None
    """Why nothing is there to be read; None for a file that is to be tried."""


def find_pictures(
    arguments: Iterable[str], list_file: BinaryIO | None = None
) -> Iterator[PicturePath]:
    """Yield what the arguments name, in their order, as it is found.

    Inside folders and globs, hidden files, hidden folders and files that do not end like a picture
    are passed over, and each folder is entered once, by whichever links lead to it. No more than
    the names in the folders on the way to the present file are held in memory.

    Args:
        arguments: Files, folders, globs, or ``-`` for ``list_file``.
        list_file: Paths of files and folders, separated by line ends, or by NUL if there is one in
            its first 64 KiB; None is standard input.
    """
    for argument in arguments:
        if argument == LIST:
            for line in _listed_paths(list_file or sys.stdin.buffer):
                yield from _folder(line) if _is_folder(line) else [PicturePath(line)]
        else:
            yield from _named(argument)


def require_pictures(found: Iterable[PicturePath]) -> Iterator[PicturePath]:
    """Return the same stream, once it is known to hold a file to be tried.

    Raises:
        MissingError: It holds none; the message names the first place that was looked at.
    """
    stream = iter(found)
    problems: list[PicturePath] = []
    for picture in stream:
        if picture.problem is None:
            return chain(problems, [picture], stream)
        problems.append(picture)
    if not problems:
        raise MissingError("nothing to read: the list on standard input is empty")
    raise MissingError(f"nothing to read: {problems[0].path}: {problems[0].problem}")


def printable(path: Path) -> str:
    """Return a path as one line that any terminal, page or file of text can bear.

    Bytes that are no UTF-8 and characters that would steer a terminal become backslash escapes.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(path)
    )


def _named(argument: str) -> Iterator[PicturePath]:
    path = Path(argument)
    if _is_folder(path):
        yield from _folder(path)
    elif os.path.lexists(path):
        yield PicturePath(path)
    elif _MAGIC.isdisjoint(argument):
        yield PicturePath(path, "no such file or folder")
    else:
        yield from _or_problem(
            _glob(path), PicturePath(path, f"no picture matches (names end in {_ENDINGS})")
        )


def _folder(path: Path) -> Iterator[PicturePath]:
    problem = PicturePath(path, f"no picture in this folder (names end in {_ENDINGS})")
    return _or_problem(_walk(path, ()), problem)


def _or_problem(found: Iterator[PicturePath], problem: PicturePath) -> Iterator[PicturePath]:
    first = next(found, problem)
    yield first
    yield from found


def _glob(pattern: Path) -> Iterator[PicturePath]:
    """Walk from the deepest folder that the pattern names outright."""
    parts = pattern.parts
    literal = next(n for n, part in enumerate(parts) if not _MAGIC.isdisjoint(part))
    return _walk(Path(*parts[:literal]), parts[literal:])


States = frozenset[int]
"""The positions in a pattern that a path so far can have reached; its length: all of it, and
whatever lies below."""


@dataclass(frozen=True)
class _Folder:
    path: Path
    states: States


def _walk(start: Path, pattern: tuple[str, ...]) -> Iterator[PicturePath]:
    """Yield the pictures below ``start`` that match, sorted by the code points of their paths."""
    entered: set[tuple[int, int]] = set()
    levels = [_entries(_Folder(start, _reached({0}, pattern)), pattern, entered)]
    # A stack of our own: a tree may be deeper than Python's recursion.
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
        elif isinstance(entry, _Folder):
            levels.append(_entries(entry, pattern, entered))
        else:
            yield entry


def _entries(
    folder: _Folder, pattern: tuple[str, ...], entered: set[tuple[int, int]]
) -> Iterator[PicturePath | _Folder]:
    try:
        status = folder.path.stat()
        if (status.st_dev, status.st_ino) in entered:
            return
        entered.add((status.st_dev, status.st_ino))
        names = _sorted_names(folder.path)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno in FAULTS_OF_THE_MACHINE:
            raise
        yield PicturePath(folder.path, f"cannot be opened: {(error.strerror or '').lower()}")
        return
    for name in names:
        states = _advance(folder.states, name.removesuffix("/"), pattern)
        if name.endswith("/"):
            if states:
                yield _Folder(folder.path / name, states)
        elif len(pattern) in states and Path(name).suffix.lower() in SUFFIXES:
            yield PicturePath(folder.path / name)


def _sorted_names(folder: Path) -> list[str]:
    """Return the names in a folder; those of folders end in a slash, and sort as their paths do."""
    with os.scandir(folder) as entries:
        return sorted(f"{entry.name}/" if _is_folder(entry) else entry.name for entry in entries)


def _is_folder(entry: os.DirEntry[str] | Path) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, a name too long, a folder that may not be entered
        return False


def _advance(states: States, name: str, pattern: tuple[str, ...]) -> States:
    """Return where in the pattern a path stands that goes on with ``name``."""
    after = set()
    for state in states:
        if state == len(pattern) or pattern[state] == "**":
            if not name.startswith("."):
                after.add(state)
        elif _matches(name, pattern[state]):
            after.add(state + 1)
    return _reached(after, pattern)


def _reached(states: set[int], pattern: tuple[str, ...]) -> States:
    """Add the positions behind each ``**``, which may stand for no folder at all."""
    reached = set(states)
    for state, part in enumerate(pattern):
        if part == "**" and state in reached:
            reached.add(state + 1)
    return frozenset(reached)


def _matches(name: str, part: str) -> bool:
    hidden_as_asked = not name.startswith(".") or part.startswith(".")
    return hidden_as_asked and fnmatchcase(name, part)


def _listed_paths(list_file: BinaryIO) -> Iterator[Path]:
    chunk = list_file.read(_CHUNK_BYTES)
    separator = b"\0" if b"\0" in chunk else b"\n"
    rest = b""
    while chunk:
        *whole, rest = (rest + chunk).split(separator)
        yield from _paths(whole, separator)
        chunk = list_file.read(_CHUNK_BYTES)
    yield from _paths([rest], separator)


def _paths(entries: Iterable[bytes], separator: bytes) -> Iterator[Path]:
    for entry in entries:
        name = entry.removesuffix(b"\r") if separator == b"\n" else entry
        if name:
            yield Path(os.fsdecode(name))
