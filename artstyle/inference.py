"""The only loop in which a network answers: device, precision, reading ahead, batches."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from os import cpu_count
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from artstyle.allocator import keep_freed_memory
from artstyle.data.transforms import eval_transform
from artstyle.errors import ImageError, UsageError, WeightsError
from artstyle.models.checkpoint import StyleModel

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Prediction(Generic[Item]):
    """What a model said of one picture."""

    item: Item
    logits_C: NDArray[np.float32] | None
    """None where the picture could not be read."""
    error: str | None
    """Why it could not be read."""


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; ``auto`` takes an accelerator if there is one.

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


def predict_logits(
    model: StyleModel,
    items: Iterable[Item],
    read: Callable[[Item], Image.Image],
    *,
    batch_size: int = 32,
    threads: int | None = None,
    precision: torch.dtype | None = None,
) -> Iterator[Prediction[Item]]:
    """Yield the model's logits for each item, in order, as they come.

    Pictures are read and prepared in threads while the network works, at most two batches ahead:
    memory does not grow with the number of items.

    Args:
        model: The model.
        items: What is to be answered; consumed as needed.
        read: Gives the decoded RGB picture of an item, or raises ImageError.
        batch_size: Pictures a forward pass.
        threads: That read; None takes one per core.
        precision: Of autocast; None computes in float32.
    """
    transform = eval_transform(model.preprocessing)

    def prepare(item: Item) -> tuple[Item, Tensor | str]:
        try:
            return item, transform(read(item))
        except ImageError as error:
            return item, str(error)

    workers = threads or cpu_count() or 1
    prepared = read_ahead(items, prepare, threads=workers, ahead=2 * batch_size)
    while batch := list(islice(prepared, batch_size)):
        yield from _answer(model, batch, precision)


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
    model: StyleModel, batch: list[tuple[Item, Tensor | str]], precision: torch.dtype | None
) -> Iterator[Prediction[Item]]:
    tensors = [value for _, value in batch if isinstance(value, Tensor)]
    answers: Iterator[NDArray[np.float32]] = iter(())
    if tensors:
        images = torch.stack(tensors).to(model.device, memory_format=torch.channels_last)
        answers = iter(require_numbers(forward(model.network, images, precision).cpu().numpy()))
    for item, value in batch:
        if isinstance(value, str):
            yield Prediction(item, None, value)
        else:
            yield Prediction(item, next(answers), None)
