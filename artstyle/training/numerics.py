"""Precision and memory layout of training: fixed, or the fastest in a short measurement.

Which is fastest depends on network and machine: on one CPU, bfloat16 made a ResNet's training step
twice as fast and an EfficientNet's slower. Other programs disturb a measurement, so float32 and
channels last stay unless another candidate is clearly faster in two measurements.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import count, product

import torch
from torch import nn
from torch.nn import functional

from artstyle.config import Config
from artstyle.devices import choose_precision
from artstyle.models.factory import Built
from artstyle.models.unfreeze import train_mode, unfreeze
from artstyle.progress import Progress, silent
from artstyle.runs.environment import ChosenNumerics, MeasuredNumerics, Precision
from artstyle.training.process_group import ProcessGroup

# A candidate replaces float32 and channels last if it is this many times as fast: less is noise.
_CLEARLY_FASTER = 1.15
# A candidate this many times as slow as the best so far is not measured again. One round is not
# enough to say so: on a busy machine, a step once took eight times as long as the next.
_HOPELESS, _ROUNDS_BEFORE_HOPELESS = 1.5, 2
_ROUNDS = 4
# The ratio between candidates hardly depends on the batch size, but the time does: a step of a
# large network on a CPU takes seconds.
_MAX_BATCH_CPU, _MAX_BATCH = 8, 64
_STAGE = "choosing the precision"


@dataclass(frozen=True)
class Numerics:
    """Precision and memory layout."""

    precision: Precision
    channels_last: bool

    @property
    def autocast(self) -> torch.dtype | None:
        """Dtype for autocast; None means float32 throughout."""
        return choose_precision(self.precision, torch.device("cpu"))

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of images and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format


@dataclass(frozen=True)
class Choice:
    """The chosen numerics and the measured candidates."""

    numerics: Numerics
    ms_per_image: dict[Numerics, float]
    """Milliseconds per image of a training step; empty if nothing was measured."""

    def record(self) -> ChosenNumerics:
        """Return what the run folder records."""
        measured = tuple(
            MeasuredNumerics(**asdict(candidate), ms_per_image=float(f"{ms:.4g}"))
            for candidate, ms in self.ms_per_image.items()
        )
        return ChosenNumerics(**asdict(self.numerics), measured=measured)


def choose_numerics(
    config: Config,
    built: Built,
    image_size: int,
    group: ProcessGroup,
    *,
    recorded: ChosenNumerics | None = None,
    progress: Progress = silent,
) -> Choice:
    """Return the numerics of a run: as configured, as recorded, or as measured.

    The main process measures and all processes take its choice. In a deterministic run a clock must
    not decide, so ``auto`` is float32 and channels last.

    Args:
        config: Fixes the precision and the layout, or leaves them open.
        built: The network, on its device. Network and random generators are left unchanged.
        image_size: Side in pixels of the input.
        group: This process and the others.
        recorded: The choice of a run that is resumed.
        progress: Called after each measured step.
    """
    if recorded is not None:
        return Choice(Numerics(recorded.precision, recorded.channels_last), {})
    found = candidates(config, group.device)
    if len(found) == 1 or config.deterministic or config.unfreeze.mode == "none":
        return Choice(found[0], {})
    if not group.is_main:
        return group.broadcast(Choice(found[0], {}))
    network = deepcopy(built.network)
    # The stage of the last epoch: under `staged`, the one that trains more layers.
    unfreeze(network, built.spec, config.unfreeze, config.train.epochs - 1)
    limit = _MAX_BATCH_CPU if group.device.type == "cpu" else _MAX_BATCH
    batch_size = max(2, min(limit, config.train.batch_size // group.world_size))

    def timed(some: Sequence[Numerics]) -> dict[Numerics, float]:
        return measure(network, some, batch_size, image_size, group.device, progress=progress)

    choice = confirmed(found, timed)
    chosen = choice.numerics
    layout = "channels last" if chosen.channels_last else "channels first"
    why = "no other is clearly faster" if chosen == found[0] else "clearly faster, twice"
    progress(_STAGE, 1, 1, f"{chosen.precision}, {layout}: {why}")
    return group.broadcast(choice)


def confirmed(
    found: Sequence[Numerics], timed: Callable[[Sequence[Numerics]], Mapping[Numerics, float]]
) -> Choice:
    """Return the first candidate, unless another is clearly faster in two measurements.

    Args:
        found: The candidates; the first is the one to stay with.
        timed: Measures some of them; returns milliseconds per image.
    """
    measured = dict(timed(found))
    chosen = fastest(measured)
    if chosen != found[0]:
        again = timed([found[0], chosen])
        chosen = fastest(again)
        measured |= {numerics: min(ms, measured[numerics]) for numerics, ms in again.items()}
    return Choice(chosen, measured)


def candidates(config: Config, device: torch.device) -> list[Numerics]:
    """Return what the configuration allows; the first is taken unless another is clearly faster.

    Half precision is bfloat16, or float16 on an accelerator without it. A CPU with AVX2 only
    emulates bfloat16, and one step may take minutes: it gets float32 alone.
    """
    asked, layout = config.train.precision, config.train.channels_last
    precisions = _precisions(device) if asked == "auto" else (asked,)
    layouts = (True, False) if layout == "auto" else (layout,)
    return [Numerics(precision, last) for last, precision in product(layouts, precisions)]


def _precisions(device: torch.device) -> tuple[Precision, ...]:
    if device.type == "cpu":
        emulated = torch.backends.cpu.get_cpu_capability() == "AVX2"
        return ("fp32",) if emulated else ("fp32", "bf16")
    has_bfloat16 = choose_precision("auto", device) is torch.bfloat16
    return ("fp32", "bf16" if has_bfloat16 else "fp16")


def fastest(ms_per_image: Mapping[Numerics, float]) -> Numerics:
    """Return the first candidate, or a later one that is clearly faster than the best before it."""
    best, *others = ms_per_image
    for candidate in others:
        if ms_per_image[candidate] * _CLEARLY_FASTER < ms_per_image[best]:
            best = candidate
    return best


def measure(
    network: nn.Module,
    found: Sequence[Numerics],
    batch_size: int,
    image_size: int,
    device: torch.device,
    *,
    progress: Progress = silent,
) -> dict[Numerics, float]:
    """Return the milliseconds per image of a training step, the best of a few.

    Candidates take turns, forwards and backwards, so that other programs slow all of them equally.
    The first is measured in every round.

    Args:
        network: Its gradients and batch-norm statistics are changed.
        found: The candidates.
        batch_size: Images per step.
        image_size: Side in pixels.
        device: The network's device.
        progress: Called before each step; on some machines one takes a minute.
    """
    steps, total = count(), len(found) * (1 + _ROUNDS)
    cuda = [device] if device.type == "cuda" else []
    best: dict[Numerics, float] = dict.fromkeys(found, float("inf"))
    with torch.random.fork_rng(devices=cuda):
        images = torch.randn(batch_size, 3, image_size, image_size, device=device)
        train_mode(network)
        for numerics in found:
            progress(_STAGE, next(steps), total)
            _step_seconds(network, images, numerics)
        for turn in range(_ROUNDS):
            limit = _HOPELESS * min(best.values()) if turn >= _ROUNDS_BEFORE_HOPELESS else math.inf
            for numerics in found if turn % 2 == 0 else reversed(found):
                progress(_STAGE, next(steps), total)
                if numerics == found[0] or best[numerics] <= limit:
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
