"""Two streams in a run: trained, resumed, and refused where they make no sense."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import ConfigError
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from artstyle.training.setup import build_setup
from artstyle.training.streams.losses import dependence
from artstyle.training.streams.setup import genre_targets
from tests.conftest import DUAL, tiny_config
from tests.training.alone import alone
from tests.training.same import assert_same_run


class Broken(BaseException):
    """Ends a run in the middle of an epoch."""


def test_a_dual_run_resumed_in_mid_epoch_equals_the_uninterrupted_run(
    tiny_dataset: DatasetFolder, dual_run: RunFolder, tmp_path: Path
) -> None:
    def interrupt(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if (stage, done) == ("epoch 2 of 2", 2):
            raise Broken

    broken = RunFolder(tmp_path / "broken")
    with pytest.raises(Broken):
        fit(tiny_config(*DUAL, "train.save_minutes=1e-9"), tiny_dataset, broken, progress=interrupt)
    fit(tiny_config(*DUAL), tiny_dataset, broken, resume=True)
    assert_same_run(dual_run, broken)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("augment.mixup_alpha=0.2", r"set augment\.mixup_alpha=0"),
        ("unfreeze.mode=head", r"set unfreeze\.mode=blocks"),
    ],
)
def test_settings_without_sense_for_two_streams_are_refused(
    tiny_dataset: DatasetFolder, tmp_path: Path, setting: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        build_setup(alone(tiny_config(*DUAL, setting), tiny_dataset, tmp_path))


def test_each_part_that_is_off_leaves_the_other_losses_alone(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    parts = ("contrast", "swap", "genre", "reversal", "hsic", "orthogonality")
    images, styles = torch.randn(4, 3, 32, 32), torch.tensor([0, 0, 1, 1])
    genres = torch.tensor([0, 1, 0, -1])

    def loss(*on: str) -> float:
        weights = [f"dual.{part}={1.0 if part in on else 0}" for part in parts]
        torch.manual_seed(0)
        setup = build_setup(alone(tiny_config(*DUAL, *weights), tiny_dataset, tmp_path))
        return float(setup.feed.module(images, styles, genres)[1].detach())

    assert loss() == 0
    assert all(loss(part) != 0 for part in parts if part != "swap")
    # Copies alone would only make all content embeddings the same: nothing holds them apart.
    assert loss("swap") == 0
    assert loss("swap", "genre") > loss("genre") > 0
    both = loss("hsic", "orthogonality")
    assert both == pytest.approx(loss("hsic") + loss("orthogonality"), abs=1e-5)


def test_the_loss_of_the_embeddings_is_computed_in_float32_whatever_the_precision(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    off = [f"dual.{part}=0" for part in ("contrast", "swap", "genre", "reversal")]
    setup = build_setup(alone(tiny_config(*DUAL, *off, "dual.hsic=1"), tiny_dataset, tmp_path))
    network, seen = setup.learner.network, []
    for part in ("style", "content"):
        network.get_submodule(part).register_forward_hook(
            lambda module, inputs, output: seen.append(output.float())
        )
    labels = torch.tensor([0, 0, 1, 1])
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        _, loss = setup.feed.module(torch.randn(4, 3, 32, 32), labels, labels)
    assert float(loss) == pytest.approx(float(dependence(*seen)), rel=1e-6)


def test_genres_come_from_the_manifest_or_else_from_the_title(tiny_dataset: DatasetFolder) -> None:
    row = replace(tiny_dataset.rows("train")[0], genre="", title="")
    rows = [
        replace(row, genre="portrait"), replace(row, title="Winter landscape"), row,
    ]  # fmt: skip
    names, targets_N = genre_targets(rows)
    assert names == ("landscape", "portrait")
    assert targets_N.tolist() == [1, 0, -1]
