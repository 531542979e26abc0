"""What is built before the first epoch, and what is refused."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import ConfigError, UsageError
from artstyle.preparation.prepare import prepare
from artstyle.training.process_group import ProcessGroup
from artstyle.training.setup import build_setup, planned_session
from tests.conftest import tiny_config
from tests.training.alone import alone


@pytest.mark.parametrize(
    ("overrides", "epochs"),
    [
        ((), 2),  # 28 pictures: four batches of 8 an epoch.
        (("train.min_steps=8",), 2),
        (("train.min_steps=9",), 3),
        (("train.min_steps=600",), 150),
        (("train.min_steps=9", "train.accumulate=4"), 9),
        (("train.min_steps=9", "train.batch_size=28"), 9),
    ],
)
def test_few_pictures_are_given_as_many_epochs_as_the_least_steps_need(
    overrides: tuple[str, ...], epochs: int, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    session = alone(tiny_config(*overrides), tiny_dataset, tmp_path / "run")
    planned = planned_session(session)
    assert planned.config.train.epochs == epochs
    assert planned_session(planned) == planned


def test_more_processes_than_images_a_batch_are_refused(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    session = alone(tiny_config("train.batch_size=2"), tiny_dataset, tmp_path / "run")
    group = ProcessGroup(rank=0, world_size=3, device=torch.device("cpu"))
    with pytest.raises(ConfigError, match=r"train\.batch_size = 2 .*set train\.batch_size=3"):
        build_setup(replace(session, group=group))


def test_a_size_that_the_network_does_not_accept_is_refused_before_training(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    config = tiny_config("model.name=timm/maxvit_pico_rw_256", "data.image_size=250")
    session = alone(config, tiny_dataset, tmp_path / "run")
    with pytest.raises(
        UsageError, match=r"does not accept 250-pixel images .*leave data.image_size out"
    ) as told:
        build_setup(session)
    assert "\n" not in str(told.value)
    assert not session.run.path.exists()


def test_artists_are_those_of_the_manifest_and_each_unknown_one_is_separate(
    tiny_paintings: Path, tmp_path: Path
) -> None:
    cubism, ukiyo_e, others = (
        sorted((tiny_paintings / style).iterdir()) for style in ("Cubism", "Ukiyo_e", "Pop_Art")
    )
    names = {
        "Cubism": [f"monet_{n}" for n in range(8)] + ["manet_8", "manet_9"],
        "Ukiyo_e": [f"degas_{n}" for n in range(4)] + [f"scan{n}" for n in range(4)],
    }
    for style, pictures in (("Cubism", cubism), ("Ukiyo_e", ukiyo_e)):
        for split in ("train", "val", "test"):
            (tmp_path / "split" / split / style).mkdir(parents=True)
        for name, picture in zip(names[style], pictures, strict=False):
            copied = tmp_path / "split/train" / style / f"{name}{picture.suffix}"
            shutil.copy(picture, copied)
        for split in ("val", "test"):
            shutil.copy(others.pop(), tmp_path / "split" / split / style)
    overrides = ("train.sampler=artists", "balance.min_per_style=1", "data.cache_size=40")
    config = tiny_config(*overrides)
    data = prepare(tmp_path / "split", tmp_path / "data", config).dataset
    rows = data.rows("train")
    assert Counter(row.artist for row in rows) == {"monet": 8, "manet": 2, "degas": 4, "": 4}

    setup = build_setup(alone(config, data, tmp_path / "run"))
    indices = [draw.index for batch in setup.feed.batches for draw in batch]
    # Nine of each style. The roots of 8 and 2 are as 2 to 1; that of 4 is 2, next to four ones.
    counts = Counter(rows[index].artist for index in indices)
    assert counts == {"monet": 6, "manet": 3, "degas": 3, "": 6}
