"""Files by accession number: 1987.12.3 is 1987.12.3.jpg, or 1987-12-3_recto.tif."""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path, PurePosixPath

from artstyle.collection.portable import portable_name
from artstyle.pictures.finding import find_pictures

Key = str
"""The letters and digits of a number; one space for whatever separates them."""

_SHOWN = 3
# Only words for the whole front: a file "_verso" or "_detail" is another picture, and a file
# "_2" may be another object.
_FRONT = frozenset(
    (
        "recto", "front", "full", "overall", "whole", "main", "primary", "image", "scan", "photo",
        "master", "web", "hires", "vorne", "vorderseite", "gesamt", "gesamtansicht", "avant",
        "face", "anverso", "frente", "fronte", "voorkant", "voorzijde", "przod",
    )
)  # fmt: skip


class NumberedFiles:
    """The pictures below a folder by the numbers in their names; listed once."""

    def __init__(self, root: Path, numbers: Iterable[str]) -> None:
        self.problems: list[str] = []
        """Folders that cannot be looked into."""
        self._by_name = defaultdict[str, list[str]](list)
        self._by_key = defaultdict[Key, list[str]](list)
        self._by_front = defaultdict[Key, list[str]](list)
        for found in find_pictures([str(root)]):
            if found.problem is None:
                self._add(portable_name(found.path.relative_to(root).as_posix()))
            else:
                self.problems.append(f"{found.path}: {found.problem}")
        self._keys = sorted(self._by_key)
        self._unclear = _unclear(numbers)

    def find(self, number: str) -> str | None:
        """Return the only file with this very name."""
        files = self._named(number)
        return files[0] if len(files) == 1 else None

    def find_alike(self, number: str) -> list[str]:
        """Return the files with this number as their name.

        First those with the very name, then those with other signs between the parts (1987-12-3),
        then those that end in a word for the front (recto). None of the latter two if another
        number in the list differs only by such signs.
        """
        if files := self._named(number):
            return files
        key = _key(number)
        if not key or key in self._unclear:
            return []
        return self._by_key.get(key) or self._by_front.get(key) or []

    def near(self, number: str) -> list[str]:
        """Return the first files whose names begin with this number."""
        key = _key(number)
        start = bisect_left(self._keys, f"{key} ")
        following = self._keys[start : start + _SHOWN] if key else ()
        near = (self._by_key[found] for found in following if found.startswith(f"{key} "))
        return list(islice(chain.from_iterable(near), _SHOWN))

    def _add(self, file: str) -> None:
        stem = PurePosixPath(file).stem
        self._by_name[_letters(stem)].append(file)
        key = _key(stem)
        self._by_key[key].append(file)
        words = key.split(" ")
        while words and words[-1] in _FRONT:
            words.pop()
        if (front := " ".join(words)) != key:
            self._by_front[front].append(file)

    def _named(self, number: str) -> list[str]:
        """Return the files with this very name, with or without its ending."""
        letters = _letters(number)
        whole = self._by_name.get(letters.rpartition(".")[0], ())
        ended = [file for file in whole if _letters(PurePosixPath(file).name) == letters]
        return [*self._by_name.get(letters, ()), *ended]


def _letters(number: str) -> str:
    return unicodedata.normalize("NFC", number.strip()).casefold()


def _key(number: str) -> Key:
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", number).casefold()))


def _unclear(numbers: Iterable[str]) -> frozenset[Key]:
    """Return the keys of several numbers: 12.3 and 12-3."""
    first: dict[Key, str] = {}
    return frozenset(
        key
        for number in numbers
        if first.setdefault(key := _key(number), letters := _letters(number)) != letters
    )
