"""The run folder: how a run begins."""

from pathlib import Path

from artstyle.storage.locks import sole_writer
from tests.environments import begin_run


def test_an_interrupted_begin_does_not_prevent_another(tmp_path: Path) -> None:
    for name in ("labels.json", ".lock", ".tmp-x.yaml"):
        (tmp_path / name).write_text("")
    with sole_writer(tmp_path):
        run = begin_run(tmp_path, ".", "2026-11-23T10:00:00+00:00")
    assert run.labels() == ("Cubism",)
    assert not (tmp_path / ".tmp-x.yaml").exists()
