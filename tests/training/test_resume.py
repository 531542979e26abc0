"""A run that was interrupted anywhere goes on to what it would have come to, bit for bit."""

from pathlib import Path
from random import Random

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.runs import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.training.same import assert_same_run

# 28 pictures: seven batches an epoch, of which the last move of the weights is a short one.
SHORT = ("train.epochs=3", "train.batch_size=4")
SAVING = "train.save_minutes=1e-9"  # After every move.
WAYS = {
    "plain": (),
    "workers": ("data.workers=2",),
    "constant": ("optim.schedule=constant", "optim.name=sgd"),
    "plateau": ("optim.schedule=plateau", "optim.plateau_patience=0", "optim.name=adam"),
    "cosine": ("optim.schedule=cosine", "optim.warmup_epochs=1.5", "optim.name=sgd"),
    "restarts": ("optim.restart_epochs=1", "optim.restart_factor=2"),
    "ema and mixing": (
        "train.ema_decay=0.9", "augment.mixup_alpha=0.2", "augment.cutmix_alpha=1.0",
    ),
    "balanced and accumulated": ("train.sampler=balanced", "train.accumulate=3"),
    "features": (
        "unfreeze.mode=staged", "unfreeze.head_epochs=2", "augment.crop_scale=[1,1]",
        "augment.flip=0", "augment.erasing=0", "augment.trivial_augment=false",
        "train.ema_decay=0.9",
    ),
    "staged, with workers": (
        "unfreeze.mode=staged", "unfreeze.head_epochs=1", "unfreeze.blocks=1", "data.workers=2",
    ),
    "all at once": (
        "unfreeze.mode=staged", "unfreeze.head_epochs=1", "unfreeze.blocks=2", "data.workers=0",
        "train.accumulate=2", "train.ema_decay=0.5", "augment.mixup_alpha=1.0", "model.dropout=0.5",
        "train.sampler=balanced", "optim.schedule=cosine", "optim.backbone_lr=1e-4",
    ),
}  # fmt: skip
POINTS_A_WAY = 2


class Broken(BaseException):
    """Ends a run in the middle, where it is told of a batch."""


def break_at(epoch: int, batch: int, run: RunFolder, data: DatasetFolder, *overrides: str) -> None:
    """Begin a run, or go on with it, and break it where it tells of a batch, before it saves."""

    def interrupt(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if (stage, done) == (f"epoch {epoch} of 3", batch):
            raise Broken

    with pytest.raises(Broken):
        fit(tiny_config(*overrides), data, run, progress=interrupt, resume=run.path.exists())


@pytest.mark.parametrize("way", WAYS)
def test_a_run_resumed_in_mid_epoch_equals_the_uninterrupted_run(
    way: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    overrides = (*SHORT, *WAYS[way])
    whole, broken = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "broken")
    fit(tiny_config(*overrides), tiny_dataset, whole)
    points = [(epoch, batch) for epoch in (1, 2, 3) for batch in range(1, 8)]
    for epoch, batch in sorted(Random(way).sample(points, POINTS_A_WAY)):
        break_at(epoch, batch, broken, tiny_dataset, *overrides, SAVING)
    fit(tiny_config(*overrides), tiny_dataset, broken, resume=True)
    assert_same_run(whole, broken)
