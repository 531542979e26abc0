"""The recipe of the starter model: one network learns from some pictures, for some epochs."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from artstyle.config import AugmentConfig, LossConfig, OptimConfig, UnfreezeConfig
from artstyle.data.loading import EpochBatches
from artstyle.data.seeding import derived_seed
from artstyle.models.factory import Built
from artstyle.models.unfreeze import train_mode, unfreeze
from artstyle.pictures.transforms import normalise
from artstyle.training.draws.mixing import build_mix
from artstyle.training.losses import build_loss
from artstyle.training.optim import Schedule, build_optimizer
from tests.benchmarks.starter.pictures import PREPROCESSING, Pack, Positions
from tests.benchmarks.starter.variation import VARIATION, Variation, varied

_MIX = AugmentConfig(mixup_alpha=0.2, cutmix_alpha=1.0)
_LOSS = LossConfig(label_smoothing=0.1)
_UNFREEZE = UnfreezeConfig(mode="blocks", blocks=5)
_OPTIM = OptimConfig(
    lr=2e-3, backbone_lr=1e-3, weight_decay=0.05, schedule="cosine", warmup_epochs=1
)
_AVERAGING = 0.99
_TEACHERS_SHARE = 0.7
"""Of a student's targets; the rest is the label."""
_MAX_GRAD_NORM = 1.0
_ANSWERED = 256
"""Pictures that are answered at a time."""

Network = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Lesson:
    """One run of training."""

    epochs: int
    seed: int
    rate: float = 1.0
    """Share of the peak learning rates."""
    batch_size: int = 256
    variation: Variation = VARIATION


class Bench:
    """The pictures on a device, and how the networks compute there.

    Args:
        pack: What is learnt from.
        device: Where.
    """

    def __init__(self, pack: Pack, device: torch.device) -> None:
        self.pack, self.device = pack, device
        self.pixels_NHW3 = torch.from_numpy(np.array(pack.pixels_NHW3)).to(device)
        self.labels_N = torch.from_numpy(pack.labels_N).to(device)

    def autocast(self) -> torch.autocast:
        """Return the context in which networks learn: bfloat16 on an accelerator."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")


def learn(
    bench: Bench,
    start: Built,
    positions: Positions,
    lesson: Lesson,
    teachers: Sequence[Network] = (),
) -> Built:
    """Return a network in evaluation mode that has learnt: the average of its weights on the way.

    Args:
        bench: Pictures and device.
        start: Where it starts; left as it is.
        positions: The pictures to learn from.
        lesson: How long, how fast, with which seed.
        teachers: Networks whose mean answer is most of the target.
    """
    network = deepcopy(start.network).to(bench.device).to(memory_format=torch.channels_last)
    unfreeze(network, start.spec, _UNFREEZE, 0)
    train_mode(network)
    average = deepcopy(network).eval()
    means, nows = (_floats(module) for module in (average, network))
    batches = EpochBatches(
        bench.pack.labels_N[positions],
        min(lesson.batch_size, len(positions)),
        seed=lesson.seed,
        balanced=True,
        artists_N=bench.pack.artists_N[positions],
    )
    rates = _rates(lesson.rate)
    optimizer = build_optimizer(network, start.spec, rates)
    schedule = Schedule(optimizer, rates, len(batches), lesson.epochs)
    generator = torch.Generator().manual_seed(derived_seed(lesson.seed, "variation"))
    torch.manual_seed(derived_seed(lesson.seed, "mix"))
    mix = build_mix(_MIX, len(bench.pack.labels))
    assert mix is not None
    step = 0
    for epoch in range(lesson.epochs):
        batches.set_epoch(epoch)
        for draws in batches:
            # A last, smaller batch would let cuDNN choose its algorithms once more.
            if len(draws) < batches.batch_size:
                continue
            drawn = torch.from_numpy(positions[[draw.index for draw in draws]]).to(bench.device)
            inputs, targets = mix(*_fed(bench, drawn, lesson.variation, generator))
            loss = _loss(bench, network, inputs, targets, teachers)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), _MAX_GRAD_NORM)
            optimizer.step()
            schedule.after_update()
            decay = min(_AVERAGING, (1 + step) / (10 + step))
            torch._foreach_lerp_(means, nows, 1 - decay)
            step += 1
    _require_finite(average)
    return replace(start, network=average)


def _rates(share: float) -> OptimConfig:
    """Return the optimiser's configuration with a share of its peak rates."""
    assert _OPTIM.backbone_lr is not None
    changed = {"lr": _OPTIM.lr * share, "backbone_lr": _OPTIM.backbone_lr * share}
    return _OPTIM.model_copy(update=changed)


def _fed(
    bench: Bench, drawn: Tensor, variation: Variation, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return varied, normalised pictures and their labels."""
    pixels = varied(bench.pixels_NHW3[drawn], variation, generator)
    images = normalise(pixels, PREPROCESSING).contiguous(memory_format=torch.channels_last)
    return images, bench.labels_N[drawn]


def _loss(
    bench: Bench, network: nn.Module, inputs: Tensor, shares: Tensor, teachers: Sequence[Network]
) -> Tensor:
    with bench.autocast():
        logits = network(inputs).float()
        if not teachers:
            loss = build_loss(_LOSS, bench.pack.labels_N, shares.shape[1], bench.device)
            return loss(logits, shares).mean()
        with torch.no_grad():
            taught = torch.stack([teacher(inputs).float().softmax(dim=1) for teacher in teachers])
        targets = _TEACHERS_SHARE * taught.mean(dim=0) + (1 - _TEACHERS_SHARE) * shares
        return functional.cross_entropy(logits, targets)


def _floats(module: nn.Module) -> list[Tensor]:
    """Return all weights and statistics, to be changed in place; counters are left out."""
    return [value for value in module.state_dict().values() if value.is_floating_point()]


def _require_finite(network: nn.Module) -> None:
    if not all(bool(value.isfinite().all()) for value in network.state_dict().values()):
        raise SystemExit("training ended in weights that are not finite: lower the rate")


@torch.inference_mode()
def answer(bench: Bench, network: nn.Module, positions: Positions) -> NDArray[np.float32]:
    """Return logits for whole squares of 224 pixels, N x C."""
    # Repeated up to whole batches: see above.
    size = min(_ANSWERED, len(positions))
    whole = np.resize(positions, -(-len(positions) // size) * size)
    found = []
    for start in range(0, len(whole), size):
        chosen = torch.from_numpy(whole[start : start + size]).to(bench.device)
        images = normalise(bench.pixels_NHW3[chosen], PREPROCESSING)
        found.append(network(images.contiguous(memory_format=torch.channels_last)).cpu())
    logits_NC: NDArray[np.float32] = torch.cat(found).numpy()[: len(positions)]
    return logits_NC


def seconds(work: Callable[[], object]) -> float:
    """Return how long work takes, the accelerator's share included."""
    began = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began
