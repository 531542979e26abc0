"""`artstyle similar`: the works of an index that are nearest to pictures."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from artstyle.cli.options import (
    SOME_FAILED,
    BatchSizeOption,
    DeviceOption,
    Engine,
    EngineOption,
    IdColumnOption,
    ImagesOption,
    ListSkippedOption,
    OverwriteOption,
    PathColumnOption,
    PathsArgument,
)
from artstyle.cli.pictures import Skipped, pictures_of
from artstyle.cli.terminal.console import (
    live_progress,
    say,
    say_notes,
    say_starter,
    show,
    stdout_stream,
    warn,
)
from artstyle.errors import UsageError
from artstyle.prediction.formats import ENCODING_ERRORS
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.models.style_model import StyleModel
    from artstyle.search.document import IndexDocument
    from artstyle.search.index import Index
    from artstyle.search.neighbours import SimilarRow, Wanted
    from artstyle.search.writers import SimilarFormat

IndexOption = Annotated[
    Path, typer.Option("--index", help="The folder that 'artstyle index' wrote.")
]
By = Literal["style", "content", "both"]
Format = Literal["table", "csv", "json", "jsonl", "html"]


def similar(
    paths: PathsArgument,
    index: IndexOption = Path("index"),
    by: Annotated[
        By, typer.Option("--by", help="What is compared; most models have style alone.")
    ] = "style",
    mask_artist: Annotated[
        bool, typer.Option("--mask-artist", help="Leave out works by the picture's own artist.")
    ] = False,
    top_k: Annotated[int, typer.Option("--top-k", min=1, help="How many works to name.")] = 10,
    output_format: Annotated[
        Format | None,
        typer.Option("--format", help="table, csv, json, jsonl; with --out html, thumbnails."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file; its ending decides the format.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option("--run", help="The model of the index, if it is not where it was."),
    ] = None,
    images: ImagesOption = None,
    path_column: PathColumnOption = None,
    id_column: IdColumnOption = None,
    overwrite: OverwriteOption = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    engine: EngineOption = "auto",
    list_skipped: ListSkippedOption = False,
) -> None:
    """Find the works of an index that look most like each picture.

    A picture that is in the index is not its own neighbour. Pictures without neighbours get a row
    with the reason; the exit code is then 3.
    """
    from artstyle.search.index import open_index
    from artstyle.search.neighbours import Wanted, similar_works
    from artstyle.search.works import known_of_list

    chosen = _chosen_format(output_format, out, overwrite)
    wanted = Wanted(by, top_k, mask_artist)
    opened = open_index(index)
    wanted.require_of(opened)
    skipped = Skipped(list_skipped)
    source = pictures_of(paths, images, path_column, id_column, skipped)
    model = _model(opened, run, engine, device)
    answer = partial(
        similar_works,
        opened,
        model,
        source.stream(model.preprocessing.read_size),
        wanted,
        known=known_of_list(source.listed) if source.listed else None,
        batch_size=batch_size,
    )
    if out is None:
        assert chosen != "html"
        total, failed = _printed(answer(), chosen)
    else:
        with live_progress(source.count) as progress:
            rows = answer(progress=progress)
            if chosen == "html":
                total, failed = _shown(rows, out, opened.document, wanted)
            else:
                total, failed = _saved(rows, chosen, out)
        show(str(out))
    skipped.say_count()
    if failed:
        say(f"{failed} of {total} pictures have no similar works")
        raise typer.Exit(SOME_FAILED)


def _model(opened: "Index", run: str | None, engine: Engine, device: str | None) -> "StyleModel":
    """Load the model that made the index, and say what people should know of it."""
    from artstyle.engines import find_model

    name = run or opened.document.run
    found = find_model(name, engine, device or "auto", needs=("features",), note=warn)
    say_starter(found.run)
    name_styles_by(found.vocabulary())
    model = found.load()
    say_notes(model)
    opened.require_model(model)
    return model


def _chosen_format(output_format: Format | None, out: Path | None, overwrite: bool) -> Format:
    """Return the format that is asked for.

    Raises:
        UsageError: The ending of the file names none, the file exists, or a page has no file.
    """
    if out is None:
        if output_format == "html":
            raise UsageError("--format html writes a page: name it with --out")
        return output_format or "table"
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file")
    if out.exists() and not overwrite:
        raise UsageError(f"--out {out} exists; say --overwrite to replace it")
    if output_format is not None:
        return output_format
    for known in get_args(Format)[1:]:
        if out.suffix.lower() == f".{known}":
            chosen: Format = known
            return chosen
    endings = ", ".join(f".{known}" for known in get_args(Format)[1:])
    raise UsageError(
        f"--out {out}: no format is known for '{out.suffix}'; end it in {endings} or say --format"
    )


def _printed(rows: "Iterator[SimilarRow]", chosen: "SimilarFormat") -> tuple[int, int]:
    """Print rows as they come; return how many there are, and how many have no neighbours."""
    from artstyle.search.writers import write_similar

    encoding = None if chosen == "table" else "utf-8"
    total = failed = 0
    with stdout_stream(encoding=encoding, errors=ENCODING_ERRORS[chosen]) as stream:
        for row in write_similar(rows, stream, chosen):
            stream.flush()
            total, failed = total + 1, failed + (row.error is not None)
    return total, failed


def _saved(rows: "Iterator[SimilarRow]", chosen: "SimilarFormat", out: Path) -> tuple[int, int]:
    """Write rows to a file, whole or not at all; return the two counts of `_printed`."""
    from artstyle.search.writers import write_similar
    from artstyle.storage.files import atomic_path

    total = failed = 0
    errors = ENCODING_ERRORS[chosen]
    with (
        atomic_path(out) as temporary,
        temporary.open("w", encoding="utf-8", errors=errors, newline="") as stream,
    ):
        for row in write_similar(rows, stream, chosen):
            total, failed = total + 1, failed + (row.error is not None)
    return total, failed


def _shown(
    rows: "Iterator[SimilarRow]", out: Path, document: "IndexDocument", wanted: "Wanted"
) -> tuple[int, int]:
    """Write a page of thumbnails; return the two counts of `_printed`."""
    from artstyle.search.page import write_similar_page

    kept = list(rows)
    write_similar_page(out, kept, document, wanted)
    return len(kept), sum(row.error is not None for row in kept)
