"""In which number type and memory layout a network learns: fixed, or measured on the spot.

Which is fastest depends on network and machine: on one CPU bfloat16 halved a ResNet's step and
lengthened an EfficientNet's.
"""

import time
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from artstyle.config import Config
from artstyle.devices import choose_precision
from artstyle.models.unfreeze import train_mode, unfreeze
from artstyle.models.zoo import ModelSpec
from artstyle.training.processes import Processes

# What is chosen over float32 and channels last must be this many times as fast: less is noise.
_CLEARLY_FASTER = 1.15
# A candidate this many times as slow as the best in the first round is not tried again.
_HOPELESS = 1.5
_ROUNDS = 3
# Ratios between candidates hardly depend on it; a step of a large network on a CPU takes seconds.
_MAX_BATCH_CPU, _MAX_BATCH = 8, 64


@dataclass(frozen=True)
class Numerics:
    """How a network computes."""

    precision: str
    """fp32, bf16 or fp16."""
    channels_last: bool

    @property
    def autocast(self) -> torch.dtype | None:
        """The type in which autocast computes; None for float32 throughout."""
        return choose_precision(self.precision, torch.device("cpu"))

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of pictures and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what."""

    numerics: Numerics
    ms_per_image: dict[Numerics, float]
    """Of a training step; empty where nothing was measured."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the run folder."""
        measured = [
            asdict(candidate) | {"ms_per_image": float(f"{ms:.4g}")}
            for candidate, ms in self.ms_per_image.items()
        ]
        return asdict(self.numerics) | {"measured": measured}


def choose_numerics(
    config: Config,
    network: nn.Module,
    spec: ModelSpec,
    image_size: int,
    processes: Processes,
    recorded: dict[str, Any] | None = None,
) -> Choice:
    """Return how a run's network computes: as configured, as recorded, or as measured.

    The leading process measures, all take its choice. A deterministic run does not let a clock
    decide: its ``auto`` is float32, channels last.

    Args:
        config: Fixes the precision and the layout, or leaves them to this.
        network: On its device; left as it is, as are all generators.
        spec: What learns of it.
        image_size: Side in pixels of its input.
        processes: This one and the others.
        recorded: What ``Choice.to_dict`` gave when the run began, if it is gone on with.
    """
    if recorded is not None:
        return Choice(Numerics(recorded["precision"], recorded["channels_last"]), {})
    found = candidates(config, processes.device)
    if len(found) == 1 or config.deterministic or config.unfreeze.mode == "none":
        return Choice(found[0], {})
    if not processes.leads:
        return processes.agree(Choice(found[0], {}))
    copy = deepcopy(network)
    # The last epoch's stage: under `staged`, the one with more to compute.
    unfreeze(copy, spec, config.unfreeze, config.train.epochs - 1)
    limit = _MAX_BATCH_CPU if processes.device.type == "cpu" else _MAX_BATCH
    batch_size = max(2, min(limit, config.train.batch_size // processes.world))
    measured = measure(copy, found, batch_size, image_size, processes.device)
    return processes.agree(Choice(fastest(measured), measured))


def candidates(config: Config, device: torch.device) -> list[Numerics]:
    """Return what the configuration allows; first what is taken unless another is clearly faster.

    Half precision is bfloat16, except on an accelerator without it. A CPU of AVX2 has none: there
    a step in an emulated bfloat16 may take minutes.
    """
    asked, layout = config.train.precision, config.train.channels_last
    on_cpu = device.type == "cpu"
    half = "bf16" if on_cpu or choose_precision("auto", device) is torch.bfloat16 else "fp16"
    emulated = on_cpu and torch.backends.cpu.get_cpu_capability() == "AVX2"
    every = ("fp32",) if emulated else ("fp32", half)
    precisions = every if asked == "auto" else (asked,)
    layouts = (True, False) if layout == "auto" else (layout,)
    return [Numerics(precision, last) for last, precision in product(layouts, precisions)]


def fastest(ms_per_image: dict[Numerics, float]) -> Numerics:
    """Return the first candidate, or one that is clearly faster than it and those between."""
    best, *others = ms_per_image
    for candidate in others:
        if ms_per_image[candidate] * _CLEARLY_FASTER < ms_per_image[best]:
            best = candidate
    return best


def measure(
    network: nn.Module,
    found: list[Numerics],
    batch_size: int,
    image_size: int,
    device: torch.device,
) -> dict[Numerics, float]:
    """Return the milliseconds a picture that a training step takes, the best of a few.

    Candidates take turns, so that what else the machine does meanwhile strikes all of them.

    Args:
        network: Its gradients and statistics are changed.
        found: The candidates.
        batch_size: Pictures a step.
        image_size: Side in pixels.
        device: Where the network is.
    """
    cuda = [device] if device.type == "cuda" else []
    best: dict[Numerics, float] = dict.fromkeys(found, float("inf"))
    with torch.random.fork_rng(devices=cuda):
        images = torch.randn(batch_size, 3, image_size, image_size, device=device)
        train_mode(network)
        for numerics in found:
            _step_seconds(network, images, numerics)
        for turn in range(_ROUNDS):
            hopeless = _HOPELESS * min(best.values())
            for numerics in found:
                if turn == 0 or best[numerics] < hopeless:
                    seconds = _step_seconds(network, images, numerics)
                    best[numerics] = min(best[numerics], 1000 * seconds / batch_size)
    return best


def _step_seconds(network: nn.Module, images: torch.Tensor, numerics: Numerics) -> float:
    device = images.device
    network.to(memory_format=numerics.memory_format)
    images = images.contiguous(memory_format=numerics.memory_format)
    _wait_for(device)
    started = time.perf_counter()
    enabled = numerics.autocast is not None
    with torch.autocast(device.type, dtype=numerics.autocast, enabled=enabled):
        logits_NC = network(images)
    targets = torch.zeros(len(images), dtype=torch.int64, device=device)
    loss = functional.cross_entropy(logits_NC.float(), targets)
    loss.backward()  # type: ignore[no-untyped-call]
    _wait_for(device)
    seconds = time.perf_counter() - started
    network.zero_grad(set_to_none=True)
    return seconds


def _wait_for(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
