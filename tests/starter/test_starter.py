"""The starter model as it comes with the package."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import artstyle
from artstyle.confidence.temperature import probabilities
from artstyle.engines import load_model, load_starter
from artstyle.errors import WeightsError
from artstyle.models.checkpoint import load_style_model
from artstyle.models.onnx_model import OnnxModel
from artstyle.painter.collection import paint
from artstyle.runs.finding import find_run, is_starter, starter_run
from artstyle.runs.folder import RunFolder
from artstyle.styles.vocabulary import display_name, read_vocabulary
from tests.cli.in_process import artstyle as run_artstyle

STARTER = starter_run()
MOST_BYTES = 16 * 2**20


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture and no run."""
    folder = tmp_path_factory.mktemp("first-day")
    paint("Ukiyo_e", "portrait", 1, 1, (160, 120)).image.save(folder / "scan.jpg")
    return folder


def test_it_answers_alike_with_and_without_torch() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    painted = [
        np.asarray(paint(style, "tree", 3, 3, (224, 224)).image) for style in ("Cubism", "Pop_Art")
    ]
    pictures = np.concatenate([noise, np.stack(painted)])
    answers = [load_model(STARTER, engine).answer(pictures) for engine in ("onnx", "torch")]
    lite, full = (probabilities(answer.logits_NC, None) for answer in answers)
    np.testing.assert_allclose(lite, full, atol=1e-3)


def test_it_weighs_at_most_16_mb() -> None:
    assert sum(path.stat().st_size for path in STARTER.path.rglob("*")) <= MOST_BYTES


def test_its_card_names_every_style_that_it_knows_and_each_that_it_does_not() -> None:
    card = (STARTER.path / "card.md").read_text("utf-8")
    table = card.partition("F1 of each style")[2].partition("##")[0]
    named = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[4:]]
    assert set(map(display_name, STARTER.labels())) <= set(named)
    absent = [style for style in read_vocabulary().entries if style not in STARTER.labels()]
    listed = card.partition("Not covered, for lack of pictures: ")[2].partition(".")[0]
    assert listed.split(", ") == list(map(display_name, absent))


def test_its_card_and_the_line_on_stderr_give_the_same_accuracy() -> None:
    accuracy = float(STARTER.history()[-1]["val_accuracy"])
    assert f"| source | 1,952 | {accuracy:.3f} (" in (STARTER.path / "card.md").read_text("utf-8")


def test_its_answers_are_calibrated_for_its_styles() -> None:
    calibration = load_starter().calibration
    assert calibration is not None
    assert calibration.fitted is not None
    assert calibration.fitted.familiarity is not None
    assert calibration.labels == STARTER.labels()


def test_a_folder_without_a_run_is_answered_at_once_without_torch(here: Path) -> None:
    code = (
        "import sys; from artstyle.__main__ import main; sys.argv[1:] = ['predict', 'scan.jpg', "
        "'--format', 'json']\ntry: main()\nfinally: print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["verdict"] in ("sure", "unsure", "unfamiliar")
    right = f"{float(STARTER.history()[-1]['val_accuracy']):.0%}"
    assert done.stderr.startswith(f"The starter model answers; it is right for {right} of painting")
    assert done.stderr.endswith("False\n")


def test_results_about_it_are_written_to_runs_and_never_to_the_package(here: Path) -> None:
    before = sorted(STARTER.path.rglob("*"))
    done = run_artstyle("gradcam", "scan.jpg", "--run", "starter", cwd=here)
    assert done.returncode == 0, done.stderr
    assert (here / "runs/starter/gradcam/index.html").is_file()
    assert sorted(STARTER.path.rglob("*")) == before


@pytest.mark.parametrize("command", ["export", "report"])
def test_a_command_about_an_own_run_does_not_take_the_starter_for_it(
    command: str, here: Path
) -> None:
    done = run_artstyle(command, cwd=here)
    assert done.returncode == 2
    assert b"no run with a finished epoch in runs/" in done.stderr


def test_an_own_run_named_starter_comes_first(here: Path, tiny_run: RunFolder) -> None:
    root = here / "own"
    shutil.copytree(tiny_run.path, root / "starter")
    assert not is_starter(find_run("starter", root))
    assert is_starter(find_run("starter", here / "runs"))


def test_a_damaged_file_of_it_gets_one_line(tmp_path: Path) -> None:
    shutil.copytree(STARTER.path, tmp_path / "starter")
    damaged = RunFolder(tmp_path / "starter")
    for path in (damaged.onnx_path, damaged.best_path):
        path.write_bytes(path.read_bytes()[:-4000])
    notes: list[str] = []
    with pytest.raises(WeightsError, match=r"best\.safetensors is damaged"):
        load_model(damaged, note=notes.append)
    assert len(notes) == 1
    assert "model.onnx" in notes[0]


def test_the_public_function_loads_it() -> None:
    assert artstyle.load_starter().fingerprint == load_starter().fingerprint


def test_a_model_keeps_the_fingerprint_that_an_earlier_version_gave_it() -> None:
    # It is in ONNX files and evaluations: with another one, neither would fit its run.
    assert load_style_model(STARTER.best_path, "cpu").fingerprint == "185da855917d"
    assert isinstance(load_starter(), OnnxModel)
