"""`artstyle probe`: the quick way to a model, and the baseline for every other."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from artstyle import interrupts
from artstyle.cli.commands.train import DataOption, ModelOption, OutOption, open_dataset
from artstyle.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    ConfigOption,
    DeviceOption,
    SeedOption,
    SetOption,
)
from artstyle.cli.terminal.console import live_progress, say, show_places, warn
from artstyle.errors import UsageError

if TYPE_CHECKING:
    from artstyle.probe.probe import ProbeResult

ModelsOption = Annotated[
    str | None,
    typer.Option(
        "--models",
        metavar="NAME,NAME...",
        help="Join the features of several models: efficientnet_lite0,efficientnet_lite1.",
    ),
]


def probe(
    data: DataOption = None,
    out: OutOption = None,
    model: ModelOption = None,
    models: ModelsOption = None,
    device: DeviceOption = None,
    seed: SeedOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
) -> None:
    """Teach a pretrained network your styles in about a minute; only its last layer learns."""
    from artstyle.data.dataset import is_decided
    from artstyle.probe.settings import is_used, require_pretrained
    from artstyle.recipes import config_keys, require_sections, resolve_config
    from artstyle.runs.finding import new_run_path
    from artstyle.runs.folder import RunFolder

    unused = [key for key in config_keys() if not is_used(key)]
    require_sections(overrides or [], [key for key in unused if is_decided(key)], "prepare")
    require_sections(overrides or [], unused, "finetune")
    if model is not None and models is not None:
        raise UsageError("--model and --models exclude each other; name all models with --models")
    flags = {
        "model.name": ("--model", model) if models is None else ("--models", _joined(models)),
        "train.device": ("--device", device),
        "seed": ("--seed", seed),
    }
    settings = resolve_config("probe", config, overrides or [], flags).config
    require_pretrained(settings.model)
    dataset = open_dataset(data or DEFAULT_DATA)
    path = out or new_run_path(DEFAULT_RUNS, settings.model.name, datetime.now())
    interrupts.set_resume_hint(lambda: "run the same command again")

    from artstyle.probe.probe import fit_probe

    with live_progress() as progress:
        result = fit_probe(settings, dataset, RunFolder(path), progress=progress, warn=warn)
    _say_result(result)


def _joined(models: str) -> str:
    from artstyle.models.zoo import joined_name

    return joined_name([name.strip() for name in models.split(",")])


def _say_result(result: "ProbeResult") -> None:
    chosen, validation, run = result.chosen, result.validation, result.run
    if chosen.folds:
        say(
            f"C {chosen.c:g}: lowest log loss ({chosen.losses[chosen.c]:.3f}) of"
            f" {len(chosen.losses)} values in {chosen.folds}-fold cross-validation within train,"
            f" {result.held_out}"
        )
    else:
        say(f"C {chosen.c:g}: {result.held_out}")
    say(f"Done: validation accuracy {validation.accuracy:.3f}, macro F1 {validation.macro_f1:.3f}.")
    show_places("Written:", {"run": run.path, "checkpoint": run.best_path})
    say(f"Next: artstyle evaluate --run {run.path}")
