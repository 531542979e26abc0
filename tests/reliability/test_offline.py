"""Offline and private: no command needs the network, and none uses it unasked."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder
from tests.cli.random_run import paint

HOOK = Path(__file__).parent / "no_network"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
WITHOUT = (
    "WANDB_MODE",
    "WANDB_API_KEY",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "WANDB_ERROR_REPORTING",
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_TRACKING_URI",
    *PROXIES,
)

TRACKERS = [name for name in ("wandb", "tensorboard", "mlflow") if find_spec(name)]

Tried = Path


@pytest.fixture
def tried(tmp_path: Path) -> Tried:
    """The file in which each attempt to reach the network is noted."""
    path = tmp_path / "tried"
    path.touch()
    return path


def command(tried: Tried, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program with the network blocked in it and in all its children."""
    home = tried.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in WITHOUT}
    paths = [str(HOOK), *filter(None, [environment.get("PYTHONPATH")])]
    environment |= {
        "PYTHONPATH": os.pathsep.join(paths),
        "ARTSTYLE_TRIED": str(tried),
        "HOME": str(home),
        "TORCH_HOME": str(home / "torch"),
        "HF_HOME": str(home / "hub"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=tried.parent, env=environment, text=True,
        capture_output=True, timeout=280,
    )  # fmt: skip


def artstyle(tried: Tried, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return command(tried, "-m", "artstyle", *words)


def quick(dataset: DatasetFolder, out: Path, model: str) -> list[str | Path]:
    return [
        "finetune", "--data", dataset.path, "--out", out, "--model", model, "--epochs", "1",
        "--batch-size", "8", "--set", "data.image_size=32", "--set", "data.workers=1",
    ]  # fmt: skip


def test_the_block_blocks_this_process_and_its_children(tried: Tried) -> None:
    ask = "import urllib.request; urllib.request.urlopen('http://192.0.2.1', timeout=1)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ask!r}])"
    assert "network is blocked" in command(tried, "-c", ask).stderr
    assert "network is blocked" in command(tried, "-c", child).stderr
    assert len(tried.read_text("utf-8").splitlines()) == 2


def test_every_command_works_without_a_network_and_asks_for_none(
    tiny_paintings: Path, tiny_dataset: DatasetFolder, tiny_run: RunFolder, tried: Tried
) -> None:
    work = tried.parent
    picture, run, data = paint(work / "a.png"), tiny_run.path, tiny_dataset.path
    out = work / "scores"
    tracked = ["--set", f"tracking.to=[{','.join(TRACKERS)}]"]
    tracked += ["--set", f"tracking.mlflow={(work / 'store').as_uri()}"]
    small = ["--set", "balance.min_per_style=4", "--set", "data.cache_size=40"]
    for words in (
        ["--help"],
        ["models"],
        ["config", "show"],
        ["prepare", tiny_paintings, "--out", work / "data", *small, "--set", "data.workers=2"],
        ["eda", tiny_paintings, "--out", work / "eda"],
        [*quick(tiny_dataset, work / "run", "efficientnet_lite0"), *tracked],
        ["evaluate", "--run", run, "--data", data, "--out", out],
        ["predict", picture, "--run", run],
        ["gradcam", picture, "--run", run, "--out", work / "heat"],
        ["report", "--run", work / "run"],
    ):
        done = artstyle(tried, *words)
        assert done.returncode == 0, (words, done.stderr)
    assert tried.read_text("utf-8") == ""
    assert len(list((work / "run/wandb").glob("offline-run-*"))) == TRACKERS.count("wandb")
    assert len(list((work / "run/tensorboard").glob("*"))) == TRACKERS.count("tensorboard")
    assert len(list(work.glob("store/*/*/metrics"))) == TRACKERS.count("mlflow")


@pytest.mark.parametrize("model", ["resnet50", "timm/resnet18"])
def test_weights_that_are_not_here_are_missed_in_one_line(
    model: str, tiny_dataset: DatasetFolder, tried: Tried
) -> None:
    done = artstyle(tried, *quick(tiny_dataset, tried.parent / "run", model))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert f"the ImageNet weights of {model} could not be downloaded" in line
    assert "--model efficientnet_lite0" in line
    # To fetch them is what was asked for; nothing else is tried.
    hosts = {line.split()[1] for line in tried.read_text("utf-8").splitlines()}
    assert hosts <= {"download.pytorch.org", "huggingface.co"}
