"""The run folder: which file is where, and how to find a run or begin one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from artstyle.config import Config
from artstyle.errors import ConfigError, DataError, MissingError, RunError, UnknownNameError
from artstyle.storage.checks import checked
from artstyle.storage.documents import Document
from artstyle.storage.files import read_csv, read_json, read_yaml, write_csv, write_json, write_yaml
from artstyle.storage.locks import is_vacant

Precision = Literal["fp32", "bf16", "fp16"]
Score = Annotated[float, Field(allow_inf_nan=False)]
Number = Score | Literal[""]
"""Empty in an epoch without training."""

_HOW_TO_GET_ONE = "make one with 'artstyle finetune' or name one by its folder"


@dataclass(frozen=True)
class _Epoch:
    """A line of ``history.csv``."""

    epoch: int
    train_loss: Number
    train_accuracy: Number
    val_loss: Score
    val_accuracy: Score
    val_macro_f1: Score
    lr: Number
    seconds: Number
    images_per_second: Number


HISTORY_COLUMNS = tuple(field.name for field in fields(_Epoch))


class _Record(Document):
    """A part of ``environment.json``; unknown keys of other versions are kept."""

    model_config = ConfigDict(extra="allow")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; keys that the run did not record stay absent."""
        return self.model_dump(mode="json", exclude_unset=True)


class GitState(_Record):
    """The repository that the run started in."""

    commit: str
    """Hash of the commit."""
    changed: bool
    """Whether files differed from the commit."""


class RecordedDataset(_Record):
    """The dataset folder that a run was trained on."""

    path: str
    """The dataset folder."""
    fingerprint: str
    """SHA-256 over splits, labels and image contents, as `dataset.json` has it."""


class ParameterCount(_Record):
    """The size of the network."""

    total: int
    """All parameters."""
    learning: int
    """Parameters that are trained in the last epoch."""


class RecordedNumerics(_Record):
    """The chosen precision and memory layout."""

    precision: Precision
    """Number format of the forward pass."""
    channels_last: bool
    """Whether images and weights are stored channels last."""


class MeasuredNumerics(RecordedNumerics):
    """One measured candidate."""

    ms_per_image: float
    """Milliseconds per image of a training step."""


class ChosenNumerics(RecordedNumerics):
    """The chosen precision and layout, with all measured candidates."""

    measured: tuple[MeasuredNumerics, ...] = ()
    """Empty if nothing was measured."""


class RunEnvironment(_Record):
    """``environment.json``: data, device and versions of a run; written before its first epoch."""

    started: str
    """UTC, ISO 8601."""
    command: tuple[str, ...]
    """The command line, one word each."""
    python: str
    """Version of Python."""
    platform: str
    """Operating system and processor type."""
    packages: dict[str, str]
    """Package -> version."""
    git: GitState | None = None
    """null outside a repository."""
    device: str
    """As torch names it: `cpu`, `cuda:0`, `mps`."""
    device_name: str
    """Name of the processor or GPU."""
    threads: int
    """CPU threads of torch, in each process."""
    processes: int
    """Training processes, one for each device."""
    seed: int
    """Seed for all random choices."""
    deterministic: bool = False
    """Whether only deterministic algorithms were used."""
    dataset: RecordedDataset
    """The data that the run learned from."""
    parameters: ParameterCount | None = None
    """null if the size of the network was not recorded."""
    numerics: ChosenNumerics | None = None
    """null if it was not recorded."""
    adapted: tuple[str, ...] = ()
    """One line for each time that memory ran out and the batch size was halved."""


@dataclass(frozen=True)
class RunFolder:
    """The only link between training and everything after it."""

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
        """``environment.json``: versions, git state, device, data set, seed."""
        return self.path / "environment.json"

    @property
    def history_path(self) -> Path:
        """``history.csv``: one line per epoch."""
        return self.path / "history.csv"

    @property
    def curves_path(self) -> Path:
        """``curves.png``: the plot of the history."""
        return self.path / "curves.png"

    @property
    def last_path(self) -> Path:
        """The last saved weights and training state, within an epoch or after one."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def best_path(self) -> Path:
        """The weights to use: of the best epoch or the last, as `train.keep` says."""
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def bad_batch_path(self) -> Path:
        """The batch with a NaN or infinite loss, if there was one: images, labels, paths."""
        return self.path / "bad_batch.safetensors"

    @property
    def onnx_path(self) -> Path:
        """The best checkpoint as an ONNX file, once it is exported."""
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
        """Yield the folders inside it that artstyle writes to."""
        evaluation = self.path / "evaluation"
        yield from (self.last_path.parent, self.gradcam_path, evaluation, self.path / "wandb")
        if evaluation.is_dir():
            yield from sorted(evaluation.iterdir())

    def config(self) -> Config:
        """Return the configuration of the run.

        Raises:
            MissingError, ConfigError: The file is missing, or not a configuration.
        """
        try:
            return checked(read_yaml(self.config_path), Config, self.config_path)
        except DataError as error:
            raise ConfigError(str(error)) from None

    def labels(self) -> tuple[str, ...]:
        """Return the style names in label order.

        Raises:
            MissingError, DataError: The file is missing or damaged.
        """
        return tuple(checked(read_json(self.labels_path), list[str], self.labels_path))

    def environment(self) -> RunEnvironment:
        """Return what was recorded before the first epoch.

        Raises:
            MissingError, DataError: The file is missing or damaged.
        """
        return RunEnvironment.read(self.environment_path)

    def history(self) -> list[dict[str, str]]:
        """Return one row per epoch; empty before the first.

        Raises:
            DataError: The file is damaged.
        """
        rows = list(read_csv(self.history_path)) if self.history_path.is_file() else []
        checked(rows, list[_Epoch], self.history_path)
        return rows

    def require_new(self) -> None:
        """Refuse a folder with files, except for those that an interrupted `begin` left.

        Raises:
            RunError: The folder is not empty.
        """
        if not is_vacant(self.path, but_for=(self.labels_path.name, self.environment_path.name)):
            raise RunError(
                f"{self.path} is not empty; resume it with '--resume {self.path}'"
                " or choose another folder with --out"
            )

    def begin(self, config: Config, labels: tuple[str, ...], environment: RunEnvironment) -> None:
        """Write what does not change during the run; ``config.yaml`` last, as it marks a run.

        Raises:
            RunError: The folder is not empty.
        """
        self.require_new()
        write_json(self.labels_path, list(labels))
        environment.write(self.environment_path)
        write_yaml(self.config_path, config.model_dump(mode="json"))

    def adapt(self, config: Config) -> str:
        """Record that the run continues with smaller batches; return a line that says so."""
        before, now = self.config().train, config.train
        line = (
            f"memory ran out: train.batch_size {before.batch_size} -> {now.batch_size},"
            f" train.accumulate {before.accumulate} -> {now.accumulate};"
            " each update has the same images as before"
        )
        environment = self.environment()
        adapted = environment.model_copy(update={"adapted": (*environment.adapted, line)})
        adapted.write(self.environment_path)
        write_yaml(self.config_path, config.model_dump(mode="json"))
        return line

    def write_history(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write all epochs, whole or not at all."""
        write_csv(self.history_path, HISTORY_COLUMNS, rows)


def new_run_path(root: Path, model: str, now: datetime) -> Path:
    """Return a path that does not exist yet: ``root/20261122-143000-resnet50``."""
    stem = f"{now:%Y%m%d-%H%M%S}-{model.replace('/', '-')}"
    candidates = (root / (stem if n == 1 else f"{stem}-{n}") for n in range(1, 1000))
    return next(path for path in candidates if not path.exists())


def find_run(
    name: str, root: Path = Path("runs"), *, needs: Literal["best", "nothing"] = "best"
) -> RunFolder:
    """Return a run by its path, by its name in ``root``, or the newest one as ``latest``.

    Args:
        name: Path, name or ``latest``.
        root: The folder of named runs.
        needs: ``best``: the run must have a best checkpoint; ``nothing``: it only has to exist.

    Raises:
        MissingError: There is no run at all.
        UnknownNameError: No run has that name.
        RunError: The run has no best checkpoint yet.
    """
    if name == "latest":
        return _latest(root, needs)
    for path in (Path(name), root / name):
        run = RunFolder(path)
        if run.config_path.is_file():
            if needs == "best" and not run.best_path.is_file():
                raise RunError(
                    f"{run.path} has no best checkpoint: no epoch is finished yet;"
                    f" resume with 'artstyle finetune --resume {run.path}'"
                )
            return _require_own_folders(run)
    if Path(name).is_dir():
        raise RunError(f"{name} is not a run folder: it has no config.yaml")
    known = [run.name for run in _runs(root)]
    if not known:
        raise MissingError(f"unknown run '{name}': {root}/ has no runs; {_HOW_TO_GET_ONE}")
    raise UnknownNameError("run", name, known)


def _latest(root: Path, needs: str) -> RunFolder:
    # To resume, the newest run counts even without a checkpoint: an older one would surprise.
    ready = [run for run in _runs(root) if needs == "nothing" or run.best_path.is_file()]
    newest = max(ready, key=_started, default=None)
    if newest is None:
        state = "run" if needs == "nothing" else "run with a finished epoch"
        raise MissingError(f"no {state} in {root}/; {_HOW_TO_GET_ONE}")
    return _require_own_folders(newest)


def _require_own_folders(run: RunFolder) -> RunFolder:
    if links := [path for path in run.folders() if path.is_symlink()]:
        raise RunError(
            f"{links[0]} is a link: results would be written outside the run;"
            " replace it with a real folder"
        )
    return run


def _runs(root: Path) -> list[RunFolder]:
    runs = [RunFolder(path) for path in sorted(root.iterdir())] if root.is_dir() else []
    return [run for run in runs if run.config_path.is_file()]


def _started(run: RunFolder) -> tuple[str, str]:
    """Return when the run began; a run with a damaged record counts as the oldest."""
    try:
        return run.environment().started, run.name
    except (OSError, MissingError, DataError):
        return "", run.name
