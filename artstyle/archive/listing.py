"""Pictures dealt to shards: files of paths, so that memory does not grow with the collection."""

import hashlib
import json
import os
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from artstyle.errors import DataError
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.record import Record
from artstyle.progress import Progress, silent
from artstyle.storage.files import TEMPORARY_PREFIX

STAGE = "listing pictures"
_HELD_BYTES = 1 << 23


@dataclass(frozen=True)
class ListedPicture:
    """A picture of a shard."""

    id: str
    """What deals it to its shard: the list's number, else the path in the source, with slashes."""
    picture: PicturePath


@dataclass(frozen=True)
class Listing:
    """The pictures of each shard, in files of a folder; made by `deal_pictures`."""

    folder: Path
    counts: "array[int]"
    """How many pictures each shard has."""

    def lines(self, shard: int) -> list[bytes]:
        """Return the lines of a shard's pictures in their order, which no source decides.

        Raises:
            DataError: Someone changed the temporary files of this process.
        """
        path = _listing_path(self.folder, shard)
        lines = sorted(path.read_bytes().splitlines()) if path.exists() else []
        if len(lines) != self.counts[shard]:
            raise DataError(f"{path} was changed while it was used; run the same command again")
        return lines


def deal_pictures(
    pictures: Iterable[PicturePath],
    shards: int,
    folder: Path,
    source: Path | None = None,
    progress: Progress = silent,
) -> Listing:
    """Write a line for each picture into the file of its shard.

    Memory is bounded: 8 MiB of lines are held, and one number for each shard.

    Args:
        pictures: Consumed as they are found.
        shards: How many.
        folder: Where the files are written.
        source: The folder that identifiers are relative to.
        progress: Called with the number of pictures so far.
    """
    prefix = "" if source is None else os.path.join(source, "")  # noqa: PTH118  # ends in a slash
    counts = array("q", bytes(8 * shards))
    held: defaultdict[int, list[bytes]] = defaultdict(list)
    size = done = 0
    for picture in pictures:
        name = picture_id(picture, prefix)
        shard, line = shard_of(name, shards), _line(name, picture)
        held[shard].append(line)
        counts[shard] += 1
        size, done = size + len(line), done + 1
        if size >= _HELD_BYTES:
            _append(held, folder)
            size = 0
            progress(STAGE, done, None)
    _append(held, folder)
    progress(STAGE, done, done)
    return Listing(folder, counts)


def picture_id(picture: PicturePath, prefix: str = "") -> str:
    """Return what identifies a picture: the list's number, else its path below ``prefix``."""
    if picture.record is not None and picture.record.id:
        return picture.record.id
    return str(picture.path).removeprefix(prefix).replace(os.sep, "/")


def shard_of(name: str, shards: int) -> int:
    """Return the shard that an identifier is dealt to: BLAKE2b of its bytes, the same anywhere."""
    content = name.encode("utf-8", errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") % shards


def digest_of(lines: Iterable[bytes]) -> str:
    """Return the SHA-256 of a shard's pictures: names, places and what a list says of them."""
    whole = hashlib.sha256()
    for line in lines:
        whole.update(line)
        whole.update(b"\n")
    return whole.hexdigest()


def parse_lines(lines: Iterable[bytes]) -> Iterator[ListedPicture]:
    """Yield the pictures of lines."""
    for line in lines:
        name, path, problem, record = json.loads(line)
        found = PicturePath(Path(path), problem, record=record and Record(*record))
        yield ListedPicture(name, found)


def _line(name: str, picture: PicturePath) -> bytes:
    assert picture.content is None, "only files are dealt to shards"
    record = picture.record and astuple(picture.record)
    # ASCII: the bytes of a path that are not UTF-8 are escapes, and come back as they were.
    return json.dumps([name, str(picture.path), picture.problem, record]).encode("ascii")


def _append(held: defaultdict[int, list[bytes]], folder: Path) -> None:
    for shard, lines in held.items():
        with _listing_path(folder, shard).open("ab") as file:
            file.write(b"\n".join(lines) + b"\n")
    held.clear()


def _listing_path(folder: Path, shard: int) -> Path:
    return folder / f"{TEMPORARY_PREFIX}-listing-{shard:05}"
