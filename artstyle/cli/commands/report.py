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
) -> None:
    """Put a whole run on one page: data, curves, evaluation, heatmaps, configuration.

    Prints the path of the page.
    """
    if out and out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {out}: end it in .html")

    from artstyle.report import write_run_report
    from artstyle.runs.finding import find_run

    found = find_run(run, DEFAULT_RUNS, needs="own")
    if found.lone:
        raise UsageError(f"{run} is a file; a report needs the folder of its run")
    name_styles_by(found.vocabulary())
    show(str(write_run_report(found, out)))
