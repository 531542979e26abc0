"""A run whose batch does not fit into the accelerator's memory continues with smaller batches."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.optim import AdamW

from artstyle.data.dataset import DatasetFolder
from artstyle.models.networks.simple_cnn import SimpleCNN
from artstyle.training.fit import fit
from tests.conftest import tiny_config

# Deterministic, as the algorithms that are otherwise measured first take memory as they like.
SETTINGS = (
    "model.name=efficientnet_lite0", "data.image_size=224", "train.epochs=1", "optim.name=sgd",
    "train.device=cuda", "deterministic=true",
)  # fmt: skip
# All 28 training images of the tiny data set at once, and half of them.
WHOLE, HALF = 28, 14


@pytest.fixture
def memory(accelerator: str) -> Iterator[int]:
    """The bytes of the accelerator's memory; its limit is lifted afterwards."""
    if accelerator != "cuda":
        pytest.skip("only the memory of a GPU of NVIDIA can be limited")
    yield torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def alive() -> int:
    """Return how many networks and optimisers there are; both hold tensors of a device."""
    return sum(type(each) in (SimpleCNN, AdamW) for each in gc.get_objects())


def test_the_network_of_the_first_try_is_gone_before_the_second(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    seen: list[int] = []

    def fail_once(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if stage.startswith("epoch 1") and done:
            seen.append(alive())
            if len(seen) == 1:
                raise torch.OutOfMemoryError("CUDA out of memory")

    gc.collect()
    before = alive()
    config = tiny_config("train.epochs=1")
    gc.disable()  # It may come too late on a device, whose memory Python does not see.
    try:
        run = fit(config, tiny_dataset, tmp_path / "run", progress=fail_once).run
    finally:
        gc.enable()
    assert (run.config().train.batch_size, run.config().train.accumulate) == (4, 2)
    assert set(seen) == {before + 2}


@pytest.mark.gpu
def test_a_batch_that_does_not_fit_is_halved_and_the_run_is_finished(
    memory: int, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    peaks = {}
    for size in (HALF, WHOLE):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        config = tiny_config(*SETTINGS, f"train.batch_size={size}")
        fit(config, tiny_dataset, tmp_path / str(size))
        peaks[size] = torch.cuda.max_memory_reserved()
    assert peaks[WHOLE] > 1.3 * peaks[HALF], peaks
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1.1 * peaks[HALF] / memory)
    said: list[str] = []
    config = tiny_config(*SETTINGS, f"train.batch_size={WHOLE}")
    run = fit(config, tiny_dataset, tmp_path / "limited", warn=said.append).run
    train = run.config().train
    assert train.batch_size in (HALF, HALF // 2)
    assert train.batch_size * train.accumulate == WHOLE
    assert said[0].startswith("memory ran out: train.batch_size 28 -> 14, train.accumulate 1 -> 2")
    assert run.environment().adapted[0] == said[0]
    assert [row["epoch"] for row in run.history()] == ["1"]
