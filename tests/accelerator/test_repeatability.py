"""The same run again, interrupted, or in two processes, comes to the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch.testing import assert_close

from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.training.same import assert_same_run

DETERMINISTIC = (
    "deterministic=true", "train.epochs=2", "train.batch_size=4", "train.ema_decay=0.5",
    "augment.mixup_alpha=0.2", "model.dropout=0.5",
)  # fmt: skip


class Stopped(BaseException):
    """Ends a run in mid-epoch."""


def command(data: DatasetFolder, out: Path, device: str, *settings: str) -> list[str]:
    words = ["-m", "artstyle", "finetune", "--data", str(data.path), "--out", str(out)]
    return [*words, "--device", device, *(f"--set={setting}" for setting in settings)]


def execute(words: list[str], *launcher: str) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("CUBLAS_WORKSPACE_CONFIG", None)  # A deterministic run sets it itself.
    done = subprocess.run(
        [sys.executable, *launcher, *words], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr


def test_a_deterministic_run_is_the_same_bit_for_bit(
    device: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    settings = (*DETERMINISTIC, f"train.device={device}")
    one, two = (fit(tiny_config(*settings), tiny_dataset, tmp_path / name).run for name in "ab")
    assert_same_run(one, two)


@pytest.mark.gpu
def test_a_deterministic_command_is_the_same_in_another_process(
    accelerator: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    settings = (
        *DETERMINISTIC, "model.name=efficientnet_lite0", "model.weights=none", "data.image_size=64",
        "unfreeze.mode=all", "train.keep_state=true", "train.export=false", "train.precision=bf16",
    )  # fmt: skip
    for name in ("one", "two"):
        execute(command(tiny_dataset, tmp_path / name, accelerator, *settings))
    assert_same_run(RunFolder(tmp_path / "one"), RunFolder(tmp_path / "two"))


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_run_resumed_in_mid_epoch_equals_the_uninterrupted_run(
    precision: str, accelerator: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    words = (*DETERMINISTIC, f"train.device={accelerator}", f"train.precision={precision}")
    whole = fit(tiny_config(*words), tiny_dataset, tmp_path / "whole").run

    def stop(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if (stage, done) == ("epoch 2 of 2", 4):
            raise Stopped

    saving = tiny_config(*words, "train.save_minutes=1e-9")
    with pytest.raises(Stopped):
        fit(saving, tiny_dataset, tmp_path / "resumed", progress=stop)
    resumed = fit(tiny_config(*words), tiny_dataset, tmp_path / "resumed", resume=True).run
    assert_same_run(whole, resumed)


@pytest.mark.gpu
def test_two_processes_on_one_gpu_train_to_the_result_of_one(
    accelerator: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    """As in tests/training/test_fit.py on CPUs: a transformer, SGD, gloo between the processes."""
    settings = (
        "model.name=timm/vit_tiny_patch16_224", "model.weights=none", "data.image_size=32",
        "unfreeze.mode=blocks", "unfreeze.blocks=2", "data.workers=0", "optim.name=sgd",
        "optim.lr=0.05", "train.epochs=2", "train.batch_size=7", "train.accumulate=2",
        "train.ema_decay=0.5", "train.precision=fp32", "train.channels_last=true",
        "train.export=false", "train.keep_state=true", "augment.mixup_alpha=0.8",
    )  # fmt: skip
    device = "cuda:0" if accelerator == "cuda" else accelerator
    execute(command(tiny_dataset, tmp_path / "one", device, *settings))
    pair = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    execute(command(tiny_dataset, tmp_path / "two", device, *settings), *pair)
    one, two = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "two")
    assert two.environment().processes == 2
    ours, theirs = load_file(one.last_path), load_file(two.last_path)
    for key in ours:
        # Matrix products on a GPU round otherwise for other batch sizes; weights move by 1e-2.
        assert_close(ours[key], theirs[key], rtol=1e-3, atol=1e-4)
