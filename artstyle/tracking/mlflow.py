"""MLflow: its server, or a store of its own on this machine."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.recipes import flatten
from artstyle.tracking.tracker import KeptEpoch, TrackedRun

_MOST_IN_A_REQUEST = 100
_LONGEST_VALUE = 500


class Mlflow:
    """One run there, however often it is resumed.

    Args:
        client: MLflow's client.
        run_id: The run's id.
        epoch: The last epoch that the run has logged before.
    """

    def __init__(self, client: Any, run_id: str, epoch: int) -> None:
        self._client, self.id, self._epoch = client, run_id, epoch

    def log_epoch(self, row: Mapping[str, float], kept: KeptEpoch | None) -> None:
        """Log an epoch's numbers; the confusion matrix and samples of kept weights as JSON."""
        self._epoch = int(row["epoch"])
        self._log({name: value for name, value in row.items() if name != "epoch"}, self._epoch)
        if kept is None:
            return
        confusion = {
            "labels": list(kept.labels),
            "targets": list(kept.targets),
            "predictions": list(kept.predictions),
        }
        self._client.log_dict(self.id, confusion, "confusion.json")
        samples = [
            {"path": sample.path, "style": sample.style, "predicted": sample.predicted}
            for sample in kept.samples
        ]
        if samples:
            self._client.log_dict(self.id, {"samples": samples}, "samples.json")

    def log_gradients(self, update: int, gradients: Mapping[str, NDArray[np.float32]]) -> None:
        """Log the norm of each layer's gradients over updates: MLflow has no histograms."""
        norms = {
            f"gradients/{name}": float(np.linalg.norm(values)) for name, values in gradients.items()
        }
        self._log(norms, update)

    def finish(self, summary: Mapping[str, float], model: Path | None) -> None:
        """Log values of the whole run at its last epoch, store the model if asked, and end it."""
        self._log(summary, self._epoch)
        if model is not None:
            self._client.log_artifact(self.id, str(model), "model")
        self._client.set_terminated(self.id, "FINISHED")

    def abandon(self) -> None:
        """Do nothing: it holds nothing, and its server does not answer."""

    def _log(self, metrics: Mapping[str, float], step: int) -> None:
        metric, now = import_module("mlflow.entities").Metric, round(1000 * time.time())
        rows = [metric(name, float(value), now, step) for name, value in metrics.items()]
        for part in _parts(rows):
            self._client.log_batch(self.id, metrics=part)


def start(tracked: TrackedRun, warn: Callable[[str], None]) -> Mlflow:
    """Begin the run there, or continue the one with the known id."""
    # Its own reports of its use, and minutes of attempts to reach a server that is not there.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    client = import_module("mlflow").MlflowClient(tracked.tracking.mlflow)
    history = tracked.folder.history()
    if tracked.known_id:
        client.update_run(tracked.known_id, status="RUNNING")
        run_id = tracked.known_id
    else:
        run_id = _begin(client, tracked)
    return Mlflow(client, run_id, int(history[-1]["epoch"]) if history else 0)


def _begin(client: Any, tracked: TrackedRun) -> str:
    config = tracked.tracking
    found = client.get_experiment_by_name(config.project)
    experiment = found.experiment_id if found else client.create_experiment(config.project)
    tags = dict.fromkeys(config.tags, "true") | ({"group": config.group} if config.group else {})
    run = client.create_run(experiment, tags=tags, run_name=tracked.folder.name)
    param = import_module("mlflow.entities").Param
    values = [param(key, str(value)[:_LONGEST_VALUE]) for key, value in flatten(tracked.about)]
    for part in _parts(values):
        client.log_batch(run.info.run_id, params=part)
    return str(run.info.run_id)


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield what fits into a request each."""
    for start_at in range(0, len(items), _MOST_IN_A_REQUEST):
        yield items[start_at : start_at + _MOST_IN_A_REQUEST]
