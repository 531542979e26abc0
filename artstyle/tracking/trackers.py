"""The trackers that a run asks for; a failure of one gives a warning and never stops a run."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.config import Config
from artstyle.errors import ArtstyleError, one_line
from artstyle.runs.folder import RunFolder
from artstyle.storage.documents import Document
from artstyle.tracking.tracker import KeptEpoch, TrackedRun, Tracker

_TITLES = {"wandb": "Weights & Biases", "tensorboard": "TensorBoard", "mlflow": "MLflow"}

Warn = Callable[[str], None]


class TrackedIds(Document):
    """``tracking.json``: the run's ids at its trackers, so that it stays one run there."""

    wandb: str | None = None
    """Id at Weights & Biases; null if it was never logged there."""
    mlflow: str | None = None
    """Id at MLflow; null if it was never logged there."""


class Trackers:
    """Several trackers as one. One that fails is off from then on; the others continue.

    Args:
        config: The configuration of the run, with the trackers in ``tracking.to``.
        run: The run folder; its environment is recorded. Files of trackers go into it.
        warn: Called once for each tracker that fails.
    """

    def __init__(self, config: Config, run: RunFolder, warn: Warn) -> None:
        self._warn = warn
        self._open: dict[str, Tracker] = {}
        for name in config.tracking.to:
            self._guarded(name, partial(self._start, name, config, run))

    def __bool__(self) -> bool:
        """Return whether any tracker still works."""
        return bool(self._open)

    def log_epoch(self, row: Mapping[str, float], kept: KeptEpoch | None) -> None:
        """Log an epoch, as `Tracker.log_epoch`."""
        self._each(lambda tracker: tracker.log_epoch(row, kept))

    def log_gradients(self, update: int, gradients: Mapping[str, NDArray[np.float32]]) -> None:
        """Log the gradients of an update, as `Tracker.log_gradients`."""
        self._each(lambda tracker: tracker.log_gradients(update, gradients))

    def finish(self, summary: Mapping[str, float], model: Path | None = None) -> None:
        """End all logs, as `Tracker.finish`."""
        self._each(lambda tracker: tracker.finish(summary, model))
        self._open.clear()

    def _start(self, name: str, config: Config, run: RunFolder) -> None:
        path = run.tracking_path
        ids = TrackedIds.read(path) if path.is_file() else TrackedIds()
        tracked = TrackedRun(run, config.tracking, _about(config, run), getattr(ids, name, None))
        module = import_module(f"artstyle.tracking.{name}")
        tracker: Tracker = module.start(tracked, self._warn)
        self._open[name] = tracker
        if tracker.id not in (None, tracked.known_id):
            ids.model_copy(update={name: tracker.id}).write(path)

    def _each(self, call: Callable[[Tracker], object]) -> None:
        for name, tracker in list(self._open.items()):
            self._guarded(name, partial(call, tracker))

    def _guarded(self, name: str, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # whatever fails in a tracker, the run continues
            if failed := self._open.pop(name, None):
                with suppress(Exception):
                    failed.abandon()
            self._warn(_why_off(name, error))


def add_scores(run: RunFolder, scores: Mapping[str, float], warn: Warn) -> None:
    """Add scores to the summary of a run at its trackers, if it has any.

    Args:
        run: A finished run.
        scores: Name -> score.
        warn: As for `Trackers`.
    """
    try:
        config = run.config()
    except ArtstyleError as error:
        warn(f"the scores were not added to the run's trackers: {error}")
        return
    if config.tracking.to:
        Trackers(config, run, warn).finish(scores)


def _why_off(name: str, error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == name:
        return (
            f"{_TITLES[name]} is off for this run: the package {name} is not installed;"
            f' pip install "artstyle[{name}]"'
        )
    return f"{_TITLES[name]} failed and is off for this run: {one_line(error)[:300]}"


def _about(config: Config, run: RunFolder) -> dict[str, Any]:
    environment = run.environment()
    numerics, parameters = environment.numerics, environment.parameters
    return config.model_dump(mode="json") | {
        "run": {
            "dataset_fingerprint": environment.dataset.fingerprint,
            "precision": numerics and numerics.precision,
            "channels_last": numerics and numerics.channels_last,
            "device": environment.device,
            "device_name": environment.device_name,
            "processes": environment.processes,
            "parameters": parameters and parameters.total,
            "learning_parameters": parameters and parameters.learning,
            "versions": environment.packages,
        }
    }
