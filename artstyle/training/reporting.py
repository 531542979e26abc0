"""What a run reports while it trains: one line per batch, one line per epoch."""

import time

import psutil
import torch

from artstyle.config import TrainConfig
from artstyle.training.engine import BatchResult, EpochResult, Learner
from artstyle.training.run_state import RunState
from artstyle.training.validation import Validation

_SMOOTHING = 0.9
"""Share of the earlier batches in the reported loss."""


class Meter:
    """Speed, loss, learning rate and memory while an epoch runs."""

    def __init__(self, learner: Learner, device: torch.device) -> None:
        self._learner, self._device = learner, device
        self._started, self._images = time.perf_counter(), 0
        self._loss = 0.0

    def after(self, batch: BatchResult) -> str:
        """Count a batch and return the line to show."""
        self._images += batch.images
        smoothed = _SMOOTHING * self._loss + (1 - _SMOOTHING) * batch.loss
        self._loss = smoothed if self._loss else batch.loss
        speed = self._images / (time.perf_counter() - self._started)
        lr = self._learner.optimizer.param_groups[0]["lr"]
        memory = f"{memory_gb(self._device):.1f} GB"
        return f"loss {self._loss:.3f}  {speed:.0f} images/s  lr {lr:.1e}  {memory}"


def memory_gb(device: torch.device) -> float:
    """Return the memory in GiB: an accelerator's peak, or what this process uses now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return psutil.Process().memory_info().rss / 2**30


def epoch_line(
    config: TrainConfig, state: RunState, trained: EpochResult | None, validated: Validation
) -> tuple[str, int, int, str]:
    """Return the arguments of ``Progress`` after an epoch: stage, done, total, detail.

    The line fits 80 columns. ``history.csv`` has more.
    """
    stage = f"epoch {state.epochs} of {config.epochs}"
    parts = [
        f"loss {validated.plain_train_loss:.3f} (val {validated.loss:.3f})",
        f"accuracy {validated.accuracy:.3f}",
        f"macro F1 {validated.macro_f1:.3f}",
        *(["best"] if state.best_epoch == state.epochs else []),
    ]
    batches = trained.batches if trained else 1
    return stage, batches, batches, ", ".join(parts)
