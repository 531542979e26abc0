"""The facts about each picture that was read, in a compact table: 250 MB for a million."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artstyle.preparation.likeness import THUMBNAIL_BYTES, Likeness, Likenesses


@dataclass(frozen=True, slots=True)
class ScannedImage:
    """The facts about a picture, found by reading it once."""

    path: str
    """As in ``SourceImage``."""
    size: int
    """File size in bytes when it was read, as ``stat_key`` returns it."""
    mtime_ns: int
    sha256: str
    """Hash of the file's bytes."""
    width: int
    """Width of the upright original in pixels."""
    height: int
    format: str
    mode: str
    likeness: Likeness
    cached: str
    """The pre-resized copy, relative to the dataset folder."""
    cached_bytes: int
    """Size of the copy: one that a power cut left empty or short differs."""
    profile_ignored: bool
    """Whether its colour profile could not be used."""


def cached_name(sha256: str, rules_key: str) -> str:
    """Return the path of a file's copy in a dataset folder.

    The name depends on the file's content and the rules, so a copy is never out of date: either
    the right one exists, or none.
    """
    name = hashlib.sha256(f"{sha256} {rules_key}".encode()).hexdigest()[:32]
    return f"images/{name[:2]}/{name[2:]}.jpg"


_FIRST_CAPACITY = 1024
_ROW = np.dtype(
    [
        ("size", np.int64),
        ("mtime_ns", np.int64),
        ("sha256", "V32"),
        ("width", np.int32),
        ("height", np.int32),
        ("format", "S8"),
        ("mode", "S8"),
        ("phash", np.uint64),
        ("thumbnail", np.uint8, (THUMBNAIL_BYTES,)),
        ("cached_bytes", np.int64),
        ("profile_ignored", np.bool_),
    ]
)


class ScannedImages:
    """Many pictures as rows of numbers; as objects they would take three times the memory.

    Args:
        rules_key: Key of the rules by which all copies were made.
    """

    def __init__(self, rules_key: str) -> None:
        self._rules_key = rules_key
        self._paths: list[str] = []
        self._rows: npt.NDArray[np.void] = np.empty(_FIRST_CAPACITY, _ROW)

    @staticmethod
    def fits_row(scanned: ScannedImage) -> bool:
        """Return whether all values fit a row, as those of real pictures do."""
        sizes = (scanned.size, scanned.cached_bytes, scanned.mtime_ns)
        return (
            max(map(abs, sizes)) < 2**63
            and max(scanned.width, scanned.height) < 2**31
            and all(len(word) <= 8 and word.isascii() for word in (scanned.format, scanned.mode))
        )

    def append(self, path: str, scanned: ScannedImage) -> None:
        """Add a picture.

        Args:
            path: Its path; pass the source's own string, so that memory holds it once.
            scanned: The facts about it.
        """
        at = len(self._paths)
        if at == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._paths.append(path)
        self._rows[at] = (
            scanned.size,
            scanned.mtime_ns,
            bytes.fromhex(scanned.sha256),
            scanned.width,
            scanned.height,
            scanned.format.encode(),
            scanned.mode.encode(),
            scanned.likeness.phash,
            np.frombuffer(scanned.likeness.thumbnail, np.uint8),
            scanned.cached_bytes,
            scanned.profile_ignored,
        )

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self._paths)

    def __getitem__(self, at: int) -> ScannedImage:
        """Return one picture."""
        row = self._rows[: len(self)][at]
        sha256 = row["sha256"].tobytes().hex()
        return ScannedImage(
            path=self._paths[at],
            size=int(row["size"]),
            mtime_ns=int(row["mtime_ns"]),
            sha256=sha256,
            width=int(row["width"]),
            height=int(row["height"]),
            format=row["format"].decode(),
            mode=row["mode"].decode(),
            likeness=Likeness(int(row["phash"]), row["thumbnail"].tobytes()),
            cached=cached_name(sha256, self._rules_key),
            cached_bytes=int(row["cached_bytes"]),
            profile_ignored=bool(row["profile_ignored"]),
        )

    def __iter__(self) -> Iterator[ScannedImage]:
        """Yield the pictures in their order."""
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Return whether both hold the same facts about the same pictures, in the same order."""
        return (
            isinstance(other, ScannedImages)
            and self._rules_key == other._rules_key
            and self._paths == other._paths
            and self._bytes() == other._bytes()
        )

    __hash__ = None  # type: ignore[assignment]

    def sha256s(self) -> Iterator[str]:
        """Yield the SHA-256 of each file."""
        return (value.tobytes().hex() for value in self._rows[: len(self)]["sha256"])

    def cached(self) -> Iterator[str]:
        """Yield the path of each copy."""
        return (cached_name(sha256, self._rules_key) for sha256 in self.sha256s())

    def profiles_ignored(self) -> list[str]:
        """Return the paths of pictures whose colour profile could not be used."""
        rows = np.flatnonzero(self._rows[: len(self)]["profile_ignored"])
        return [self._paths[row] for row in rows]

    @property
    def likenesses(self) -> Likenesses:
        """The likeness of each picture, as views of the table."""
        rows = self._rows[: len(self)]
        return Likenesses(rows["phash"], rows["thumbnail"])

    def _bytes(self) -> memoryview:
        return self._rows[: len(self)].view(np.uint8).data
