"""The choice of precision and layout: measured without a trace, taken by all, recorded."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from artstyle.data.dataset import DatasetFolder
from artstyle.models.factory import build_network
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import read_json, write_json
from artstyle.training.fit import fit
from artstyle.training.numerics import (
    Numerics,
    candidates,
    choose_numerics,
    confirmed,
    fastest,
    measure,
)
from tests.conftest import tiny_config
from tests.training.alone import ALONE

AUTO = ("train.precision=auto", "train.channels_last=auto")
FP32, BF16 = Numerics("fp32", True), Numerics("bf16", True)
PLANES = Numerics("fp32", False)

ACROSS = """
import sys
from pathlib import Path
from artstyle.models.factory import build_network
from artstyle.training.numerics import choose_numerics
from artstyle.training.process_group import process_group
from tests.conftest import tiny_config

config = tiny_config("train.precision=auto", "train.channels_last=auto")
built = build_network("simple_cnn", 4, image_size=32)
with process_group("cpu") as group:
    choice = choose_numerics(config, built, 32, group)
    Path(sys.argv[1], f"{group.rank}.json").write_text(choice.record().model_dump_json())
"""


def test_measuring_leaves_network_and_generators_as_they_were() -> None:
    built = build_network("efficientnet_lite0", 4, dropout=0.5)
    network = built.network
    weights = {key: value.clone() for key, value in network.state_dict().items()}
    learning = {name: p.requires_grad for name, p in network.named_parameters()}
    strides = {name: p.stride() for name, p in network.named_parameters()}
    modes = {name: module.training for name, module in network.named_modules()}
    drawn = torch.get_rng_state()
    config = tiny_config(*AUTO, "unfreeze.mode=blocks")
    choice = choose_numerics(config, built, 32, ALONE)
    assert list(choice.ms_per_image) == candidates(config, ALONE.device)
    assert all(0 < ms < 60_000 for ms in choice.ms_per_image.values())
    assert torch.equal(torch.get_rng_state(), drawn)
    after = network.state_dict()
    assert [key for key in weights if not torch.equal(weights[key], after[key])] == []
    assert {name: p.requires_grad for name, p in network.named_parameters()} == learning
    assert {name: p.stride() for name, p in network.named_parameters()} == strides
    assert {name: module.training for name, module in network.named_modules()} == modes
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize(
    ("ms_per_image", "chosen"),
    [
        ({FP32: 10.0, BF16: 5.0}, BF16),
        ({FP32: 10.0, BF16: 9.0}, FP32),
        ({FP32: 10.0, BF16: 20.0, PLANES: 8.0}, PLANES),
        ({FP32: 10.0, BF16: 5.0, PLANES: 4.9}, BF16),
    ],
)
def test_only_what_is_clearly_faster_takes_the_place_of_float32(
    ms_per_image: dict[Numerics, float], chosen: Numerics
) -> None:
    assert fastest(ms_per_image) == chosen


# Milliseconds per image; the first measurement was seen on a machine with other programs.
BF16_PLANES = Numerics("bf16", False)
NOISY = {FP32: 198.0, BF16: 240.0, PLANES: 180.0, BF16_PLANES: 30.0}


@pytest.mark.parametrize(
    ("measurements", "chosen", "recorded"),
    [
        ([NOISY, {FP32: 29.0, BF16_PLANES: 31.0}], FP32, NOISY | {FP32: 29.0}),
        ([NOISY, {FP32: 29.0, BF16_PLANES: 27.0}], FP32, NOISY | {FP32: 29.0, BF16_PLANES: 27.0}),
        ([NOISY, {FP32: 58.0, BF16_PLANES: 29.0}], BF16_PLANES,
         NOISY | {FP32: 58.0, BF16_PLANES: 29.0}),
        ([{FP32: 30.0, BF16: 27.0, PLANES: 31.0, BF16_PLANES: 29.0}], FP32, None),
    ],
)  # fmt: skip
def test_float32_gives_way_only_to_what_is_clearly_faster_twice(
    measurements: list[dict[Numerics, float]],
    chosen: Numerics,
    recorded: dict[Numerics, float] | None,
) -> None:
    left = iter(measurements)

    def timed(found: Sequence[Numerics]) -> dict[Numerics, float]:
        measured = next(left)
        assert list(found) == list(measured)
        return measured

    choice = confirmed(list(measurements[0]), timed)
    assert (choice.numerics, choice.ms_per_image) == (chosen, recorded or measurements[0])
    assert list(left) == []  # Not measured more often than needed.


def test_a_candidate_that_was_slow_in_one_round_is_measured_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The warm-up, then four rounds, forwards and backwards; another program runs in the first.
    order = [FP32, BF16_PLANES] * 2 + [BF16_PLANES, FP32, FP32, BF16_PLANES, BF16_PLANES, FP32]
    seconds = iter([9.0, 9.0, 0.1, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    asked: list[Numerics] = []

    def step(network: object, images: object, numerics: Numerics) -> float:
        asked.append(numerics)
        return next(seconds)

    monkeypatch.setattr("artstyle.training.numerics._step_seconds", step)
    network = build_network("simple_cnn", 4, image_size=32).network
    measured = measure(network, [FP32, BF16_PLANES], 2, 32, ALONE.device)
    assert asked == order
    assert measured == pytest.approx({FP32: 50.0, BF16_PLANES: 50.0})


@pytest.mark.parametrize(
    ("capability", "precisions"), [("AVX2", {"fp32"}), ("AVX512", {"fp32", "bf16"})]
)
def test_bfloat16_is_measured_where_the_processor_has_it(
    capability: str, precisions: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    found = candidates(tiny_config(*AUTO), ALONE.device)
    assert {candidate.precision for candidate in found} == precisions


@pytest.mark.parametrize(
    "fixed", [("train.precision=bf16", "train.channels_last=false"), ("deterministic=true", *AUTO)]
)
def test_what_is_fixed_is_not_measured(fixed: tuple[str, ...]) -> None:
    built = build_network("simple_cnn", 4, image_size=32)
    choice = choose_numerics(tiny_config(*fixed), built, 32, ALONE)
    expected = FP32 if "deterministic=true" in fixed else Numerics("bf16", False)
    assert (choice.numerics, choice.ms_per_image) == (expected, {})


def test_a_resumed_run_computes_as_it_began(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    config = tiny_config(*AUTO, "train.epochs=2", "train.max_minutes=1e-6")
    fit(config, tiny_dataset, run)
    recorded = run.environment()
    assert recorded.numerics is not None
    assert [
        Numerics(item.precision, item.channels_last) for item in recorded.numerics.measured
    ] == candidates(config, ALONE.device)
    # As if the measurement had said so: bfloat16 rounds to three digits, and the loss shows it.
    losses = []
    for precision in ("fp32", "bf16"):
        write_json(
            run.environment_path,
            recorded.to_dict() | {"numerics": {"precision": precision, "channels_last": True}},
        )
        again = RunFolder(tmp_path / precision)
        shutil.copytree(run.path, again.path)
        longer = config.model_copy(
            update={"train": config.train.model_copy(update={"max_minutes": None})}
        )
        fit(longer, tiny_dataset, again, resume=True)
        losses.append(again.history()[1]["train_loss"])
        assert read_json(again.environment_path)["numerics"]["precision"] == precision
    assert losses[0] != losses[1]


def test_all_processes_take_the_choice_of_the_main_one(tmp_path: Path) -> None:
    script = tmp_path / "choose.py"
    script.write_text(ACROSS)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node=2",
            script,
            tmp_path,
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    one, other = ((tmp_path / f"{rank}.json").read_text() for rank in (0, 1))
    # With the main process's milliseconds: no two measurements are alike.
    assert one == other
    assert '"ms_per_image"' in one
