"""Models: built, unfrozen, written and read back."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from artstyle.confidence.calibration import fit_calibration
from artstyle.config import UnfreezeConfig
from artstyle.errors import UnknownNameError, UsageError, WeightsError
from artstyle.models.checkpoint import load_style_model, read_state, write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.models.unfreeze import train_mode, unfreeze
from artstyle.models.weights import read_lite
from artstyle.models.zoo import MODELS, ModelSpec
from artstyle.painter.collection import CONTENTS, paint
from artstyle.pictures.preprocessing import Preprocessing

CPU = torch.device("cpu")
LABELS = ("Baroque", "Cubism", "Ukiyo_e")
DUAL = "dual/efficientnet_lite0"
SMALL = ("simple_cnn", "efficientnet_lite0", "resnet50", "timm/vit_tiny_patch16_224")


def header(name: str, size: int) -> Header:
    preprocessing = Preprocessing(size, (0.5,) * 3, (0.5,) * 3, "bicubic", "crop", 64)
    return Header(name, LABELS, preprocessing, {"epoch": 3})


@pytest.mark.parametrize(
    "name", [*MODELS, "timm/resnet18", "timm/vit_tiny_patch16_224", "dual/timm/resnet18", DUAL]
)
def test_blocks_and_head_together_hold_every_weight_matrix(name: str) -> None:
    network, spec = _build(name)
    parts = [path for group in spec.blocks for path in group] + [spec.head]
    inside = {id(p) for path in parts for p in network.get_submodule(path).parameters()}
    outside = [key for key, p in network.named_parameters() if id(p) not in inside]
    # A transformer's tokens belong to no module of their own.
    assert [key for key in outside if key not in ("cls_token", "pos_embed")] == []
    assert isinstance(network.get_submodule(spec.cam_layer), nn.Module)


@pytest.mark.parametrize("name", SMALL)
def test_a_network_gives_a_logit_for_each_style(name: str) -> None:
    network, spec = _build(name)
    size = spec.image_size
    assert network.eval()(torch.zeros(2, 3, size, size)).shape == (2, len(LABELS))


def test_simple_cnn_is_sized_from_the_input() -> None:
    network = build_network("simple_cnn", 5, image_size=100).network
    assert network.eval()(torch.zeros(1, 3, 100, 100)).shape == (1, 5)


@pytest.mark.parametrize("size", ["lite0", "lite1", "lite2"])
def test_the_weights_of_a_lite_stand_where_they_were_trained(size: str) -> None:
    """A batch norm's stored deviation is like that of what reaches it, if all before it fits.

    The weights come from another implementation, under other names: put in the wrong place, in
    the wrong order of blocks or behind another padding, they would fit by shape alone.
    """
    network = timm.create_model(f"tf_efficientnet_{size}").eval()
    network.load_state_dict(read_lite(f"efficientnet_{size}"))
    reaching: dict[str, Tensor] = {}
    norms = {name: m for name, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    for name, norm in norms.items():
        norm.register_forward_pre_hook(lambda _, x, name=name: reaching.update({name: x[0]}))
    with torch.inference_mode():
        network(_paintings(16))
    likeness = {
        name: functional.cosine_similarity(
            reaching[name].std(dim=(0, 2, 3)), cast(Tensor, norm.running_var).sqrt(), dim=0
        ).item()
        for name, norm in norms.items()
    }
    # Seen: 0.91 as they are; 0.73 with two blocks of a stage exchanged, 0.47 with two norms.
    assert min(likeness.values()) > 0.85, likeness


def _paintings(count: int) -> Tensor:
    genres = sorted(CONTENTS)
    pictures = [
        paint("Impressionism", genres[n % len(genres)], 1, n, (224, 224)).image
        for n in range(count)
    ]
    pixels = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


@pytest.mark.parametrize("mode", ["head", "blocks", "all", "none"])
def test_a_frozen_parameter_and_a_frozen_norm_do_not_move(mode: str) -> None:
    network, spec = _build("efficientnet_lite0")
    unfreeze(network, spec, UnfreezeConfig(mode=mode, blocks=2), 0)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    _one_step(network, lr=0.1)
    moved = {
        key for key, value in network.state_dict().items() if not torch.equal(value, before[key])
    }
    last_two = ("blocks.6.", "conv_head.", "bn2.")
    allowed = {"none": (), "head": (), "blocks": last_two, "all": ("",)}[mode]
    heads = () if mode == "none" else ("classifier.",)
    assert [key for key in moved if not key.startswith((*allowed, *heads))] == []
    assert bool(moved) == (mode != "none")


def test_a_staged_run_opens_the_blocks_after_the_head_epochs() -> None:
    network, spec = _build("efficientnet_lite0")
    config = UnfreezeConfig(mode="staged", blocks=1, head_epochs=2)
    for epoch, learns in ((0, False), (1, False), (2, True)):
        unfreeze(network, spec, config, epoch)
        assert network.get_submodule("conv_head").weight.requires_grad is learns
        assert network.get_submodule("classifier").weight.requires_grad is True


@pytest.mark.parametrize("name", SMALL)
def test_a_model_read_back_gives_the_same_logits(name: str, tmp_path: Path) -> None:
    network, spec = _build(name)
    path = tmp_path / "best.safetensors"
    write_checkpoint(path, network, header(name, spec.image_size))
    model = load_style_model(path, CPU)
    images = torch.randn(2, 3, spec.image_size, spec.image_size)
    with torch.inference_mode():
        expected = network.eval()(images)
        # Other memory layouts add up in another order.
        torch.testing.assert_close(model.network(images), expected, rtol=1e-4, atol=1e-5)
    assert model.labels == LABELS
    assert model.preprocessing == header(name, spec.image_size).preprocessing


def test_the_fingerprint_follows_weights_labels_and_preprocessing(tmp_path: Path) -> None:
    network = build_network("simple_cnn", 3, image_size=32).network
    prints = set()
    for n, size in enumerate((32, 32, 33)):
        path = tmp_path / f"{n}.safetensors"
        write_checkpoint(path, network, header("simple_cnn", size))
        prints.add(load_style_model(path, CPU).fingerprint)
    assert len(prints) == 2
    with torch.no_grad():
        next(network.parameters()).add_(1e-3)
    write_checkpoint(path, network, header("simple_cnn", 32))
    assert load_style_model(path, CPU).fingerprint not in prints


def test_a_checkpoint_keeps_its_calibration_and_shows_it_in_the_fingerprint(tmp_path: Path) -> None:
    logits_NC, targets_N = np.tile(np.eye(3), (20, 1)), np.tile([0, 2, 1], 20)
    calibration = fit_calibration(logits_NC, targets_N, LABELS)
    network = build_network("simple_cnn", 3, image_size=32).network
    plain = header("simple_cnn", 32)
    models = []
    for name, content in (("a", plain), ("b", replace(plain, calibration=calibration))):
        write_checkpoint(tmp_path / f"{name}.safetensors", network, content)
        models.append(load_style_model(tmp_path / f"{name}.safetensors", CPU))
    assert [model.calibration for model in models] == [None, calibration]
    assert calibration.fitted is not None
    assert models[0].fingerprint != models[1].fingerprint


def test_a_training_state_comes_back_with_its_types(tmp_path: Path) -> None:
    network = build_network("simple_cnn", 3, image_size=32).network
    state = {"state": {0: {"step": torch.tensor(3.0)}}, "groups": [1.5, None, True, "x"]}
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, network, header("simple_cnn", 32), state)
    _, back = read_state(path)
    assert back["groups"] == state["groups"]
    assert torch.equal(back["state"][0]["step"], torch.tensor(3.0))


def test_a_state_with_an_object_in_it_is_refused(tmp_path: Path) -> None:
    network = build_network("simple_cnn", 3, image_size=32).network
    with pytest.raises(TypeError, match="plain types"):
        write_checkpoint(
            tmp_path / "x.safetensors", network, header("simple_cnn", 32), {"bad": object()}
        )


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\xff" * 64])
def test_a_damaged_checkpoint_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"best\.safetensors") as caught:
        load_style_model(path, CPU)
    assert "\n" not in str(caught.value)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="not written by artstyle"):
        load_style_model(path, CPU)


def test_a_misspelt_model_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'resnet50'"):
        build_network("resnet5", 3)
    with pytest.raises(UnknownNameError, match="timm model"):
        build_network("timm/vit_tinny", 3)


def test_imagenet_weights_of_a_model_without_any_are_refused() -> None:
    with pytest.raises(UsageError, match=r"model\.weights=none"):
        build_network("simple_cnn", 3, weights="imagenet")


def test_weights_that_cannot_be_downloaded_name_two_ways_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match=r"artstyle\[offline\].*model\.weights=FILE") as caught:
        build_network("efficientnet_b0", 3, weights="imagenet")
    assert "\n" not in str(caught.value)


def _build(name: str) -> tuple[nn.Module, ModelSpec]:
    built = build_network(name, len(LABELS))
    return built.network, built.spec


def _one_step(network: nn.Module, lr: float) -> None:
    train_mode(network)
    learning = [p for p in network.parameters() if p.requires_grad]
    loss = network(torch.randn(4, 3, 224, 224)).square().sum()
    if learning:
        loss.backward()
        torch.optim.SGD(learning, lr=lr).step()
