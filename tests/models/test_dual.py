"""The network of two streams: what each embedding is made of, and which networks can have them."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from artstyle.errors import UnknownNameError, UsageError
from artstyle.models.checkpoint import load_style_model
from artstyle.models.factory import build_network
from artstyle.models.networks.dual import (
    DualNetwork,
    StyleEmbedding,
    channel_statistics,
    with_statistics_of,
)
from artstyle.models.onnx_export import export_onnx
from artstyle.models.onnx_model import load_onnx_model
from artstyle.probe.settings import require_pretrained
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.sharing.formats import require_available

NAME = "dual/efficientnet_lite0"


@pytest.fixture(scope="module")
def network() -> DualNetwork:
    torch.manual_seed(0)
    built = build_network(NAME, 3, image_size=64).network.eval()
    assert isinstance(built, DualNetwork)
    return built


def test_statistics_are_those_of_numpy_and_the_swap_puts_them_onto_another_picture() -> None:
    torch.manual_seed(0)
    maps, others = torch.randn(2, 3, 5, 4), 3 * torch.randn(2, 3, 6, 6) + 1
    mean, deviation = channel_statistics(maps)
    np.testing.assert_allclose(mean, maps.numpy().mean(axis=(2, 3)), atol=1e-6)
    np.testing.assert_allclose(deviation, maps.numpy().std(axis=(2, 3)), rtol=1e-4)
    changed = with_statistics_of(maps, others)
    for given, wanted in zip(channel_statistics(changed), channel_statistics(others), strict=True):
        torch.testing.assert_close(given, wanted, rtol=1e-3, atol=1e-4)
    correlation = np.corrcoef(changed[0, 0].flatten(), maps[0, 0].flatten())[0, 1]
    assert correlation == pytest.approx(1)  # What is where stays.


def test_a_style_embedding_does_not_see_where_something_is() -> None:
    torch.manual_seed(0)
    embedding = StyleEmbedding([4, 6])
    maps = [torch.randn(2, 4, 8, 8), torch.randn(2, 6, 4, 4)]
    turned = [torch.rot90(each, dims=(2, 3)) for each in maps]
    torch.testing.assert_close(embedding(turned), embedding(maps))


def test_a_style_embedding_sees_which_channels_are_strong_together() -> None:
    """Two maps with the same means and deviations, and other products of channels."""
    torch.manual_seed(0)
    embedding = StyleEmbedding([2])
    one = torch.randn(1, 2, 8, 8)
    apart = torch.stack([one[0, 0], one[0, 1].flip(0)])[None]
    assert (embedding([one]) - embedding([apart])).abs().max() > 1e-3


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_a_style_embedding_in_half_precision_is_that_of_float32(precision: torch.dtype) -> None:
    """A sum of 112 x 112 squares is above what float16 can hold, and so is a square of 300."""
    torch.manual_seed(0)
    embedding = StyleEmbedding([8])
    maps = 20 * torch.randn(2, 8, 112, 112)
    maps[0, 0, 0, 0] = 300
    expected = embedding([maps])
    with torch.autocast("cpu", dtype=precision):
        found = embedding([maps.to(precision)])
        changed = with_statistics_of(maps.to(precision), maps.flip(0).to(precision))
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=0.03)  # 8 bits: 1 / 256.
    assert changed.dtype == precision
    assert changed.isfinite().all()


def test_the_logits_need_no_layer_of_content_alone(network: DualNetwork) -> None:
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        both = network.streams(images)
        torch.testing.assert_close(network(images), network.logits(both.style_ND))
        kept = nn.Module.state_dict(network)["backbone.conv_head.weight"].clone()
        network.backbone.conv_head.weight.zero_()  # type: ignore[operator, union-attr]
        after = network.streams(images)
        network.backbone.conv_head.weight.copy_(kept)  # type: ignore[operator, union-attr]
    assert torch.equal(after.style_ND, both.style_ND)
    assert not torch.equal(after.content_ND, both.content_ND)


def test_changed_copies_leave_the_pictures_themselves_alone(network: DualNetwork) -> None:
    images = torch.randn(2, 3, 64, 64)
    images[1] = 0.3 * images[1] + 1  # Paler and brighter.
    with torch.inference_mode():
        plain = network.streams(images)
        more = network.streams(
            images, lambda maps: torch.cat([maps, with_statistics_of(maps[:1], maps[1:])])
        )
    torch.testing.assert_close(more.style_ND[:2], plain.style_ND, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(more.content_ND[:2], plain.content_ND, rtol=1e-4, atol=1e-5)
    moved = more.style_ND[2]
    assert (moved - plain.style_ND[1]).norm() < (moved - plain.style_ND[0]).norm()


@pytest.mark.parametrize("name", ["dual/nope", "dual/dual/resnet50", "dual/simple"])
def test_a_misspelt_backbone_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"unknown model '{name}'.*dual/efficientnet_lite0"):
        build_network(name, 3)


@pytest.mark.parametrize("name", ["dual/simple_cnn", "dual/timm/vit_tiny_patch16_224"])
def test_a_network_without_maps_up_to_its_head_cannot_have_two_streams(name: str) -> None:
    with pytest.raises(UsageError, match=r"cannot have two streams .*use dual/efficientnet_lite0"):
        build_network(name, 3, image_size=224 if "vit" in name else 32)


def test_what_two_streams_cannot_do_is_said_in_one_line() -> None:
    with pytest.raises(UsageError, match="cannot be joined"):
        build_network(f"{NAME}+resnet50", 3)
    with pytest.raises(UsageError, match="timm does not have; use --format onnx"):
        require_available(NAME, "timm")
    config = resolve_config(overrides=f"model.name={NAME}").config
    with pytest.raises(UsageError, match=re.escape(f"artstyle finetune --model {NAME}")):
        require_pretrained(config.model)


def test_a_dual_run_and_its_onnx_file_give_the_same_embeddings(
    dual_run: RunFolder, tmp_path: Path
) -> None:
    model = load_style_model(dual_run.best_path, "cpu")
    assert export_onnx(model, tmp_path / "model.onnx") < 1e-3
    exported = load_onnx_model(tmp_path / "model.onnx", dual_run.best_path)
    assert exported.outputs == model.outputs == {"features", "content"}
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    ours, theirs = (each.answer(pixels, "features", "content") for each in (model, exported))
    for given, wanted in (
        (theirs.logits_NC, ours.logits_NC),
        (theirs.features_ND, ours.features_ND),
        (theirs.content_ND, ours.content_ND),
    ):
        assert given is not None
        assert wanted is not None
        np.testing.assert_allclose(given, wanted, atol=1e-3)
    assert ours.features_ND is not None
    head = model.network.get_submodule("head")
    assert isinstance(head, nn.Linear)
    logits_NC = ours.features_ND @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(ours.logits_NC, logits_NC, atol=1e-4)
