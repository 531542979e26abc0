"""`artstyle train` and `artstyle finetune`: the same command with two recipes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    from artstyle.recipes import Resolved
    from artstyle.runs.environment import ParentRun
    from artstyle.runs.folder import RunFolder
    from artstyle.settings.section import Section
    from artstyle.training.fit import FitResult

ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="A name that 'artstyle models' lists, timm/NAME or dual/NAME."),
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

FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="RUN",
        help="Begin a branch: a new run with the weights and settings of another.",
    ),
]
KeepOptimiserOption = Annotated[
    bool, typer.Option("--keep-optimiser", help="With --from: its optimiser's state too.")
]

# The few flags for what people change daily, and the key of each.
_KEYS = {
    "--model": "model.name",
    "--epochs": "train.epochs",
    "--batch-size": "train.batch_size",
    "--device": "train.device",
    "--seed": "seed",
}


@dataclass(frozen=True)
class _Asked:
    """What the command line asks of a new run."""

    recipe: str
    data: Path | None
    out: Path | None
    flags: Mapping[str, object]
    """Flag -> value; None if it was not given."""
    config: str | None
    overrides: list[str]

    def settings(self, file: str | None) -> Config:
        """Return the configuration, from a file or else from the recipe."""
        return self.resolved(file).config

    def resolved(self, file: str | None) -> Resolved:
        """Return the configuration, and where each value comes from."""
        from artstyle.data.dataset import is_decided
        from artstyle.recipes import config_keys, require_sections, resolve_config

        decided = [key for key in config_keys() if is_decided(key)]
        require_sections(self.overrides, decided, "prepare")
        require_sections(self.overrides, ["probe"], "probe")
        keyed = {_KEYS[flag]: (flag, value) for flag, value in self.flags.items()}
        return resolve_config(self.recipe, file, self.overrides, keyed)

    def changes(self) -> list[str]:
        """Return the words that ask for other settings."""
        given = {flag: value for flag, value in self.flags.items() if value is not None}
        words = [str(word) for pair in given.items() for word in pair]
        if self.config is not None:
            words += ["--config", self.config]
        return words + [word for override in self.overrides for word in ("--set", override)]


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
        parent: FromOption = None,
        keep_optimiser: KeepOptimiserOption = False,
    ) -> None:
        flags = dict(zip(_KEYS, (model, epochs, batch_size, device, seed), strict=True))
        asked = _Asked(recipe, data, out, flags, config, overrides or [])
        if keep_optimiser and parent is None:
            raise UsageError("--keep-optimiser goes with --from RUN")
        if resume is not None:
            _refuse_changes(resume, asked, parent)
            _resume(resume, data)
        elif parent is not None:
            _branch(parent, asked, keep_optimiser=keep_optimiser)
        else:
            _begin(asked)

    return train


def _begin(asked: _Asked) -> None:
    from artstyle.models.zoo import require_single

    settings = asked.settings(asked.config)
    require_single(settings.model.name)
    dataset = open_dataset(asked.data or DEFAULT_DATA)
    _fit(settings, dataset, _new_run(asked, settings), resume=False)


def _branch(name: str, asked: _Asked, *, keep_optimiser: bool) -> None:
    """Begin a run from the weights of another, with its settings but for those asked for."""
    from artstyle.models.zoo import require_single
    from artstyle.runs.finding import find_run

    parent = find_run(name, DEFAULT_RUNS, needs="own")
    if parent.lone:
        raise UsageError(f"{name} is a file, not a run; use --set model.weights={name}")
    if "model.weights" in {override.partition("=")[0].strip() for override in asked.overrides}:
        raise UsageError("--from takes the weights of its run: leave out --set model.weights")
    own = parent.config()
    require_single(own.model.name)
    resolved = asked.resolved(asked.config or _settings_file(parent))
    settings = resolved.config.model_copy(
        update={
            "model": _unless_asked(resolved, "model", "name", own),
            "data": _unless_asked(resolved, "data", "image_size", own),
        }
    )
    dataset = _dataset_of(parent, asked.data)

    from artstyle.training.start.branch import branch_of

    settings, record = branch_of(parent, settings, dataset, keep_optimiser=keep_optimiser)
    _fit(settings, dataset, _new_run(asked, settings), resume=False, parent=record)


def _unless_asked(resolved: Resolved, section: str, key: str, own: Config) -> Section:
    """Return a section with a run's own value of a key, unless the user gave another."""
    asked: Section = getattr(resolved.config, section)
    if not resolved.origins[f"{section}.{key}"].startswith(("default", "recipe")):
        return asked
    return asked.model_copy(update={key: getattr(getattr(own, section), key)})


def _settings_file(parent: RunFolder) -> str | None:
    """Return the settings to branch off with; None for a probe, which has none for training."""
    from artstyle.models.header import read_header

    is_probe = "c" in read_header(parent.best_path).about
    return None if is_probe else str(parent.config_path)


def _new_run(asked: _Asked, settings: Config) -> RunFolder:
    from artstyle.runs.finding import new_run_path
    from artstyle.runs.folder import RunFolder

    return RunFolder(asked.out or new_run_path(DEFAULT_RUNS, settings.model.name, datetime.now()))


def _resume(name: str, data: Path | None) -> None:
    from artstyle.runs.finding import find_run

    run = find_run(name, DEFAULT_RUNS, needs="nothing")
    _fit(run.config(), _dataset_of(run, data), run, resume=True)


def _dataset_of(run: RunFolder, data: Path | None) -> DatasetFolder:
    """Return the data set of a run: where it is said to be now, or else where it was.

    Raises:
        MissingError: It was moved or deleted.
    """
    recorded = Path(run.environment().dataset.path)
    if data is None and not (recorded / "dataset.json").is_file():
        raise MissingError(
            f"the data set of {run.path} is not in {recorded} any more; name its new folder:"
            " --data FOLDER"
        )
    return open_dataset(data or recorded)


def _fit(
    settings: Config,
    dataset: DatasetFolder,
    run: RunFolder,
    *,
    resume: bool,
    parent: ParentRun | None = None,
) -> None:
    interrupts.set_resume_hint(lambda: _resume_hint(run))

    from artstyle.training.fit import fit

    with live_progress() as progress:
        result = fit(
            settings, dataset, run, resume=resume, parent=parent, progress=progress, warn=warn
        )
    if result.is_main:
        _say_result(result)


def _resume_hint(run: RunFolder) -> str:
    try:
        begun = run.config_path.is_file()
    except OSError:  # The disk fails now; once it works again, the run is there.
        begun = True
    if not begun:
        return "run the same command again"
    return f"resume with 'artstyle finetune --resume {shlex.quote(str(run.path))}'"


def _say_result(result: FitResult) -> None:
    run, state = result.run, result.state
    settings = run.config()  # With several labels, another score chooses than was asked for.
    monitor = settings.train.monitor.replace("_", " ")
    say(
        f"Done: {result.stopped}. Best validation {monitor} {state.best_score:.3f}"
        f" in epoch {state.best_epoch} of {state.epochs}."
    )
    kept = f"checkpoint, {settings.train.keep} epoch"
    show_places(
        "Written:", {"run": run.path, kept: run.best_path, "learning curves": run.curves_path}
    )
    say(f"Next: artstyle evaluate --run {run.path}")


def _refuse_changes(run: str, asked: _Asked, parent: str | None) -> None:
    """Refuse options with --resume: a resumed run keeps its own configuration.

    Raises:
        UsageError: It names the command that begins a branch instead.
    """
    changes = asked.changes()
    given = list(dict.fromkeys(word for word in changes if word.startswith("--")))
    given += ["--out"] if asked.out is not None else []
    given += ["--from"] if parent is not None else []
    if given:
        command = shlex.join(["artstyle", "finetune", "--from", run, *changes])
        raise UsageError(
            f"--resume uses the run's own configuration: leave out {', '.join(given)},"
            f" or begin a branch of it: {command}"
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
