"""Which layers are trained, and in which mode frozen layers run."""

from torch import nn

from artstyle.config import UnfreezeConfig
from artstyle.models.zoo import ModelSpec


def unfreeze(network: nn.Module, spec: ModelSpec, config: UnfreezeConfig, epoch: int) -> None:
    """Set ``requires_grad`` of every parameter for one epoch, counted from 0.

    Layers before the first trained block then need no backward pass, and PyTorch runs none.
    """
    mode = stage(config, epoch)
    network.requires_grad_(mode == "all")
    if mode in ("head", "blocks"):
        network.get_submodule(spec.head).requires_grad_(True)
    if mode == "blocks":
        for group in spec.blocks[-config.blocks :]:
            for path in group:
                network.get_submodule(path).requires_grad_(True)


def stage(config: UnfreezeConfig, epoch: int) -> str:
    """Return what is trained in one epoch, counted from 0: none, head, blocks or all."""
    if config.mode == "staged":
        return "head" if epoch < config.head_epochs else "blocks"
    return config.mode


def train_mode(network: nn.Module) -> None:
    """Put trained parts in training mode and frozen parts in evaluation mode.

    A frozen batch norm keeps the statistics that its weights were trained with, and a frozen block
    has no stochastic depth.
    """
    network.train()
    _set_frozen_to_eval(network)


def _set_frozen_to_eval(module: nn.Module) -> None:
    parameters = list(module.parameters())
    if parameters and not any(parameter.requires_grad for parameter in parameters):
        module.eval()
        return
    for child in module.children():
        _set_frozen_to_eval(child)


def count_parameters(network: nn.Module) -> tuple[int, int]:
    """Return how many parameters the network has, and how many of them are trained."""
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, trained in sizes if trained)
