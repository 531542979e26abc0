"""``environment.json``: files of other versions load, damaged ones are named."""

import json
from pathlib import Path

import pytest

from artstyle.config import Config
from artstyle.errors import DataError
from tests.environments import begin_run

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
    run = begin_run(tmp_path, "run", "2026-11-22")
    run.environment_path.write_text(OLD)
    environment = run.environment()
    assert (environment.seed, environment.dataset.path) == (7, "/data")
    assert (environment.git, environment.parameters, environment.numerics) == (None, None, None)
    assert environment.to_dict() == json.loads(OLD)
    line = run.adapt(Config())
    added = {"adapted": [line], "settings": Config().model_dump(mode="json")}
    assert json.loads(run.environment_path.read_text()) == json.loads(OLD) | added


@pytest.mark.parametrize("key", ["dataset", "seed", "started"])
def test_an_environment_without_a_required_key_is_damaged(tmp_path: Path, key: str) -> None:
    run = begin_run(tmp_path, "run", "2026-11-22")
    record = json.loads(OLD)
    del record[key]
    run.environment_path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=rf"environment\.json is damaged .*'{key}' is missing"):
        run.environment()
