"""`artstyle crossval`: every picture tested once, by a run that has not seen its artist."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from artstyle import interrupts
from artstyle.cli.commands.train import DataOption, ModelOption, open_dataset
from artstyle.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    SOME_FAILED,
    DeviceOption,
    SeedOption,
    SetOption,
)
from artstyle.cli.terminal.console import live_progress, say, show, show_places, show_table, warn
from artstyle.styles.vocabulary import name_styles_by

if TYPE_CHECKING:
    from artstyle.config import Config
    from artstyle.crossval.crossval import Crossval
    from artstyle.crossval.document import CrossvalReport, LabelCrossvalReport

FoldsOption = Annotated[int, typer.Option("--folds", min=2, help="How many.")]
GroupOption = Annotated[
    Literal["artist", "source", "image"], typer.Option("--group", help="What is in one fold.")
]
SeedsOption = Annotated[
    int,
    typer.Option(
        "--seeds", min=1, help="Train each fold with so many seeds: --seed and those after it."
    ),
]
LabelIssuesOption = Annotated[
    bool,
    typer.Option("--label-issues", help="List the labels that are probably wrong, with pictures."),
]
RecipeOption = Annotated[
    str,
    typer.Option("--recipe", help="probe, finetune, a recipe's name, or a YAML file for finetune."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help=f"A folder. Default: {DEFAULT_RUNS}/crossval-<recipe>-<group>."),
]


def crossval(
    data: DataOption = None,
    folds: FoldsOption = 5,
    group: GroupOption = "artist",
    recipe: RecipeOption = "probe",
    out: OutOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    seed: SeedOption = None,
    seeds: SeedsOption = 1,
    label_issues: LabelIssuesOption = False,
    overrides: SetOption = None,
) -> None:
    """Test every picture once, by a run that has seen nothing of its artist, source or copies.

    Interrupted, the same command continues where it stopped. A picture that cannot be read is
    listed in predictions.csv; the exit code is then 3.
    """
    flags = {
        "model.name": ("--model", model),
        "train.device": ("--device", device),
        "seed": ("--seed", seed),
    }
    settings = _settings(recipe, overrides or [], flags)
    dataset = open_dataset(data or DEFAULT_DATA)
    name_styles_by(dataset.vocabulary())
    folder = out or DEFAULT_RUNS / f"crossval-{Path(recipe).stem}-{group}"
    interrupts.set_resume_hint(lambda: "run the same command again: finished runs are kept")

    from artstyle.crossval.crossval import cross_validate

    with live_progress() as progress:
        done = cross_validate(
            settings,
            dataset,
            folder,
            folds=folds,
            group=group,
            method="probe" if recipe == "probe" else "finetune",
            seeds=seeds,
            label_issues=label_issues,
            progress=progress,
            warn=warn,
        )
    _show(done)
    if done.report.unreadable:
        raise typer.Exit(SOME_FAILED)


def _settings(recipe: str, overrides: list[str], flags: Mapping[str, tuple[str, object]]) -> Config:
    from artstyle.data.dataset import is_decided
    from artstyle.models.zoo import require_model
    from artstyle.probe.settings import is_used, require_pretrained
    from artstyle.recipes import config_keys, require_sections, resolve_config

    require_sections(overrides, [key for key in config_keys() if is_decided(key)], "prepare")
    # A fold's run is scored at once, by torch.
    overrides = ["train.export=false", *overrides]
    if recipe == "probe":
        unused = [key for key in config_keys() if not is_used(key)]
        require_sections(overrides, unused, "finetune")
        settings = resolve_config("probe", None, overrides, flags).config
        require_pretrained(settings.model)
        return settings
    file = None if recipe == "finetune" else recipe
    require_sections(overrides, ["probe"], "probe")
    settings = resolve_config("finetune", file, overrides, flags).config
    require_model(settings.model.name)
    return settings


def _show(done: Crossval) -> None:
    from artstyle.crossval.document import LabelCrossvalReport
    from artstyle.crossval.page import (
        chance_line,
        folds_in_words,
        reference_rows,
        score_columns,
        score_rows,
    )

    report = done.report
    _show_styles(report)
    scores = [name.removeprefix("for ") for name in score_columns(report)]
    show_table("", scores, score_rows(report), numbers=scores[1:])
    if isinstance(report, LabelCrossvalReport):
        show(chance_line(report))
    else:
        references = ("answer", "accuracy", "macro F1")
        show_table("", references, reference_rows(report), numbers=references[1:])
    show(f"{report.pictures:,} pictures in {folds_in_words(report).rstrip(',')}")
    for warning in report.warnings:
        warn(warning)
    if report.unreadable:
        say(f"{report.unreadable} of {report.pictures + report.unreadable} could not be read")
    places = {
        "page": done.path / "report.html",
        "scores": done.path / "report.json",
        "predictions": done.path / "predictions.csv",
        "runs": done.path / ("fold-*" if len(report.seeds) == 1 else "seed-*/fold-*"),
    }
    if done.label_issues is not None:
        found = done.label_issues
        show(f"{len(found.issues):,} of {found.judged:,} labels are contradicted by the answers")
        places |= {
            "label issues": done.path / "label_issues.csv",
            "with pictures": done.path / "label_issues.html",
        }
    show_places("Written:", places)


def _show_styles(report: CrossvalReport | LabelCrossvalReport) -> None:
    from artstyle.crossval.document import LabelEstimate
    from artstyle.styles.vocabulary import display_name

    several = any(isinstance(score, LabelEstimate) for score in report.styles.values())
    name, last = ("label", "AP") if several else ("style", "artists")
    columns = (name, "precision", "recall", "F1", "pictures", last)
    rows = [
        [
            display_name(style),
            *(f"{value:.3f}" for value in (score.precision, score.recall, score.f1.value)),
            f"{score.pictures:,}",
            f"{score.average_precision.value:.3f}"
            if isinstance(score, LabelEstimate)
            else f"{score.artists:,}",
        ]
        for style, score in report.styles.items()
    ]
    show_table("", columns, rows, numbers=columns[1:])
