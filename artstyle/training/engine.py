"""One epoch of training: batches, gradients, updates of the weights."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, islice

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from artstyle.config import TrainConfig
from artstyle.data.loading import EpochBatches, Item, iterate
from artstyle.data.seeding import derived_seed
from artstyle.errors import TrainingError
from artstyle.models.unfreeze import train_mode
from artstyle.training.draws.masks import MasksByPlace
from artstyle.training.draws.mixing import Mix, mixed
from artstyle.training.losses import Loss, right_answers
from artstyle.training.optim import Schedule
from artstyle.training.process_group import ProcessGroup


@dataclass
class Learner:
    """Everything that training changes."""

    network: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    scaler: GradScaler
    """Does nothing unless the precision is fp16."""
    ema: AveragedModel | None
    loss: Loss
    mix: Mix | None
    """Mixup or CutMix of a batch."""
    precision: torch.dtype | None
    """Dtype for autocast; None computes in float32."""
    heads: nn.Module | None = None
    """What only training needs of a network of two streams: heads for genres, for instance."""

    @property
    def trained(self) -> Iterator[nn.Parameter]:
        """The parameters that have a gradient."""
        modules = filter(None, (self.network, self.heads))
        parameters = chain.from_iterable(module.parameters() for module in modules)
        return (parameter for parameter in parameters if parameter.grad is not None)

    @property
    def eval_network(self) -> nn.Module:
        """The network that is validated and kept: the averaged weights if there are any."""
        return self.network if self.ema is None else self.ema.module


@dataclass(frozen=True)
class Feed:
    """The input of an epoch, and the module that takes it."""

    batches: EpochBatches
    """This process's part of each batch."""
    loader: Iterable[Item]
    """Yields inputs and labels in the order of ``batches``; for two streams, genres too."""
    to_input: Callable[[Tensor], Tensor]
    """Turns a batch on the device into the module's input."""
    module: nn.Module
    """The network; its head alone, for inputs that are features; or two streams with their heads,
    which take labels and genres too and add a loss of their own."""


@dataclass(frozen=True)
class EpochResult:
    """The result of one epoch of training, over all processes."""

    loss: float
    """What was optimised: weighted, smoothed and mixed as configured, on the augmented images."""
    accuracy: float
    """On the augmented images, before each update."""
    images: int
    batches: int
    seconds: float
    lr: float
    """The head's learning rate, mean over the images."""


@dataclass
class Tally:
    """Running sums over an epoch's batches, in this process."""

    loss: float = 0.0
    """Summed over images."""
    right: float = 0
    """Correct predictions; of several labels, the share that is correct."""
    images: int = 0
    seconds: float = 0.0
    lr: float = 0.0
    """The head's learning rate, summed over images."""

    def add(self, loss: float, right: float, images: int, seconds: float, lr: float = 0.0) -> None:
        """Add one batch; ``loss`` and ``lr`` are sums over its images."""
        self.loss += loss
        self.right += right
        self.images += images
        self.seconds += seconds
        self.lr += lr


@dataclass(frozen=True)
class BatchResult:
    """What is reported after each batch."""

    done: int
    """Batches of the epoch so far, with this one."""
    loss: float
    """Mean, in this process."""
    images: int
    """Over all processes."""
    updated: bool
    """Whether this batch ended with an update: no gradient is waiting for the next batch."""


class NonfiniteLossError(TrainingError):
    """The loss is NaN or infinite; the error carries the batch.

    Args:
        batch: The batch's position in the epoch, counted from 0.
        loss: NaN or infinite.
        inputs: N images or their features, as they were loaded.
        labels: N of them.
    """

    def __init__(self, batch: int, loss: float, inputs: Tensor, labels: Tensor) -> None:
        super().__init__(f"the loss is {loss} in batch {batch + 1}")
        self.batch, self.loss, self.inputs, self.labels = batch, loss, inputs, labels


@dataclass(frozen=True)
class _Position:
    """Where a batch is in the epoch and in its update."""

    number: int
    """Counted from 0."""
    size: int
    """Images of the batch, over all processes."""
    loss_weight: float
    """Factor of each image's loss, so that an update follows the mean over all its images."""
    updates: bool
    """Whether the weights are updated after this batch."""


def train_epoch(
    learner: Learner,
    feed: Feed,
    config: TrainConfig,
    group: ProcessGroup,
    *,
    tally: Tally,
    after_batch: Callable[[BatchResult], None],
) -> EpochResult:
    """Train on the epoch and from the batch that ``feed.batches`` is set to.

    An update follows the gradient of the mean loss over all its images, in whichever processes and
    accumulated batches they are.

    Args:
        learner: Changed in place.
        feed: The epoch's batches.
        config: Accumulation, clipping.
        group: This process and the others.
        tally: Sums over the epoch's earlier batches; the new batches are added.
        after_batch: Called after each batch.

    Raises:
        NonfiniteLossError: A loss is NaN or infinite.
    """
    train_mode(feed.module)
    feed = replace(feed, module=_distributed(feed.module, group))
    clock = time.perf_counter()
    positions = _positions(feed.batches, config.accumulate, group.world_size)
    for position, batch in zip(positions, iterate(feed.loader), strict=True):
        on_device = tuple(part.to(group.device, non_blocking=True) for part in batch)
        labels = on_device[1]
        lr = float(learner.optimizer.param_groups[0]["lr"])
        loss, right = _train_batch(learner, feed, position, on_device, config.max_grad_norm, group)
        started, clock = clock, time.perf_counter()
        tally.add(loss * len(labels), right, len(labels), clock - started, lr * len(labels))
        images = len(labels) * group.world_size
        after_batch(BatchResult(position.number + 1, loss, images, position.updates))
    for network in (learner.network, learner.eval_network):
        group.broadcast_buffers(network)
    return _epoch_result(learner, feed, tally, group)


def _positions(batches: EpochBatches, accumulate: int, world_size: int) -> Iterator[_Position]:
    """Yield the position of each batch from ``batches.first`` on."""
    every = (
        _Position(number, size, world_size / sum(sizes), updates=number + 1 == start + len(sizes))
        for start, sizes in _updates(batches.sizes(), accumulate)
        for number, size in enumerate(sizes, start)
    )
    return islice(every, batches.first, None)


def _updates(sizes: list[int], accumulate: int) -> Iterator[tuple[int, list[int]]]:
    """Yield each update's first batch and the sizes of its batches, over all processes."""
    for start in range(0, len(sizes), accumulate):
        yield start, sizes[start : start + accumulate]


def _train_batch(
    learner: Learner,
    feed: Feed,
    position: _Position,
    batch: Item,
    max_grad_norm: float,
    group: ProcessGroup,
) -> tuple[float, float]:
    """Train on one batch; return its mean loss and the number of right predictions."""
    inputs, labels = batch[:2]
    with _local_gradients(feed.module, position.updates):
        loss_N, right = _add_gradients(learner, feed, position, batch, group)
    if position.updates:
        update_weights(learner, max_grad_norm)
    loss = float(loss_N.mean())
    if not math.isfinite(loss):
        raise NonfiniteLossError(position.number, loss, inputs, labels)
    return loss, right


def _add_gradients(
    learner: Learner, feed: Feed, position: _Position, batch: Item, group: ProcessGroup
) -> tuple[Tensor, float]:
    """Add the gradients of one batch; return its losses and the number of right predictions.

    Each batch has its own seeds, so that a resumed run draws the same. Pairs and masks are those of
    the batch of all processes; what else draws from torch's generator differs between processes.
    """
    pixels, labels, *genres = batch
    drawn = (feed.batches.seed, "step", feed.batches.epoch, position.number)
    if learner.mix is None:
        inputs, targets = feed.to_input(pixels), labels
    else:
        torch.manual_seed(derived_seed(*drawn, "mix"))
        inputs, targets = mixed(learner.mix, pixels, labels, feed.to_input, group, position.size)
    torch.manual_seed(derived_seed(*drawn, group.rank))
    masks = MasksByPlace(
        derived_seed(*drawn, "masks"),
        position.size,
        group.device,
        rank=group.rank,
        world_size=group.world_size,
    )
    autocast = torch.autocast(
        group.device.type, dtype=learner.precision, enabled=learner.precision is not None
    )
    with masks, autocast:
        answer = feed.module(inputs, labels, *genres) if genres else feed.module(inputs)
    logits_NC, of_streams = answer if genres else (answer, 0)
    losses_N = learner.loss(logits_NC.float(), targets) + of_streams
    loss = learner.scaler.scale(losses_N.sum() * position.loss_weight)
    loss.backward()  # type: ignore[no-untyped-call]
    return losses_N.detach(), right_answers(logits_NC, labels)


def update_weights(learner: Learner, max_grad_norm: float) -> None:
    """Update the weights by their gradients, and with them the schedule and the average.

    With fp16, gradients that overflow change nothing but the scaler, which lowers its scale.
    """
    scaler = learner.scaler
    if max_grad_norm:
        # Unscale first: clipping scaled gradients would clip the true ones at norm / scale.
        scaler.unscale_(learner.optimizer)
        nn.utils.clip_grad_norm_(list(learner.trained), max_grad_norm)
    scale = scaler.get_scale()
    scaler.step(learner.optimizer)
    scaler.update()
    learner.optimizer.zero_grad(set_to_none=True)
    if scaler.get_scale() < scale:
        return
    learner.schedule.after_update()
    if learner.ema is not None:
        learner.ema.update_parameters(learner.network)


def _epoch_result(learner: Learner, feed: Feed, tally: Tally, group: ProcessGroup) -> EpochResult:
    loss, right, images, lr = group.sum((tally.loss, tally.right, tally.images, tally.lr))
    return EpochResult(
        loss=loss / images,
        accuracy=right / images,
        images=round(images),
        batches=len(feed.batches),
        seconds=tally.seconds,
        lr=lr / images,
    )


def _distributed(network: nn.Module, group: ProcessGroup) -> nn.Module:
    """Wrap the network so that gradients are averaged over processes.

    It is wrapped for each epoch, because other parameters may be trained than in the last one.
    """
    is_trained = any(parameter.requires_grad for parameter in network.parameters())
    if group.world_size == 1 or not is_trained:
        return network
    ids = [group.device.index] if group.device.type == "cuda" else None
    return DistributedDataParallel(network, device_ids=ids)


def _local_gradients(module: nn.Module, updates: bool) -> AbstractContextManager[None]:
    """Return a context in which processes do not exchange gradients until the update."""
    if updates or not isinstance(module, DistributedDataParallel):
        return nullcontext()
    return module.no_sync()
