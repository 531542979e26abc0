"""Features of a frozen backbone: computed once, with the same result."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from artstyle.data.dataset import DatasetFolder
from artstyle.models.unfreeze import train_mode, unfreeze
from artstyle.runs.folder import RunFolder
from artstyle.training.engine import Tally, train_epoch
from artstyle.training.features import reused_features
from artstyle.training.fit import fit
from artstyle.training.setup import Setup, build_setup
from artstyle.training.validation import validate
from tests.conftest import tiny_config
from tests.training.alone import ALONE, alone

PLAIN = (
    "augment.crop_scale=[1,1]", "augment.flip=0", "augment.trivial_augment=false",
    "augment.erasing=0",
)  # fmt: skip
HEAD = ("unfreeze.mode=head", "optim.lr=1e-2", *PLAIN)


@pytest.mark.parametrize(
    "name",
    [
        "simple_cnn", "efficientnet_lite0", "resnet50", "efficientnet_b0",
        "timm/vit_tiny_patch16_224",
    ],
)  # fmt: skip
def test_learning_from_features_is_learning_from_pictures(
    name: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    # SGD: Adam divides by gradients that are next to nothing, and makes their roundings large.
    config = tiny_config(*HEAD, f"model.name={name}", "model.dropout=0.3", "optim.name=sgd")
    torch.manual_seed(0)
    session = alone(config, tiny_dataset, tmp_path)
    plain, reusing = (build_setup(session) for _ in range(2))
    reusing.learner.network.load_state_dict(plain.learner.network.state_dict())
    features = reused_features(session, reusing, 0, None)
    assert features is not None
    for epoch in range(2):
        for setup, feed in ((plain, plain.feed), (reusing, features.feed(reusing))):
            unfreeze(setup.learner.network, setup.spec, config.unfreeze, epoch)
            feed.batches.set_epoch(epoch)
            train_epoch(
                setup.learner, feed, config.train, ALONE, tally=Tally(), after_batch=lambda _: None
            )
    ours, theirs = (_head(setup) for setup in (reusing, plain))
    # Pictures a batch differ, so only the order of additions does.
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    one, other = validate(session, reusing, features), validate(session, plain)
    assert one.loss == pytest.approx(other.loss, rel=1e-4)
    np.testing.assert_array_equal(one.predictions_N, other.predictions_N)
    assert list(tmp_path.iterdir()) == []


def _head(setup: Setup) -> Tensor:
    return setup.learner.network.get_submodule(setup.spec.head).weight  # type: ignore[return-value]


def test_dropout_of_the_features_is_drawn_again_for_each_batch(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    config = tiny_config(*HEAD, "model.dropout=0.5")
    session = alone(config, tiny_dataset, tmp_path)
    setup = build_setup(session)
    features = reused_features(session, setup, 0, None)
    assert features is not None
    unfreeze(setup.learner.network, setup.spec, config.unfreeze, 0)
    module = features.feed(setup).module
    train_mode(module)
    assert not torch.equal(module(features.train_NF), module(features.train_NF))


@pytest.mark.parametrize(
    "varied", ["augment.flip=0.5", "augment.mixup_alpha=0.2", "unfreeze.mode=blocks"]
)
def test_augmented_images_have_no_reused_features(
    varied: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    config = tiny_config(*HEAD, varied)
    session = alone(config, tiny_dataset, tmp_path)
    assert reused_features(session, build_setup(session), 0, None) is None


def test_a_staged_run_reuses_features_until_the_blocks_learn(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    stages: list[str] = []
    config = tiny_config(
        *PLAIN, "unfreeze.mode=staged", "unfreeze.head_epochs=2", "unfreeze.blocks=1",
        "train.epochs=3",
    )  # fmt: skip
    run = RunFolder(tmp_path / "run")
    fit(config, tiny_dataset, run, progress=lambda stage, *_: stages.append(stage))
    assert stages.count("computing features") == 5  # 28 and 6 pictures in batches of 8
    assert len(run.history()) == 3
