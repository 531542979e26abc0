"""`artstyle compare`: several runs on the same pictures, with their differences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from artstyle.cli.commands.evaluate import SplitOption
from artstyle.cli.options import DEFAULT_RUNS, OverwriteOption
from artstyle.cli.terminal.console import say, show, show_places, show_table
from artstyle.errors import UsageError
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.comparison.document import Comparison

RunsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN RUN ...", help="Evaluated runs, or cross-validations; the first is the base."
    ),
]
GroupByOption = Annotated[
    str | None,
    typer.Option(
        "--group-by", help="A setting such as model, or folder: one row, with a mean, for each."
    ),
]
FormatOption = Annotated[
    Literal["table", "csv", "latex", "markdown", "json"],
    typer.Option("--format", help="table, or csv, latex, markdown, json for papers and programs."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="A folder for all formats, and the pictures that changed."),
]


def compare(
    runs: RunsArgument,
    split: SplitOption = "test",
    group_by: GroupByOption = None,
    output_format: FormatOption = "table",
    out: OutOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Compare evaluated runs on the same pictures: scores, what was won and lost, and chance.

    Each row is compared with the first: paired differences with intervals, and McNemar's exact
    test, corrected for the number of rows.
    """
    from artstyle.comparison.answers import read_compared
    from artstyle.comparison.compare import compare as compare_runs
    from artstyle.comparison.scored import find_scored, first_run
    from artstyle.comparison.tables import comparison_table, write_comparison

    if out is not None:
        _require_free(out, overwrite=overwrite)
    named = [find_scored(run, DEFAULT_RUNS) for run in runs]
    name_styles_by(first_run(named[0]).vocabulary())
    compared = read_compared(named, split, group_by)
    comparison = compare_runs(compared, group_by)
    if output_format == "json":
        show(json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False))
    elif output_format == "table":
        _show(comparison)
    else:
        show(comparison_table(comparison, output_format).rstrip("\n"))
    for note in comparison.notes:
        say(f"note: {note}")
    if out is not None:
        write_comparison(out, compared, comparison)
        show_places(
            "Written:",
            {
                "scores": out / "comparison.json",
                "tables": out / "comparison.csv, .tex, .md",
                "changed": out / "changed.csv",
            },
        )


def _require_free(out: Path, *, overwrite: bool) -> None:
    from artstyle.comparison.document import COMPARISON_NAME
    from artstyle.storage.locks import is_vacant

    if is_vacant(out):
        return
    if not (out / COMPARISON_NAME).is_file():
        raise UsageError(f"{out} is not empty; name another folder with --out")
    if not overwrite:
        raise UsageError(f"{out} holds a comparison; replace it with --overwrite")


def _show(comparison: Comparison) -> None:
    from artstyle.comparison.tables import caption, cells, columns, style_cells, style_columns

    head, styles = columns(comparison), style_columns(comparison)
    rows = [_narrow(n, row, head) for n, row in enumerate(cells(comparison), start=1)]
    # In two tables, so that each fits 80 columns.
    gained = head.index("gained")
    show_table("", head[:gained], [row[:gained] for row in rows], numbers=head[1:])
    differences = [[row[0], *row[gained:]] for row in rows[1:]]
    show_table("Compared with row 1", ["", *head[gained:]], differences, numbers=head[1:])
    show(caption(comparison))
    show_table("Pictures recognised", styles, style_cells(comparison), numbers=styles[1:])


def _narrow(number: int, row: list[str], head: list[str]) -> list[str]:
    """Return a row that fits 80 columns: F1 without its interval, which the files have."""
    cells = dict(zip(head, row, strict=True))
    cells["macro F1"] = cells["macro F1"].split(" (")[0]
    # Without spaces an interval stays whole where its cell is broken.
    short = [cell.replace(" to ", "\u2013") for cell in cells.values()]
    return [f"{number} {short[0]}", *short[1:]]
