"""`artstyle demo`: the whole way, as the README promises it."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_demo_goes_the_whole_way_and_may_be_run_again(tmp_path: Path) -> None:
    done = _demo(tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "demo" / "runs").iterdir()
    for place in (
        run / "report.html",
        run / "curves.png",
        run / "model.onnx",
        run / "evaluation" / "test" / "report.html",
        run / "gradcam" / "index.html",
        tmp_path / "demo" / "data" / "eda" / "eda.html",
    ):
        assert place.is_file(), place
    with (tmp_path / "demo" / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    right = sum(f"/{row['style_1']}/" in row["path"] for row in rows)
    # Twelve styles that a person tells apart at a glance: chance is one in twelve.
    assert right >= 8
    assert "artstyle prepare PICTURES" in done.stderr
    # evaluate, predict and gradcam say it, and the demo at its end.
    assert done.stderr.count("synthetic pictures only") == 4


def test_the_demo_refuses_a_folder_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("mine")
    done = _demo(tmp_path)
    assert done.returncode == 2
    assert "thesis.txt" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _demo(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "artstyle", "demo"]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)
