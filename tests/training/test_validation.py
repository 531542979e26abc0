"""The losses of training and validation images can be compared."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import read_cached
from artstyle.data.manifest import Split
from artstyle.inference import predict_logits
from artstyle.models.checkpoint import load_style_model
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from artstyle.training.setup import labelled
from artstyle.training.validation import training_sample
from tests.conftest import tiny_config

FEATURES = (
    "unfreeze.mode=head", "augment.crop_scale=[1,1]", "augment.flip=0", "augment.erasing=0",
    "augment.trivial_augment=false",
)  # fmt: skip
COLUMNS: dict[str, Split] = {"plain_train_loss": "train", "val_loss": "val"}


def mean_loss(run: RunFolder, data: DatasetFolder, split: Split) -> float:
    """Return scikit-learn's log loss of the written weights on the pictures of a split."""
    images = labelled(data, split)
    model = load_style_model(run.best_path, torch.device("cpu"))
    answers = list(predict_logits(model, images.paths, read_cached))
    logits_NC = torch.from_numpy(np.stack([answer.logits_C for answer in answers]))  # type: ignore[misc]
    return float(log_loss(images.labels_N, logits_NC.double().softmax(dim=1), labels=range(4)))


@pytest.mark.parametrize("way", [("augment.mixup_alpha=1", "train.ema_decay=0.5"), FEATURES])
def test_both_losses_are_of_plain_pictures_whatever_is_optimised(
    way: tuple[str, ...], tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    optimised = (
        "train.epochs=1", "train.keep=last", "loss.label_smoothing=0.3",
        "loss.class_weights=balanced", "model.dropout=0.5",
    )  # fmt: skip
    run = RunFolder(tmp_path / "run")
    fit(tiny_config(*optimised, *way), tiny_dataset, run)
    (row,) = run.history()
    for column, split in COLUMNS.items():
        # History has six digits; 28 training pictures are fewer than a sample has.
        assert float(row[column]) == pytest.approx(mean_loss(run, tiny_dataset, split), rel=1e-4)
    assert row["train_loss"] != row["plain_train_loss"]


def test_the_sampled_training_pictures_have_the_styles_in_their_shares() -> None:
    labels_N = np.random.default_rng(0).permutation(np.repeat(np.arange(3), (300, 2100, 600)))
    sample_M = training_sample(labels_N)
    assert len(set(sample_M)) == 150  # A twentieth.
    assert np.bincount(labels_N[sample_M]).tolist() == [15, 105, 30]
    assert [len(training_sample(np.zeros(n, np.int64))) for n in (28, 1999, 40_000)] == [
        28, 100, 1000,
    ]  # fmt: skip
