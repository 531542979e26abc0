"""Batch norms folded into the convolutions before them: the same logits with less work."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

# Rounding changes a few units of the seventh digit; more means that a pair did not belong together.
_TOLERANCE = 1e-4

Pair = tuple[nn.Conv2d, nn.BatchNorm2d]


def folded(network: nn.Module, image_size: int) -> nn.Module:
    """Return a copy of a network in evaluation mode whose batch norms are folded away.

    In evaluation mode a batch norm multiplies and adds constants (Ioffe and Szegedy 2015, section
    3.1), and the convolution before it can do that as well. One forward pass shows which
    convolution that is. The network itself is returned if it has no such pairs, or if the copy's
    logits differ.

    Args:
        network: In evaluation mode; left unchanged.
        image_size: Side in pixels of its input.
    """
    if not any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
        return network
    copy = deepcopy(network)
    count = 3 * image_size**2
    device = next(network.parameters()).device
    image = torch.linspace(-2, 2, count, device=device).reshape(1, 3, image_size, image_size)
    with torch.no_grad():
        with _collected_pairs(copy) as pairs:
            expected: Tensor = copy(image)
        names = {module: name for name, module in copy.named_modules()}
        for convolution, norm in pairs:
            _fold(convolution, norm)
            # timm's batch norms contain the activation that follows.
            copy.set_submodule(names[norm], getattr(norm, "act", nn.Identity()))
        scale = max(float(expected.abs().max()), 1.0)
        # False for NaN as well.
        same = bool((copy(image) - expected).abs().max() <= _TOLERANCE * scale)
    return copy.to(memory_format=torch.channels_last) if same else network


@contextmanager
def _collected_pairs(network: nn.Module) -> Iterator[list[Pair]]:
    """Collect each batch norm and the convolution whose output it takes, in running order."""
    pairs: list[Pair] = []
    given: dict[int, tuple[nn.Conv2d, Any]] = {}

    def note_convolution(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        assert isinstance(module, nn.Conv2d)
        given[id(output)] = module, output  # Keep the output, or another tensor could get its id.

    def note_norm(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        found = given.get(id(inputs[0]))
        if found and isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            pairs.append((found[0], module))

    hooks = [
        module.register_forward_hook(
            note_convolution if isinstance(module, nn.Conv2d) else note_norm
        )
        for module in network.modules()
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    ]
    try:
        yield pairs
    finally:
        for hook in hooks:
            hook.remove()


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    weight, bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    convolution.weight, convolution.bias = weight, bias
