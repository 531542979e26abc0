"""Features of a frozen backbone, computed once: each epoch then runs the head alone."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from artstyle.config import Config
from artstyle.data.augment import varies
from artstyle.data.loading import Labelled, read_cached
from artstyle.inference import forward, predict_logits
from artstyle.models.unfreeze import stage, train_mode
from artstyle.models.zoo import ModelSpec
from artstyle.progress import Progress, silent
from artstyle.training.engine import Batch, Feed
from artstyle.training.setup import Setup


@dataclass(frozen=True)
class Features:
    """What the head sees of every picture, F numbers each, before dropout."""

    train_NF: Tensor
    val_NF: Tensor

    def feed(self, setup: Setup) -> Feed:
        """Return what an epoch needs to learn from them; dropout strikes them anew each time."""
        return Feed(
            self._batches(setup), lambda batch: batch, head_alone(setup.learner.network, setup.spec)
        )

    def logits(self, setup: Setup) -> Tensor:
        """Return the head's answers to the validation split as it stands now, N x C."""
        head = setup.learner.answering.get_submodule(setup.spec.head).eval()
        return forward(head, self.val_NF.to(setup.processes.device), setup.learner.precision).cpu()

    def _batches(self, setup: Setup) -> Iterator[Batch]:
        labels_N = torch.from_numpy(setup.training.labels_N)
        for draws in setup.batches:
            indices = torch.tensor([draw.index for draw in draws])
            yield self.train_NF[indices], labels_N[indices]


def reused_features(
    config: Config,
    setup: Setup,
    epoch: int,
    folder: Path,
    known: Features | None,
    progress: Progress = silent,
) -> Features | None:
    """Return the features where an epoch, counted from 0, can learn from them; else None.

    It can when the head learns alone and no picture is varied. They lie in files without a name
    that end with the process, in ``folder``: memory holds what of them it has room for.
    """
    if stage(config.unfreeze, epoch) != "head" or varies(config.augment):
        return None
    if known is not None:
        return known
    pictures = (setup.training, setup.validation)
    train_NF, val_NF = (
        _compute(setup, part, config.train.batch_size, folder, progress) for part in pictures
    )
    return Features(train_NF, val_NF)


def head_alone(network: nn.Module, spec: ModelSpec) -> nn.Module:
    """Return what turns features into logits: the network's own head behind its dropout.

    The network is put in training mode, in which only the dropout before the head is active.
    """
    train_mode(network)
    live = (m.p for m in network.modules() if isinstance(m, nn.Dropout) and m.training)
    # Some of timm's networks call the function rather than hold the module.
    rate = float(getattr(network, "drop_rate", max(live, default=0.0)))
    return nn.Sequential(nn.Dropout(rate), network.get_submodule(spec.head))


def _compute(
    setup: Setup, pictures: Labelled, batch_size: int, folder: Path, progress: Progress
) -> Tensor:
    """Return the features of all pictures, each computed by one of the processes."""
    processes, total = setup.processes, len(pictures.paths)
    model = replace(setup.answering(), network=setup.learner.network.eval())
    features_NF = np.empty((0, 0), np.float32)
    with _without_head(model.network, setup.spec):
        answers = predict_logits(
            model,
            pictures.paths[processes.rank :: processes.world],
            read_cached,
            batch_size=batch_size,
            precision=setup.learner.precision,
        )
        at_once = batch_size * processes.world
        for start in range(0, total, at_once):
            stop = min(start + at_once, total)
            share = len(range(start + processes.rank, stop, processes.world))
            own = [answer.logits_C for answer in islice(answers, share)]
            rows = np.stack(processes.gather(own))  # type: ignore[arg-type]
            if not len(features_NF):
                features_NF = _nameless(folder, (total, rows.shape[1]))
            features_NF[start:stop] = rows
            if processes.leads:
                progress("computing features", stop, total)
    return torch.from_numpy(features_NF)


def _nameless(folder: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return an array in a file of its own, which ends with the process.

    Raises:
        OSError: The disk has no room for it.
    """
    with TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            # Or a disk that is full would end the process where a page is first written.
            os.posix_fallocate(file.fileno(), 0, 4 * math.prod(shape))
        return np.memmap(file, np.float32, "w+", shape=shape)


@contextmanager
def _without_head(network: nn.Module, spec: ModelSpec) -> Iterator[None]:
    head = network.get_submodule(spec.head)
    network.set_submodule(spec.head, nn.Identity())
    try:
        yield
    finally:
        network.set_submodule(spec.head, head)
