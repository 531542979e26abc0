"""Run folders: found by path, by name, and as the latest."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from artstyle.errors import DataError, MissingError, RunError, UnknownNameError
from artstyle.runs.finding import find_run, is_starter, new_run_path
from tests.environments import begin_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    # By name the oldest would come last.
    begin_run(tmp_path, "zebra", "2026-11-20T10:00:00+00:00", "best", "last")
    begin_run(tmp_path, "middle", "2026-11-21T10:00:00+00:00", "best", "last")
    begin_run(tmp_path, "newest", "2026-11-22T10:00:00+00:00")
    return tmp_path


def test_a_run_is_found_by_its_path_and_by_its_name(runs: Path) -> None:
    assert find_run(str(runs / "zebra"), runs).name == "zebra"
    assert find_run("zebra", runs).path == runs / "zebra"


def test_the_latest_is_the_newest_that_has_learnt_something(runs: Path) -> None:
    assert find_run("latest", runs).name == "middle"


def test_going_on_picks_the_newest_even_if_it_was_never_saved(runs: Path) -> None:
    assert find_run("latest", runs, needs="nothing").name == "newest"


def test_a_misspelt_run_is_answered_with_the_nearest(runs: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'zebra'"):
        find_run("zebr", runs)


def test_no_run_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="make one with 'artstyle finetune'"):
        find_run("latest", tmp_path / "runs", needs="own")
    with pytest.raises(MissingError, match=r"unknown run 'zebra'.* make one with"):
        find_run("zebra", tmp_path / "runs")


def test_where_no_run_has_learnt_something_the_starter_is_the_latest(tmp_path: Path) -> None:
    begin_run(tmp_path, "newest", "2026-11-22T10:00:00+00:00")
    assert is_starter(find_run("latest", tmp_path))


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


@pytest.mark.parametrize("damage", ["seed", "format_version"])
def test_a_damaged_record_does_not_make_the_newest_run_the_oldest(runs: Path, damage: str) -> None:
    path = begin_run(runs, "damaged", "2026-11-23T10:00:00+00:00", "best").environment_path
    record = json.loads(path.read_text())
    if damage == "seed":
        del record["seed"]
    else:
        record["format_version"] = 99
    path.write_text(json.dumps(record))
    assert find_run("latest", runs).name == "damaged"
    with pytest.raises(DataError):
        find_run("latest", runs).environment()
