"""What a run works with: what it was given (`Session`) and what is built from it (`Setup`)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from artstyle.config import Config, TrainConfig
from artstyle.data.augment import augmentation
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import EpochBatches, Labelled, Labels, build_loader
from artstyle.data.manifest import Split
from artstyle.errors import ConfigError, DataError
from artstyle.models.factory import Built, build_network
from artstyle.models.header import Header
from artstyle.models.networks.dual import DualNetwork
from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import ModelSpec, build_preprocessing, refused_size, require_single
from artstyle.pictures.transforms import normalise
from artstyle.progress import Progress, silent
from artstyle.runs.environment import ParentRun
from artstyle.runs.folder import RunFolder
from artstyle.training.draws.mixing import build_mix
from artstyle.training.engine import Feed, Learner
from artstyle.training.faults import is_out_of_memory
from artstyle.training.losses import build_loss
from artstyle.training.numerics import Choice, choose_numerics
from artstyle.training.optim import Schedule, build_ema, build_optimizer
from artstyle.training.process_group import ProcessGroup
from artstyle.training.start.branch import take_optimiser
from artstyle.training.streams.module import StreamsInTraining
from artstyle.training.streams.setup import genre_targets, require_trainable_streams


@dataclass(frozen=True)
class Session:
    """What one run was given: configuration, data, folder, processes, and who listens."""

    config: Config
    data: DatasetFolder
    run: RunFolder
    group: ProcessGroup
    progress: Progress = silent
    warn: Callable[[str], None] = lambda message: None
    parent: ParentRun | None = None
    """The run that this one branches off."""


@dataclass(frozen=True)
class Setup:
    """What is built once for all epochs. Only the learner changes."""

    spec: ModelSpec
    learner: Learner
    header: Header
    """The header of checkpoints, without epoch and scores."""
    feed: Feed
    """The training images for the whole network."""
    training: Labelled
    validation: Labelled
    choice: Choice
    """The precision and memory layout."""
    notes: Mapping[str, str]
    """What was taken from a file of weights: stage -> words."""

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.learner.network.parameters()).device

    def style_model(self) -> TorchModel:
        """Return the model with its current weights, for validation."""
        return TorchModel(
            name=self.header.name,
            labels=self.header.labels,
            preprocessing=self.header.preprocessing,
            fingerprint="",
            device=str(self.device),
            network=self.learner.eval_network.eval(),
            spec=self.spec,
            precision=self.learner.precision,
            multi=self.header.multi,
        )


def planned_session(session: Session) -> Session:
    """Return the session as the run folder records it, the same when the run is resumed.

    It has as many epochs as ``train.min_steps`` needs, and says how the data were prepared.
    """
    session = replace(session, config=session.data.as_prepared(session.config))
    train = session.config.train
    if session.config.labels.multi and train.monitor != "macro_f1":
        # The share of right answers hardly moves where most labels are absent from most pictures.
        train = train.model_copy(update={"monitor": "macro_f1"})
        session = replace(session, config=session.config.model_copy(update={"train": train}))
    if not train.min_steps:
        return session
    batches = _build_batches(session, labelled(session.data, "train"))
    epochs = max(train.epochs, math.ceil(train.min_steps / _updates_per_epoch(batches, train)))
    planned = train.model_copy(update={"epochs": epochs})
    return replace(session, config=session.config.model_copy(update={"train": planned}))


def _updates_per_epoch(batches: EpochBatches, config: TrainConfig) -> int:
    return max(1, math.ceil(len(batches) / config.accumulate))


def build_setup(session: Session, *, resume: bool = False) -> Setup:
    """Build the network, its optimiser, and the feed of training images.

    Args:
        session: What the run was given.
        resume: Take the recorded precision and layout. If a checkpoint exists, do not load the
            initial weights: their file may no longer exist.

    Raises:
        ArtstyleError: The data set, the model's name or its weights cannot be used.
    """
    config, data, group = session.config, session.data, session.group
    require_single(config.model.name)
    recorded = session.run.environment().numerics if resume else None
    _require_an_image_each(config, group)
    require_two_styles(data)
    require_trainable_streams(config)
    training, validation = labelled(data, "train"), labelled(data, "val")
    saved = resume and session.run.last_path.is_file()
    built = _build_network(session, saved=saved)
    preprocessing = build_preprocessing(built.spec, config.data, data.data_config)
    batches = _build_batches(session, training)
    built.network.to(group.device)
    streams: StreamsInTraining | None = None
    if isinstance(built.network, DualNetwork):
        genres, genres_N = genre_targets(data.rows("train"))
        training = replace(training, genres_N=genres_N)
        streams = StreamsInTraining(built.network, config.dual, len(genres)).to(group.device)
    choice = choose_numerics(
        config,
        built,
        preprocessing.image_size,
        group,
        recorded=recorded,
        progress=session.progress,
    )
    layout = choice.numerics.memory_format
    built.network.to(memory_format=layout)
    transform = augmentation(preprocessing, config.augment)
    learner = _build_learner(
        config, built, training, batches, group.device, choice.numerics.autocast, streams
    )
    if session.parent is not None and session.parent.optimiser and not saved:
        take_optimiser(learner, session.parent)
    return Setup(
        spec=built.spec,
        learner=learner,
        header=Header(
            config.model.name,
            data.labels,
            preprocessing,
            {},
            synthetic=data.description.synthetic,
            multi=data.targets.multi,
        ),
        feed=Feed(
            batches,
            build_loader(training, transform, batches, config.data.workers, group.device),
            lambda pixels: normalise(pixels, preprocessing).contiguous(memory_format=layout),
            streams or built.network,
        ),
        training=training,
        validation=validation,
        choice=choice,
        notes=built.notes,
    )


def labelled(data: DatasetFolder, split: Split) -> Labelled:
    """Return the images of a split with their labels as numbers."""
    rows, targets = data.rows(split), data.targets
    texts = [row.style for row in rows]
    return Labelled(
        paths=tuple(data.image_path(row) for row in rows),
        labels_N=targets.positions(texts),
        shares_NC=targets.indicators(texts) if targets.multi else None,
    )


def _require_an_image_each(config: Config, group: ProcessGroup) -> None:
    if config.train.batch_size < group.world_size:
        raise ConfigError(
            f"train.batch_size = {config.train.batch_size} leaves some of the {group.world_size}"
            " processes without an image: it counts the images of all processes;"
            f" set train.batch_size={group.world_size} or more"
        )


def require_two_styles(data: DatasetFolder) -> None:
    """Refuse a data set in which there is nothing to tell apart.

    Raises:
        DataError: It has only one style.
    """
    labels = data.description.config.labels
    if len(data.labels) < 2:
        raise DataError(
            f"{data.path} has only one {labels.target}, {data.labels[0]}, and nothing to tell it"
            f" from; prepare paintings of at least two {labels.plural}"
        )


def _build_network(session: Session, *, saved: bool) -> Built:
    config = session.config
    built = build_network(
        config.model.name,
        len(session.data.labels),
        weights="none" if saved else config.model.weights,
        image_size=config.data.image_size,
        dropout=config.model.dropout,
        styles=session.data.labels,
    )
    if config.data.image_size is not None:
        require_image_size(config.model.name, built.network, config.data.image_size)
    return built


def require_image_size(name: str, network: nn.Module, image_size: int) -> None:
    """Run the network once on a blank image: some networks check the size only then.

    Raises:
        UsageError: It does not accept images of this size.
    """
    try:
        # Not in inference mode: some networks cache tensors of a pass, which then cannot be
        # trained through.
        with torch.no_grad():
            network.eval()(torch.zeros(1, 3, image_size, image_size))
    except (AssertionError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise refused_size(name, image_size, error) from None


def _build_batches(session: Session, training: Labelled) -> EpochBatches:
    config, data = session.config, session.data
    return EpochBatches(
        training.labels_N,
        config.train.batch_size,
        seed=config.seed,
        balanced=config.train.sampler != "shuffle",
        artists_N=_artists(data) if config.train.sampler == "artists" else None,
        oversample=data.description.config.balance.policy == "oversample",
        rank=session.group.rank,
        world_size=session.group.world_size,
    )


def _artists(data: DatasetFolder) -> Labels:
    """Return a number for each training image's artist; each unknown artist gets their own."""
    names = [row.artist or f"unknown/{row.path}" for row in data.rows("train")]
    return np.unique(names, return_inverse=True)[1]


def _build_learner(
    config: Config,
    built: Built,
    training: Labelled,
    batches: EpochBatches,
    device: torch.device,
    precision: torch.dtype | None,
    streams: StreamsInTraining | None,
) -> Learner:
    network, spec = built.network, built.spec
    heads = streams.heads if streams else None
    optimizer = build_optimizer(network, spec, config.optim, heads)
    updates_per_epoch = _updates_per_epoch(batches, config.train)
    num_styles = int(network.get_submodule(spec.head).out_features)  # type: ignore[arg-type]
    return Learner(
        network=network,
        optimizer=optimizer,
        schedule=Schedule(optimizer, config.optim, updates_per_epoch, config.train.epochs),
        scaler=torch.amp.GradScaler(device.type, enabled=precision is torch.float16),
        ema=build_ema(network, config.train.ema_decay),
        loss=build_loss(
            config.loss, training.all_labels, num_styles, device, multi=config.labels.multi
        ),
        mix=build_mix(config.augment, num_styles),
        precision=precision,
        heads=heads,
    )
