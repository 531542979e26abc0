"""Faults from outside training: memory runs out, or a data-loading worker is killed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch

from artstyle.config import Config
from artstyle.errors import TrainingError, one_line

# Messages of accelerators, of torch's allocator on a CPU, and of oneDNN.
_OUT_OF_MEMORY = (
    "out of memory", "can't allocate memory", "not enough memory", "could not create a primitive",
)  # fmt: skip

_REPORT_OF_A_DEATH_S = 1.0
"""How long the report of a worker's death may take; a signal ends the wait."""


class OutOfMemoryError(TrainingError):
    """The device's memory is too small for a batch.

    Args:
        message: Names the keys to set.
        on_accelerator: Whether an accelerator's memory ran out. The machine's own memory may be
            full because of other programs.
    """

    def __init__(self, message: str, on_accelerator: bool) -> None:
        super().__init__(message)
        self.on_accelerator = on_accelerator


@contextmanager
def translated_errors(config: Config) -> Iterator[None]:
    """Turn torch's errors for faults from outside into errors with a remedy.

    Raises:
        OutOfMemoryError: Memory ran out.
        TrainingError: A data-loading worker was killed.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            on_accelerator = isinstance(error, torch.OutOfMemoryError) or "MPS" in str(error)
            raise OutOfMemoryError(_what_to_set(config, error), on_accelerator) from None
        # PyTorch raises it in the main process, wherever that is when a worker dies.
        if str(error).startswith("DataLoader worker (pid"):
            raise _killed_worker() from None
        raise
    except (ConnectionError, EOFError):
        # The worker died between announcing a batch and sending it. PyTorch raises as well, as soon
        # as the system reports the death; that must happen here and not in the caller's code.
        with suppress(RuntimeError):
            time.sleep(_REPORT_OF_A_DEATH_S)
        raise _killed_worker() from None


def _killed_worker() -> TrainingError:
    return TrainingError(
        "a data-loading worker was killed, most often because memory ran out; the checkpoints are"
        " whole: set fewer data.workers in the run's config.yaml, which does not change the result,"
        " and resume with --resume"
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, on any device."""
    return isinstance(error, MemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)


def halved(config: Config) -> Config | None:
    """Return the configuration with half the batch size and twice the accumulation; None if odd.

    Each update has the same images as before. With several processes it is None as well: one cannot
    go back while the others wait for it.
    """
    train = config.train
    half, rest = divmod(train.batch_size, 2)
    if rest or os.environ.get("WORLD_SIZE", "1") != "1":
        return None
    smaller = train.model_copy(update={"batch_size": half, "accumulate": 2 * train.accumulate})
    return config.model_copy(update={"train": smaller})


def _what_to_set(config: Config, error: BaseException) -> str:
    train, reason = config.train, one_line(error)[:120]
    return (
        f"memory ran out with train.batch_size = {train.batch_size} ({reason}); in a new run, set"
        f" train.batch_size={max(1, train.batch_size // 2)} and"
        f" train.accumulate={2 * train.accumulate}, or a smaller data.image_size or model.name"
    )
