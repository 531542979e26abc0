"""`artstyle report`: the whole run on one page."""

from pathlib import Path
from typing import Annotated

import typer

from artstyle.cli.options import DEFAULT_RUNS, RunOption
from artstyle.cli.terminal.console import show
from artstyle.errors import UsageError
from artstyle.styles.vocabulary import name_styles_by


def report(
    run: RunOption = "latest",
    out: Annotated[
        Path | None, typer.Option("--out", help="A file; by default report.html in the run.")
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print it to PDF: needs Chromium, Chrome or Edge.")
    ] = False,
) -> None:
    """Put a whole run on one page: data, curves, evaluation, heatmaps, configuration.

    Prints the path of the page, and with --pdf the path of the PDF.
    """
    if out and out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {out}: end it in .html")

    from artstyle.presentation.printing import print_page, require_browser
    from artstyle.report import write_run_report
    from artstyle.runs.finding import find_run

    if pdf:
        require_browser()
    found = find_run(run, DEFAULT_RUNS, needs="own")
    if found.lone:
        raise UsageError(f"{run} is a file; a report needs the folder of its run")
    name_styles_by(found.vocabulary())
    page = write_run_report(found, out)
    show(str(page))
    if pdf:
        print_page(page, page.with_suffix(".pdf"))
        show(str(page.with_suffix(".pdf")))
