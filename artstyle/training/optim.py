"""Optimisers, learning-rate schedules, and the moving average of the weights."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingWarmRestarts,
    LambdaLR,
    LRScheduler,
    ReduceLROnPlateau,
)
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from artstyle.config import OptimConfig
from artstyle.models.zoo import ModelSpec


def build_optimizer(
    network: nn.Module, spec: ModelSpec, config: OptimConfig, heads: nn.Module | None = None
) -> Optimizer:
    """Return the optimiser over all parameters; those without gradients do not change.

    Head and backbone are separate groups, each with its learning rate; with ``layer_decay``, so is
    each block. Other new layers, and heads that only training needs, learn as the head does. In all
    groups, biases and normalisation (one-dimensional parameters) are a group without weight decay.
    The first group is the head's.
    """
    groups = _groups(network, spec, config, heads)
    if config.name == "sgd":
        return SGD(groups, lr=config.lr, momentum=config.momentum)
    if config.name == "adam":
        return Adam(groups, lr=config.lr)
    return AdamW(groups, lr=config.lr)


def _groups(
    network: nn.Module, spec: ModelSpec, config: OptimConfig, heads: nn.Module | None
) -> list[dict[str, object]]:
    backbone_lr, decays_by_layer = config.backbone_lr or config.lr, config.layer_decay < 1
    sorted_into: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        height = _blocks_above(name, spec)
        key = height if decays_by_layer else min(height, 1)
        sorted_into.setdefault((key, parameter.ndim <= 1), []).append(parameter)
    for parameter in heads.parameters() if heads else ():
        sorted_into.setdefault((0, parameter.ndim <= 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": backbone_lr * config.layer_decay**height if height else config.lr,
            "weight_decay": 0.0 if is_spared else config.weight_decay,
        }
        for (height, is_spared), parameters in sorted(sorted_into.items())
    ]


def _blocks_above(name: str, spec: ModelSpec) -> int:
    """Return how far below the head a parameter is: 0 in new layers, 1 in the last block.

    Parameters outside all blocks, such as a class token, go with the first block: they join the
    input.
    """

    def is_in(path: str) -> bool:
        return name.startswith(f"{path}.")

    if any(map(is_in, (spec.head, *spec.new_layers))):
        return 0
    holding = [n for n, paths in enumerate(spec.blocks) if any(map(is_in, paths))]
    return len(spec.blocks) - (holding[0] if holding else 0)


class Schedule:
    """The learning rate over the steps of a run.

    Args:
        optimizer: The learning rates of its groups are changed.
        config: Chooses the schedule.
        updates_per_epoch: Updates of the weights in an epoch.
        epochs: Planned epochs.
    """

    def __init__(
        self, optimizer: Optimizer, config: OptimConfig, updates_per_epoch: int, epochs: int
    ) -> None:
        self._by_step: LRScheduler | None = None
        self._by_score: ReduceLROnPlateau | None = None
        if config.schedule == "plateau":
            self._by_score = ReduceLROnPlateau(
                optimizer,
                mode="max",
                factor=config.plateau_factor,
                patience=config.plateau_patience,
                min_lr=config.min_lr,
            )
        elif config.schedule == "cosine_restarts":
            self._by_step = CosineAnnealingWarmRestarts(
                optimizer,
                T_0=config.restart_epochs * updates_per_epoch,
                T_mult=config.restart_factor,
                # It is one number for all groups, and a smaller rate would rise to it.
                eta_min=min(config.min_lr, *(group["lr"] for group in optimizer.param_groups)),
            )
        elif config.schedule == "cosine":
            warmup = round(config.warmup_epochs * updates_per_epoch)
            total = epochs * updates_per_epoch
            # A share of each group's own rate, so that min_lr bounds the backbone's rate as well.
            floors = [min(config.min_lr / group["lr"], 1.0) for group in optimizer.param_groups]
            self._by_step = LambdaLR(
                optimizer,
                [
                    partial(cosine_share, warmup=warmup, total=total, floor=floor)
                    for floor in floors
                ],
            )

    def after_update(self) -> None:
        """Advance a schedule by update; call it after each update of the weights."""
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, score: float) -> None:
        """Advance a schedule by score; call it with the validation score, greater is better."""
        if self._by_score is not None:
            self._by_score.step(score)

    def state_dict(self) -> dict[str, object]:
        """Return plain data for ``load_state_dict``."""
        schedule = self._by_step or self._by_score
        return dict(schedule.state_dict()) if schedule else {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Continue from the result of ``state_dict``."""
        schedule = self._by_step or self._by_score
        if schedule:
            schedule.load_state_dict(dict(state))


def cosine_share(step: int, warmup: int, total: int, floor: float) -> float:
    """Return the share of the peak rate: a line from 0 to 1, then half a cosine to ``floor``.

    Loshchilov and Hutter 2017, eq. 5, without restarts. The peak is at step ``warmup``.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    progress = min((step - warmup) / max(total - warmup, 1), 1.0)
    return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2


def build_ema(network: nn.Module, decay: float) -> AveragedModel | None:
    """Return the exponential moving average of the weights and statistics; None if it is off."""
    if not decay:
        return None

    def average(
        averages: Sequence[Tensor], weights: Sequence[Tensor], updates: Tensor | int
    ) -> None:
        share = ema_decay(decay, int(updates))
        get_ema_multi_avg_fn(share)(averages, weights, updates)  # type: ignore[no-untyped-call]

    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)


def ema_decay(decay: float, updates: int) -> float:
    """Return the share of the earlier average after some updates of the weights.

    It warms up as in TensorFlow's ``ExponentialMovingAverage``: (1 + t) / (10 + t), until that
    exceeds ``decay``. With a fixed decay, the first weights would still dominate a short run.
    """
    return min(decay, (1 + updates) / (10 + updates))
