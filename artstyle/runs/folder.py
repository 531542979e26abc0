"""The run folder: which file is where, and how a run begins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from artstyle.errors import ConfigError, DataError, RunError
from artstyle.storage.checks import checked
from artstyle.storage.files import (
    read_csv,
    read_json,
    read_yaml,
    write_bytes,
    write_csv,
    write_json,
    write_yaml,
)
from artstyle.storage.locks import is_vacant
from artstyle.styles.vocabulary import RECORD_NAME, Vocabulary, read_vocabulary, recorded_vocabulary

if TYPE_CHECKING:
    # A tenth of a second to import: too long for an answer, which reads neither.
    from artstyle.config import Config
    from artstyle.runs.environment import FinishedRun, RunEnvironment

Score = Annotated[float, Field(allow_inf_nan=False)]
Number = Score | Literal[""]
"""Empty in an epoch without training."""


@dataclass(frozen=True, kw_only=True)
class _Epoch:
    """A line of ``history.csv``."""

    epoch: int
    train_loss: Number
    """What was optimised, on the augmented images, before each update."""
    train_accuracy: Number
    """On the same images."""
    plain_train_loss: Number = ""
    """Of a sample of the training images, computed as `val_loss`; earlier versions lack it."""
    val_loss: Score
    """Mean cross-entropy after the epoch, neither weighted nor smoothed."""
    val_accuracy: Score
    val_macro_f1: Score
    lr: Number
    seconds: Number
    images_per_second: Number


_WRITTEN_FIRST = ("labels.json", RECORD_NAME, "environment.json")
HISTORY_COLUMNS = tuple(field.name for field in fields(_Epoch))


@dataclass(frozen=True, init=False)
class RunFolder:
    """The only link between training and everything after it.

    Examples:
        >>> run = artstyle.RunFolder("runs/tiny")
        >>> run.labels()
        ('Cubism', 'Minimalism', 'Pop_Art', 'Ukiyo_e')
        >>> [row["epoch"] for row in run.history()]
        ['1', '2']
    """

    path: Path
    results: Path | None = None
    """Where what is learnt about the run is written; None is its own folder."""
    lone: Path | None = None
    """A checkpoint without a run folder; None for a run."""

    def __init__(
        self, path: str | Path, results: str | Path | None = None, lone: str | Path | None = None
    ) -> None:
        object.__setattr__(self, "path", Path(path))
        object.__setattr__(self, "results", None if results is None else Path(results))
        object.__setattr__(self, "lone", None if lone is None else Path(lone))

    @property
    def results_path(self) -> Path:
        """Where evaluations, heatmaps and the report are written."""
        return self.results or self.path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.lone.stem if self.lone else self.path.name

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
        """The last saved weights and training state; gone once the run is done."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def best_path(self) -> Path:
        """The weights to use: of the best epoch or the last, as `train.keep` says."""
        return self.lone or self.path / "checkpoints" / "best.safetensors"

    @property
    def bad_batch_path(self) -> Path:
        """The batch with a NaN or infinite loss, if there was one: images, labels, paths."""
        return self.path / "bad_batch.safetensors"

    @property
    def onnx_path(self) -> Path:
        """The best checkpoint as an ONNX file, once it is exported."""
        return self.lone.with_suffix(".onnx") if self.lone else self.path / "model.onnx"

    @property
    def tracking_path(self) -> Path:
        """``tracking.json``: the run's ids at its trackers, if it is logged."""
        return self.path / "tracking.json"

    @property
    def tensorboard_path(self) -> Path:
        """``tensorboard/``: event files, if the run is logged there."""
        return self.path / "tensorboard"

    @property
    def gradcam_path(self) -> Path:
        """``gradcam/``: heatmaps."""
        return self.results_path / "gradcam"

    @property
    def report_path(self) -> Path:
        """``report.html``: the whole run on one page."""
        return self.results_path / "report.html"

    def evaluation_path(self, split: str) -> Path:
        """Return the folder of one split's evaluation."""
        return self.results_path / "evaluation" / split

    def folders(self) -> Iterator[Path]:
        """Yield the folders inside it that artstyle writes to."""
        evaluation = self.results_path / "evaluation"
        yield from (self.last_path.parent, self.gradcam_path, evaluation)
        yield from (self.path / "wandb", self.tensorboard_path)
        if evaluation.is_dir():
            yield from sorted(evaluation.iterdir())

    def config(self) -> "Config":
        """Return the configuration of the run.

        Raises:
            MissingError, ConfigError: The file is missing, or not a configuration.
        """
        shape: type[Config] = import_module("artstyle.config").Config
        try:
            return checked(read_yaml(self.config_path), shape, self.config_path)
        except DataError as error:
            raise ConfigError(str(error)) from None

    def labels(self) -> tuple[str, ...]:
        """Return the style names in label order.

        Raises:
            MissingError, DataError: The file is missing or damaged.
        """
        return tuple(checked(read_json(self.labels_path), list[str], self.labels_path))

    def vocabulary(self) -> Vocabulary:
        """Return artstyle's vocabulary of styles, and the one of the data set.

        Raises:
            DataError: The recorded vocabulary is damaged.
        """
        return read_vocabulary() if self.lone else recorded_vocabulary(self.path)

    def environment(self) -> "RunEnvironment":
        """Return what was recorded before the first epoch.

        Raises:
            MissingError, DataError: The file is missing or damaged.
        """
        shape: type[RunEnvironment] = import_module("artstyle.runs.environment").RunEnvironment
        return shape.read(self.environment_path)

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
        if not is_vacant(self.path, but_for=_WRITTEN_FIRST):
            raise RunError(
                f"{self.path} is not empty; resume it with '--resume {self.path}'"
                " or choose another folder with --out"
            )

    def begin(
        self, config: "Config", labels: tuple[str, ...], environment: "RunEnvironment"
    ) -> None:
        """Write what does not change during the run; ``config.yaml`` last, as it marks a run.

        Raises:
            RunError: The folder is not empty.
        """
        self.require_new()
        write_json(self.labels_path, list(labels))
        vocabulary = Path(environment.dataset.path) / RECORD_NAME
        if vocabulary.is_file():
            write_bytes(self.path / RECORD_NAME, vocabulary.read_bytes())
        settings = config.model_dump(mode="json")
        environment.model_copy(update={"settings": settings}).write(self.environment_path)
        write_yaml(self.config_path, settings)

    def adapt(self, config: "Config") -> str:
        """Record that the run continues with smaller batches; return a line that says so."""
        before, now = self.config().train, config.train
        line = (
            f"memory ran out: train.batch_size {before.batch_size} -> {now.batch_size},"
            f" train.accumulate {before.accumulate} -> {now.accumulate};"
            " each update has the same images as before"
        )
        self.record_change(config, line)
        return line

    def record_change(self, config: "Config", line: str) -> None:
        """Record that the run continues with other settings; ``line`` says which."""
        environment, settings = self.environment(), config.model_dump(mode="json")
        changed = {"adapted": (*environment.adapted, line), "settings": settings}
        environment.model_copy(update=changed).write(self.environment_path)
        write_yaml(self.config_path, settings)

    def finish(self, finished: "FinishedRun", *, keep_state: bool) -> None:
        """Record how the run ended, and remove the state that only a resumed run needs."""
        ended = self.environment().model_copy(update={"finished": finished})
        ended.write(self.environment_path)
        if not keep_state:
            self.last_path.unlink(missing_ok=True)

    def write_history(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write all epochs, whole or not at all."""
        write_csv(self.history_path, HISTORY_COLUMNS, rows)
