"""What a run needs before its first epoch, built from the configuration and the data."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import CachedPaintings, EpochBatches, Labelled, build_loader
from artstyle.data.manifest import Split
from artstyle.data.transforms import train_transform
from artstyle.errors import ConfigError
from artstyle.inference import choose_precision
from artstyle.models.checkpoint import Header, StyleModel
from artstyle.models.factory import build_network
from artstyle.models.zoo import ModelSpec, build_preprocessing
from artstyle.training.engine import Learner, build_mix
from artstyle.training.losses import build_loss
from artstyle.training.optim import Schedule, build_optimizer
from artstyle.training.processes import Processes


@dataclass(frozen=True)
class Setup:
    """All that stays the same from epoch to epoch, and the learner, which does not."""

    spec: ModelSpec
    learner: Learner
    header: Header
    batches: EpochBatches
    loader: DataLoader[tuple[Tensor, Tensor]]
    validation: Labelled
    processes: Processes

    def answering(self) -> StyleModel:
        """Return the model as it stands now, for validation."""
        network = self.learner.answering.eval()
        header, device = self.header, self.processes.device
        return StyleModel(
            header.name, network, header.labels, header.preprocessing, self.spec, "", device
        )


def build_setup(config: Config, data: DatasetFolder, processes: Processes) -> Setup:
    """Build the network, what moves it, and what feeds it.

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
        weights=config.model.weights,
        image_size=config.data.image_size,
        dropout=config.model.dropout,
    )
    preprocessing = build_preprocessing(built.spec, config.data, data.data_config)
    batches = EpochBatches(
        training.labels_N,
        config.train.batch_size,
        seed=config.seed,
        balanced=config.train.sampler == "balanced",
        oversample=data.description["config"]["balance"]["policy"] == "oversample",
        rank=processes.rank,
        world=processes.world,
    )
    loader = build_loader(
        CachedPaintings(training, train_transform(preprocessing, config.augment)),
        batches,
        config.data.workers,
        pin=processes.device.type == "cuda",
    )
    return Setup(
        spec=built.spec,
        learner=_learner(config, built.network, built.spec, batches, processes.device),
        header=Header(config.model.name, data.labels, preprocessing, {}),
        batches=batches,
        loader=loader,
        validation=validation,
        processes=processes,
    )


def labelled(data: DatasetFolder, split: Split) -> Labelled:
    """Return the pictures of a split with their integer labels."""
    rows, position = data.rows(split), {label: n for n, label in enumerate(data.labels)}
    return Labelled(
        paths=tuple(data.image_path(row) for row in rows),
        labels_N=np.array([position[row.style] for row in rows], dtype=np.int64),
    )


def _learner(
    config: Config,
    network: nn.Module,
    spec: ModelSpec,
    batches: EpochBatches,
    device: torch.device,
) -> Learner:
    layout = torch.channels_last if config.train.channels_last else torch.contiguous_format
    network = network.to(device).to(memory_format=layout)
    optimizer = build_optimizer(network, spec, config.optim)
    moves_per_epoch = -(-len(batches) // config.train.accumulate)
    precision = choose_precision(config.train.precision, device)
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
        memory_format=layout,
    )
