from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from artstyle.models.factory import build_network
from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import ModelSpec
from artstyle.pictures.preprocessing import Preprocessing

LABELS = ("Baroque", "Cubism", "Ukiyo_e")


class TwoColours(nn.Module):
    """Red in the top left quadrant speaks for the first style, green anywhere for the second."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(3, 2, kernel_size=4, stride=4, bias=False)
        weight = torch.zeros(2, 3, 4, 4)
        weight[0, 0] = weight[1, 1] = 1 / 16
        self.maps.weight = nn.Parameter(weight)

    def forward(self, images_N3SS: Tensor) -> Tensor:
        maps = self.maps(images_N3SS)
        half = maps.shape[-1] // 2
        red = maps[:, 0, :half, :half].mean(dim=(1, 2))
        green = maps[:, 1].mean(dim=(1, 2))
        return torch.stack([red, green, -red - green], dim=1)


def style_model(
    name: str, network: nn.Module, cam_layer: str, image_size: int, fit: str = "crop"
) -> TorchModel:
    preprocessing = Preprocessing(
        image_size=image_size,
        mean=(0, 0, 0),
        std=(1, 1, 1),
        interpolation="bilinear",
        fit="squash" if fit == "squash" else "crop",
        read_size=max(image_size, 48),
    )
    spec = ModelSpec(name, "artstyle", name, image_size, "head", (), cam_layer)
    return TorchModel(
        name=name,
        labels=LABELS,
        preprocessing=preprocessing,
        fingerprint="0123456789ab",
        device="cpu",
        network=network.eval(),
        spec=spec,
    )


@pytest.fixture
def two_colours() -> TorchModel:
    return style_model("two_colours", TwoColours(), "maps", 32)


@pytest.fixture
def random_model() -> Callable[[str, int], TorchModel]:
    """Build a real network with random weights by its name and input size."""

    def build(name: str, image_size: int) -> TorchModel:
        torch.manual_seed(0)
        built = build_network(name, len(LABELS), image_size=image_size)
        model = style_model(name, built.network, built.spec.cam_layer, image_size)
        return model

    return build
