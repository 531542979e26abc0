import pytest
import torch
from torch import Tensor, nn

from artstyle.models.factory import build_network
from artstyle.models.folding import folded


def with_lived_norms(network: nn.Module) -> nn.Module:
    """Give batch norms statistics and weights as training leaves them, none of them 0 or 1."""
    chance = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            module.running_mean.normal_(0, 0.2, generator=chance)
            assert module.running_var is not None
            module.running_var.uniform_(0.5, 2, generator=chance)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=chance)
            nn.init.normal_(module.bias, 0, 0.2, generator=chance)
    return network.eval()


def norms_of(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("name", ["simple_cnn", "resnet50", "efficientnet_lite0"])
def test_a_folded_network_answers_the_same_without_batch_norms(name: str) -> None:
    network = with_lived_norms(build_network(name, 5, image_size=64).network)
    before = norms_of(network)
    images_N3SS = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    fast = folded(network, 64)
    assert (before > 0, norms_of(fast), norms_of(network)) == (True, 0, before)
    with torch.inference_mode():
        expected_NC = network(images_N3SS)
        torch.testing.assert_close(
            fast(images_N3SS), expected_NC, rtol=1e-4, atol=1e-5 * float(expected_NC.abs().max())
        )


def test_a_convolution_that_others_use_too_is_left_alone() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, images_N3SS: Tensor) -> Tensor:
            maps = self.convolution(images_N3SS)
            return torch.relu(maps + self.norm(maps)).mean((2, 3))

    network = with_lived_norms(Shared())
    assert folded(network, 16) is network


def test_a_network_without_batch_norms_is_left_alone() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    assert folded(network, 16) is network
