"""`artstyle factsheet`: one page to print for each picture."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artstyle.cli.options import SOME_FAILED, IndexRunOption, PathsArgument, TopKOption
from artstyle.cli.terminal.console import live_progress, say, say_notes, say_starter, show, warn
from artstyle.errors import UsageError
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.engines import FoundModel
    from artstyle.explain.explain import Explanation
    from artstyle.models.style_model import StyleModel
    from artstyle.pictures.finding import PicturePath
    from artstyle.prediction.rows import PredictionRow
    from artstyle.presentation.pages import Section
    from artstyle.progress import Progress
    from artstyle.search.index import Index

NEIGHBOURS = 4
"""Similar works on a page: more would not fit on one sheet of paper."""
OutOption = Annotated[
    Path | None, typer.Option("--out", help="A folder; by default factsheets/ in the run, or here.")
]
PdfOption = Annotated[
    bool, typer.Option("--pdf", help="Also print each page to PDF: needs Chromium, Chrome or Edge.")
]
WithIndexOption = Annotated[
    Path | None,
    typer.Option("--index", metavar="INDEX", help="Also show similar works of this index."),
]


def factsheet(
    paths: PathsArgument,
    run: IndexRunOption = None,
    out: OutOption = None,
    top_k: TopKOption = 3,
    index: WithIndexOption = None,
    pdf: PdfOption = False,
) -> None:
    """Write one page for each picture: picture, heatmap, styles, how sure, model and date.

    Prints the path of each page. A picture that cannot be read is named on stderr; the exit code
    is then 3.
    """
    from artstyle.engines import find_model
    from artstyle.pictures.finding import count_pictures, find_pictures, printable, require_pictures
    from artstyle.presentation.printing import print_page, require_browser
    from artstyle.search.index import open_index

    if pdf:
        require_browser()
    opened = open_index(index) if index else None
    name = run or (opened.document.run if opened else "latest")
    found = find_model(name, needs=("maps",), note=warn)
    pictures = require_pictures(find_pictures(paths))
    folder = _folder(out, found)
    model = _loaded(found)
    searcher = _searcher(opened, model, name) if opened else None

    from artstyle.explain.factsheet import write_factsheets

    about, today = found.run.name if found.run else name, datetime.now(UTC).astimezone().date()
    failed = 0
    with live_progress(partial(count_pictures, paths)) as progress:
        answers = _answers(model, pictures, top_k, opened, searcher, progress)
        for row, page in write_factsheets(folder, answers, model, about_model=about, on=today):
            if page is None:
                failed += 1
                say(f"not read: {printable(row.path)}: {row.error}")
                continue
            show(str(page))
            if pdf:
                print_page(page, page.with_suffix(".pdf"))
                show(str(page.with_suffix(".pdf")))
    if failed:
        raise typer.Exit(SOME_FAILED)


def _folder(out: Path | None, found: "FoundModel") -> Path:
    folder = out or (found.run.results_path / "factsheets" if found.run else Path("factsheets"))
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name another folder with --out")
    return folder


def _loaded(found: "FoundModel") -> "StyleModel":
    """Load the model, and say what people should know of it."""
    say_starter(found.run)
    name_styles_by(found.vocabulary())
    model = found.load()
    say_notes(model)
    return model


def _searcher(opened: "Index", model: "StyleModel", name: str) -> "StyleModel":
    """Return the form of the model that made the index: its ONNX file may give no heatmaps."""
    from artstyle.engines import find_model

    if model.fingerprint != opened.document.model:
        model = find_model(name, needs=("features",)).load()
    opened.require_model(model)
    return model


def _answers(
    model: "StyleModel",
    pictures: "Iterator[PicturePath]",
    top_k: int,
    opened: "Index | None",
    searcher: "StyleModel | None",
    progress: "Progress",
) -> "Iterator[tuple[PredictionRow, Explanation, Section | None]]":
    from artstyle.explain.explain import explain_pictures
    from artstyle.prediction.predict import predict_styles

    for_rows, for_heat, for_search = tee(pictures, 3)
    return zip(
        predict_styles(model, for_rows, top_k=top_k),
        explain_pictures(model, for_heat, top_k=top_k, progress=progress),
        _similar(for_search, opened, searcher),
        strict=True,
    )


def _similar(
    pictures: "Iterator[PicturePath]", opened: "Index | None", searcher: "StyleModel | None"
) -> "Iterator[Section | None]":
    """Yield what each page shows of similar works; None without an index."""
    if opened is None or searcher is None:
        yield from (None for _ in pictures)
        return
    from artstyle.search.neighbours import Wanted, similar_works
    from artstyle.search.page import similar_section

    for row in similar_works(opened, searcher, pictures, Wanted(top_k=NEIGHBOURS)):
        yield similar_section(row, opened.document)
