"""What reading a picture once told of it; of a million pictures, in a quarter of a gigabyte."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artstyle.preparation.likeness import THUMBNAIL_BYTES, Likeness, Likenesses


@dataclass(frozen=True, slots=True)
class ScannedImage:
    """What reading a picture once told of it."""

    path: str
    """As in ``SourceImage``."""
    size: int
    """Of the file in bytes when it was read, as ``stat_key`` gives it."""
    mtime_ns: int
    sha256: str
    """Of the file's bytes."""
    width: int
    """In pixels, upright, of the original."""
    height: int
    format: str
    mode: str
    likeness: Likeness
    cached: str
    """The pre-resized copy, relative to the dataset folder."""
    cached_bytes: int
    """Its size: a copy that a power cut left empty or short has another."""
    profile_ignored: bool
    """Whether its colour profile could not be used."""


def cached_name(sha256: str, rules_key: str) -> str:
    """Return where the copy of a file lies in a dataset folder.

    The name follows from the file's content and the rules, so a copy is never out of date: it is
    the right one or it is not there.
    """
    name = hashlib.sha256(f"{sha256} {rules_key}".encode()).hexdigest()[:32]
    return f"images/{name[:2]}/{name[2:]}.jpg"


_FIRST_ROOM = 1024
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
    """Many pictures, kept as rows of numbers: as objects they would take three times as much.

    Args:
        rules_key: Of the rules by which all copies were made.
    """

    def __init__(self, rules_key: str) -> None:
        self._rules_key = rules_key
        self._paths: list[str] = []
        self._rows: npt.NDArray[np.void] = np.empty(_FIRST_ROOM, _ROW)

    @staticmethod
    def has_room_for(scanned: ScannedImage) -> bool:
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
            path: Its path, as the object that is kept anyhow: memory then holds it once.
            scanned: What is known of it.
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
        """Return whether the same is known of the same pictures, in the same order."""
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
        """Yield where each copy lies."""
        return (cached_name(sha256, self._rules_key) for sha256 in self.sha256s())

    def profiles_ignored(self) -> list[str]:
        """Return the paths of those whose colour profile could not be used."""
        rows = np.flatnonzero(self._rows[: len(self)]["profile_ignored"])
        return [self._paths[row] for row in rows]

    @property
    def likenesses(self) -> Likenesses:
        """What is compared with other pictures, without a copy."""
        rows = self._rows[: len(self)]
        return Likenesses(rows["phash"], rows["thumbnail"])

    def _bytes(self) -> memoryview:
        return self._rows[: len(self)].view(np.uint8).data
