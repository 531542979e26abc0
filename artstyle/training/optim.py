"""How the weights move: optimisers and learning rates."""

import math
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingWarmRestarts,
    LambdaLR,
    LRScheduler,
    ReduceLROnPlateau,
)

from artstyle.config import OptimConfig
from artstyle.models.zoo import ModelSpec


def build_optimizer(network: nn.Module, spec: ModelSpec, config: OptimConfig) -> Optimizer:
    """Return the optimiser over all parameters; those without gradients stay where they are.

    The head and the backbone are groups of their own, for their learning rates; within each,
    biases and normalisation (one-dimensional parameters) are not decayed.
    """
    groups = _groups(network, spec, config)
    if config.name == "sgd":
        return SGD(groups, lr=config.lr, momentum=config.momentum)
    if config.name == "adam":
        return Adam(groups, lr=config.lr)
    return AdamW(groups, lr=config.lr)


def _groups(network: nn.Module, spec: ModelSpec, config: OptimConfig) -> list[dict[str, Any]]:
    sorted_into: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        in_head = name.startswith(f"{spec.head}.")
        sorted_into.setdefault((in_head, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": config.lr if in_head else (config.backbone_lr or config.lr),
            "weight_decay": config.weight_decay if decays else 0.0,
        }
        for (in_head, decays), parameters in sorted(sorted_into.items(), reverse=True)
    ]


class Schedule:
    """The learning rate over the steps of a run.

    Args:
        optimizer: Its groups' learning rates are changed.
        config: Which schedule.
        steps_per_epoch: Moves of the weights in an epoch.
        epochs: Planned.
    """

    def __init__(
        self, optimizer: Optimizer, config: OptimConfig, steps_per_epoch: int, epochs: int
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
                T_0=config.restart_epochs * steps_per_epoch,
                T_mult=config.restart_factor,
                eta_min=config.min_lr,
            )
        elif config.schedule == "cosine":
            warmup = round(config.warmup_epochs * steps_per_epoch)
            floor, total = config.min_lr / config.lr, epochs * steps_per_epoch
            self._by_step = LambdaLR(
                optimizer, lambda step: cosine_share(step, warmup, total, floor)
            )

    def after_step(self) -> None:
        """Tell that the weights have moved."""
        if self._by_step is not None:
            self._by_step.step()

    def after_epoch(self, score: float) -> None:
        """Tell of the validation score; greater is better."""
        if self._by_score is not None:
            self._by_score.step(score)

    def state_dict(self) -> dict[str, Any]:
        """Return plain data from which ``load_state_dict`` goes on."""
        schedule = self._by_step or self._by_score
        return dict(schedule.state_dict()) if schedule else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` gave."""
        schedule = self._by_step or self._by_score
        if schedule:
            schedule.load_state_dict(state)


def cosine_share(step: int, warmup: int, total: int, floor: float) -> float:
    """Return the share of the peak rate: linear from 0 to 1, then half a cosine to ``floor``.

    Loshchilov and Hutter 2017, eq. 5, without restarts; step ``warmup`` has the peak.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    way = min((step - warmup) / max(total - warmup, 1), 1.0)
    return floor + (1 - floor) * (1 + math.cos(math.pi * way)) / 2
