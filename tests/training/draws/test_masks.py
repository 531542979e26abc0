"""Dropout masks are those of the whole batch, however many processes share it."""

from collections.abc import Callable

import pytest
import torch
from timm.layers.drop import DropPath
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

from artstyle.training.draws.masks import MasksByPlace

CPU = torch.device("cpu")
LAYERS: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Dropout(0.5),
    "dropout of channels": lambda: nn.Dropout2d(0.5),
    "torchvision's stochastic depth": lambda: StochasticDepth(0.5, "row"),
    "timm's stochastic depth": lambda: DropPath(0.5),
}


def masked(
    layer: nn.Module, images: Tensor, size: int, rank: int = 0, world_size: int = 1
) -> Tensor:
    with MasksByPlace(7, size, CPU, rank=rank, world_size=world_size):
        first: Tensor = layer(images)
        second: Tensor = layer(images)
    assert not torch.equal(first, second)  # Each call draws again.
    return torch.stack([first, second], dim=1)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("world_size", [2, 3])
def test_each_process_has_the_masks_of_its_own_images(name: str, world_size: int) -> None:
    layer, images = LAYERS[name](), torch.ones(11, 6, 4, 4)
    whole = masked(layer, images, 11)
    assert set(whole.flatten().tolist()) == {0.0, 2.0}  # Of those kept, twice the value.
    for rank in range(world_size):
        own = masked(layer, images[rank::world_size], 11, rank, world_size)
        assert torch.equal(own, whole[rank::world_size])


def test_windows_of_an_image_have_the_masks_of_the_image() -> None:
    # As in Swin: four windows of each of six images are rows of their own.
    layer, windows = nn.Dropout(0.5), torch.ones(6, 4, 5)
    whole = masked(layer, windows.flatten(0, 1), 6)
    own = masked(layer, windows[1::2].flatten(0, 1), 6, 1, 2)
    assert torch.equal(own.reshape(3, -1), whole.reshape(6, -1)[1::2])


def test_a_mask_drops_its_share_and_keeps_the_mean() -> None:
    for rate in (0.0, 0.2, 1.0):
        dropped = masked_once(nn.Dropout(rate), torch.ones(100, 1000))
        assert float((dropped == 0).float().mean()) == pytest.approx(rate, abs=0.01)
        assert float(dropped.mean()) == pytest.approx(0 if rate == 1 else 1, abs=0.01)
    images = torch.ones(4, 8, dtype=torch.bfloat16)
    assert masked_once(nn.Dropout(0.5), images).dtype is torch.bfloat16
    evaluated = nn.Dropout(0.5).eval()
    assert torch.equal(masked_once(evaluated, images), images)


def masked_once(layer: nn.Module, images: Tensor) -> Tensor:
    with MasksByPlace(1, len(images), CPU):
        dropped: Tensor = layer(images)
    return dropped
