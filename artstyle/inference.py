"""The only loop in which a network answers: device, precision, reading ahead, batches."""

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

from artstyle.allocator import keep_freed_memory
from artstyle.data.transforms import normalise, square_transform
from artstyle.errors import ImageError, UsageError, WeightsError
from artstyle.models.checkpoint import StyleModel
from artstyle.models.folding import folded

Item = TypeVar("Item")
Value = TypeVar("Value")

_Prepared = tuple[Item, NDArray[np.uint8] | str]
"""An item, and what the model sees of it, S x S x 3, or why it could not be read."""


@dataclass(frozen=True)
class Prediction(Generic[Item]):
    """What a model said of one picture."""

    item: Item
    logits_C: NDArray[np.float32] | None
    """None where the picture could not be read."""
    error: str | None
    """Why it could not be read."""


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; ``auto`` takes an accelerator if there is one.

    Raises:
        UsageError: There is no such device here.
    """
    if name == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        return found or _prepared_cpu()
    try:
        device = torch.device(name)
        if device.type == "cpu":
            return _prepared_cpu()
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(
            f"no device '{name}' on this machine; --device auto takes what there is"
        ) from None
    return device


def _prepared_cpu() -> torch.device:
    keep_freed_memory()
    return torch.device("cpu")


def choose_precision(name: str, device: torch.device) -> torch.dtype | None:
    """Return the type in which autocast computes; None for float32 throughout.

    ``auto`` takes bfloat16 where an accelerator has it, else float16. On a CPU it takes float32:
    there bfloat16 makes some networks faster and others slower.
    """
    if name != "auto":
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[name]
    if device.type == "cpu":
        return None
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


def choose_batch_size(device: torch.device) -> int:
    """Return how many pictures a forward pass takes best.

    On a CPU each core has a batch of its own: a small one stays in its cache and ends evenly. With
    fewer than 16, torch computes 1x1 convolutions on one core by a slower way.
    """
    return 16 if device.type == "cpu" else 32


def predict_logits(
    model: StyleModel,
    items: Iterable[Item],
    read: Callable[[Item], Image.Image],
    *,
    batch_size: int | None = None,
    threads: int | None = None,
    precision: torch.dtype | None = None,
) -> Iterator[Prediction[Item]]:
    """Yield the model's logits for each item, in order, as they come.

    Memory does not grow with the number of items. On a CPU each thread takes a batch, reads it and
    lets the network answer on one core: reading and network share the cores without waiting for
    each other. With an accelerator, threads read ahead while it answers.

    Args:
        model: The model.
        items: What is to be answered; consumed as needed.
        read: Gives the decoded RGB picture of an item, or raises ImageError.
        batch_size: Pictures a forward pass; None takes what suits the device.
        threads: None takes one per core.
        precision: Of autocast; None computes in float32.
    """
    on_cpu = model.device.type == "cpu"
    size = batch_size or choose_batch_size(model.device)
    workers = threads or cpu_count() or 1
    square = square_transform(model.preprocessing)
    fast = replace(model, network=folded(model.network, model.preprocessing.image_size))

    def prepare(item: Item) -> _Prepared[Item]:
        try:
            return item, np.asarray(square(read(item)))
        except ImageError as error:
            return item, str(error)

    def answer(batch: list[_Prepared[Item]]) -> list[Prediction[Item]]:
        return _answer(fast, batch, precision)

    if not on_cpu:
        prepared = read_ahead(items, prepare, threads=workers, ahead=2 * size)
        for batch in batches(prepared, size):
            yield from answer(batch)
        return

    def work(batch: list[Item]) -> list[Prediction[Item]]:
        torch.set_num_threads(1)  # Of this thread, and of those that begin later.
        return answer([prepare(item) for item in batch])

    cores = torch.get_num_threads()
    try:
        for answers in read_ahead(batches(items, size), work, threads=workers, ahead=2 * workers):
            yield from answers
    finally:
        torch.set_num_threads(cores)


def batches(items: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Yield lists of ``size`` items, the last perhaps shorter."""
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


def require_numbers(logits_NC: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logits as they are.

    Raises:
        WeightsError: One is infinite or no number: the weights are too large to answer with.
    """
    if not np.isfinite(logits_NC).all():
        raise WeightsError("the model's answers are no numbers: its weights are damaged")
    return logits_NC


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return probabilities over the last axis, in float64."""
    shifted = np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True)
    powers = np.exp(shifted)
    probabilities: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def _answer(
    model: StyleModel, batch: Sequence[_Prepared[Item]], precision: torch.dtype | None
) -> list[Prediction[Item]]:
    pictures = [value for _, value in batch if not isinstance(value, str)]
    answers: Iterator[NDArray[np.float32]] = iter(())
    if pictures:
        pixels_NSS3 = torch.from_numpy(np.stack(pictures)).to(model.device)
        images_N3SS = normalise(pixels_NSS3, model.preprocessing)
        logits_NC = forward(model.network, images_N3SS, precision).cpu().numpy()
        answers = iter(require_numbers(logits_NC))
    return [
        Prediction(item, None, value)
        if isinstance(value, str)
        else Prediction(item, next(answers), None)
        for item, value in batch
    ]
