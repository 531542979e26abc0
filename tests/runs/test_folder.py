"""The run folder: how a run begins."""

import shutil
from pathlib import Path

import pytest

from artstyle.runs.folder import RunFolder
from artstyle.storage.locks import sole_writer
from tests.environments import begin_run


def test_an_interrupted_begin_does_not_prevent_another(tmp_path: Path) -> None:
    for name in ("labels.json", ".lock", ".tmp-x.yaml"):
        (tmp_path / name).write_text("")
    with sole_writer(tmp_path):
        run = begin_run(tmp_path, ".", "2026-11-23T10:00:00+00:00")
    assert run.labels() == ("Cubism",)
    assert not (tmp_path / ".tmp-x.yaml").exists()


def test_a_run_keeps_the_vocabulary_of_its_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    (data / "vocabulary.csv").write_text("style,en\nCubism,Kubism\n", "utf-8")
    run = begin_run(tmp_path, "run", "2026-11-23T10:00:00+00:00")
    shutil.rmtree(data)
    moved = RunFolder(run.path.rename(tmp_path / "moved"))
    assert moved.vocabulary().name("Cubism") == "Kubism"
    # A lone checkpoint must not take the names of the folder in which artstyle is called.
    assert RunFolder(moved.path, lone=moved.best_path).vocabulary().name("Cubism") == "Cubism"
