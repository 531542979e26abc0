"""Run folders: found by path, by name, and as the latest."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from artstyle.config import Config
from artstyle.errors import DataError, MissingError, RunError, UnknownNameError
from artstyle.runs import RunFolder, find_run, new_run_path
from artstyle.storage.locks import sole_writer
from tests.environments import environment


def begin(root: Path, name: str, started: str, *checkpoints: str) -> RunFolder:
    run = RunFolder(root / name)
    run.begin(Config(), ("Cubism",), environment(started))
    for checkpoint in checkpoints:
        path = run.best_path if checkpoint == "best" else run.last_path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    # By name the oldest would come last.
    begin(tmp_path, "zebra", "2026-11-20T10:00:00+00:00", "best", "last")
    begin(tmp_path, "middle", "2026-11-21T10:00:00+00:00", "best", "last")
    begin(tmp_path, "newest", "2026-11-22T10:00:00+00:00")
    return tmp_path


def test_a_run_is_found_by_its_path_and_by_its_name(runs: Path) -> None:
    assert find_run(str(runs / "zebra"), runs).name == "zebra"
    assert find_run("zebra", runs).path == runs / "zebra"


def test_the_latest_is_the_newest_that_has_learnt_something(runs: Path) -> None:
    assert find_run("latest", runs).name == "middle"


def test_going_on_picks_the_newest_even_if_it_was_never_saved(runs: Path) -> None:
    assert find_run("latest", runs, needs="nothing").name == "newest"


def test_a_beginning_that_died_does_not_stand_in_the_way_of_another(tmp_path: Path) -> None:
    for name in ("labels.json", ".lock", ".tmp-x.yaml"):
        (tmp_path / name).write_text("")
    with sole_writer(tmp_path):
        run = begin(tmp_path, ".", "2026-11-23T10:00:00+00:00")
    assert run.labels() == ("Cubism",)
    assert not (tmp_path / ".tmp-x.yaml").exists()


def test_a_misspelt_run_is_answered_with_the_nearest(runs: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'zebra'"):
        find_run("zebr", runs)


def test_no_run_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="make one with 'artstyle finetune'"):
        find_run("latest", tmp_path / "runs")
    with pytest.raises(MissingError, match=r"unknown run 'zebra'.* make one with"):
        find_run("zebra", tmp_path / "runs")


def test_a_folder_that_is_not_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no config\.yaml"):
        find_run(str(tmp_path))


def test_two_runs_begun_in_one_second_get_two_names(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 14, 30)
    first = new_run_path(tmp_path, "timm/vit_tiny", now)
    first.mkdir()
    second = new_run_path(tmp_path, "timm/vit_tiny", now)
    assert first.name == "20261122-143000-timm-vit_tiny"
    assert second.name == "20261122-143000-timm-vit_tiny-2"


OLD = """{
  "started": "2026-11-22T10:00:00.000000+00:00",
  "command": ["artstyle", "finetune"],
  "python": "3.11.2",
  "platform": "Linux",
  "packages": {"torch": "2.10.0"},
  "device": "cpu",
  "device_name": "x86_64",
  "threads": 2,
  "processes": 1,
  "seed": 7,
  "dataset": {"path": "/data", "fingerprint": "abc", "of_a_later_version": 1},
  "of_a_later_version": [1, 2]
}"""


def test_an_environment_of_another_version_is_read_and_keeps_its_keys(tmp_path: Path) -> None:
    run = begin(tmp_path, "run", "2026-11-22")
    run.environment_path.write_text(OLD)
    environment = run.environment()
    assert (environment.seed, environment.dataset.path) == (7, "/data")
    assert (environment.git, environment.parameters, environment.numerics) == (None, None, None)
    assert environment.to_dict() == json.loads(OLD)
    line = run.adapt(Config())
    assert json.loads(run.environment_path.read_text()) == json.loads(OLD) | {"adapted": [line]}


@pytest.mark.parametrize("key", ["dataset", "seed", "started"])
def test_an_environment_without_a_required_key_is_damaged(tmp_path: Path, key: str) -> None:
    run = begin(tmp_path, "run", "2026-11-22")
    record = json.loads(OLD)
    del record[key]
    run.environment_path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=rf"environment\.json is damaged .*'{key}' is missing"):
        run.environment()
