"""An epoch of training against torchvision's, timm's and fastai's ways; loading also ultralytics'.

All learn from the same copies of real paintings, with the same network, the same variation (random
crop and flip), batch and optimiser, and the same parts of the network frozen. The peers compute in
float32, as they do by default; artstyle as its measurement on the spot says.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from torch import Tensor, nn

from artstyle.config import Config
from artstyle.data.augment import augmentation
from artstyle.data.loading import EpochBatches, Labelled, build_loader
from artstyle.devices import choose_device
from artstyle.models.unfreeze import unfreeze
from artstyle.models.zoo import MODELS
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.training.engine import Feed, Tally, train_epoch
from artstyle.training.features import reused_features
from artstyle.training.numerics import Numerics
from artstyle.training.process_group import ProcessGroup
from artstyle.training.setup import Session, Setup, build_setup
from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest

_PEERS = {
    "torchvision's reference": "training:torchvision_way",
    "timm's train.py": "training:timm_way",
    "fastai": "fastai_way:train",
}
"""Name -> module and function in ``peers``."""
_UNVARIED = (
    "augment.crop_scale=[1,1]", "augment.flip=0", "augment.trivial_augment=false",
    "augment.erasing=0",
)  # fmt: skip

# More than an epoch of learning has: ultralytics' workers are started in it.
_LOADED = 1280
# Of 255 levels, between the means of two epochs of random crops.
_MOST_DIFFERENCE = 3.0

Work = Callable[[], Any]


@dataclass(frozen=True)
class Exercise:
    """What is learnt; plain data, so that it reaches every contender's process."""

    model: str
    mode: str
    """head, blocks (the last three) or all."""
    pictures: int
    """An epoch, so many that it takes seconds."""
    batch_size: int = 32
    """Smaller where more learns: all contenders lie in memory at once, beside each other."""
    precision: str = "auto"
    channels_last: bool | str = "auto"
    varied: bool = True

    @property
    def image_size(self) -> int:
        """The network's own side, in pixels."""
        return MODELS[self.model].image_size

    def config(self) -> Config:
        """Return the run's configuration."""
        overrides = [
            f"model.name={self.model}", "model.weights=none", f"unfreeze.mode={self.mode}",
            f"train.batch_size={self.batch_size}", "train.device=cpu",
            "augment.trivial_augment=false", "augment.erasing=0",
            f"train.precision={self.precision}",
            f"train.channels_last={str(self.channels_last).lower()}",
            *(() if self.varied else _UNVARIED),
        ]  # fmt: skip
        return resolve_config("finetune", overrides=overrides).config


_EXERCISES = (
    Exercise("efficientnet_lite0", "head", 384),
    Exercise("efficientnet_lite0", "head", 384, varied=False),
    Exercise("efficientnet_lite0", "blocks", 256),
    Exercise("efficientnet_lite0", "all", 128, 16),
    Exercise("resnet50", "head", 128),
    Exercise("resnet50", "blocks", 64, 16),
    Exercise("resnet50", "all", 64, 8),
    Exercise("efficientnet_b0", "head", 192),
    Exercise("efficientnet_b0", "blocks", 128, 16),
    Exercise("efficientnet_b0", "all", 64, 8),
    Exercise("efficientnet_b3", "head", 64, 16),
    Exercise("efficientnet_b3", "blocks", 64, 8),
    Exercise("efficientnet_b3", "all", 32, 4),
)


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield one of loading, then one for each network and each part of it that learns."""
    yield _of_loading(replace(_EXERCISES[0], pictures=pictures or _LOADED))
    for exercise in _EXERCISES:
        asked = replace(exercise, pictures=pictures or exercise.pictures)
        # In a process that ends: what it measures with must not stay in memory.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            chosen = pool.submit(_numerics, asked).result()
        fixed = replace(asked, precision=chosen.precision, channels_last=chosen.channels_last)
        same = {"exercise": fixed}
        files = {**same, "folder": folders(fixed)}
        peers = [
            Contender(name, f"tests.benchmarks.peers.{function}", files)
            for name, function in _PEERS.items()
        ]
        parts = [
            Contender("loading alone", f"{__name__}:loading", same, "part"),
            Contender("network alone", f"{__name__}:network", same, "part"),
        ]
        layout = "channels last" if chosen.channels_last else "contiguous"
        varied = "" if asked.varied else ", nothing varied"
        yield Contest(
            stage="training",
            what=f"{asked.model}, {asked.mode}{varied}, {asked.pictures} pictures an epoch,"
            f" {asked.batch_size} a step;"
            f" artstyle chose {chosen.precision}, {layout}",
            unit="picture",
            units=asked.pictures,
            contenders=(
                Contender("artstyle", f"{__name__}:artstyle", same, "artstyle"),
                *peers,
                *(parts if asked.varied else ()),
            ),
            compare=compare,
        )


def _of_loading(exercise: Exercise) -> Contest:
    fixed = replace(exercise, precision="fp32", channels_last=True)
    peer = "tests.benchmarks.peers.ultralytics_way:loading"
    files = {"exercise": fixed, "folder": folders(fixed)}
    return Contest(
        stage="training",
        what=f"loading alone, {exercise.pictures} copies to {exercise.image_size} pixels",
        unit="picture",
        units=exercise.pictures,
        contenders=(
            Contender("artstyle", f"{__name__}:loaded", {"exercise": fixed}, "artstyle"),
            Contender("ultralytics classify", peer, files),
        ),
        compare=compare_loaded,
    )


def _numerics(exercise: Exercise) -> Numerics:
    return build_setup(_session(exercise.config())).choice.numerics


def artstyle(exercise: Exercise) -> Work:
    """Build an epoch as `artstyle finetune` runs it."""
    config, setup = exercise.config(), _setup(exercise)
    with TemporaryDirectory() as folder:
        session = replace(_session(config), run=RunFolder(Path(folder)))
        features = reused_features(session, setup, 0, None)
    return lambda: _epoch(setup, features.feed(setup) if features else setup.feed, config)


def loading(exercise: Exercise) -> Work:
    """Build artstyle's way from copies to batches that the network takes."""
    setup = _setup(exercise)

    def work() -> None:
        for pixels, _ in setup.feed.loader:
            setup.feed.to_input(pixels)

    return work


def loaded(exercise: Exercise) -> Work:
    """Build the same, and tell what came: how many pictures, and their mean level of 255."""
    setup = _setup(exercise)

    def work() -> tuple[int, float]:
        count, levels = 0, 0.0
        for pixels, _ in setup.feed.loader:
            setup.feed.to_input(pixels)
            count += len(pixels)
            levels += float(pixels.float().mean()) * len(pixels)
        return count, levels / count

    return work


def network(exercise: Exercise) -> Work:
    """Build the same steps on one batch that lies in memory."""
    setup = _setup(exercise)
    pixels, labels = next(iter(setup.feed.loader))
    images = setup.feed.to_input(pixels)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for size in setup.feed.batches.sizes():
            yield images[:size], labels[:size]

    def work() -> None:
        feed = replace(setup.feed, loader=batches(), to_input=lambda batch: batch)
        _epoch(setup, feed, exercise.config())

    return work


def trainee(exercise: Exercise) -> tuple[nn.Module, Preprocessing]:
    """Return what a peer trains: the same network with the same parts frozen, in training mode."""
    config = replace(exercise, precision="fp32", channels_last=False).config()
    setup = build_setup(_session(config))
    unfreeze(setup.learner.network, setup.spec, config.unfreeze, config.train.epochs - 1)
    return setup.learner.network.train(), setup.header.preprocessing


def cached(exercise: Exercise, setup: Setup) -> Labelled:
    """Return the copies that an epoch goes through: of all styles alike."""
    every = setup.training
    chosen = [n * len(every.paths) // exercise.pictures for n in range(exercise.pictures)]
    return Labelled(tuple(every.paths[n] for n in chosen), every.labels_N[chosen])


def folders(exercise: Exercise) -> Path:
    """Return the same copies as peers expect them: a folder a style, through links."""
    setup = build_setup(_session(exercise.config()))
    root = Path(mkdtemp(prefix="artstyle-bench-"))
    pictures = cached(exercise, setup)
    for number, (path, label) in enumerate(zip(pictures.paths, pictures.labels_N, strict=True)):
        folder = root / f"{label:02}-{setup.header.labels[label]}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:06}.jpg").symlink_to(path.resolve())
    return root


def _setup(exercise: Exercise) -> Setup:
    config = exercise.config()
    setup = build_setup(_session(config))
    pictures = cached(exercise, setup)
    preprocessing = setup.header.preprocessing
    batches = EpochBatches(pictures.labels_N, exercise.batch_size, seed=config.seed)
    vary = augmentation(preprocessing, config.augment)
    loader = build_loader(pictures, vary, batches, None, setup.device)
    unfreeze(setup.learner.network, setup.spec, config.unfreeze, config.train.epochs - 1)
    feed = replace(setup.feed, batches=batches, loader=loader)
    return replace(setup, training=pictures, feed=feed)


def _epoch(setup: Setup, feed: Feed, config: Config) -> float:
    feed.batches.set_epoch(feed.batches.epoch + 1)
    group = ProcessGroup(0, 1, setup.device)
    result = train_epoch(
        setup.learner, feed, config.train, group, tally=Tally(), after_batch=lambda _: None
    )
    return result.loss


def _session(config: Config) -> Session:
    group = ProcessGroup(0, 1, choose_device("cpu"))
    return Session(config, corpora.dataset(), RunFolder(Path()), group)


def compare_loaded(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the mean level of everyone's pictures; crops are drawn at random, so they differ."""
    count, level = answers["artstyle"]
    for theirs, their_level in answers.values():
        assert theirs == count
        assert abs(their_level - level) < _MOST_DIFFERENCE, (their_level, level)
    return {name: f"mean level {answer[1]:.1f} of 255" for name, answer in answers.items()}


def compare(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Return each one's mean loss; that of a peer may be no number only if artstyle's is none."""
    losses = {name: loss for name, loss in answers.items() if isinstance(loss, float)}
    assert all(loss == loss and loss < 100 for loss in losses.values()), losses
    return {name: f"loss {loss:.2f}" for name, loss in losses.items()}
