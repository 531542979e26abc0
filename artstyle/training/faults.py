"""What goes wrong around training and not in it: memory that runs out, a process that is killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from artstyle.config import Config
from artstyle.errors import TrainingError

# Of accelerators, of torch's allocator on a CPU, and of oneDNN's.
_OUT_OF_MEMORY = (
    "out of memory", "can't allocate memory", "not enough memory", "could not create a primitive",
)  # fmt: skip


class OutOfMemoryError(TrainingError):
    """The memory of the device does not hold a batch.

    Args:
        message: What to set.
        on_accelerator: Whether it is not the machine's own memory, which much else may fill.
    """

    def __init__(self, message: str, on_accelerator: bool) -> None:
        super().__init__(message)
        self.on_accelerator = on_accelerator


@contextmanager
def told_faults(config: Config) -> Iterator[None]:
    """Turn what torch raises for faults from outside into one line.

    Raises:
        OutOfMemoryError: Memory ran out.
        TrainingError: A process that reads pictures was killed.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            on_accelerator = isinstance(error, torch.OutOfMemoryError) or "MPS" in str(error)
            raise OutOfMemoryError(_what_to_set(config, error), on_accelerator) from None
        # Raised wherever the main process is when a worker dies.
        if str(error).startswith("DataLoader worker (pid"):
            raise _killed_reader() from None
        raise
    except (ConnectionError, EOFError):
        # It died between announcing a batch and handing it over.
        raise _killed_reader() from None


def _killed_reader() -> TrainingError:
    return TrainingError(
        "a process that reads pictures was ended from outside, most often because memory ran out;"
        " the checkpoints are whole: set fewer data.workers in the run's config.yaml, which changes"
        " no result, and go on with --resume"
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, of whichever device."""
    return isinstance(error, MemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)


def halved(config: Config) -> Config | None:
    """Return the configuration with half the batch and twice the accumulation, if that can be.

    The pictures of a step stay the same, and the number of steps. Of several processes one cannot
    turn back while the others wait for it.
    """
    train = config.train
    half, rest = divmod(train.batch_size, 2)
    if rest or os.environ.get("WORLD_SIZE", "1") != "1":
        return None
    smaller = train.model_copy(update={"batch_size": half, "accumulate": 2 * train.accumulate})
    return config.model_copy(update={"train": smaller})


def _what_to_set(config: Config, error: BaseException) -> str:
    train, reason = config.train, " ".join(str(error).split())[:120] or type(error).__name__
    return (
        f"memory ran out with train.batch_size = {train.batch_size} ({reason}); in a new run, set"
        f" train.batch_size={max(1, train.batch_size // 2)} and"
        f" train.accumulate={2 * train.accumulate}, or a smaller data.image_size or model.name"
    )
