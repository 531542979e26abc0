"""Mixup and CutMix of a batch, with the same pairs for one process and for several."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from artstyle.config import AugmentConfig
from artstyle.training.process_group import ProcessGroup

Mix = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From inputs and labels of a batch to mixed inputs and shares; draws from torch's generator."""


def build_mix(config: AugmentConfig, num_styles: int) -> Mix | None:
    """Return the transform that mixes each image with the one before it; None if it is off."""
    transforms: list[nn.Module] = []
    if config.mixup_alpha:
        transforms.append(v2.MixUp(alpha=config.mixup_alpha, num_classes=num_styles))
    if config.cutmix_alpha:
        transforms.append(v2.CutMix(alpha=config.cutmix_alpha, num_classes=num_styles))
    return v2.RandomChoice(transforms) if transforms else None


def mixed(
    mix: Mix,
    pixels: Tensor,
    labels: Tensor,
    to_input: Callable[[Tensor], Tensor],
    group: ProcessGroup,
    size: int,
) -> tuple[Tensor, Tensor]:
    """Return the mixed inputs of this process's part of a batch, and their shares of the styles.

    The partner of an image is the one before it in the batch of all processes, wherever that is.

    Args:
        mix: The transform; every process draws the same from it.
        pixels: This process's images: every n-th of the batch.
        labels: Their labels.
        to_input: Turns images into the network's input.
        group: This process and the others.
        size: Images of the batch, over all processes.
    """
    if group.world_size == 1:
        return mix(to_input(pixels), labels)
    before = torch.arange(group.rank - 1, size - 1, group.world_size, device=pixels.device)
    partners, theirs = (group.gather_rows(part, size)[before] for part in (pixels, labels))
    # In a batch of pairs, each second image is ours and is mixed with the one before it.
    pairs, shares_NC = mix(
        to_input(torch.stack([partners, pixels], dim=1).flatten(0, 1)),
        torch.stack([theirs, labels], dim=1).flatten(0, 1),
    )
    is_last = pairs.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if is_last else torch.contiguous_format
    return pairs[1::2].contiguous(memory_format=layout), shares_NC[1::2]
