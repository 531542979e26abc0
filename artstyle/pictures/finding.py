"""Finding the pictures of arguments: files, folders, globs and lists, in a fixed order.

An argument that names a file is that file, whatever its name looks like. One that names a folder
is every picture in it, at any depth, sorted by the code points of their paths. Anything else with
``*``, ``?`` or ``[`` in it is a glob, where ``**`` matches any number of folders.
"""

import codecs
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from reprlib import repr as short_repr
from typing import BinaryIO

from artstyle.errors import MissingError, UsageError
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE
from artstyle.pictures.formats.kinds import SUFFIXES, is_picture
from artstyle.pictures.record import Record
from artstyle.pictures.skipped import is_litter
from artstyle.storage.files import errors_named, text_encoding
from artstyle.storage.nearby import did_you_mean

LIST = "-"
"""The argument that means a list of paths on standard input."""

Skipped = Callable[[Path], object]
"""Called with a file that is passed over."""

_CHUNK_BYTES = 1 << 16
_MAGIC = frozenset("*?[")
_ENDINGS = ", ".join(sorted(SUFFIXES))


@dataclass(frozen=True)
class PicturePath:
    """A file to be read as a picture, or a place where there is none."""

    path: Path
    problem: str | None = None
    """Why nothing is there to be read; None for a file that is to be tried."""
    content: bytes | None = field(default=None, repr=False)
    """The file itself where it is in memory already; its path is then only a name."""
    record: Record | None = None
    """What the list or manifest that names it says; None for a file that was found."""


def find_pictures(
    arguments: str | Path | Iterable[str | Path],
    list_file: BinaryIO | None = None,
    skipped: Skipped = lambda path: None,
) -> Iterator[PicturePath]:
    """Yield what the arguments name, in their order, as it is found.

    Inside folders and globs, litter (`is_litter`) and files that do not end like a picture are
    passed over, and each folder is entered once, by whichever links lead to it. No more than the
    names in the folders on the way to the present file are held in memory.

    Args:
        arguments: One or several files, folders, globs, or the text ``-`` for ``list_file``.
        list_file: Paths of files and folders, separated by line ends, or by NUL if there is one in
            its first 64 KiB; in UTF-16 or UTF-32 too; None is standard input.
        skipped: Called with each file that is passed over, litter apart.

    Raises:
        UsageError: An argument is neither a text nor a path, or is empty.

    Examples:
        >>> [picture.path.name for picture in artstyle.find_pictures("scans")]
        ['boat.jpg', 'damaged.jpg']
        >>> [picture.path.name for picture in artstyle.find_pictures(["scans/b*", "scans/x.jpg"])]
        ['boat.jpg', 'x.jpg']
    """
    # A text is one argument: its letters would be read as files, and "/" as the whole disk.
    several = [arguments] if isinstance(arguments, str | Path | bytes) else arguments
    return chain.from_iterable(_found(each, list_file, skipped) for each in several)


def named_pictures(
    pictures: str | Path | Iterable[str | Path | PicturePath],
) -> Iterator[PicturePath]:
    """Yield the pictures of arguments that were found already, or are still to be found.

    Args:
        pictures: What `find_pictures` takes or gave, mixed at will.
    """
    if isinstance(pictures, str | Path | bytes):
        return find_pictures(pictures)
    return chain.from_iterable(
        [each] if isinstance(each, PicturePath) else find_pictures(each) for each in pictures
    )


def _found(
    argument: str | Path, list_file: BinaryIO | None, skipped: Skipped
) -> Iterator[PicturePath]:
    if not isinstance(argument, str | Path):
        raise UsageError(f"pictures are named by text or Path, not by {short_repr(argument)}")
    if argument == "":
        raise UsageError("one of the names is empty: name a file, a folder or a pattern")
    if argument == LIST:
        for line in _listed_paths(list_file):
            yield from _folder(line, skipped) if _is_folder(line) else [PicturePath(line)]
    else:
        yield from _named(str(argument), skipped)


def count_pictures(arguments: Sequence[str]) -> int | None:
    """Return how many places `find_pictures` yields; None for a list, which can be read once."""
    return None if LIST in arguments else sum(1 for _ in find_pictures(arguments))


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
    """Return a path as one line that is safe in any terminal, page or text file.

    Bytes that are not UTF-8 and characters that control a terminal become backslash escapes.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(path)
    )


def _named(argument: str, skipped: Skipped) -> Iterator[PicturePath]:
    path = Path(argument)
    if _is_folder(path):
        yield from _folder(path, skipped)
    elif os.path.lexists(path):
        yield PicturePath(path)
    elif _MAGIC.isdisjoint(argument):
        near = did_you_mean(path)
        yield PicturePath(path, "no such file or folder" + (f".{near}" if near else ""))
    else:
        yield from _or_problem(
            _glob(path, skipped),
            PicturePath(path, f"no picture matches (names end in {_ENDINGS})"),
        )


def _folder(path: Path, skipped: Skipped) -> Iterator[PicturePath]:
    problem = PicturePath(path, f"no picture in this folder (names end in {_ENDINGS})")
    return _or_problem(_walk(path, (), skipped), problem)


def _or_problem(found: Iterator[PicturePath], problem: PicturePath) -> Iterator[PicturePath]:
    first = next(found, problem)
    yield first
    yield from found


def _glob(pattern: Path, skipped: Skipped) -> Iterator[PicturePath]:
    """Walk from the deepest folder that the pattern names outright."""
    parts = pattern.parts
    literal = next(n for n, part in enumerate(parts) if not _MAGIC.isdisjoint(part))
    return _walk(Path(*parts[:literal]), parts[literal:], skipped)


States = frozenset[int]
"""The positions in a pattern that a path so far can have reached; its length: all of it, and
whatever is below."""


@dataclass(frozen=True)
class _Folder:
    path: Path
    states: States


def _walk(start: Path, pattern: tuple[str, ...], skipped: Skipped) -> Iterator[PicturePath]:
    """Yield the pictures below ``start`` that match, sorted by the code points of their paths."""
    entered: set[tuple[int, int]] = set()
    levels = [_entries(_Folder(start, _reached({0}, pattern)), pattern, entered, skipped)]
    # A stack of our own: a tree may be deeper than Python's recursion.
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
        elif isinstance(entry, _Folder):
            levels.append(_entries(entry, pattern, entered, skipped))
        else:
            yield entry


def _entries(
    folder: _Folder,
    pattern: tuple[str, ...],
    entered: set[tuple[int, int]],
    skipped: Skipped,
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
        elif len(pattern) in states:
            if is_picture(path := folder.path / name):
                yield PicturePath(path)
            else:
                skipped(path)


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
    """Return the position in the pattern after a path continues with ``name``."""
    after = set()
    for state in states:
        if state == len(pattern) or pattern[state] == "**":
            if not is_litter(name):
                after.add(state)
        elif _matches(name, pattern[state]):
            after.add(state + 1)
    return _reached(after, pattern)


def _reached(states: set[int], pattern: tuple[str, ...]) -> States:
    """Add the positions behind each ``**``, which may match zero folders."""
    reached = set(states)
    for state, part in enumerate(pattern):
        if part == "**" and state in reached:
            reached.add(state + 1)
    return frozenset(reached)


def _matches(name: str, part: str) -> bool:
    allowed = not is_litter(name) or part == name or part.startswith(".")
    return allowed and fnmatchcase(name, part)


def _listed_paths(list_file: BinaryIO | None) -> Iterator[Path]:
    """Read the list as it comes; without a byte-order mark, names keep their own bytes.

    Raises:
        UsageError: Standard input is closed, or is not text in the encoding of its start.
        OSError: It cannot be read; the error says that it is standard input.
    """
    if list_file is None:
        if sys.stdin is None:
            raise UsageError("- reads a list of paths from standard input, which is closed")
        list_file = sys.stdin.buffer
    with errors_named(Path("standard input")):
        chunk = list_file.read(_CHUNK_BYTES)
        codec = _wide_codec(chunk)
        decoder = codecs.getincrementaldecoder(codec)() if codec else None
        separator = b"\0" if b"\0" in chunk and not decoder else b"\n"
        rest = b""
        while chunk:
            text = _name_bytes(chunk, decoder) if decoder else chunk
            *whole, rest = (rest + text).split(separator)
            yield from _paths(whole, separator)
            chunk = list_file.read(_CHUNK_BYTES)
        if decoder:
            _name_bytes(b"", decoder, final=True)
    yield from _paths([rest], separator)


def _wide_codec(start: bytes) -> str:
    """Return the codec of a list in UTF-16 or UTF-32; empty for one of bytes.

    Without a mark, only line ends of two bytes distinguish UTF-16 from names that NUL separates.
    """
    codec = text_encoding(start)
    unmarked = codec in ("utf-16-le", "utf-16-be")
    wide = codec != "utf-8-sig" and not (unmarked and "\n" not in start.decode(codec, "ignore"))
    return codec if wide else ""


def _name_bytes(chunk: bytes, decoder: codecs.IncrementalDecoder, *, final: bool = False) -> bytes:
    try:
        return os.fsencode(decoder.decode(chunk, final))
    except UnicodeError as error:
        raise UsageError(f"the list on standard input is damaged: {error}") from None


def _paths(entries: Iterable[bytes], separator: bytes) -> Iterator[Path]:
    for entry in entries:
        name = entry.removeprefix(codecs.BOM_UTF8)
        if separator == b"\n":
            name = _without_padding(name.removesuffix(b"\r"))
        if name:
            yield Path(os.fsdecode(name))


def _without_padding(name: bytes) -> bytes:
    """Return a name without spaces around it and quotes, unless they belong to a file's name."""
    bare = name.strip().strip(b'"')
    return name if bare and bare != name and os.path.lexists(name) else bare
