"""Features of a frozen backbone, computed once: each epoch then runs only the head."""

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

from artstyle.data.augment import varies
from artstyle.data.loading import Item, Labelled, read_cached
from artstyle.inference import predict_logits
from artstyle.models.torch_model import forward
from artstyle.models.unfreeze import stage, train_mode
from artstyle.models.zoo import ModelSpec
from artstyle.training.engine import Feed
from artstyle.training.setup import Session, Setup


@dataclass(frozen=True)
class Features:
    """The head's input for every image, F numbers each, before dropout."""

    train_NF: Tensor
    val_NF: Tensor

    def feed(self, setup: Setup) -> Feed:
        """Return a feed that trains the head alone; dropout is drawn again for each batch."""
        head = head_alone(setup.learner.network, setup.spec)
        return Feed(setup.feed.batches, self._loader(setup), lambda batch: batch, head)

    def logits(self, setup: Setup, sample_M: NDArray[np.int64]) -> Tensor:
        """Return the logits of the validation split, then those of some training images."""
        head = setup.learner.eval_network.get_submodule(setup.spec.head).eval()
        both_NF = torch.cat([self.val_NF, self.train_NF[torch.from_numpy(sample_M)]])
        return forward(head, both_NF.to(setup.device), setup.learner.precision).cpu()

    def _loader(self, setup: Setup) -> Iterator[Item]:
        targets = torch.from_numpy(setup.training.targets)
        for draws in setup.feed.batches:
            indices = torch.tensor([draw.index for draw in draws])
            yield self.train_NF[indices], targets[indices]


def reused_features(
    session: Session, setup: Setup, epoch: int, known: Features | None
) -> Features | None:
    """Return the features if an epoch, counted from 0, can train on them; else None.

    It can if only the head is trained and no augmentation changes an image. The features are in
    unnamed files in the run folder, which the system deletes when the process ends; memory holds
    as much of them as it has room for.

    Raises:
        OSError: The disk is full.
    """
    config = session.config
    if stage(config.unfreeze, epoch) != "head" or varies(config.augment):
        return None
    if known is not None:
        return known
    train_NF, val_NF = (
        _compute(session, setup, images) for images in (setup.training, setup.validation)
    )
    return Features(train_NF, val_NF)


def head_alone(network: nn.Module, spec: ModelSpec) -> nn.Module:
    """Return a module from features to logits: the network's dropout and head.

    The network is put in training mode. Then the only active dropout is the one before the head.
    """
    train_mode(network)
    live = (m.p for m in network.modules() if isinstance(m, nn.Dropout) and m.training)
    # Some of timm's networks call the dropout function and have no dropout module.
    rate = float(getattr(network, "drop_rate", max(live, default=0.0)))
    return nn.Sequential(nn.Dropout(rate), network.get_submodule(spec.head))


def _compute(session: Session, setup: Setup, images: Labelled) -> Tensor:
    """Return the features of all images, N x F; the processes share the work."""
    group, total = session.group, len(images.paths)
    batch_size = session.config.train.batch_size
    model = replace(setup.style_model(), network=setup.learner.network.eval())
    features_NF = np.empty((0, 0), np.float32)
    with without_head(model.network, setup.spec):
        own = predict_logits(
            model,
            images.paths[group.rank :: group.world_size],
            read_cached,
            batch_size=batch_size,
        )
        step = batch_size * group.world_size
        for start in range(0, total, step):
            stop = min(start + step, total)
            share = len(range(start + group.rank, stop, group.world_size))
            gathered = group.gather([prediction.logits_C for prediction in islice(own, share)])
            rows_MF = np.stack(gathered)  # type: ignore[arg-type]
            if not len(features_NF):
                features_NF = _unnamed_array(session.run.path, (total, rows_MF.shape[1]))
            features_NF[start:stop] = rows_MF
            if group.is_main:
                session.progress("computing features", stop, total)
    return torch.from_numpy(features_NF)


def _unnamed_array(folder: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return an array in an unnamed file, which the system deletes when the process ends.

    Raises:
        OSError: The disk is full.
    """
    with TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):
            # Without it, a full disk would kill the process at the first write to a page.
            os.posix_fallocate(file.fileno(), 0, 4 * math.prod(shape))
        return np.memmap(file, np.float32, "w+", shape=shape)


@contextmanager
def without_head(network: nn.Module, spec: ModelSpec) -> Iterator[None]:
    """Let a network return the input of its last layer while the block runs."""
    head = network.get_submodule(spec.head)
    network.set_submodule(spec.head, nn.Identity())
    try:
        yield
    finally:
        network.set_submodule(spec.head, head)
