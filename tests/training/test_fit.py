"""A run: the same from the same seed, and the same after an interruption."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import DataError, RunError, TrainingError
from artstyle.models.checkpoint import load_style_model, write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.training.same import assert_same_run, history_of


def test_the_number_of_workers_changes_nothing(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    one, other = RunFolder(tmp_path / "0"), RunFolder(tmp_path / "2")
    fit(tiny_config("data.workers=0"), tiny_dataset, one)
    fit(tiny_config("data.workers=2"), tiny_dataset, other)
    assert_same_run(one, other)


def test_another_seed_gives_another_run(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    one, other = RunFolder(tmp_path / "1"), RunFolder(tmp_path / "2")
    fit(tiny_config("seed=1"), tiny_dataset, one)
    fit(tiny_config("seed=2"), tiny_dataset, other)
    assert history_of(one) != history_of(other)


def test_accumulated_batches_move_the_weights_as_one_large_batch_does(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    # Without batch norm in training, dropout and clipping by batch, the sums are the same.
    same = (
        "model.name=efficientnet_lite0", "unfreeze.mode=head", "train.epochs=1", "optim.name=sgd",
    )  # fmt: skip
    one, other = RunFolder(tmp_path / "1"), RunFolder(tmp_path / "2")
    fit(tiny_config(*same, "train.batch_size=8"), tiny_dataset, one)
    accumulated = ("train.batch_size=4", "train.accumulate=2")
    fit(tiny_config(*same, *accumulated), tiny_dataset, other)
    ours, theirs = load_file(one.last_path), load_file(other.last_path)
    key = "weights.classifier.weight"
    # Only the order of additions differs.
    torch.testing.assert_close(ours[key], theirs[key], rtol=1e-4, atol=1e-6)


def test_a_run_learns_what_sets_the_styles_apart(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    config = tiny_config("train.epochs=12", "augment.trivial_augment=false", "augment.erasing=0")
    fit(config, tiny_dataset, RunFolder(tmp_path / "run"))
    accuracies = [float(row["val_accuracy"]) for row in RunFolder(tmp_path / "run").history()]
    # Four styles: chance is 0.25.
    assert max(accuracies) >= 0.75


def test_a_run_folder_records_its_environment(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    environment = tiny_run.environment()
    assert environment.packages["torch"] == torch.__version__.split("+")[0]
    assert environment.seed == 42
    assert len(environment.dataset.fingerprint) == 64
    assert tiny_run.labels() == ("Cubism", "Minimalism", "Pop_Art", "Ukiyo_e")
    assert tiny_run.config() == tiny_dataset.as_prepared(tiny_config())
    assert [row["epoch"] for row in tiny_run.history()] == ["1", "2"]
    assert tiny_run.curves_path.read_bytes().startswith(b"\x89PNG")


def test_the_configuration_of_a_run_says_how_its_data_were_prepared(
    tiny_dataset: DatasetFolder, tiny_run: RunFolder
) -> None:
    decided, recorded = tiny_dataset.description.config, tiny_run.config()
    assert (recorded.split, recorded.balance, recorded.quality) == (
        decided.split,
        decided.balance,
        decided.quality,
    )
    assert recorded.data.cache_size == decided.data.cache_size != Config().data.cache_size


def test_the_history_has_the_learning_rate_that_each_epoch_learnt_with(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    schedule = ("optim.schedule=cosine", "optim.warmup_epochs=0", "optim.min_lr=0", "optim.lr=1e-3")
    fit(tiny_config(*schedule, "train.epochs=2", "train.batch_size=1000"), tiny_dataset, run)
    # One update an epoch: the first at the peak, the second half-way down the cosine.
    assert [float(row["lr"]) for row in run.history()] == pytest.approx([1e-3, 5e-4])


def test_a_run_never_begins_in_a_folder_that_holds_something(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        fit(tiny_config(), tiny_dataset, RunFolder(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_nonfinite_loss_stops_the_run_and_keeps_its_checkpoints(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    broken = ("optim.name=sgd", "optim.lr=1e30", "train.max_grad_norm=0", "train.epochs=4")
    with pytest.raises(TrainingError, match=r"lower optim\.lr"):
        fit(tiny_config(*broken), tiny_dataset, run)
    assert not run.best_path.exists()
    assert run.history() == []


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_picture_of_the_cache_is_named_in_one_line(
    workers: int, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    copy = DatasetFolder(shutil.copytree(tiny_dataset.path, tmp_path / "data"))
    damaged = copy.image_path(copy.rows("train")[3])
    damaged.write_bytes(b"no picture")
    with pytest.raises(DataError, match="run 'artstyle prepare' again") as caught:
        fit(tiny_config(f"data.workers={workers}"), copy, RunFolder(tmp_path / "run"))
    assert str(caught.value).startswith(str(damaged))
    assert "\n" not in str(caught.value)


def test_a_run_is_not_resumed_on_other_data(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(shutil.copytree(tiny_run.path, tmp_path / "run"))
    other = DatasetFolder(shutil.copytree(tiny_dataset.path, tmp_path / "data"))
    description = json.loads(other.description_path.read_text())
    other.description_path.write_text(json.dumps(description | {"fingerprint": "0" * 64}))
    with pytest.raises(RunError, match="has changed since"):
        fit(tiny_config(), other, run, resume=True)


def test_early_stopping_ends_a_run_that_no_longer_gains(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    stuck = ("optim.lr=1e-12", "train.epochs=9", "train.early_stopping=2")
    result = fit(tiny_config(*stuck), tiny_dataset, RunFolder(tmp_path / "run"))
    # The norms' statistics still move, so the best epoch need not be the first.
    assert result.state.epochs == result.state.best_epoch + 2 < 9
    assert "no better accuracy for 2 epochs" in result.stopped


def test_the_last_epoch_is_kept_where_validation_shall_not_choose(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    stuck = ("optim.lr=1e-12", "train.epochs=9", "train.early_stopping=2")
    for keep in ("best", "last"):
        run = RunFolder(tmp_path / keep)
        state = fit(tiny_config(*stuck, f"train.keep={keep}"), tiny_dataset, run).state
        assert state.best_epoch < state.epochs
        kept, last = load_file(run.best_path), load_file(run.last_path)
        same = all(torch.equal(weight, last[key]) for key, weight in kept.items())
        assert same == (keep == "last")


def test_a_validation_split_without_some_styles_is_reported(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    copy = DatasetFolder(shutil.copytree(tiny_dataset.path, tmp_path / "data"))
    lines = copy.manifest_path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not (",val," in line and line.startswith("Cubism"))]
    assert len(kept) < len(lines)
    copy.manifest_path.write_text("".join(kept), "utf-8")
    for keep, told in (("best", 1), ("last", 0)):
        warnings: list[str] = []
        config = tiny_config("train.epochs=1", f"train.keep={keep}")
        fit(config, copy, RunFolder(tmp_path / keep), warn=warnings.append)
        found = [text for text in warnings if "no image of 1 of the 4 styles" in text]
        assert len(found) == told


def test_a_time_limit_ends_a_run_between_epochs(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    result = fit(tiny_config("train.max_minutes=1e-6"), tiny_dataset, RunFolder(tmp_path / "run"))
    assert result.state.epochs == 1
    assert "max_minutes" in result.stopped


def test_a_run_in_which_nothing_learns_keeps_the_given_weights(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    fit(tiny_config("unfreeze.mode=none"), tiny_dataset, run)
    weights = load_file(run.best_path)
    assert float(weights["weights.features.0.1.num_batches_tracked"]) == 0
    assert len(run.history()) == 1


def test_two_processes_train_to_the_result_of_one(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    """A transformer has no batch norm: a picture's gradient depends on the others of its batch only
    through mixing. Pairs and dropout are those of the batch of both processes, 4 and 3 pictures,
    so only the order of additions differs. SGD, as Adam would hide a wrong scale."""
    settings = (
        "model.weights=none", "data.image_size=32", "unfreeze.mode=blocks", "unfreeze.blocks=2",
        "data.workers=0", "optim.name=sgd", "optim.lr=0.05", "train.accumulate=2",
        "train.ema_decay=0.5", "train.precision=fp32", "train.channels_last=true",
        "train.export=false", "train.keep_state=true", "model.dropout=0.5",
        "augment.mixup_alpha=0.8", "augment.cutmix_alpha=1.0",
    )  # fmt: skip
    words = [
        "finetune", "--data", str(tiny_dataset.path), "--model", "timm/vit_tiny_patch16_224",
        "--batch-size", "7", "--epochs", "2", "--device", "cpu",
        *(f"--set={setting}" for setting in settings),
    ]  # fmt: skip
    pair = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for name, launcher in (("one", [sys.executable]), ("two", pair)):
        command = [*launcher, "-m", "artstyle", *words, "--out", str(tmp_path / name)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("Done: ") == 1
        warned = [line for line in done.stderr.splitlines() if "warn" in line.lower()]
        assert [line for line in warned if not line.startswith("warning: ")] == []
    one, two = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "two")
    assert two.environment().processes == 2
    ours, theirs = load_file(one.last_path), load_file(two.last_path)
    for key in ours:
        # Float32, two dozen steps: 1e-5 is a hundred roundings; the weights move by 1e-2.
        torch.testing.assert_close(ours[key], theirs[key], rtol=1e-4, atol=1e-5)
    losses = [float(row["train_loss"]) for row in one.history()]
    assert losses[0] != losses[1]
    for row, twin in zip(one.history(), two.history(), strict=True):
        for column in ("train_loss", "plain_train_loss", "val_loss"):
            assert float(row[column]) == pytest.approx(float(twin[column]), abs=1e-4)


def test_a_run_from_another_runs_weights_says_whose_rows_of_the_head_it_keeps(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    known = ("Baroque", "Cubism", "Ukiyo_e")
    network = build_network("simple_cnn", len(known), image_size=32).network
    weights = tmp_path / "best.safetensors"
    preprocessing = Preprocessing(32, (0.5,) * 3, (0.5,) * 3, "bilinear", "crop", 48)
    write_checkpoint(weights, network, Header("simple_cnn", known, preprocessing, {}))
    config = tiny_config(f"model.weights={weights}", "unfreeze.mode=none")
    told: dict[str, str] = {}

    def progress(stage: str, done: int, total: int | None, detail: str = "") -> None:
        told[stage] = detail

    run = fit(config, tiny_dataset, RunFolder(tmp_path / "run"), progress=progress).run
    # Four convolutions, four norms of four tensors each, a linear layer of two.
    assert told["weights"] == f"22 of 22 tensors from {weights}"
    assert told["head"] == "2 of 4 styles kept by name, 2 random: Minimalism, Pop_Art"
    learnt = load_style_model(run.best_path, torch.device("cpu")).network.state_dict()
    key = "classifier.4.weight"
    assert torch.equal(learnt[key][3], network.state_dict()[key][2])
