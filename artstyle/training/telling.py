"""What is told of a run while it goes on: a line a batch, a line an epoch."""

import time

import psutil
import torch

from artstyle.config import Config
from artstyle.training.engine import BatchResult, EpochResult, Learner
from artstyle.training.saving import Standing
from artstyle.training.validation import Validation


class Meter:
    """Speed, loss, learning rate and memory while an epoch runs."""

    def __init__(self, learner: Learner, device: torch.device) -> None:
        self._learner, self._device = learner, device
        self._started, self._images = time.perf_counter(), 0
        self._loss = 0.0

    def after(self, batch: BatchResult) -> str:
        """Count a batch and return the line to show."""
        self._images += batch.images
        self._loss = 0.9 * self._loss + 0.1 * batch.loss if self._loss else batch.loss
        speed = self._images / (time.perf_counter() - self._started)
        lr = self._learner.optimizer.param_groups[0]["lr"]
        memory = f"{memory_gb(self._device):.1f} GB"
        return f"loss {self._loss:.3f}  {speed:.0f} images/s  lr {lr:.1e}  {memory}"


def memory_gb(device: torch.device) -> float:
    """Return the memory in use: of the accelerator at most so far, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    return psutil.Process().memory_info().rss / 2**30


def epoch_line(
    config: Config, standing: Standing, trained: EpochResult | None, validated: Validation
) -> tuple[str, int, int, str]:
    """Return what ``Progress`` is told of a finished epoch."""
    stage = f"epoch {standing.epochs} of {config.train.epochs}"
    loss = f"loss {trained.loss:.3f}, " if trained else ""
    speed = f", {trained.images / trained.seconds:.0f} images/s" if trained else ""
    detail = (
        f"{loss}val loss {validated.loss:.3f}, accuracy {validated.accuracy:.3f},"
        f" macro F1 {validated.macro_f1:.3f}{speed}"
        + (", best so far" if standing.best_epoch == standing.epochs else "")
    )
    steps = trained.steps if trained else 1
    return stage, steps, steps, detail
