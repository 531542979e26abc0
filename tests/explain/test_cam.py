from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from timm.models import SwinTransformer, VisionTransformer
from torch import Tensor, nn

from artstyle.confidence.calibration import fit_calibration
from artstyle.confidence.familiarity import style_means
from artstyle.errors import UsageError
from artstyle.explain.cam import METHODS, ToMaps, gradient_heatmaps, make_heatmaps, open_cam
from artstyle.explain.methods import TITLES, Method
from artstyle.models.factory import build_network
from artstyle.models.torch_model import TorchModel
from tests.explain.conftest import LABELS, style_model

RandomModel = Callable[[str, int], TorchModel]
LIBRARY = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "layercam": LayerCAM,
    "eigencam": EigenCAM,
}


def red_top_left_and_green_bottom_right() -> Tensor:
    image = torch.zeros(1, 3, 32, 32)
    image[0, 0, :12, :12] = 1
    image[0, 1, 20:, 20:] = 1
    return image


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "layercam"])
def test_heat_lies_where_the_score_comes_from(two_colours: TorchModel, method: Method) -> None:
    image = red_top_left_and_green_bottom_right()
    with open_cam(two_colours, method) as cam:
        for_red = make_heatmaps(cam, image, 0).heat_NHW[0]
        for_green = make_heatmaps(cam, image, 1).heat_NHW[0]
    assert for_red[:8, :8].min() > 0.9
    assert for_red[16:].max() == for_red[:, 16:].max() == 0
    assert for_green[24:, 24:].min() > 0.9
    assert for_green[:16].max() == for_green[:, :16].max() == 0


def test_layercam_leaves_cold_what_the_score_does_not_look_at(two_colours: TorchModel) -> None:
    all_red = torch.zeros(1, 3, 32, 32)
    all_red[0, 0] = 1
    with open_cam(two_colours, "layercam") as cam:
        heat = make_heatmaps(cam, all_red, 0).heat_NHW[0]
    assert heat[:14, :14].min() > 0.99
    assert heat[18:].max() == heat[:, 18:].max() == 0


def test_without_a_style_each_picture_is_explained_for_its_own(two_colours: TorchModel) -> None:
    images = torch.zeros(2, 3, 32, 32)
    images[0, 0, :16, :16] = 1
    images[1, 1] = 1
    with open_cam(two_colours, "gradcam") as cam:
        maps = make_heatmaps(cam, images, None)
    assert maps.labels_N.tolist() == [0, 1]
    assert maps.logits_NC == pytest.approx(np.array([[1, 0, -1], [0, 1, -1]]))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "size"), [("efficientnet_lite0", 64), ("simple_cnn", 32)])
def test_a_batch_gives_the_maps_of_the_library_one_by_one(
    random_model: RandomModel, name: str, size: int, method: Method
) -> None:
    model = random_model(name, size)
    images = torch.rand(3, 3, size, size)
    with open_cam(model, method) as cam:
        maps = make_heatmaps(cam, images, None)
    ours, targets = maps.heat_NHW, [ClassifierOutputTarget(label) for label in maps.labels_N]
    layer = model.network.get_submodule(model.spec.cam_layer)
    with LIBRARY[method](model.network, [layer]) as plain:
        theirs = [plain(images[[n]], [targets[n]])[0] for n in range(3)]
    assert ours.dtype == np.float32
    assert ours.shape == (3, size, size)
    assert np.ptp(ours) > 0.5
    # Batched and single convolutions add up in another order.
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_the_features_are_those_that_the_model_gives_without_heat(
    random_model: RandomModel, method: Method
) -> None:
    model = random_model("simple_cnn", 32)
    model = replace(model, spec=build_network("simple_cnn", len(LABELS), image_size=32).spec)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    given, labels_N = model.answer(pixels, "features"), np.arange(60) % len(LABELS)
    assert given.features_ND is not None
    means_CD = style_means(given.features_ND, labels_N)
    calibration = fit_calibration(given.logits_NC, labels_N, LABELS, given.features_ND, means_CD)
    for known, expected in ((calibration, given.features_ND[:4]), (None, None)):
        asked = replace(model, calibration=known)
        with open_cam(asked, method) as cam:
            maps = gradient_heatmaps(asked, cam, pixels[:4], None)
        if expected is None:
            assert maps.features_ND is None
        else:
            assert maps.features_ND == pytest.approx(expected, abs=1e-5)
    assert not model.network.get_submodule(model.spec.head)._forward_pre_hooks


def small_vit() -> tuple[nn.Module, str, ToMaps]:
    network = VisionTransformer(32, 8, embed_dim=24, depth=2, num_heads=2, num_classes=3)
    return network, "blocks.1.norm1", lambda t: t[:, 1:].reshape(-1, 4, 4, 24).permute(0, 3, 1, 2)


def small_swin() -> tuple[nn.Module, str, ToMaps]:
    network = SwinTransformer(
        32, 4, embed_dim=12, depths=(1, 1), num_heads=(1, 2), window_size=2, num_classes=3
    )
    return network, "layers.1", lambda maps_NHWC: maps_NHWC.permute(0, 3, 1, 2)


@pytest.mark.parametrize("build", [small_vit, small_swin])
def test_transformers_give_the_maps_of_the_library(
    build: Callable[[], tuple[nn.Module, str, ToMaps]],
) -> None:
    torch.manual_seed(1)
    network, layer_name, to_maps = build()
    model = style_model("small", network, layer_name, 32)
    images = torch.rand(2, 3, 32, 32)
    with open_cam(model, "gradcam") as cam:
        maps = make_heatmaps(cam, images, None)
    ours, targets = maps.heat_NHW, [ClassifierOutputTarget(label) for label in maps.labels_N]
    layer = network.get_submodule(layer_name)
    with GradCAM(network, [layer], reshape_transform=to_maps) as plain:
        theirs = [plain(images[[n]], [targets[n]])[0] for n in range(2)]
    assert np.ptp(ours) > 0.5
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


class TwoTokens(nn.Module):
    def forward(self, images_N3SS: Tensor) -> Tensor:
        return images_N3SS.flatten(2)[:, :2].mean(dim=2)


@pytest.mark.parametrize(
    ("cam_layer", "reason"),
    [("", "none of its layers"), ("nowhere", "none of its layers"), ("1", "gives no map")],
)
def test_a_model_without_maps_is_refused_in_one_line(cam_layer: str, reason: str) -> None:
    network = nn.Sequential(TwoTokens(), nn.Linear(2, 3))
    model = style_model("flat", network, cam_layer, 8)
    refused = pytest.raises(UsageError, match=f"no heatmap can be drawn for flat: .*{reason}")
    with refused, open_cam(model, "gradcam"):
        pass
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("error", [RuntimeError, IndexError])
def test_the_model_is_as_before_when_the_body_raises(
    two_colours: TorchModel, error: type[Exception]
) -> None:
    weight = two_colours.network.get_parameter("maps.weight")
    with pytest.raises(error), open_cam(two_colours, "gradcam"):  # noqa: PT012
        two_colours.network(torch.rand(1, 3, 32, 32)).sum().backward()
        raise error
    assert not any(module._forward_hooks for module in two_colours.network.modules())
    assert weight.requires_grad
    assert weight.grad is None


def test_frozen_weights_are_explained_and_stay_frozen(two_colours: TorchModel) -> None:
    two_colours.network.requires_grad_(False)
    with open_cam(two_colours, "gradcam") as cam:
        heat = make_heatmaps(cam, red_top_left_and_green_bottom_right(), 0).heat_NHW
    assert heat.max() > 0.9
    assert not any(parameter.requires_grad for parameter in two_colours.network.parameters())


def test_every_method_has_a_title() -> None:
    assert set(METHODS) == set(TITLES)
