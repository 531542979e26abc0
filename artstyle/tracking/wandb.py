"""Weights & Biases: files in the run folder, or its server."""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from artstyle.tracking.tracker import KeptEpoch, TrackedRun


class Wandb:
    """One run there, however often it is resumed. An epoch is one commit.

    Args:
        wandb: The package.
        run: The run that it has begun.
    """

    def __init__(self, wandb: Any, run: Any) -> None:
        self._wandb, self._run = wandb, run

    @property
    def id(self) -> str:
        """The run's id."""
        return str(self._run.id)

    def log_epoch(self, row: Mapping[str, float], kept: KeptEpoch | None) -> None:
        """Log an epoch with the confusion matrix and samples of kept weights, in one commit."""
        media = {} if kept is None else self._media(kept)
        self._run.log({**row, **media})

    def log_gradients(self, update: int, gradients: Mapping[str, NDArray[np.float32]]) -> None:
        """Log a histogram of each layer's gradients over updates."""
        histograms = {
            f"gradients/{name}": self._wandb.Histogram(np_histogram=np.histogram(values, bins=64))
            for name, values in gradients.items()
        }
        self._run.log({"update": update, **histograms})

    def finish(self, summary: Mapping[str, float], model: Path | None) -> None:
        """Write values into the run's summary, store the model if asked, and end the run."""
        self._run.summary.update(dict(summary))
        if model is not None:
            artifact = self._wandb.Artifact(f"model-{self.id}", type="model")
            artifact.add_file(str(model))
            self._run.log_artifact(artifact)
        self._run.finish()

    def abandon(self) -> None:
        """End wandb's own process, or its hook would print a traceback when this one ends."""
        self._wandb.teardown(exit_code=1)

    def _media(self, kept: KeptEpoch) -> dict[str, Any]:
        media: dict[str, Any] = {
            "confusion": self._wandb.plot.confusion_matrix(
                y_true=list(kept.targets),
                preds=list(kept.predictions),
                class_names=list(kept.labels),
            )
        }
        if kept.samples:
            media["samples"] = self._wandb.Table(
                columns=["picture", "path", "style", "predicted", "right"],
                data=[
                    [
                        self._wandb.Image(sample.picture),
                        sample.path,
                        sample.style,
                        sample.predicted,
                        sample.style == sample.predicted,
                    ]
                    for sample in kept.samples
                ],
            )
        return media


def start(tracked: TrackedRun, warn: Callable[[str], None]) -> Wandb:
    """Begin the run there, or continue the one with the known id."""
    # wandb would send its own error reports to its makers, from offline runs as well.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    wandb = import_module("wandb")  # Takes a second, and few runs use it.
    config = tracked.tracking
    run = wandb.init(
        project=config.project,
        name=tracked.folder.name,
        id=tracked.known_id or uuid4().hex[:12],
        resume="allow",
        group=config.group,
        tags=list(config.tags) or None,
        dir=tracked.folder.path,
        mode=_mode(wandb, config.wandb, warn),
        config=dict(tracked.about),
        # Memory that ran out begins the run a second time in one process, with smaller batches.
        allow_val_change=True,
        reinit="finish_previous",
        settings=_settings(wandb),
    )
    run.define_metric("*", step_metric="epoch")
    run.define_metric("gradients/*", step_metric="update")
    return Wandb(wandb, run)


def _settings(wandb: Any) -> Any:
    # What artstyle prints is not worth storing, and progress would be repeated there.
    own: dict[str, Any] = {"silent": True, "console": "off", "finish_timeout_raises": True}
    # By itself it waits for a lost network for ever when the run ends.
    for name, seconds in (("init_timeout", 30), ("finish_timeout", 600)):
        if f"WANDB_{name.upper()}" not in os.environ:
            own[name] = seconds
    return wandb.Settings(**own)


def _mode(wandb: Any, asked: str, warn: Callable[[str], None]) -> Literal["offline", "online"]:
    """Return the mode to start in; online without an account would wait for input."""
    if asked != "online":
        return "offline"
    if not wandb.login(prompt=False, verify=False):
        warn(
            "no Weights & Biases account on this machine: logging offline;"
            " run 'wandb login' to log online"
        )
        return "offline"
    return "online"
