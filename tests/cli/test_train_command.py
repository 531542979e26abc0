"""`artstyle train`, `finetune`, `models` and `config` through their entrance."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder
from tests.cli.in_process import artstyle_text as artstyle

TINY = (
    "--set", "data.image_size=32", "--set", "data.workers=0", "--device", "cpu",
    "--epochs", "1", "--batch-size", "8",
)  # fmt: skip


def test_a_run_is_trained_found_as_the_latest_and_resumed(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    done = artstyle("train", "--data", tiny_dataset.path, *TINY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    (folder,) = (tmp_path / "runs").iterdir()
    run = RunFolder(folder)
    assert run.name.endswith("-simple_cnn")
    assert run.config().optim.lr == 9e-6
    assert run.best_path.is_file()
    assert f"Next: artstyle evaluate --run runs/{run.name}" in done.stderr
    again = artstyle("train", "--resume", "latest", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "all epochs are done" in again.stderr
    assert len(run.history()) == 1


WRONG = {
    "a misspelt model": (("--model", "resnet5"), "Did you mean 'resnet50'?"),
    "a misspelt key": (("--set", "optim.lrr=1"), "Did you mean 'optim.lr'?"),
    "a value out of bounds": (("--set", "train.epochs=0"), "train.epochs = 0 (--set)"),
    "a key of prepare": (("--set", "split.group=artist"), "it is for 'artstyle prepare'"),
    "a size of prepare": (("--set", "data.cache_size=99"), "it is for 'artstyle prepare'"),
    "a device that is not there": (
        ("--device", "cuda:9", "--data", "{data}"),
        "no device 'cuda:9'",
    ),
    "no dataset folder": ((), "make it with 'artstyle prepare SOURCE'"),
    "a folder that is none": (("--data", "."), "is not a dataset folder"),
    "a run that is not there": (("--resume", "latest"), "no run in runs/"),
    "a changed resume": (("--resume", "latest", "--epochs", "9"), "leave out --epochs"),
    "a config that is not there": (("--config", "gone.yaml"), "no file gone.yaml"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_one_line_with_exit_code_2(
    case: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    words, message = WRONG[case]
    given = [word.format(data=tiny_dataset.path) for word in words]
    done = artstyle("finetune", *given, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_weights_that_cannot_be_had_name_two_ways_on(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "artstyle", "finetune", "--data", str(tiny_dataset.path)]
    blocked = {"https_proxy": "http://127.0.0.1:9", "TORCH_HOME": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | blocked
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "efficientnet_lite0" in done.stderr
    assert "--set model.weights=FILE" in done.stderr


def test_models_lists_every_model_on_stdout(tmp_path: Path) -> None:
    done = artstyle("models", cwd=tmp_path)
    assert done.returncode == 0
    for name in ("simple_cnn", "resnet50", "efficientnet_b0", "efficientnet_b3", "efficientnet_b4"):
        assert name in done.stdout
    assert "timm/NAME" in done.stderr


def test_config_show_prints_yaml_with_origins(tmp_path: Path) -> None:
    done = artstyle("config", "show", "baseline", "--set", "seed=7", cwd=tmp_path)
    assert done.returncode == 0
    shown = yaml.safe_load(done.stdout)
    assert (shown["seed"], shown["model"]["name"]) == (7, "simple_cnn")
    assert "name: simple_cnn" in done.stdout
    assert "# recipe baseline" in done.stdout
    assert artstyle("config", "show", "basline", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    "command",
    ["demo", "prepare", "eda", "train", "finetune", "evaluate", "predict", "gradcam", "report",
     "models", "config"],
)  # fmt: skip
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    done = artstyle(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage: " in done.stdout
