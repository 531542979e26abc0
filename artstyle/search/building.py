"""Making an index: embeddings kept as they come, then written as one file, then the graphs."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from artstyle.errors import DataError
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.output import Request, Unfinished, unfinished_rows
from artstyle.prediction.rows import PredictionRow
from artstyle.progress import Progress, silent
from artstyle.search.document import IndexDocument
from artstyle.search.embeddings import embed_rows
from artstyle.search.folder import IndexFolder
from artstyle.search.graphs import GRAPH_FROM, build_graphs, has_graphs
from artstyle.search.kinds import Kind, embedding_sizes
from artstyle.search.vectors import NUMBER_BYTES, read_tensors
from artstyle.search.writing import Knowledge, Written, write_embeddings
from artstyle.storage.files import remove_unfinished

GRAPH_STAGE = "building the approximate index"


@dataclass(frozen=True)
class Built:
    """What was made, and what could not be read."""

    document: IndexDocument
    failures: list[tuple[Path, str]]
    """Path and reason."""


def build_index(
    folder: IndexFolder,
    model: StyleModel,
    pictures: Iterator[PicturePath],
    known: Knowledge,
    *,
    run: str,
    batch_size: int | None = None,
    resume: bool = False,
    progress: Progress = silent,
    graph_from: int = GRAPH_FROM,
) -> Built:
    """Embed pictures and write their index; a killed process loses no more than a batch.

    Memory does not grow with the number of pictures, but for 28 bytes each.

    Args:
        folder: Where; an index that is there is replaced.
        model: The model.
        pictures: All pictures, in order.
        known: What the collection says of them.
        run: How the model is named.
        batch_size: Pictures per forward pass; None takes what suits the device.
        resume: Keep the embeddings that exist; otherwise discard them.
        progress: Called after each picture, and after each graph.
        graph_from: From so many works on, an approximate index is built if usearch is installed.

    Raises:
        BusyError: Another process writes the same index.
        DataError: No picture could be read.
        UsageError: The embeddings that exist are of another model or of other pictures.
    """
    batch_size = batch_size or model.batch_size
    sizes = embedding_sizes(model)
    request = Request(model.fingerprint, 1, batch_size, model.device)
    with unfinished_rows(folder.document_path, request, resume=resume) as unfinished:
        remove_unfinished(folder.path)
        with ExitStack() as stack:
            todo = unfinished.skip_finished(pictures)
            files = {
                kind: stack.enter_context(folder.vectors_so_far(kind).open("ab")) for kind in sizes
            }
            _drop_surplus(files, sizes, unfinished.answered)
            _embed(model, todo, unfinished, files, batch_size, progress)
        built = finish_index(
            folder,
            model,
            sizes,
            unfinished.rows(),
            known,
            run=run,
            graph_from=graph_from,
            progress=progress,
        )
    for kind in sizes:
        folder.vectors_so_far(kind).unlink()
    return built


def finish_index(
    folder: IndexFolder,
    model: StyleModel,
    sizes: dict[Kind, int],
    rows: Iterator[PredictionRow],
    known: Knowledge,
    *,
    run: str,
    graph_from: int = GRAPH_FROM,
    progress: Progress = silent,
) -> Built:
    """Write an index from the vectors that `IndexFolder.vectors_so_far` names.

    Args:
        folder: With the vectors of all rows that have no error.
        model: The model that made them.
        sizes: Kind of embedding -> how many numbers each has.
        rows: An answer for each picture.
        known: What the collection says of them.
        run: How the model is named.
        graph_from: From so many works on, an approximate index is built if usearch is installed.
        progress: Called after each graph.

    Raises:
        DataError: No picture could be read.
    """
    written = write_embeddings(folder, sizes, rows, known)
    document = _document(model, run, sizes, written)
    if document.works >= graph_from and has_graphs():
        document = _with_graphs(folder, document, progress)
    document.write(folder.document_path)
    return Built(document, written.failures)


def _drop_surplus(files: Mapping[Kind, BinaryIO], sizes: Mapping[Kind, int], answered: int) -> None:
    """Cut off vectors whose rows were not kept.

    Raises:
        DataError: There are fewer vectors than rows: the machine lost power.
    """
    for kind, file in files.items():
        wanted = answered * sizes[kind] * NUMBER_BYTES
        if file.seek(0, SEEK_END) < wanted:
            raise DataError(
                f"{file.name} has fewer embeddings than there are rows; say --overwrite instead of"
                " --resume to start again"
            )
        file.truncate(wanted)


def _embed(
    model: StyleModel,
    pictures: Iterator[PicturePath],
    unfinished: Unfinished,
    files: Mapping[Kind, BinaryIO],
    batch_size: int,
    progress: Progress,
) -> None:
    for each in embed_rows(model, pictures, batch_size=batch_size, progress=progress):
        for kind, vector_D in (each.vectors or {}).items():
            # Before its row: a row that is kept then has its vector.
            files[kind].write(vector_D.astype("<f4").tobytes())
            files[kind].flush()
        unfinished.add(each.row)


def _document(
    model: StyleModel, run: str, sizes: dict[Kind, int], written: Written
) -> IndexDocument:
    return IndexDocument(
        model=model.fingerprint,
        network=model.name,
        run=run,
        works=len(written.ends),
        unreadable=len(written.failures),
        sizes=sizes,
        checksum=written.checksum,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        release=version("artstyle"),
    )


def _with_graphs(folder: IndexFolder, document: IndexDocument, progress: Progress) -> IndexDocument:
    tensors = read_tensors(folder.tensors_path)
    graphs = []
    for kind in document.sizes:
        for file in build_graphs(folder.path, kind, tensors[kind]):
            graphs.append(file)
            progress(GRAPH_STAGE, len(graphs), None)
    progress(GRAPH_STAGE, len(graphs), len(graphs))
    return document.model_copy(update={"graphs": tuple(graphs)})
