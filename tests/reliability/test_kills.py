"""SIGKILL at random moments, and the two signals that ask."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.runs import RunFolder

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(("command", "kills"), [("finetune", 25), ("prepare", 4), ("predict", 4)])
def test_nothing_that_was_done_is_lost_to_a_kill(command: str, kills: int) -> None:
    words = ("-m", "tests.reliability.kills", command, str(kills))
    done = subprocess.run(
        [sys.executable, *words], cwd=PROJECT, capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert re.search(rf"\bkilled {kills}\b", done.stdout)


def started(folder: Path, *words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "artstyle", *map(str, words)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def asked_to_end(
    process: "subprocess.Popen[str]", number: signal.Signals, once: Callable[[], bool]
) -> str:
    """Signal a process as soon as something holds; return the line with which it ends."""
    deadline = time.monotonic() + 120
    while not once():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 128 + number, error
    assert "Traceback" not in error
    return error.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_training_that_is_asked_to_end_says_how_to_go_on_and_does(
    number: signal.Signals, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    words = (
        "train", "--data", tiny_dataset.path, "--out", run.path, "--device", "cpu", "--epochs",
        "400", "--set", "data.image_size=32", "--set", "train.precision=fp32", "--set",
        "train.channels_last=true", "--set", "train.early_stopping=0",
    )  # fmt: skip
    process = started(tmp_path, *words)
    line = asked_to_end(process, number, lambda: run.last_path.is_file())
    assert line == f"interrupted; go on with 'artstyle finetune --resume {run.path}'"
    epochs = len(run.history())
    again = started(tmp_path, "finetune", "--resume", run.path)
    asked_to_end(again, number, lambda: len(run.history()) > epochs)


def test_predict_that_is_asked_to_end_keeps_its_rows(tiny_run: RunFolder, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    out, kept = tmp_path / "rows.jsonl", tmp_path / "rows.jsonl.partial"
    process = subprocess.Popen(
        [sys.executable, "-m", "artstyle", "predict", "-", "--run", str(tiny_run.path), "--out",
         str(out), "--batch-size", "1"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"{pipe}\n" * 5000)  # Rows with an error; then it waits for more.
    process.stdin.flush()
    line = asked_to_end(
        process, signal.SIGTERM, lambda: kept.exists() and kept.stat().st_size > 2000
    )
    assert line == (
        f"interrupted; the rows so far are in {kept}; go on with the same command and --resume"
    )
    assert not out.exists()
