"""The one inference loop: reads images ahead, batches them, and yields their logits in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from os import cpu_count
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from artstyle.devices import choose_batch_size
from artstyle.errors import ImageError, WeightsError
from artstyle.models.checkpoint import StyleModel
from artstyle.models.folding import folded
from artstyle.pictures.transforms import normalise, square_transform

Item = TypeVar("Item")
Value = TypeVar("Value")

_Prepared = tuple[Item, NDArray[np.uint8] | str]
"""An item with its pixels as the model sees them, S x S x 3, or with the reading error."""


@dataclass(frozen=True)
class Prediction(Generic[Item]):
    """What a model returned for one image."""

    item: Item
    logits_C: NDArray[np.float32] | None
    """None if the image could not be read."""
    error: str | None
    """Why it could not be read."""
    features_D: NDArray[np.float32] | None = None
    """The input of the last linear layer; None if it was not asked for."""


@dataclass(frozen=True)
class _Loop(Generic[Item]):
    """What both forms of the loop need: a folded model, a reader, and how wide to run."""

    model: StyleModel
    read: Callable[[Item], Image.Image]
    precision: torch.dtype | None
    batch_size: int
    threads: int

    def prepare(self, item: Item) -> _Prepared[Item]:
        """Read one image and make it the square that the model sees."""
        square = square_transform(self.model.preprocessing)
        try:
            return item, np.asarray(square(self.read(item)))
        except ImageError as error:
            return item, str(error)

    def predict(self, batch: Sequence[_Prepared[Item]]) -> list[Prediction[Item]]:
        """Run one batch through the network; an image that could not be read keeps its error."""
        images = [value for _, value in batch if not isinstance(value, str)]
        logits: Iterator[NDArray[np.float32]] = iter(())
        if images:
            pixels_NSS3 = torch.from_numpy(np.stack(images)).to(self.model.device)
            images_N3SS = normalise(pixels_NSS3, self.model.preprocessing)
            logits_NC = forward(self.model.network, images_N3SS, self.precision).cpu().numpy()
            logits = iter(require_finite_logits(logits_NC))
        return [
            Prediction(item, None, value)
            if isinstance(value, str)
            else Prediction(item, next(logits), None)
            for item, value in batch
        ]


def predict_logits(
    model: StyleModel,
    items: Iterable[Item],
    read: Callable[[Item], Image.Image],
    *,
    batch_size: int | None = None,
    threads: int | None = None,
    precision: torch.dtype | None = None,
) -> Iterator[Prediction[Item]]:
    """Yield the model's logits for each item, in order, as they are computed.

    Memory does not grow with the number of items. On a CPU each thread reads a batch and runs the
    network on one core, so reading and computing share the cores without waiting for each other.
    With an accelerator, threads read ahead while it computes.

    Args:
        model: The model.
        items: What to predict; consumed as needed.
        read: Returns the decoded RGB image of an item, or raises ImageError.
        batch_size: Images per forward pass; None chooses one for the device.
        threads: None means one per core.
        precision: Dtype for autocast; None computes in float32.

    Raises:
        WeightsError: The model returned NaN or infinite logits.
    """
    fast = replace(model, network=folded(model.network, model.preprocessing.image_size))
    size = batch_size or choose_batch_size(model.device)
    loop = _Loop(fast, read, precision, size, threads or cpu_count() or 1)
    yield from (_on_cpu if model.device.type == "cpu" else _on_accelerator)(loop, items)


def _on_cpu(loop: _Loop[Item], items: Iterable[Item]) -> Iterator[Prediction[Item]]:
    def work(batch: list[Item]) -> list[Prediction[Item]]:
        torch.set_num_threads(1)  # For this thread, and for threads that start later.
        return loop.predict([loop.prepare(item) for item in batch])

    cores, ahead = torch.get_num_threads(), 2 * loop.threads
    try:
        split = batches(items, loop.batch_size)
        for predictions in read_ahead(split, work, threads=loop.threads, ahead=ahead):
            yield from predictions
    finally:
        torch.set_num_threads(cores)


def _on_accelerator(loop: _Loop[Item], items: Iterable[Item]) -> Iterator[Prediction[Item]]:
    ahead = 2 * loop.batch_size
    prepared = read_ahead(items, loop.prepare, threads=loop.threads, ahead=ahead)
    for batch in batches(prepared, loop.batch_size):
        yield from loop.predict(batch)


def batches(items: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Yield lists of ``size`` items; the last list may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def read_ahead(
    items: Iterable[Item], read: Callable[[Item], Value], *, threads: int, ahead: int
) -> Iterator[Value]:
    """Yield ``read(item)`` in order, computed in threads, at most ``ahead`` items early."""
    source = iter(items)
    waiting: deque[Future[Value]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="read")
    try:
        waiting.extend(pool.submit(read, item) for item in islice(source, ahead))
        while waiting:
            value = waiting.popleft().result()
            waiting.extend(pool.submit(read, item) for item in islice(source, 1))
            yield value
    finally:
        pool.shutdown(cancel_futures=True)


def forward(network: nn.Module, images_N3HW: Tensor, precision: torch.dtype | None) -> Tensor:
    """Return float32 logits, N x C, computed without gradients in the given precision."""
    device = images_N3HW.device.type
    with (
        torch.inference_mode(),
        torch.autocast(device, dtype=precision, enabled=precision is not None),
    ):
        logits_NC: Tensor = network(images_N3HW)
    return logits_NC.float()


def require_finite_logits(logits_NC: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logits unchanged.

    Raises:
        WeightsError: A logit is NaN or infinite: the weights are too large or damaged.
    """
    if not np.isfinite(logits_NC).all():
        raise WeightsError(
            "the model returned NaN or infinite logits: its weights are damaged;"
            " use another checkpoint or train a new run"
        )
    return logits_NC
