"""Files on disk by the names in lists, which other systems may spell differently."""

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from artstyle.collection.portable import local_path, portable_name
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE
from artstyle.pictures.formats.kinds import SUFFIXES

_SAME_ENDINGS = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif"}


class FolderListings:
    """The names below a folder; each folder is listed once, when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[str, frozenset[str]] = {}
        self._folded: dict[str, dict[str, list[str]]] = {}

    def find(self, path: str) -> str | None:
        """Return the spelling under which a file is there, if the letters are the same ones.

        Unicode composition (NFC, NFD), backslashes for slashes and the bytes of Windows-1252 are
        ways to write the same letters.
        """
        return next((spelling for spelling in _spellings(path) if self._holds(spelling)), None)

    def find_alike(self, path: str) -> list[str]:
        """Return the files whose path differs in case, outer spaces or a synonymous ending.

        A name without the ending of a picture also fits that name with any ending.
        """
        parts = PurePosixPath(path.replace("\\", "/")).parts
        places = [""]
        for part in parts:
            places = [below for place in places for below in self._alike(place, part)]
        return places if parts else []

    def _holds(self, path: str) -> bool:
        folder, slash, name = path.rpartition("/")
        # A list may name a file at the very root: the folder of "/x.jpg" is "/".
        return name in self._listing(folder or slash)

    def _alike(self, folder: str, name: str) -> Iterator[str]:
        if folder not in self._folded:
            self._folded[folder] = _by_folded_name(self._listing(folder))
        for found in self._folded[folder].get(_fold(name), ()):
            yield f"{folder}/{found}" if folder else found

    def _listing(self, folder: str) -> frozenset[str]:
        if folder not in self._names:
            self._names[folder] = _file_names(local_path(self._root, folder))
        return self._names[folder]


def _spellings(path: str) -> Iterator[str]:
    yield path
    if path.isascii() and "\\" not in path:
        return
    for spelling in (path, PurePosixPath(path.replace("\\", "/")).as_posix()):
        yield spelling
        for form in ("NFC", "NFD"):
            yield unicodedata.normalize(form, spelling)
        # Read as Windows-1252 where the disk has the bytes themselves, or the other way round.
        yield from _recoded(spelling, "cp1252", "utf-8")
        yield from _recoded(spelling, "utf-8", "cp1252")


def _recoded(path: str, stored: str, read: str) -> Iterator[str]:
    try:
        yield path.encode(stored, "surrogateescape").decode(read, "surrogateescape")
    except UnicodeEncodeError:
        return


def _by_folded_name(names: frozenset[str]) -> dict[str, list[str]]:
    folded: dict[str, list[str]] = {}
    for name in sorted(names):
        keys = {_fold(name)}
        if PurePosixPath(name).suffix.lower() in SUFFIXES:
            keys.add(_fold(PurePosixPath(name).stem))
        for key in keys:
            folded.setdefault(key, []).append(name)
    return folded


def _fold(name: str) -> str:
    folded = unicodedata.normalize("NFC", name.strip().casefold())
    stem, dot, ending = folded.rpartition(".")
    return stem + _SAME_ENDINGS.get(dot + ending, dot + ending)


def _file_names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(map(portable_name, os.listdir(folder)))  # noqa: PTH208  # names only
    except OSError as error:
        if error.errno in FAULTS_OF_THE_MACHINE:
            raise
        return frozenset()
