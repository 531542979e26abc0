"""One epoch of training: batches to gradients to steps."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel
from torchvision.transforms import v2

from artstyle.config import AugmentConfig, TrainConfig
from artstyle.data.loading import EpochBatches, derive_seed, iterate
from artstyle.errors import TrainingError
from artstyle.models.unfreeze import train_mode
from artstyle.training.losses import Loss
from artstyle.training.optim import Schedule
from artstyle.training.processes import Processes

Batch = tuple[Tensor, Tensor]


@dataclass
class Learner:
    """All that moves while a network learns."""

    network: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    scaler: GradScaler
    """Does nothing unless the precision is fp16."""
    ema: AveragedModel | None
    loss: Loss
    mix: Callable[[Tensor, Tensor], Batch] | None
    """Mixup or CutMix of a batch."""
    precision: torch.dtype | None
    """Of autocast; None computes in float32."""

    @property
    def answering(self) -> nn.Module:
        """The network whose answers count: the moving average if there is one."""
        return self.network if self.ema is None else self.ema.module


@dataclass(frozen=True)
class Feed:
    """What comes in during an epoch, and what it goes through."""

    batches: Iterable[Batch]
    """This process's part of each, with labels."""
    enter: Callable[[Tensor], Tensor]
    """From a batch on the device to what the module takes."""
    module: nn.Module
    """The network, or a part of it that takes what the rest has computed before."""


@dataclass(frozen=True)
class EpochResult:
    """What an epoch of training came to, over all processes."""

    loss: float
    accuracy: float
    """On the varied pictures, before each step."""
    images: int
    steps: int
    """Batches."""
    seconds: float
    lr: float
    """Of the head, at the end."""


@dataclass
class Tally:
    """What the batches of an epoch came to so far, in this process."""

    loss: float = 0.0
    """Summed over pictures, as the answers that were right."""
    right: int = 0
    images: int = 0
    seconds: float = 0.0

    def add(self, loss: float, right: int, images: int, seconds: float) -> None:
        """Count a batch."""
        self.loss += loss
        self.right += right
        self.images += images
        self.seconds += seconds

    @property
    def sums(self) -> tuple[float, float, float]:
        """What is added up over processes."""
        return self.loss, self.right, self.images


@dataclass(frozen=True)
class BatchResult:
    """What is told of a batch."""

    done: int
    """Batches of the epoch, with this one."""
    loss: float
    """Mean, in this process."""
    images: int
    """Over all processes."""
    moved: bool
    """Whether the weights have just moved: no gradient is waiting for the next batch."""


class BadLossError(TrainingError):
    """The loss is no finite number; the batch is with it.

    Args:
        step: The batch's place in the epoch, counted from 0.
        loss: NaN or infinite.
        inputs: The batch as it was fed: N pictures or their features.
        labels: N of them.
    """

    def __init__(self, step: int, loss: float, inputs: Tensor, labels: Tensor) -> None:
        super().__init__(f"the loss is {loss} in batch {step + 1}")
        self.step, self.loss, self.inputs, self.labels = step, loss, inputs, labels


def build_mix(config: AugmentConfig, num_styles: int) -> Callable[[Tensor, Tensor], Batch] | None:
    """Return what mixes the pictures of a batch; None if nothing is asked for."""
    ways: list[nn.Module] = []
    if config.mixup_alpha:
        ways.append(v2.MixUp(alpha=config.mixup_alpha, num_classes=num_styles))
    if config.cutmix_alpha:
        ways.append(v2.CutMix(alpha=config.cutmix_alpha, num_classes=num_styles))
    return v2.RandomChoice(ways) if ways else None


def train_epoch(
    learner: Learner,
    feed: Feed,
    batches: EpochBatches,
    config: TrainConfig,
    processes: Processes,
    tally: Tally,
    after_batch: Callable[[BatchResult], None],
) -> EpochResult:
    """Train for one epoch, the one that ``batches`` is set to, from its first batch there on.

    The gradient of a step is that of the mean loss over all its pictures, however they are dealt
    out to processes and to accumulated batches.

    Args:
        learner: Changed in place.
        feed: This process's part of ``batches``.
        batches: The epoch's batches.
        config: Accumulation, clipping.
        processes: This one and the others.
        tally: Of the batches before; those that follow are added.
        after_batch: Told of each.

    Raises:
        BadLossError: The loss is no longer a finite number.
    """
    train_mode(feed.module)
    module = _distributed(feed.module, processes)
    device, clock = processes.device, time.perf_counter()
    sizes = islice(_step_sizes(batches, config.accumulate), batches.first, None)
    for step, (images, labels) in enumerate(iterate(feed.batches), start=batches.first):
        torch.manual_seed(derive_seed(batches.seed, "step", batches.epoch, step, processes.rank))
        moves = (step + 1) % config.accumulate == 0 or step + 1 == len(batches)
        share = processes.world / next(sizes)
        with _unsynchronised(module, moves):
            images, labels = (
                images.to(device, non_blocking=True),
                labels.to(device, non_blocking=True),
            )
            losses_N, right = _backward(learner, module, feed.enter(images), labels, share)
        if moves:
            _move(learner, config.max_grad_norm)
        mean = float(losses_N.mean())
        if not math.isfinite(mean):
            raise BadLossError(step, mean, images, labels)
        started, clock = clock, time.perf_counter()
        tally.add(mean * len(labels), right, len(labels), clock - started)
        after_batch(BatchResult(step + 1, mean, len(labels) * processes.world, moves))
    processes.share_buffers(learner.network)
    processes.share_buffers(learner.answering)
    loss, right_total, images_total = processes.total(tally.sums)
    return EpochResult(
        loss=loss / images_total,
        accuracy=right_total / images_total,
        images=round(images_total),
        steps=len(batches),
        seconds=tally.seconds,
        lr=float(learner.optimizer.param_groups[0]["lr"]),
    )


def _backward(
    learner: Learner,
    module: nn.Module,
    images: Tensor,
    labels: Tensor,
    share: float,
) -> tuple[Tensor, int]:
    """Add the gradients of one batch; return its losses and how many answers were right."""
    targets = labels
    if learner.mix is not None:
        images, targets = learner.mix(images, labels)
    with torch.autocast(
        images.device.type, dtype=learner.precision, enabled=learner.precision is not None
    ):
        logits_NC = module(images)
    losses_N = learner.loss(logits_NC.float(), targets)
    loss = learner.scaler.scale(losses_N.sum() * share)
    loss.backward()  # type: ignore[no-untyped-call]
    return losses_N.detach(), int((logits_NC.argmax(dim=1) == labels).sum())


def _move(learner: Learner, max_grad_norm: float) -> None:
    if max_grad_norm:
        # Unscale first: clipping scaled gradients would clip the true ones at norm / scale.
        learner.scaler.unscale_(learner.optimizer)
        learning = [p for p in learner.network.parameters() if p.grad is not None]
        nn.utils.clip_grad_norm_(learning, max_grad_norm)
    learner.scaler.step(learner.optimizer)
    learner.scaler.update()
    learner.optimizer.zero_grad(set_to_none=True)
    learner.schedule.after_step()
    if learner.ema is not None:
        learner.ema.update_parameters(learner.network)


def _step_sizes(batches: EpochBatches, accumulate: int) -> Iterator[int]:
    """Yield, for each batch, the pictures of the step that it belongs to, over all processes."""
    sizes = batches.sizes()
    for start in range(0, len(sizes), accumulate):
        group = sizes[start : start + accumulate]
        yield from [sum(group)] * len(group)


def _distributed(network: nn.Module, processes: Processes) -> nn.Module:
    """Wrap the network so that gradients are averaged over processes.

    Wrapped anew each epoch, since what learns may have changed with the stage.
    """
    learns = any(parameter.requires_grad for parameter in network.parameters())
    if processes.world == 1 or not learns:
        return network
    ids = [processes.device.index] if processes.device.type == "cuda" else None
    return DistributedDataParallel(network, device_ids=ids)


def _unsynchronised(module: nn.Module, moves: bool) -> AbstractContextManager[None]:
    """Return a context in which gradients stay in this process until the weights move."""
    if moves or not isinstance(module, DistributedDataParallel):
        return nullcontext()
    return module.no_sync()
