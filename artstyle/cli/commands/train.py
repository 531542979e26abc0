"""`artstyle train` and `artstyle finetune`: the same command with two recipes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artstyle import interrupts
from artstyle.cli.options import (
    DEFAULT_DATA,
    DEFAULT_RUNS,
    BatchSizeOption,
    ConfigOption,
    DeviceOption,
    SeedOption,
    SetOption,
)
from artstyle.cli.terminal.console import live_progress, say, show_places, warn
from artstyle.errors import MissingError, UsageError

if TYPE_CHECKING:
    from artstyle.config import Config
    from artstyle.data.dataset import DatasetFolder
    from artstyle.runs.folder import RunFolder

ModelOption = Annotated[
    str | None, typer.Option("--model", help="A name that 'artstyle models' lists, or timm/NAME.")
]
EpochsOption = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes over the training pictures.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help=f"A dataset folder made by 'prepare'. Default: {DEFAULT_DATA}."),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help=f"The run folder. Default: {DEFAULT_RUNS}/<time-model>."),
]
ResumeOption = Annotated[
    str | None,
    typer.Option("--resume", help="Resume a run: its folder, its name, or 'latest'."),
]

# The few flags for what people change daily, and the key of each.
_KEYS = {
    "--model": "model.name",
    "--epochs": "train.epochs",
    "--batch-size": "train.batch_size",
    "--device": "train.device",
    "--seed": "seed",
}


def training_command(recipe: str) -> Callable[..., None]:
    """Return a training command; two of them differ in their recipe only."""

    def train(
        data: DataOption = None,
        out: OutOption = None,
        model: ModelOption = None,
        epochs: EpochsOption = None,
        batch_size: BatchSizeOption = None,
        device: DeviceOption = None,
        seed: SeedOption = None,
        config: ConfigOption = None,
        overrides: SetOption = None,
        resume: ResumeOption = None,
    ) -> None:
        flags = dict(zip(_KEYS, (model, epochs, batch_size, device, seed), strict=True))
        if resume is None:
            _begin(recipe, data, out, flags, config, overrides or [])
        else:
            _refuse_changes(flags, out, config, overrides)
            _resume(resume, data)

    return train


def _begin(
    recipe: str,
    data: Path | None,
    out: Path | None,
    flags: Mapping[str, object],
    config: str | None,
    overrides: list[str],
) -> None:
    from artstyle.data.dataset import is_decided
    from artstyle.models.zoo import require_single
    from artstyle.recipes import config_keys, require_sections, resolve_config
    from artstyle.runs.finding import new_run_path
    from artstyle.runs.folder import RunFolder

    require_sections(overrides, [key for key in config_keys() if is_decided(key)], "prepare")
    require_sections(overrides, ["probe"], "probe")
    keyed = {_KEYS[flag]: (flag, value) for flag, value in flags.items()}
    settings = resolve_config(recipe, config, overrides, keyed).config
    require_single(settings.model.name)
    dataset = open_dataset(data or DEFAULT_DATA)
    path = out or new_run_path(DEFAULT_RUNS, settings.model.name, datetime.now())
    _fit(settings, dataset, RunFolder(path), resume=False)


def _resume(name: str, data: Path | None) -> None:
    from artstyle.runs.finding import find_run

    run = find_run(name, DEFAULT_RUNS, needs="nothing")
    dataset = open_dataset(data or Path(run.environment().dataset.path))
    _fit(run.config(), dataset, run, resume=True)


def _fit(settings: Config, dataset: DatasetFolder, run: RunFolder, *, resume: bool) -> None:
    def resume_hint() -> str:
        try:
            begun = run.config_path.is_file()
        except OSError:  # The disk fails now; once it works again, the run is there.
            begun = True
        word = shlex.quote(str(run.path))
        return (
            f"resume with 'artstyle finetune --resume {word}'"
            if begun
            else "run the same command again"
        )

    interrupts.set_resume_hint(resume_hint)

    from artstyle.training.fit import fit

    with live_progress() as progress:
        result = fit(settings, dataset, run, resume=resume, progress=progress, warn=warn)
    if not result.is_main:
        return
    state, monitor = result.state, settings.train.monitor.replace("_", " ")
    say(
        f"Done: {result.stopped}. Best validation {monitor} {state.best_score:.3f}"
        f" in epoch {state.best_epoch} of {state.epochs}."
    )
    kept = f"checkpoint, {settings.train.keep} epoch"
    show_places(
        "Written:", {"run": run.path, kept: run.best_path, "learning curves": run.curves_path}
    )
    say(f"Next: artstyle evaluate --run {run.path}")


def _refuse_changes(
    flags: Mapping[str, object],
    out: Path | None,
    config: str | None,
    overrides: list[str] | None,
) -> None:
    """Refuse options with --resume: a resumed run keeps its own configuration."""
    given = [flag for flag, value in flags.items() if value is not None]
    given += [name for name, value in (("--out", out), ("--config", config)) if value is not None]
    given += ["--set"] if overrides else []
    if given:
        raise UsageError(
            f"--resume uses the run's own configuration: leave out {', '.join(given)},"
            " or begin a new run without --resume"
        )


def open_dataset(folder: Path) -> DatasetFolder:
    """Return a dataset folder, or say what is wrong with it before torch loads.

    Raises:
        MissingError, DataError: It does not exist, or is damaged.
    """
    from artstyle.data.dataset import DatasetFolder

    dataset = DatasetFolder(folder)
    if not dataset.description_path.is_file() and folder == DEFAULT_DATA:
        raise MissingError(
            f"no dataset folder {folder}; make it with 'artstyle prepare SOURCE',"
            " or name another with --data"
        )
    dataset.description  # noqa: B018  # raises
    return dataset
