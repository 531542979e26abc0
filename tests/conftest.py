"""Tiny paintings, a data set made from them, and a run trained on it: all through the real code."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.painter.collection import paint_collection
from artstyle.preparation.prepare import prepare
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit

# Always the same examples: a test that turns red means a change. `nox -s soak` draws fresh ones.
settings.register_profile("tests", derandomize=True, max_examples=60, deadline=None)
settings.register_profile(
    "soak", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

TINY_STYLES = ("Cubism", "Minimalism", "Pop_Art", "Ukiyo_e")


def tiny_config(*overrides: str) -> Config:
    """Return a run of two short epochs on 32-pixel pictures."""
    quick = (
        "model.name=simple_cnn", "model.weights=none", "unfreeze.mode=all", "data.image_size=32",
        "train.epochs=2", "train.batch_size=8", "train.early_stopping=0", "data.workers=0",
        "train.device=cpu", "optim.lr=1e-3", "train.precision=fp32", "train.channels_last=true",
        "train.keep_state=true", "train.export=false",
    )  # fmt: skip
    return resolve_config("finetune", overrides=(*quick, *overrides)).config


@pytest.fixture(scope="session")
def tiny_paintings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 4 x 10 synthetic paintings, 64 pixels high or wide; for reading only."""
    folder = tmp_path_factory.mktemp("paintings")
    list(paint_collection(folder, 10, styles=TINY_STYLES, short_side_px=64))
    return folder


@pytest.fixture(scope="session")
def tiny_dataset(tiny_paintings: Path, tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    """A dataset folder of the tiny paintings; for reading only."""
    config = resolve_config(
        overrides=["data.cache_size=40", "data.workers=0", "balance.min_per_style=4"]
    ).config
    return prepare(tiny_paintings, tmp_path_factory.mktemp("data") / "tiny", config).dataset


@pytest.fixture(scope="session")
def tiny_run(tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run on the tiny data set; for reading only."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "tiny")
    return fit(tiny_config(), tiny_dataset, run).run


DUAL = (
    "model.name=dual/efficientnet_lite0", "train.batch_size=8", "train.ema_decay=0.9",
    "augment.trivial_augment=false", "augment.erasing=0", "train.sampler=balanced",
)  # fmt: skip
"""Settings over `tiny_config` for two streams; the painter's pictures have genres."""


@pytest.fixture(scope="session")
def dual_run(tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run of two streams on the tiny data set; for reading only."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "dual")
    return fit(tiny_config(*DUAL), tiny_dataset, run).run
