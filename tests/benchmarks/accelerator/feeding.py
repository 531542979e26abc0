"""The same steps fed from copies on disk, as `finetune` reads them; and the reading alone."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader

from artstyle.data.augment import augmentation
from artstyle.data.loading import EpochBatches, Labelled, build_loader
from artstyle.painter.collection import paint_collection
from tests.benchmarks.accelerator.ways import STYLES, Task, Work, artstyle_learner, train

_STEPS = 16
_SHORT_SIDE_PX, _PER_STYLE = 432, 6


def steps(task: Task) -> int:
    """Return the batches of an epoch: enough that the workers' start does not count."""
    return 2 if task.smoke else _STEPS


def training(task: Task, precision: str) -> Work:
    """Build an epoch of `train_epoch` that reads and augments its images."""
    learner = artstyle_learner(task, precision)
    batches, loader = _loader(task)

    def work() -> float:
        batches.set_epoch(batches.epoch + 1)
        return train(learner, batches, iter(loader), task)

    return work


def loading(task: Task, precision: str) -> Work:
    """Build the reading and augmenting of an epoch alone."""
    batches, loader = _loader(task)

    def work() -> int:
        batches.set_epoch(batches.epoch + 1)
        return sum(len(labels) for _, labels in loader)

    return work


def _loader(task: Task) -> tuple[EpochBatches, DataLoader[tuple[Tensor, ...]]]:
    paths = _copies(32 if task.smoke else _SHORT_SIDE_PX)
    count = steps(task) * task.batch_size
    chosen = tuple(paths[number % len(paths)] for number in range(count))
    labels_N = np.arange(count) % STYLES
    batches = EpochBatches(labels_N, task.batch_size, seed=0)
    vary = augmentation(task.preprocessing(task.build()), task.config.augment)
    paintings = Labelled(chosen, labels_N)
    return batches, build_loader(paintings, vary, batches, None, task.device)


@cache
def _copies(short_side_px: int) -> tuple[Path, ...]:
    """Paint a few pictures of the size of training copies; they are read again and again."""
    folder = Path(mkdtemp(prefix="artstyle-copies-"))
    list(paint_collection(folder, _PER_STYLE, short_side_px=short_side_px))
    return tuple(sorted(folder.glob("*/*.jpg")))
