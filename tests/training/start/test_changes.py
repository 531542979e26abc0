"""Settings that were edited after a run began are noticed."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import ConfigError
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import read_yaml, write_yaml
from artstyle.training.fit import fit
from tests.reliability.commands import contents


def edited(run: RunFolder, folder: Path, **values: Mapping[str, object]) -> RunFolder:
    """Return a copy of a run with other values in the sections of its ``config.yaml``."""
    copy = RunFolder(Path(shutil.copytree(run.path, folder)))
    config = read_yaml(copy.config_path)
    assert isinstance(config, dict)
    for section, keys in values.items():
        config[section] |= keys
    write_yaml(copy.config_path, config)
    return copy


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("optim", "lr", 0.01, "(optim.lr 0.001 -> 0.01)"),
        ("optim", "lr", 0.01, "'artstyle finetune --from {run} --set optim.lr=0.01'"),
        ("augment", "crop_scale", [0.5, 1.0], "augment.crop_scale [0.7, 1.0] -> [0.5, 1.0]"),
        ("data", "cache_size", 99, "(data.cache_size 40 -> 99)"),
        ("train", "precision", "bf16", "train.precision fp32 -> bf16"),
    ],
)
def test_a_run_is_not_resumed_with_edited_settings(
    section: str, key: str, value: object, said: str,
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path,
) -> None:  # fmt: skip
    run = edited(tiny_run, tmp_path / "run", **{section: {key: value}})
    before = contents(run.path)
    with pytest.raises(ConfigError) as caught:
        fit(run.config(), tiny_dataset, run, resume=True)
    assert said.format(run=run.path) in str(caught.value)
    assert ("--from" in str(caught.value)) == (section != "data")
    assert "\n" not in str(caught.value)
    assert contents(run.path) == before


def test_keys_that_change_no_weight_may_be_edited(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    train = {"save_minutes": 9.0, "keep_state": False}
    run = edited(tiny_run, tmp_path / "run", data={"workers": 1}, train=train)
    assert fit(run.config(), tiny_dataset, run, resume=True).stopped == "all epochs are done"
    assert run.environment().adapted == ()


def test_the_number_of_epochs_is_fixed_where_the_rate_falls_towards_the_last(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    longer = {"epochs": 9}
    run = edited(tiny_run, tmp_path / "run", train=longer, optim={"schedule": "cosine"})
    with pytest.raises(ConfigError, match=r"train\.epochs 2 -> 9"):
        fit(run.config(), tiny_dataset, run, resume=True)
