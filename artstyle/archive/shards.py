"""Work on a collection, shard by shard: a finished shard is finished work."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artstyle.archive.folder import Row, ShardFolder, tables_of
from artstyle.archive.listing import Listing, deal_pictures, digest_of, parse_lines
from artstyle.archive.work import LogitsWork, Work
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.progress import Progress, silent

STAGE = "answering in shards"

ShardEngine = Callable[[ShardFolder, Listing, Sequence[int], Progress], None]
"""Makes the shards of these numbers."""


@dataclass(frozen=True)
class ShardCounts:
    """What a folder of shards holds."""

    total: int
    failed: int
    """How many rows have an error."""


@contextmanager
def finished_shards(
    folder: ShardFolder,
    pictures: Iterable[PicturePath],
    engine: ShardEngine,
    *,
    source: Path | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Iterator[tuple[Listing, ShardCounts]]:
    """Make the shards that are missing, and yield what all of them hold.

    Memory grows with the number of pictures in one shard, not in the collection.

    Args:
        folder: Where they are.
        pictures: All pictures, in any order.
        engine: What makes shards.
        source: The folder that identifiers are relative to.
        overwrite: Make all shards again.
        progress: Called while pictures are listed and answered.

    Raises:
        BusyError: Another process makes shards in the same folder.
        UsageError: The folder holds something else, or shards of another request.
        DataError: A finished shard is damaged.
    """
    folder.require_free(overwrite=overwrite)
    with folder.place.locked() as temporary:
        folder.begin(overwrite=overwrite)
        listing = deal_pictures(pictures, folder.document.shards, temporary, source, progress)
        engine(folder, listing, folder.unfinished(listing), progress)
        # Not every place has locks: another command may have written here meanwhile.
        folder.require_free(overwrite=False)
        found = [folder.finished(shard, listing) for shard in range(folder.document.shards)]
        total = sum(each.rows for each in found)
        assert total == sum(listing.counts), "a row was lost"
        yield listing, ShardCounts(total, sum(each.failed for each in found))


def on_this_machine(
    work: Callable[[StyleModel], LogitsWork | Work],
    model: StyleModel,
    batch_size: int,
    threads: int | None = None,
) -> ShardEngine:
    """Return the engine that makes one shard after the other in this process.

    Args:
        work: Returns the work of a model.
        model: The model.
        batch_size: Pictures per forward pass; batches begin with the shard.
        threads: How many threads read pictures; None takes one per core.
    """

    def make(
        folder: ShardFolder, listing: Listing, shards: Sequence[int], progress: Progress
    ) -> None:
        made = work(model)
        if isinstance(made, Work):
            # Heatmaps open the model as they need it.
            make_in_turn(made, folder, listing, shards, progress)
            return
        with model.opened() as fast:
            here = made.here(fast, batch_size, threads)
            make_in_turn(here, folder, listing, shards, progress)

    return make


def make_in_turn(
    work: Work,
    folder: ShardFolder,
    listing: Listing,
    shards: Sequence[int],
    progress: Progress = silent,
) -> None:
    """Make one shard after the other."""
    total = sum(listing.counts)
    done = total - sum(listing.counts[shard] for shard in shards)
    for shard in shards:
        lines = listing.lines(shard)
        rows = _counted(work.rows(parse_lines(lines)), done, total, progress)
        folder.write(shard, work.columns, tables_of(rows, work.columns), digest_of(lines))
        done += len(lines)
    if not shards:
        progress(STAGE, total, total)


def _counted(rows: Iterator[Row], done: int, total: int, progress: Progress) -> Iterator[Row]:
    for number, row in enumerate(rows, start=done + 1):
        yield row
        progress(STAGE, number, total)
