"""`artstyle factsheet`: one page to print for each picture."""

from datetime import UTC, datetime
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Annotated

import typer

from artstyle.cli.options import SOME_FAILED, PathsArgument, RunOption, TopKOption
from artstyle.cli.terminal.console import live_progress, say, say_notes, say_starter, show, warn
from artstyle.errors import UsageError
from artstyle.styles.vocabulary import name_styles_by

OutOption = Annotated[
    Path | None, typer.Option("--out", help="A folder; by default factsheets/ in the run, or here.")
]
PdfOption = Annotated[
    bool, typer.Option("--pdf", help="Also print each page to PDF: needs Chromium, Chrome or Edge.")
]


def factsheet(
    paths: PathsArgument,
    run: RunOption = "latest",
    out: OutOption = None,
    top_k: TopKOption = 3,
    pdf: PdfOption = False,
) -> None:
    """Write one page for each picture: picture, heatmap, styles, how sure, model and date.

    Prints the path of each page. A picture that cannot be read is named on stderr; the exit code
    is then 3.
    """
    from artstyle.engines import find_model
    from artstyle.pictures.finding import count_pictures, find_pictures, printable, require_pictures
    from artstyle.presentation.printing import print_page, require_browser

    if pdf:
        require_browser()
    found = find_model(run, "auto", "auto", needs=("maps",), note=warn)
    say_starter(found.run)
    name_styles_by(found.vocabulary())
    pictures = require_pictures(find_pictures(paths))
    folder = out or (found.run.results_path / "factsheets" if found.run else Path("factsheets"))
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name another folder with --out")

    from artstyle.explain.explain import explain_pictures
    from artstyle.explain.factsheet import write_factsheets
    from artstyle.prediction.predict import predict_styles

    model = found.load()
    say_notes(model)
    today = datetime.now(UTC).astimezone().date()
    failed = 0
    with live_progress(partial(count_pictures, paths)) as progress:
        for_rows, for_heat = tee(pictures)
        answers = zip(
            predict_styles(model, for_rows, top_k=top_k),
            explain_pictures(model, for_heat, top_k=top_k, progress=progress),
            strict=True,
        )
        about = found.run.name if found.run else run
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
