"""Reading a source: each file once, in parallel, for its facts and a small copy."""

import hashlib
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import compress, groupby
from multiprocessing import get_all_start_methods, get_context
from operator import not_
from pathlib import Path
from threading import Thread

from artstyle.errors import ArtstyleError, ImageError
from artstyle.pictures.image import read_image
from artstyle.preparation.cache import COPY_MARGIN, CacheIndex, CacheRules, write_copy
from artstyle.preparation.likeness import likeness
from artstyle.preparation.scan_table import ScannedImage, ScannedImages, cached_name
from artstyle.preparation.sources.opening import read_source_bytes, stat_key
from artstyle.preparation.sources.parquet import shard_name
from artstyle.preparation.sources.source import Source, SourceImage
from artstyle.progress import Progress, silent

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as PipeEnd
else:
    from multiprocessing.connection import Connection as PipeEnd

# Small enough for an even progress and for little loss when interrupted; rows of a Parquet shard
# are read in order, so each chunk of them skips through its row group once more.
_FILES_A_CHUNK = 32
_ROWS_A_CHUNK = 256
# Under this many pictures, starting processes takes longer than reading.
_WORTH_PROCESSES = 64

Outcome = ScannedImage | str
"""The facts about a picture, or the reason why it cannot be read."""


@dataclass(frozen=True)
class Scan:
    """The result of reading a source."""

    images: tuple[SourceImage, ...]
    """Those that can be read, in the order of the source."""
    scanned: ScannedImages
    """The facts about each."""
    unreadable: tuple[tuple[SourceImage, str], ...]
    """The others, with the reason."""


def scan_source(
    source: Source,
    index: CacheIndex,
    rules: CacheRules,
    workers: int | None,
    progress: Progress = silent,
) -> Scan:
    """Read every picture that the index does not know unchanged, and write its small copy.

    Each file is read once. Memory holds a row of facts for each picture and one picture for each
    process, never the collection. Each worker process imports the main module, so a script that
    calls this needs ``if __name__ == "__main__":``.

    Args:
        source: Where the pictures are.
        index: What is known; newly read pictures are added to it.
        rules: How copies are made.
        workers: Processes; None is one per core, 0 and 1 read in this one.
        progress: Called after each chunk.

    Raises:
        ArtstyleError: A worker process was killed.
    """
    known = [
        index.find(image.path, stat_key(source.root, image)) is not None for image in source.images
    ]
    unread = list(compress(source.images, map(not_, known)))
    fresh = _read_unknown(source, index, rules, unread, workers, progress)
    outcomes = (
        index.recall(image.path) if is_known else next(fresh)
        for image, is_known in zip(source.images, known, strict=True)
    )
    scan = _collect(source.images, outcomes, rules.key)
    surplus = next(fresh, None)  # Lets the reader end its processes.
    assert surplus is None
    index.settle(scan.scanned)
    done = len(known) - len(unread)
    progress("reading pictures", len(known), len(known), f"{len(unread)} read, {done} unchanged")
    return scan


def _collect(sources: Sequence[SourceImage], outcomes: Iterable[Outcome], rules_key: str) -> Scan:
    """Part the pictures that could be read from the others."""
    images: list[SourceImage] = []
    scanned = ScannedImages(rules_key)
    unreadable: list[tuple[SourceImage, str]] = []
    for image, outcome in zip(sources, outcomes, strict=True):
        if isinstance(outcome, str):
            unreadable.append((image, outcome))
        else:
            images.append(image)
            scanned.append(image.path, outcome)
    return Scan(tuple(images), scanned, tuple(unreadable))


def unchanged(source: Source, index: CacheIndex) -> int:
    """Return how many pictures need not be read again."""
    stats = ((image.path, stat_key(source.root, image)) for image in source.images)
    return sum(index.find(path, stat) is not None for path, stat in stats)


def _read_unknown(
    source: Source,
    index: CacheIndex,
    rules: CacheRules,
    unread: Sequence[SourceImage],
    workers: int | None,
    progress: Progress,
) -> Iterator[Outcome]:
    """Yield the outcome of reading each picture, already added to the index."""
    if not unread:
        return
    index.begin()
    done, total = len(source.images) - len(unread), len(source.images)
    for outcomes in _read_all(_Job(source.root, index.folder, rules), unread, workers):
        index.add(outcome for outcome in outcomes if isinstance(outcome, ScannedImage))
        done += len(outcomes)
        if done < total:
            progress("reading pictures", done, total)
        yield from outcomes


@dataclass(frozen=True)
class _Job:
    """What a worker needs to know in order to read pictures."""

    root: Path
    folder: Path
    rules: CacheRules

    def read(self, images: Sequence[SourceImage]) -> list[Outcome]:
        """Read a chunk; runs in a worker."""
        # Asked before reading: a file that changes meanwhile is then read again next time.
        stats = [stat_key(self.root, image) for image in images]
        contents = read_source_bytes(self.root, images)
        return [
            self._read_one(image.path, stat, content)
            for stat, (image, content) in zip(stats, contents, strict=True)
        ]

    def _read_one(self, path: str, stat: tuple[int, int], content: bytes | ImageError) -> Outcome:
        if isinstance(content, ImageError):
            return str(content)
        try:
            image = read_image(
                content,
                short_side_px=self.rules.short_side_px,
                draft_margin=COPY_MARGIN,
                rules=self.rules.image,
            )
        except ImageError as error:
            return str(error)
        sha256 = hashlib.sha256(content).hexdigest()
        cached = cached_name(sha256, self.rules.key)
        return ScannedImage(
            path=path,
            size=stat[0],
            mtime_ns=stat[1],
            sha256=sha256,
            width=image.width,
            height=image.height,
            format=image.format,
            mode=image.mode,
            likeness=likeness(image.pixels),
            cached=cached,
            cached_bytes=write_copy(self.folder, cached, image.pixels),
            profile_ignored=image.profile_ignored,
        )


def _read_all(
    job: _Job, images: Sequence[SourceImage], workers: int | None
) -> Iterator[list[Outcome]]:
    """Yield the outcomes chunk by chunk, in the order of ``images``."""
    wanted = (os.cpu_count() or 1) if workers is None else workers
    if wanted <= 1 or len(images) < _WORTH_PROCESSES:
        yield from map(job.read, _chunks(images))
        return
    try:
        with _pool(wanted) as pool:
            yield from _in_order(pool, job, images, in_flight=2 * wanted)
    except BrokenProcessPool:
        raise ArtstyleError(
            "a worker that reads pictures was killed, most often because memory ran out; run again"
            " with fewer workers, as in --set data.workers=1 (pictures already read are kept)"
        ) from None


def _chunks(images: Sequence[SourceImage]) -> Iterator[list[SourceImage]]:
    for shard, members in groupby(images, key=lambda image: shard_name(image.path)):
        size = _FILES_A_CHUNK if shard is None else _ROWS_A_CHUNK
        stored = list(members)
        for start in range(0, len(stored), size):
            yield stored[start : start + size]


def _in_order(
    pool: ProcessPoolExecutor, job: _Job, images: Sequence[SourceImage], in_flight: int
) -> Iterator[list[Outcome]]:
    waiting: deque[Future[list[Outcome]]] = deque()
    for chunk in _chunks(images):
        waiting.append(pool.submit(job.read, chunk))
        if len(waiting) >= in_flight:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield workers that end as soon as this block or this process ends, however it ends.

    Each watches one end of a pipe and exits when the other end, held only here, closes.
    """
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    context.set_forkserver_preload([__name__])
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, initializer=_end_with, initargs=(theirs,))
    try:
        yield pool
        pool.shutdown()
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


def _end_with(parent: "PipeEnd[None, None]") -> None:
    """End this worker when its parent ends; only the parent answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_on_close, args=(parent,), daemon=True).start()


def _exit_on_close(parent: "PipeEnd[None, None]") -> None:
    with suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)
