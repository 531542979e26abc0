"""Shards of embeddings joined to an index that `similar` reads."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from artstyle.archive.folder import ShardFolder
from artstyle.archive.listing import Listing, parse_lines
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.output import partial_path
from artstyle.prediction.rows import PredictionRow, RankedStyle
from artstyle.progress import Progress, silent
from artstyle.search.building import Built, finish_index
from artstyle.search.folder import IndexFolder
from artstyle.search.kinds import Kind
from artstyle.search.works import Known
from artstyle.storage.locks import locked_file

STAGE = "joining shards"
KnownOf = Callable[[PicturePath], Known]
"""What the collection says of a picture."""


def join_index(
    folder: IndexFolder,
    shards: ShardFolder,
    listing: Listing,
    model: StyleModel,
    sizes: dict[Kind, int],
    known: KnownOf,
    *,
    run: str,
    progress: Progress = silent,
) -> Built:
    """Write the index of all shards; the shards stay.

    Args:
        folder: The index; one that is there is replaced.
        shards: All of them finished, as `index_work` made them.
        listing: The pictures of the shards.
        model: The model that made them.
        sizes: Kind of embedding -> how many numbers each has.
        known: What the collection says of a picture.
        run: How the model is named.
        progress: Called after each picture.

    Raises:
        BusyError: Another process writes the same index.
        DataError: No picture could be read.
    """
    said: list[Known] = []

    def rows() -> Iterator[PredictionRow]:
        for number, (picture, row) in enumerate(_rows(shards, listing), start=1):
            said[:] = [known(picture)]
            yield row
            progress(STAGE, number, None)

    # Until it is removed, the index is not whole, and no other command writes it.
    unfinished = partial_path(folder.document_path)
    with locked_file(unfinished, folder.path), ExitStack() as stack:
        for kind in sizes:
            stack.callback(folder.vectors_so_far(kind).unlink, missing_ok=True)
        _write_vectors(folder, shards, listing, sizes)
        # Asked for each row right after it was given.
        built = finish_index(
            folder, model, sizes, rows(), lambda number, path: said[0], run=run, progress=progress
        )
    unfinished.unlink()
    return built


def _write_vectors(
    folder: IndexFolder, shards: ShardFolder, listing: Listing, sizes: Iterable[Kind]
) -> None:
    names = [_column(kind) for kind in sizes]
    with ExitStack() as stack:
        files = [stack.enter_context(folder.vectors_so_far(kind).open("wb")) for kind in sizes]
        for shard in range(len(listing.counts)):
            for row in shards.read(shard, ["error", *names]):
                if row["error"] is None:
                    for name, file in zip(names, files, strict=True):
                        file.write(row[name].astype("<f4").tobytes())


def _rows(shards: ShardFolder, listing: Listing) -> Iterator[tuple[PicturePath, PredictionRow]]:
    """Yield each picture with its answer; its path is the listing's, with all its bytes."""
    names = ["style_1", "probability_1", "verdict", "error", "model"]
    for shard in range(len(listing.counts)):
        listed = parse_lines(listing.lines(shard))
        for each, row in zip(listed, shards.read(shard, names), strict=True):
            picture, failed = each.picture, row["error"] is not None
            ranked = None if failed else (RankedStyle(row["style_1"], row["probability_1"]),)
            yield (
                picture,
                PredictionRow(
                    picture.path,
                    ranked,
                    row["error"],
                    row["model"],
                    verdict=row["verdict"],
                    record=picture.record,
                ),
            )


def _column(kind: Kind) -> str:
    return f"{kind}_embedding"


def known_by_picture(says: Iterable[tuple[PicturePath, Known]]) -> KnownOf:
    """Return what a list says of its pictures, whatever their order."""
    table: dict[tuple[Path, object], Known] = {}
    for picture, known in says:
        table.setdefault((picture.path, picture.record), known)
    return lambda picture: table[picture.path, picture.record]
