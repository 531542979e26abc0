"""Weights & Biases, if it is asked for; its failures are told and never stop a run."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from torch import nn

from artstyle.config import Config, TrackingConfig
from artstyle.runs import RunFolder

Mode = Literal["disabled", "offline", "online"]


class Tracker:
    """Tells Weights & Biases of one run, or nobody.

    Args:
        config: Of the whole run.
        run: Offline files go into its folder.
        warn: Told once if tracking fails; it is then off for the rest of the run.
    """

    def __init__(self, config: Config, run: RunFolder, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._wandb: Any = None
        self._run: Any = None
        if config.tracking.wandb != "disabled":
            self._try(lambda: self._start(config, run))

    def watch(self, network: nn.Module) -> None:
        """Record the distribution of gradients."""
        self._tell(lambda: self._run.watch(network, log="gradients", log_freq=100))

    def log(self, metrics: Mapping[str, float]) -> None:
        """Record an epoch."""
        self._tell(lambda: self._run.log(dict(metrics)))

    def confusion(
        self, targets: Sequence[int], predictions: Sequence[int], labels: Sequence[str]
    ) -> None:
        """Record the confusion matrix of the epoch that is kept so far."""
        self._tell(
            lambda: self._run.log(
                {
                    "confusion": self._wandb.plot.confusion_matrix(
                        y_true=list(targets), preds=list(predictions), class_names=list(labels)
                    )
                }
            )
        )

    def finish(self) -> None:
        """End the record."""
        self._tell(lambda: self._run.finish())
        self._run = None

    def _start(self, config: Config, run: RunFolder) -> None:
        # It would tell its makers how it fares, offline runs included.
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb  # noqa: PLC0415  # a second to import, and only some runs want it

        self._wandb = wandb
        self._run = wandb.init(
            project=config.tracking.project,
            name=run.name,
            dir=run.path,
            mode=_mode(wandb, config.tracking, self._warn),
            config=config.model_dump(mode="json"),
            settings=wandb.Settings(silent=True, init_timeout=60),
        )

    def _tell(self, call: Callable[[], object]) -> None:
        if self._run is not None:
            self._try(call)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  # whatever a tracker does, the run goes on
            self._run = None
            reason = " ".join(str(error).split()) or type(error).__name__
            self._warn(f"Weights & Biases failed and is off for this run: {reason}")


def _mode(wandb: Any, config: TrackingConfig, warn: Callable[[str], None]) -> Mode:
    """Return the mode to start in; online without an account would wait for an answer."""
    if config.wandb == "online" and not wandb.api.api_key:
        warn(
            "no Weights & Biases account is set up here; recording offline ('wandb login' mends it)"
        )
        return "offline"
    return config.wandb
