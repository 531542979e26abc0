"""Half precision and memory layouts learn what float32 learns."""

from pathlib import Path

import pytest
from safetensors.torch import load_file

from artstyle.data.dataset import DatasetFolder
from artstyle.models.checkpoint import read_state
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config

TWO_EPOCHS = ("train.epochs=2", "train.batch_size=4", "train.ema_decay=0.5")
# Losses after 7 and 14 updates, which rounding to 8 bits (bf16) or to 11 (TF32) moves by up to 1%.
BAND = 0.05
# GradScaler finds the scale of fp16 by skipping the first updates: the run is a few of 70 late.
LATE_BAND = 0.1


@pytest.fixture(scope="module")
def in_float32() -> dict[str, RunFolder]:
    """The run that others are compared with, for each device that was asked for."""
    return {}


def trained(device: str, data: DatasetFolder, folder: Path, *settings: str) -> RunFolder:
    config = tiny_config(*TWO_EPOCHS, f"train.device={device}", *settings)
    return fit(config, data, folder).run


@pytest.fixture
def full(
    device: str,
    in_float32: dict[str, RunFolder],
    tiny_dataset: DatasetFolder,
    tmp_path_factory: pytest.TempPathFactory,
) -> RunFolder:
    if device not in in_float32:
        folder = tmp_path_factory.mktemp("float32") / "run"
        in_float32[device] = trained(device, tiny_dataset, folder)
    return in_float32[device]


def losses(run: RunFolder) -> list[float]:
    return [float(row["train_loss"]) for row in run.history()]


def test_bfloat16_follows_the_losses_of_float32(
    full: RunFolder, device: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    half = trained(device, tiny_dataset, tmp_path / "half", "train.precision=bf16")
    assert losses(half) == pytest.approx(losses(full), rel=BAND)
    assert losses(half) != losses(full)


def test_the_memory_layout_changes_roundings_alone(
    full: RunFolder, device: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    planes = trained(device, tiny_dataset, tmp_path / "planes", "train.channels_last=false")
    assert losses(planes) == pytest.approx(losses(full), rel=BAND)
    chosen = [run.environment().numerics for run in (full, planes)]
    assert [each is not None and each.channels_last for each in chosen] == [True, False]


@pytest.mark.gpu
def test_float16_with_its_scaler_comes_to_the_losses_of_float32(
    accelerator: str, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    runs = [
        trained(
            accelerator, tiny_dataset, tmp_path / precision, "train.epochs=10",
            f"train.precision={precision}", "optim.schedule=cosine",
        )
        for precision in ("fp32", "fp16")
    ]  # fmt: skip
    full, half = (losses(run) for run in runs)
    assert half[-3:] == pytest.approx(full[-3:], rel=LATE_BAND)
    assert half[-1] < 0.8 * half[0]
    assert all(tensor.isfinite().all() for tensor in load_file(runs[1].last_path).values())
    scaler = read_state(runs[1].last_path)[1]["scaler"]
    assert 1 < scaler["scale"] <= 2.0**16
