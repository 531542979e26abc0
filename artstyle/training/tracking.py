"""Weights & Biases, if it is on; its failures give a warning and never stop a run."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from torch import nn

from artstyle.config import Config, TrackingConfig
from artstyle.errors import one_line
from artstyle.runs.folder import RunFolder

Mode = Literal["disabled", "offline", "online"]


class Tracker:
    """Logs one run to Weights & Biases; does nothing if tracking is off.

    Args:
        config: The configuration of the run.
        run: The run folder; offline files go into it.
        warn: Called once if tracking fails; tracking is then off for the rest of the run.
    """

    def __init__(self, config: Config, run: RunFolder, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._wandb: Any = None
        self._run: Any = None
        if config.tracking.wandb != "disabled":
            self._try(lambda: self._start(config, run))

    def watch(self, network: nn.Module) -> None:
        """Log the distribution of gradients."""
        self._call(lambda: self._run.watch(network, log="gradients", log_freq=100))

    def log(self, metrics: Mapping[str, float]) -> None:
        """Log an epoch."""
        self._call(lambda: self._run.log(dict(metrics)))

    def confusion(
        self, targets: Sequence[int], predictions: Sequence[int], labels: Sequence[str]
    ) -> None:
        """Log the confusion matrix of the epoch whose weights are kept so far."""
        self._call(
            lambda: self._run.log(
                {
                    "confusion": self._wandb.plot.confusion_matrix(
                        y_true=list(targets), preds=list(predictions), class_names=list(labels)
                    )
                }
            )
        )

    def finish(self) -> None:
        """End the log."""
        self._call(lambda: self._run.finish())
        self._run = None

    def _start(self, config: Config, run: RunFolder) -> None:
        # wandb would send its own error reports to its makers, from offline runs as well.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb  # noqa: PLC0415  # takes a second to import, and few runs use it

        self._wandb = wandb
        self._run = wandb.init(
            project=config.tracking.project,
            name=run.name,
            dir=run.path,
            mode=_mode(wandb, config.tracking, self._warn),
            config={
                **config.model_dump(mode="json"),
                "dataset": run.environment().dataset.to_dict(),
            },
            settings=wandb.Settings(silent=True, init_timeout=60),
        )

    def _call(self, call: Callable[[], object]) -> None:
        if self._run is not None:
            self._try(call)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # whatever fails in a tracker, the run continues
            self._run = None
            self._warn(f"Weights & Biases failed and is off for this run: {one_line(error)}")


def _mode(wandb: Any, config: TrackingConfig, warn: Callable[[str], None]) -> Mode:
    """Return the mode to start in; online without an account would wait for input."""
    if config.wandb == "online" and not wandb.api.api_key:
        warn(
            "no Weights & Biases account on this machine: logging offline;"
            " run 'wandb login' to log online"
        )
        return "offline"
    return config.wandb
