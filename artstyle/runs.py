"""The run folder: what lies where in it, and how one is found or begun."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from artstyle.checks import checked
from artstyle.config import Config
from artstyle.errors import ConfigError, DataError, MissingError, RunError, UnknownNameError
from artstyle.files import (
    read_csv,
    read_json,
    read_yaml,
    write_csv,
    write_json,
    write_yaml,
)
from artstyle.locks import is_vacant

HISTORY_COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "val_macro_f1",
    "lr",
    "seconds",
    "images_per_second",
)

_HOW_TO_GET_ONE = "make one with 'artstyle finetune' or name one by its folder"


@dataclass(frozen=True)
class RunFolder:
    """All that joins training to everything after it."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    @property
    def config_path(self) -> Path:
        """``config.yaml``: the resolved configuration."""
        return self.path / "config.yaml"

    @property
    def labels_path(self) -> Path:
        """``labels.json``: style names in label order."""
        return self.path / "labels.json"

    @property
    def environment_path(self) -> Path:
        """``environment.json``: versions, git state, device, data set, seeds."""
        return self.path / "environment.json"

    @property
    def history_path(self) -> Path:
        """``history.csv``: one line an epoch."""
        return self.path / "history.csv"

    @property
    def curves_path(self) -> Path:
        """``curves.png``: the history, drawn."""
        return self.path / "curves.png"

    @property
    def last_path(self) -> Path:
        """Weights and training state as they were saved last, within an epoch or after one."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def best_path(self) -> Path:
        """Weights that answer: of the best epoch or the last, as `train.keep` says."""
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def bad_batch_path(self) -> Path:
        """The batch whose loss was no number, if one was: images, labels, paths."""
        return self.path / "bad_batch.safetensors"

    @property
    def onnx_path(self) -> Path:
        """The best checkpoint as an ONNX file, if it was exported."""
        return self.path / "model.onnx"

    @property
    def gradcam_path(self) -> Path:
        """``gradcam/``: heatmaps."""
        return self.path / "gradcam"

    @property
    def report_path(self) -> Path:
        """``report.html``: the whole run on one page."""
        return self.path / "report.html"

    def evaluation_path(self, split: str) -> Path:
        """Return the folder of one split's evaluation."""
        return self.path / "evaluation" / split

    def folders(self) -> Iterator[Path]:
        """Yield the folders in it that are written to."""
        evaluation = self.path / "evaluation"
        yield from (self.last_path.parent, self.gradcam_path, evaluation, self.path / "wandb")
        if evaluation.is_dir():
            yield from sorted(evaluation.iterdir())

    def config(self) -> Config:
        """Return the configuration of the run.

        Raises:
            MissingError, ConfigError: It is not there, or no configuration.
        """
        try:
            return checked(read_yaml(self.config_path), Config, self.config_path)
        except DataError as error:
            raise ConfigError(str(error)) from None

    def labels(self) -> tuple[str, ...]:
        """Return the style names in label order.

        Raises:
            MissingError, DataError: They are not there, or damaged.
        """
        return tuple(checked(read_json(self.labels_path), list[str], self.labels_path))

    def environment(self) -> dict[str, Any]:
        """Return what was recorded before the first epoch.

        Raises:
            MissingError, DataError: It is not there, or damaged.
        """
        environment: dict[str, Any] = read_json(self.environment_path)
        checked(environment, _Environment, self.environment_path)
        return environment

    def history(self) -> list[dict[str, str]]:
        """Return one row an epoch; empty before the first.

        Raises:
            DataError: It is damaged.
        """
        rows = list(read_csv(self.history_path)) if self.history_path.is_file() else []
        checked(rows, list[_Epoch], self.history_path)
        return rows

    def require_new(self) -> None:
        """Refuse a folder that holds something, but for what a beginning that died left there.

        Raises:
            RunError: It does.
        """
        if is_vacant(self.path, but_for=(self.labels_path.name, self.environment_path.name)):
            return
        raise RunError(
            f"{self.path} is not empty; resume it with '--resume {self.path}'"
            " or choose another folder with --out"
        )

    def begin(self, config: Config, labels: tuple[str, ...], environment: dict[str, Any]) -> None:
        """Write what does not change during the run; the configuration last: it makes a run.

        Raises:
            RunError: The folder already holds something.
        """
        self.require_new()
        write_json(self.labels_path, list(labels))
        write_json(self.environment_path, environment)
        write_yaml(self.config_path, config.model_dump(mode="json"))

    def adapt(self, config: Config) -> str:
        """Record that the run goes on with smaller batches, and return the line that tells it."""
        before, now = self.config().train, config.train
        line = (
            f"memory ran out: train.batch_size {before.batch_size} -> {now.batch_size},"
            f" train.accumulate {before.accumulate} -> {now.accumulate};"
            " a step has the same pictures as before"
        )
        environment = self.environment()
        environment["adapted"] = [*environment.get("adapted", []), line]
        write_json(self.environment_path, environment)
        write_yaml(self.config_path, config.model_dump(mode="json"))
        return line

    def write_history(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write all epochs, whole or not at all."""
        write_csv(self.history_path, HISTORY_COLUMNS, rows)


@dataclass(frozen=True)
class _Dataset:
    path: str
    fingerprint: str


@dataclass(frozen=True)
class _Environment:
    """What is read again of ``environment.json``."""

    dataset: _Dataset
    started: str
    command: list[str]
    packages: dict[str, str]
    device: str
    device_name: str
    processes: int
    threads: int
    seed: int
    platform: str
    python: str
    git: dict[str, str | bool] | None = None
    parameters: dict[str, int] | None = None


Score = Annotated[float, Field(allow_inf_nan=False)]
Number = Score | Literal[""]
"""Empty where nothing learnt."""


@dataclass(frozen=True)
class _Epoch:
    """A line of ``history.csv``."""

    epoch: int
    val_loss: Score
    val_accuracy: Score
    val_macro_f1: Score
    train_loss: Number
    train_accuracy: Number
    lr: Number
    seconds: Number
    images_per_second: Number


def new_run_path(root: Path, model: str, now: datetime) -> Path:
    """Return a folder name that is not taken: ``root/20261122-143000-resnet50``."""
    stem = f"{now:%Y%m%d-%H%M%S}-{model.replace('/', '-')}"
    candidates = (root / (stem if n == 1 else f"{stem}-{n}") for n in range(1, 1000))
    return next(path for path in candidates if not path.exists())


def find_run(
    name: str, root: Path = Path("runs"), *, needs: Literal["best", "nothing"] = "best"
) -> RunFolder:
    """Return a run by its path, its name in ``root``, or as ``latest``, the newest.

    Args:
        name: Path, name or ``latest``.
        root: Where named runs lie.
        needs: What the caller will read: the best checkpoint, or nothing but that the run began.

    Raises:
        MissingError: There is no run at all.
        UnknownNameError: There is none of that name.
        RunError: The run has no such checkpoint yet.
    """
    if name == "latest":
        return _latest(root, needs)
    for path in (Path(name), root / name):
        run = RunFolder(path)
        if run.config_path.is_file():
            if needs == "best" and not run.best_path.is_file():
                raise RunError(
                    f"{run.path} has no best checkpoint: no epoch was finished in it;"
                    f" resume with 'artstyle finetune --resume {run.path}'"
                )
            return _require_own_folders(run)
    if Path(name).is_dir():
        raise RunError(f"{name} is no run folder: it has no config.yaml")
    known = [run.name for run in _runs(root)]
    if not known:
        raise MissingError(f"unknown run '{name}': there is none in {root}/; {_HOW_TO_GET_ONE}")
    raise UnknownNameError("run", name, known)


def _latest(root: Path, needs: str) -> RunFolder:
    # Going on with an older run than the newest would be a surprise.
    ready = [run for run in _runs(root) if needs == "nothing" or run.best_path.is_file()]
    newest = max(ready, key=_started, default=None)
    if newest is None:
        state = "begun" if needs == "nothing" else "finished"
        raise MissingError(f"no run was {state} in {root}/; {_HOW_TO_GET_ONE}")
    return _require_own_folders(newest)


def _require_own_folders(run: RunFolder) -> RunFolder:
    if links := [path for path in run.folders() if path.is_symlink()]:
        raise RunError(
            f"{links[0]} is a link, through which results would be written outside the run;"
            " put the folder itself in its place"
        )
    return run


def _runs(root: Path) -> Iterator[RunFolder]:
    if root.is_dir():
        for path in sorted(root.iterdir()):
            if (path / "config.yaml").is_file():
                yield RunFolder(path)


def _started(run: RunFolder) -> tuple[str, str]:
    """Return when the run began; a run whose record is damaged counts as the oldest."""
    try:
        return str(json.loads(run.environment_path.read_text("utf-8"))["started"]), run.name
    except (OSError, ValueError, KeyError, TypeError):
        return "", run.name
