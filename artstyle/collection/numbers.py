"""Files by accession number: 1987.12.3 is 1987.12.3.jpg, or 1987-12-3_recto.tif."""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from pathlib import Path, PurePosixPath

from artstyle.collection.portable import portable_name
from artstyle.pictures.finding import find_pictures

Key = tuple[str, ...]
"""The letters and digits of a number, without what separates them."""

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
        self._sorted = sorted((key, file) for key, files in self._by_key.items() for file in files)
        self._unclear = _unclear(numbers)

    def find(self, number: str) -> str | None:
        """Return the only file with this very name."""
        files = self._by_name.get(_letters(number), [])
        return files[0] if len(files) == 1 else None

    def find_alike(self, number: str) -> list[str]:
        """Return the files with this number as their name.

        First those with the very name, then those with other signs between the parts (1987-12-3),
        then those that end in a word for the front (recto). None of the latter two if another
        number in the list differs only by such signs.
        """
        if files := self._by_name.get(_letters(number)):
            return files
        key = _key(number)
        if not key or key in self._unclear:
            return []
        return self._by_key.get(key) or self._by_front.get(key) or []

    def near(self, number: str) -> list[str]:
        """Return the first files whose names begin with this number."""
        key = _key(number)
        start = bisect_left(self._sorted, (key, ""))
        following = islice(self._sorted, start, start + _SHOWN) if key else ()
        return [file for found, file in following if found[: len(key)] == key]

    def _add(self, file: str) -> None:
        name = PurePosixPath(file)
        for spelling in {_letters(name.name), _letters(name.stem)}:
            self._by_name[spelling].append(file)
        key = _key(name.stem)
        self._by_key[key].append(file)
        front = key
        while front and front[-1] in _FRONT:
            front = front[:-1]
        if front != key:
            self._by_front[front].append(file)


def _letters(number: str) -> str:
    return unicodedata.normalize("NFC", number.strip()).casefold()


def _key(number: str) -> Key:
    return tuple(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", number).casefold()))


def _unclear(numbers: Iterable[str]) -> frozenset[Key]:
    """Return the keys of several numbers: 12.3 and 12-3."""
    first: dict[Key, str] = {}
    return frozenset(
        key
        for number in numbers
        if first.setdefault(key := _key(number), letters := _letters(number)) != letters
    )
