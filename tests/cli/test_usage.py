"""A wrong command line: one line that says what to write; and the lines that need no command."""

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder
from tests.cli.random_run import paint, write_random_run
from tests.reliability.commands import Commands

WRONG = {
    "modelz": ["no such command 'modelz'. Did you mean 'models'? 'artstyle --help' shows"],
    "predict": ["missing argument 'PATH'; 'artstyle predict --help' shows the usage"],
    "predict --runn a b": [
        "no such option: --runn (Possible options: --on, --run); 'artstyle predict"
    ],
    "predict -cans": ["no such option: -c; if -cans is a path, write ./-cans; 'artstyle predict"],
    "predict -hals.jpg": ["-hals.jpg begins with a dash, as options do; write ./-hals.jpg"],
    "finetune --epochs 0": ["invalid value for '--epochs': "],
    "predict a --engine onx": ["invalid value for '--engine': 'onx' is not one of 'auto', 'torch'"],
    "export one --run two": ["two runs are named: one and --run two; leave one out"],
    "export --run random --format timm": ["use --format onnx or --format torch"],
    "export --run random --format torch --out a.onnx": ["--out a.onnx: end it in .pt2"],
    "prepare collectoin": ["no file or folder collectoin; ", "Did you mean 'Collection'?"],
    "eda Collection/Cubsm": ["Did you mean 'Collection/Cubism'?"],
    "predict Colection/Cubism --run random": ["or folder. Did you mean 'Collection/Cubism'?"],
    "finetune --data Colection": ["is not a dataset folder", "Did you mean 'Collection'?"],
    "gradcam Collection --run random --style cubizm": ["Did you mean 'Cubism'?"],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_random_run(tmp_path)
    paint(tmp_path / "Collection/Cubism/a.png")
    paint(tmp_path / "-hals.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_answered_in_one_line_that_mends_it(
    line: str, home: Path, artstyle: Commands
) -> None:
    said = artstyle(*line.split())
    assert (said.code, said.out) == (2, "")
    line_said = said.refusal()
    assert [part for part in WRONG[line] if part not in line_said] == [], line_said


def test_a_checkpoint_alone_answers_as_its_run_does(
    home: Path, artstyle: Commands, tiny_run: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    shutil.copy(tiny_run.best_path, "alone.safetensors")
    answers = [
        artstyle("predict", "Collection", "--format", "csv", "--run", run).out
        for run in ("alone.safetensors", tiny_run.path)
    ]
    assert answers[0] == answers[1] != ""
    alone = ("--run", "alone.safetensors")
    for words in (
        ("gradcam", "Collection", *alone, "--style", "ukiyo-e"),
        ("evaluate", *alone, "--data", tiny_dataset.path),
        ("export", *alone),
    ):
        assert artstyle(*words).code == 0
    made = ("gradcam/index.html", "evaluation/test/report.html", "alone.onnx")
    assert [name for name in made if not (home / name).is_file()] == []
    assert "does not say what it was trained on" in (home / made[1]).read_text("utf-8")
    assert "needs the folder of its run" in artstyle("report", *alone).refusal()
    assert "is a file; name the folder" in artstyle("finetune", "--resume", alone[1]).refusal()
    gone = artstyle("predict", "Collection", "--run", "alnoe.safetensors").refusal()
    assert gone.endswith("no file alnoe.safetensors. Did you mean 'alone.safetensors'?")


def test_a_path_that_begins_with_a_dash_is_taken_after_a_folder_or_two_dashes(
    home: Path, artstyle: Commands
) -> None:
    for words in (("./-hals.jpg",), ("--", "-hals.jpg")):
        said = artstyle("predict", "--run", "random", "--format", "csv", *words)
        assert (said.code, said.out.count("\n")) == (0, 2)


@pytest.mark.parametrize("line", ["", "config"])
def test_without_a_command_the_help_is_shown_and_nothing_is_wrong(
    line: str, artstyle: Commands
) -> None:
    said = artstyle(*line.split())
    assert (said.code, said.err) == (0, "")
    assert "Usage: artstyle" in said.out


@pytest.mark.parametrize("line", ["--version", "version"])
def test_the_version_is_printed(line: str, artstyle: Commands) -> None:
    said = artstyle(line)
    assert (said.code, said.out, said.err) == (0, f"artstyle {version('artstyle')}\n", "")


def test_tab_completes_commands(artstyle: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_ARTSTYLE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "artstyle pre")
    monkeypatch.setenv("COMP_CWORD", "1")
    said = artstyle()
    assert (said.code, said.out.split()) == (0, ["prepare", "predict"])


def test_a_style_is_found_in_any_case(home: Path, artstyle: Commands) -> None:
    words = ("Collection", "--run", "random", "--style", "UKIYO-E", "--out", "heat")
    said = artstyle("gradcam", *words)
    assert said.code == 0, said.err
    assert '"style": "Ukiyo_e"' in (home / "heat/heatmaps.jsonl").read_text("utf-8")
