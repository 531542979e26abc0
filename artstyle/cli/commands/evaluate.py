"""`artstyle evaluate`: measure a run on a split that it was not trained on."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from artstyle.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    SOME_FAILED,
    BatchSizeOption,
    DeviceOption,
    RunOption,
)
from artstyle.cli.terminal.console import (
    live_progress,
    say,
    say_starter,
    show,
    show_places,
    show_table,
    warn,
)
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.evaluation.document import EvaluationReport
    from artstyle.evaluation.evaluate import Evaluation
    from artstyle.evaluation.several_labels.document import LabelReport

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="A dataset folder; by default the one of the training."),
]
SplitOption = Annotated[
    Literal["train", "val", "test"], typer.Option("--split", help="Which split of the data.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="A folder; by default evaluation/<split> in the run."),
]
BiasOption = Annotated[
    bool | None,
    typer.Option(
        "--bias/--no-bias",
        help="Measure whether it goes by style or content, on synthetic pairs too. By default"
        " without the pairs, where the genre of 100 pictures is known.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Literal["table", "json"], typer.Option("--format", help="table, or for programs json.")
]


def evaluate(
    run: RunOption = "latest",
    data: DataOption = None,
    split: SplitOption = "test",
    out: OutOption = None,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = None,
    bias: BiasOption = None,
    output_format: FormatOption = "table",
) -> None:
    """Measure a run: scores with their intervals, predictions, figures, and a page.

    A picture that cannot be read is listed in predictions.csv; the exit code is then 3.
    """
    from artstyle.data.dataset import DatasetFolder
    from artstyle.runs.finding import find_run, is_starter

    folder = find_run(run, DEFAULT_RUNS)
    say_starter(folder)
    name_styles_by(folder.vocabulary())
    known = not (is_starter(folder) or folder.lone)
    own = Path(folder.environment().dataset.path) if known else DEFAULT_DATA
    dataset = DatasetFolder(data or own)
    dataset.labels  # noqa: B018  # says what is wrong with it before torch loads

    from artstyle.evaluation.evaluate import evaluate as evaluate_run
    from artstyle.evaluation.several_labels.document import LabelReport

    with live_progress() as progress:
        evaluation = evaluate_run(
            folder,
            dataset,
            split,
            out=out,
            batch_size=batch_size,
            device=device or "auto",
            bias=bias,
            progress=progress,
            warn=warn,
        )
    if output_format == "json":
        show(json.dumps(evaluation.scores.to_dict(), indent=2, ensure_ascii=False))
    elif isinstance(evaluation.scores, LabelReport):
        _show_label_scores(evaluation.scores)
    else:
        _show_scores(evaluation.scores)
    _say_where(evaluation)
    if evaluation.scores.unreadable:
        raise typer.Exit(SOME_FAILED)


def _show_label_scores(report: "LabelReport") -> None:
    from artstyle.evaluation.several_labels.page import (
        LABEL_COLUMNS,
        label_cells,
        label_totals,
        labels_by_artist_line,
        labels_in_short,
        labels_weakness,
    )

    show(labels_in_short(report))
    if weak := labels_weakness(report):
        warn(weak)
    show_table("", LABEL_COLUMNS, label_cells(report), numbers=LABEL_COLUMNS[1:])
    show("  ".join(f"{name} {value}" for name, value in label_totals(report).items()))
    if by_artists := labels_by_artist_line(report):
        show(by_artists)


def _show_scores(report: "EvaluationReport") -> None:
    from artstyle.evaluation.bias.wording import bias_line
    from artstyle.evaluation.wording import (
        SCORE_COLUMNS,
        by_artist_line,
        confidence_line,
        in_short,
        score_rows,
        weakness,
        with_interval,
    )

    intervals = report.intervals
    show(in_short(report))
    if weak := weakness(report):
        warn(weak)
    cells = [
        [row.name, *(f"{score:.3f}" for score in (row.precision, row.recall, row.f1)),
         f"{row.pictures:,}"]
        for row in score_rows(report)
    ]  # fmt: skip
    show_table("", SCORE_COLUMNS, cells, numbers=SCORE_COLUMNS[1:])
    totals = {
        "accuracy": with_interval(report.accuracy, intervals.accuracy),
        "macro F1": with_interval(report.macro_f1, intervals.macro_f1),
        "top-3": with_interval(report.top3_accuracy, intervals.top3_accuracy),
        "calibration error": f"{report.expected_calibration_error:.3f}",
    }
    show("  ".join(f"{name} {value}" for name, value in totals.items()))
    if for_artists := by_artist_line(report):
        show(for_artists)
    if report.confidence:
        show(confidence_line(report.confidence))
    if report.content_bias and (line := bias_line(report.content_bias)):
        show(line)


def _say_where(evaluation: "Evaluation") -> None:
    from artstyle.evaluation.document import EvaluationReport

    report, path = evaluation.scores, evaluation.path
    for warning in report.warnings:
        warn(warning)
    if isinstance(report, EvaluationReport) and report.not_calibrated:
        say(f"note: This model does not say how sure it is: {report.not_calibrated}.")
    if report.unreadable:
        total = report.pictures + report.unreadable
        say(f"{report.unreadable} of {total} pictures could not be read")
    places = {
        "page": path / "report.html",
        "scores": path / "report.json",
        "predictions": path / "predictions.csv",
        "logits": path / "logits.npz",
    }
    if isinstance(report, EvaluationReport):
        places["figures"] = path / "*.png"
    show_places("Replaced:" if evaluation.replaced else "Written:", places)
