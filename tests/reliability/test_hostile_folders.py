"""Run folders and dataset folders from strangers: refused in one line, nothing outside touched."""

import json
import shutil
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder
from tests.cli.random_run import paint
from tests.reliability import hostile_folders
from tests.reliability.commands import Commands, contents

NOWHERE = Path()


@pytest.fixture
def spoiled_run(tiny_run: RunFolder, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run.path, tmp_path / "run"))


@pytest.fixture
def spoiled_data(tiny_dataset: DatasetFolder, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_dataset.path, tmp_path / "data"))


@pytest.mark.parametrize("name", hostile_folders.runs(NOWHERE))
def test_a_run_folder_that_lies_is_refused_and_nothing_is_written(
    name: str, spoiled_run: Path, tmp_path: Path, artstyle: Commands
) -> None:
    canary = tmp_path / "canary"
    command, spoil = hostile_folders.runs(canary)[name]
    spoil(spoiled_run)
    pictures = [paint(tmp_path / "picture.png")] if command in ("predict", "gradcam") else []
    before = contents(tmp_path)
    artstyle(command, *pictures, "--run", spoiled_run).refusal()
    assert contents(tmp_path) == before
    assert not canary.exists()


@pytest.mark.parametrize("name", hostile_folders.datasets())
def test_a_dataset_folder_that_lies_is_refused_and_nothing_is_written(
    name: str, spoiled_data: Path, tmp_path: Path, artstyle: Commands
) -> None:
    command, spoil = hostile_folders.datasets()[name]
    spoil(spoiled_data)
    before = contents(tmp_path)
    out = ("--out", tmp_path / "out")
    words: list[str | Path] = ["eda", spoiled_data, *out]
    if command == "finetune":
        words = ["finetune", "--data", spoiled_data, *out, "--model", "simple_cnn"]
        words += ["--set", "model.weights=none", "--set", "data.image_size=32"]
    artstyle(*words).refusal()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [touch]", "!!python/name:os.x"])
def test_a_python_tag_in_a_configuration_runs_nothing(
    tag: str, tmp_path: Path, artstyle: Commands
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"seed: {tag}\n", "utf-8")
    assert str(path) in artstyle("config", "show", "--config", path).refusal()
    assert "--set" in artstyle("config", "show", "--set", f"seed={tag}").refusal()


def test_heatmaps_are_not_added_to_a_record_that_shows_files_from_elsewhere(
    spoiled_run: Path, tmp_path: Path, artstyle: Commands
) -> None:
    hostile_folders.runs(NOWHERE)["heatmaps.jsonl: a way out"][1](spoiled_run)
    picture, before = paint(tmp_path / "p.png"), contents(spoiled_run)
    refusal = artstyle("gradcam", picture, "--run", spoiled_run).refusal()
    assert "'0.overlay' is '../../../secret.png'" in refusal
    assert contents(spoiled_run) == before


def lie(index: Path, **changes: object) -> None:
    """Change the first picture's line of a cache's index."""
    fields = ("path", "size", "mtime_ns", "sha256", "width", "height", "format", "mode", "cached")
    header, first, *rest = index.read_text("utf-8").splitlines()
    values = json.loads(first)
    for name, value in changes.items():
        values[fields.index(name)] = value
    index.write_text("\n".join([header, json.dumps(values), *rest]) + "\n", "utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"cached": "../../secret.png", "size": 1},
        {"cached": "/etc/passwd"},
        {"sha256": "0" * 64},
        {"sha256": 7},
        {"width": -1},
        {"width": "<script>"},
        {"mtime_ns": None},
        {"path": ["a"]},
    ],
)
def test_an_index_that_lies_is_read_past(
    changes: dict[str, object], tiny_paintings: Path, tmp_path: Path, artstyle: Commands
) -> None:
    words = ["--set", "balance.min_per_style=4", "--set", "data.workers=0"]
    data = tmp_path / "data"
    assert artstyle("prepare", tiny_paintings, "--out", data, *words).code == 0
    honest = contents(data)
    lie(data / "images" / "index.jsonl", **changes)
    assert artstyle("prepare", tiny_paintings, "--out", data, *words).code == 0
    assert contents(data) == honest


@pytest.mark.parametrize("name", ["images", "images/aa"])
def test_prepare_neither_writes_nor_removes_through_a_link(
    name: str, tiny_paintings: Path, tmp_path: Path, artstyle: Commands
) -> None:
    data, victim = tmp_path / "data", tmp_path / "victim"
    victim.mkdir()
    (victim / "mine.jpg").write_bytes(b"mine")
    (data / name).parent.mkdir(parents=True)
    (data / name).symlink_to(victim)
    (data / "dataset.json").write_text("{}")
    before = contents(tmp_path)
    refusal = artstyle("prepare", tiny_paintings, "--out", data, "--overwrite").refusal()
    assert "is a link" in refusal
    assert contents(tmp_path) == before
