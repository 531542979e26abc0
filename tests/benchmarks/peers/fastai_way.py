"""fastai's way: its data loaders from a folder, its transforms and its `Learner.fit`."""

from collections.abc import Callable
from os import cpu_count
from pathlib import Path

import numpy as np
from fastai.data.transforms import Normalize, get_image_files, parent_label
from fastai.learner import Learner
from fastai.torch_core import defaults, set_seed
from fastai.vision.augment import FlipItem, RandomResizedCrop, Resize, ResizeMethod
from fastai.vision.data import ImageDataLoaders
from torch import nn

from tests.benchmarks.peers.training import LR
from tests.benchmarks.training import Exercise, trainee


def train(exercise: Exercise, folder: Path) -> Callable[[], float]:
    """Build an epoch of `Learner.fit`, without pictures to validate with, by its own Adam."""
    network, preprocessing = trainee(exercise)
    defaults.use_cuda = False
    set_seed(0)
    size = preprocessing.image_size
    if exercise.varied:
        smallest, _ = exercise.config().augment.crop_scale
        vary = [RandomResizedCrop(size, min_scale=smallest), FlipItem(0.5)]
    else:
        squash = preprocessing.fit == "squash"
        vary = [Resize(size, ResizeMethod.Squash if squash else ResizeMethod.Crop)]
    loaders = ImageDataLoaders.from_path_func(
        folder,
        get_image_files(folder),
        parent_label,
        valid_pct=0.0,
        item_tfms=vary,
        batch_tfms=Normalize.from_stats(preprocessing.mean, preprocessing.std, cuda=False),
        bs=exercise.batch_size,
        num_workers=cpu_count() or 1,
    )
    # The weights of batch norms in frozen blocks do not learn, as with everyone else.
    learner = Learner(loaders, network, nn.CrossEntropyLoss(), lr=LR, train_bn=False)

    def work() -> float:
        with learner.no_logging():
            learner.fit(1)
        return float(np.mean([loss.item() for loss in learner.recorder.losses]))

    return work
