"""What a run needs before its first epoch, built from the configuration and the data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from artstyle.config import Config
from artstyle.data.augment import train_transform
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import EpochBatches, Labelled, Labels, build_loader
from artstyle.data.manifest import Split
from artstyle.data.transforms import normalise
from artstyle.errors import ConfigError
from artstyle.models.checkpoint import Header, StyleModel
from artstyle.models.factory import build_network
from artstyle.models.zoo import ModelSpec, build_preprocessing, refused_size
from artstyle.preprocessing import Preprocessing
from artstyle.training.engine import Feed, Learner, build_mix
from artstyle.training.faults import is_out_of_memory
from artstyle.training.losses import build_loss
from artstyle.training.numerics import Choice, Numerics, choose_numerics
from artstyle.training.optim import Schedule, build_optimizer
from artstyle.training.processes import Processes


@dataclass(frozen=True)
class Setup:
    """All that stays the same from epoch to epoch, and the learner, which does not."""

    spec: ModelSpec
    learner: Learner
    header: Header
    batches: EpochBatches
    pictures: Feed
    """The training pictures, on their way through the whole network."""
    training: Labelled
    validation: Labelled
    processes: Processes
    choice: Choice
    """Of precision and layout."""

    def answering(self) -> StyleModel:
        """Return the model as it stands now, for validation."""
        network = self.learner.answering.eval()
        header, device = self.header, self.processes.device
        return StyleModel(
            header.name, network, header.labels, header.preprocessing, self.spec, "", device
        )


def build_setup(
    config: Config,
    data: DatasetFolder,
    processes: Processes,
    recorded: dict[str, Any] | None = None,
    *,
    saved: bool = False,
) -> Setup:
    """Build the network, what moves it, and what feeds it.

    Args:
        config: Of the run.
        data: What is learnt from.
        processes: This one and the others.
        recorded: The choice of precision and layout of a run that is gone on with.
        saved: Whether a checkpoint's weights will take the place of those to begin with, which may
            be gone or out of reach by now.

    Raises:
        ArtstyleError: The data set, the model's name or its weights cannot serve.
    """
    if config.train.batch_size < processes.world:
        raise ConfigError(
            f"train.batch_size = {config.train.batch_size} leaves some of the {processes.world}"
            " processes without a picture; it counts the pictures of all of them"
        )
    training, validation = labelled(data, "train"), labelled(data, "val")
    built = build_network(
        config.model.name,
        len(data.labels),
        weights="none" if saved else config.model.weights,
        image_size=config.data.image_size,
        dropout=config.model.dropout,
    )
    preprocessing = build_preprocessing(built.spec, config.data, data.data_config)
    if config.data.image_size is not None:
        _require_answer(config.model.name, built.network, config.data.image_size)
    batches = _batches(config, data, training, processes)
    network = built.network.to(processes.device)
    choice = choose_numerics(
        config, network, built.spec, preprocessing.image_size, processes, recorded
    )
    network.to(memory_format=choice.numerics.memory_format)
    return Setup(
        spec=built.spec,
        learner=_learner(config, network, built.spec, batches, processes.device, choice.numerics),
        header=Header(config.model.name, data.labels, preprocessing, {}),
        batches=batches,
        pictures=_pictures(config, training, preprocessing, batches, network, processes, choice),
        training=training,
        validation=validation,
        processes=processes,
        choice=choice,
    )


def _require_answer(name: str, network: nn.Module, image_size: int) -> None:
    """Let the network answer a blank picture: some take only some sizes, and say so only then."""
    try:
        # Not in inference mode: what some networks keep of a pass could not be learnt from later.
        with torch.no_grad():
            network.eval()(torch.zeros(1, 3, image_size, image_size))
    except (AssertionError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise refused_size(name, image_size, error) from None


def labelled(data: DatasetFolder, split: Split) -> Labelled:
    """Return the pictures of a split with their integer labels."""
    rows, position = data.rows(split), {label: n for n, label in enumerate(data.labels)}
    return Labelled(
        paths=tuple(data.image_path(row) for row in rows),
        labels_N=np.array([position[row.style] for row in rows], dtype=np.int64),
    )


def _artists(data: DatasetFolder) -> Labels:
    """Return a number for the artist of each training picture; an unknown one is nobody else."""
    rows = data.rows("train")
    names = [row.artist or f"unknown/{row.path}" for row in rows]
    return np.unique(names, return_inverse=True)[1]


def _batches(
    config: Config, data: DatasetFolder, training: Labelled, processes: Processes
) -> EpochBatches:
    return EpochBatches(
        training.labels_N,
        config.train.batch_size,
        seed=config.seed,
        balanced=config.train.sampler != "shuffle",
        artists_N=_artists(data) if config.train.sampler == "artists" else None,
        oversample=data.description.config.balance.policy == "oversample",
        rank=processes.rank,
        world=processes.world,
    )


def _pictures(
    config: Config,
    training: Labelled,
    preprocessing: Preprocessing,
    batches: EpochBatches,
    network: nn.Module,
    processes: Processes,
    choice: Choice,
) -> Feed:
    transform = train_transform(preprocessing, config.augment)
    layout = choice.numerics.memory_format
    return Feed(
        build_loader(training, transform, batches, config.data.workers, processes.device),
        lambda pixels: normalise(pixels, preprocessing).contiguous(memory_format=layout),
        network,
    )


def _learner(
    config: Config,
    network: nn.Module,
    spec: ModelSpec,
    batches: EpochBatches,
    device: torch.device,
    numerics: Numerics,
) -> Learner:
    optimizer = build_optimizer(network, spec, config.optim)
    moves_per_epoch = -(-len(batches) // config.train.accumulate)
    precision = numerics.autocast
    num_styles = int(network.get_submodule(spec.head).out_features)  # type: ignore[arg-type]
    decay = config.train.ema_decay
    return Learner(
        network=network,
        optimizer=optimizer,
        schedule=Schedule(optimizer, config.optim, moves_per_epoch, config.train.epochs),
        scaler=torch.amp.GradScaler(device.type, enabled=precision is torch.float16),
        ema=AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]
        if decay
        else None,
        loss=build_loss(config.loss, batches.labels_N, num_styles, device),
        mix=build_mix(config.augment, num_styles),
        precision=precision,
    )
