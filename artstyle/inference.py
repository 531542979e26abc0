"""The one inference loop: reads images ahead, batches them, and yields their answers in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from os import cpu_count
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.errors import ImageError, WeightsError
from artstyle.models.style_model import Answers, Output, Pixels, StyleModel
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.square import square_transform

Item = TypeVar("Item")
Value = TypeVar("Value")

Prepared = tuple[Item, NDArray[np.uint8] | str]
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
    maps_CHW: NDArray[np.float32] | None = None
    """Class activation maps before ReLU; None if they were not asked for."""
    content_D: NDArray[np.float32] | None = None
    """The content embedding; None if it was not asked for."""


def predict_logits(
    model: StyleModel,
    items: Iterable[Item],
    read: Callable[[Item], Image.Image],
    *,
    outputs: Sequence[Output] = (),
    batch_size: int | None = None,
    threads: int | None = None,
) -> Iterator[Prediction[Item]]:
    """Yield the model's logits for each item, in order, as they are computed.

    Memory does not grow with the number of items. On a CPU each thread reads a batch and runs the
    network on one core, so reading and computing share the cores without waiting for each other.
    With an accelerator, threads read ahead while it computes.

    Args:
        model: The model.
        items: What to predict; consumed as needed.
        read: Returns the decoded RGB image of an item, or raises ImageError.
        outputs: What else is wanted, of the model's ``outputs``.
        batch_size: Images per forward pass; None takes what suits the model.
        threads: None means one per core.

    Raises:
        WeightsError: The model returned NaN or infinite logits.
    """
    with model.opened() as fast:
        answered = compute_images(
            items,
            read,
            lambda pixels_NSS3: _rows(fast.answer(pixels_NSS3, *outputs)),
            fast.preprocessing,
            batch_size=batch_size or fast.batch_size,
            threads=threads,
            is_concurrent=fast.is_concurrent,
        )
        yield from map(_prediction, answered)


def predict_prepared(
    model: StyleModel, batch: Sequence[Prepared[Item]], outputs: Sequence[Output]
) -> list[Prediction[Item]]:
    """Return a model's logits for one batch that `prepare_image` prepared, in order.

    Raises:
        WeightsError: The model returned NaN or infinite logits.
    """

    def compute(pixels_NSS3: Pixels) -> Iterator[_Row]:
        return _rows(model.answer(pixels_NSS3, *outputs))

    return list(map(_prediction, compute_batch(batch, compute)))


_Array = NDArray[np.float32] | None
_Row = tuple[_Array, _Array, _Array, _Array]


def _prediction(computed: tuple[Item, _Row | None, str | None]) -> Prediction[Item]:
    item, row, error = computed
    logits_C, features_D, maps_CHW, content_D = row or (None, None, None, None)
    return Prediction(item, logits_C, error, features_D, maps_CHW, content_D)


def _rows(answers: Answers) -> Iterator[_Row]:
    """Yield logits, features, maps and content of each image; what was not asked for is None."""
    nothing: list[None] = [None] * len(answers.logits_NC)
    return zip(
        require_finite_logits(answers.logits_NC),
        nothing if answers.features_ND is None else answers.features_ND,
        nothing if answers.maps_NCHW is None else answers.maps_NCHW,
        nothing if answers.content_ND is None else answers.content_ND,
        strict=True,
    )


def compute_images(
    items: Iterable[Item],
    read: Callable[[Item], Image.Image],
    compute: Callable[[Pixels], Iterable[Value]],
    preprocessing: Preprocessing,
    *,
    batch_size: int,
    threads: int | None = None,
    is_concurrent: bool = False,
) -> Iterator[tuple[Item, Value | None, str | None]]:
    """Yield each item with its value, or with the reason why it could not be read, in order.

    Args:
        items: Consumed as needed.
        read: Returns the decoded RGB image of an item, or raises ImageError.
        compute: Returns a value for each image of a batch.
        preprocessing: The square that a decoded image becomes.
        batch_size: Images in a call of ``compute``, at most.
        threads: None means one per core.
        is_concurrent: Whether each thread calls ``compute`` for the images that it read; otherwise
            the threads only read.
    """
    square = square_transform(preprocessing)
    threads = threads or cpu_count() or 1

    def prepare(item: Item) -> Prepared[Item]:
        return prepare_image(item, read, square)

    def work(batch: list[Item]) -> list[tuple[Item, Value | None, str | None]]:
        return compute_batch([prepare(item) for item in batch], compute)

    if is_concurrent:
        split = batches(items, batch_size)
        for finished in read_ahead(split, work, threads=threads, ahead=2 * threads):
            yield from finished
    else:
        prepared = read_ahead(items, prepare, threads=threads, ahead=2 * batch_size)
        for batch in batches(prepared, batch_size):
            yield from compute_batch(batch, compute)


def prepare_image(
    item: Item, read: Callable[[Item], Image.Image], square: Callable[[Image.Image], Image.Image]
) -> Prepared[Item]:
    """Return an item with its pixels, or with the reason why it cannot be read."""
    try:
        return item, np.asarray(square(read(item)))
    except ImageError as error:
        return item, str(error)


def compute_batch(
    batch: Sequence[Prepared[Item]], compute: Callable[[Pixels], Iterable[Value]]
) -> list[tuple[Item, Value | None, str | None]]:
    """Return each item with its value, or with its reading error, after one call of ``compute``."""
    images = [value for _, value in batch if not isinstance(value, str)]
    values = iter(compute(np.stack(images)) if images else ())
    return [
        (item, None, value) if isinstance(value, str) else (item, next(values), None)
        for item, value in batch
    ]


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
