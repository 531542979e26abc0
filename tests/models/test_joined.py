"""Joined networks: the features of each, one linear layer, and a run like any other."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from artstyle.cli.app import app
from artstyle.config import DataConfig
from artstyle.data.dataset import DatasetFolder
from artstyle.engines import load_model
from artstyle.errors import UsageError
from artstyle.evaluation.evaluate import evaluate
from artstyle.explain.cam import gradient_heatmaps, open_cam
from artstyle.explain.explain import explain_pictures
from artstyle.explain.heat import class_heatmaps
from artstyle.models.checkpoint import load_style_model, write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.models.networks.joined import join
from artstyle.models.onnx_model import OnnxModel, load_onnx_model
from artstyle.models.style_model import SYNTHETIC_NOTE
from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import MODELS, ModelSpec, build_preprocessing
from artstyle.painter.collection import STYLES, paint
from artstyle.pictures.finding import find_pictures
from artstyle.pictures.square import square_transform
from artstyle.pictures.transforms import normalise
from artstyle.prediction.predict import predict_styles
from artstyle.probe.frozen import frozen_features
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from artstyle.training.setup import labelled
from tests.conftest import tiny_config

SIDE = 64
SMALL = ("timm/test_efficientnet", "timm/test_resnet")
PAIR = "+".join(SMALL)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pixels_NSS3() -> NDArray[np.uint8]:
    spec = build_network(PAIR, 1).spec
    square = square_transform(build_preprocessing(spec, DataConfig(image_size=SIDE), DataConfig()))
    paintings = [paint(style, "house", 0, n, (96, 120)) for n, style in enumerate(list(STYLES)[:4])]
    return np.stack([np.asarray(square(painting.image)) for painting in paintings])


@pytest.mark.parametrize("names", [SMALL, SMALL[::-1], ("efficientnet_b0", "resnet50")])
def test_features_are_those_of_each_network_alone_next_to_each_other(
    names: tuple[str, ...], pixels_NSS3: NDArray[np.uint8]
) -> None:
    torch.manual_seed(0)
    joined = build_network("+".join(names), 3)
    torch.manual_seed(0)
    alone = [build_network(name, 1) for name in names]
    pixels = torch.from_numpy(pixels_NSS3)
    expected = []
    for built in (*alone, joined):
        built.network.set_submodule(built.spec.head, nn.Identity())
        preprocessing = build_preprocessing(built.spec, DataConfig(image_size=SIDE), DataConfig())
        with torch.inference_mode():
            expected.append(built.network.eval()(normalise(pixels, preprocessing)).numpy())
    features_NF = expected.pop()
    assert np.abs(features_NF).max() > 1e-3
    np.testing.assert_allclose(features_NF, np.concatenate(expected, axis=1), rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def run(tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A probe of two small networks; random weights stand for those of ImageNet."""
    folder = tmp_path_factory.mktemp("joined")
    torch.manual_seed(0)
    built = build_network(PAIR, 2)
    weights = folder / "weights.safetensors"
    preprocessing = build_preprocessing(built.spec, DataConfig(image_size=SIDE), DataConfig())
    write_checkpoint(weights, built.network, Header(PAIR, ("a", "b"), preprocessing, {}))
    words = (
        "--models", ", ".join(SMALL), "--data", tiny_dataset.path, "--out", folder / "run",
        "--set", f"model.weights={weights}", "--set", f"data.image_size={SIDE}", "--device", "cpu",
    )  # fmt: skip
    app(["probe", *map(str, words)], standalone_mode=False)
    return RunFolder(folder / "run")


@pytest.fixture(scope="module")
def model(run: RunFolder) -> TorchModel:
    return load_style_model(run.best_path, CPU)


@pytest.fixture(scope="module")
def exported(run: RunFolder) -> OnnxModel:
    return load_onnx_model(run.onnx_path, run.best_path)


def test_the_run_names_its_networks_and_scores_as_the_probe_did(
    run: RunFolder, model: TorchModel, tiny_dataset: DatasetFolder
) -> None:
    assert run.config().model.name == model.name == PAIR
    images = labelled(tiny_dataset, "val")
    head = model.network.get_submodule("classifier")
    assert isinstance(head, nn.Linear)
    with torch.inference_mode():
        logits_NC = head(torch.from_numpy(frozen_features(model, images))).numpy()
    (epoch,) = run.history()
    right = float((logits_NC.argmax(axis=1) == images.labels_N).mean())
    assert float(epoch["val_accuracy"]) == pytest.approx(right, abs=1e-5)


def test_onnx_answers_as_torch_does(
    model: TorchModel, exported: OnnxModel, pixels_NSS3: NDArray[np.uint8]
) -> None:
    assert exported.outputs == {"features", "maps"}
    given, expected = (each.answer(pixels_NSS3, "features") for each in (exported, model))
    np.testing.assert_allclose(given.logits_NC, expected.logits_NC, atol=1e-3)
    assert given.features_ND is not None
    assert expected.features_ND is not None
    np.testing.assert_allclose(given.features_ND, expected.features_ND, atol=1e-4)


def test_heat_is_the_same_with_and_without_gradients_and_adds_up_over_the_networks(
    model: TorchModel, exported: OnnxModel, pixels_NSS3: NDArray[np.uint8]
) -> None:
    given = exported.answer(pixels_NSS3, "maps")
    ours = class_heatmaps(given, None, SIDE)
    with open_cam(model, "gradcam") as cam:
        theirs = gradient_heatmaps(model, cam, pixels_NSS3, None)
    assert np.ptp(ours.heat_NHW) > 0.5
    np.testing.assert_allclose(ours.heat_NHW, theirs.heat_NHW, atol=1e-4)
    head = model.network.get_submodule("classifier")
    assert isinstance(head, nn.Linear)
    shares, begin = [], 0
    for member in model.network.get_submodule("members").children():
        images = normalise(torch.from_numpy(pixels_NSS3), model.preprocessing)
        with torch.inference_mode():
            maps_NDHW = member(images)
            weight_CD = head.weight[:, begin : begin + maps_NDHW.shape[1]]
            shares.append(torch.einsum("cd,ndhw->nchw", weight_CD, maps_NDHW).numpy())
        begin += maps_NDHW.shape[1]
    assert len(shares) == 2
    assert given.maps_NCHW is not None
    np.testing.assert_allclose(given.maps_NCHW, sum(shares), atol=1e-3)


def test_it_is_evaluated_predicts_and_explains_like_any_run(
    run: RunFolder, tiny_dataset: DatasetFolder, tiny_paintings: Path, tmp_path: Path
) -> None:
    report = evaluate(run, tiny_dataset, out=tmp_path / "test").report
    assert report.architecture == PAIR
    assert report.warnings == (SYNTHETIC_NOTE,)
    environment = run.environment()
    assert environment.dataset.fingerprint == tiny_dataset.fingerprint
    assert environment.parameters is not None
    assert environment.parameters.learning < environment.parameters.total
    assert run.curves_path.is_file()
    pictures = list(find_pictures([str(tiny_paintings / "Cubism")]))[:2]
    for answering in (load_model(run, "torch"), load_model(run, "onnx", needs=("maps",))):
        rows = list(predict_styles(answering, pictures, top_k=2))
        assert [len(row.styles or ()) for row in rows] == [2, 2]
        assert all(each.explained for each in explain_pictures(answering, pictures))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{PAIR}+simple_cnn", "simple_cnn cannot be joined with other models: its features"),
        (f"{PAIR}+timm/vit_tiny_patch16_224", "vit_tiny_patch16_224 cannot be joined"),
        (f"{PAIR}+timm/test_convnext", "test_convnext cannot be joined"),
        (f"{PAIR}+{SMALL[0]}", "timm/test_efficientnet is named twice"),
        (f"{PAIR}+", "unknown model ''"),
        (f"{PAIR}+timm/test_resnot", "unknown timm model"),
    ],
)
def test_networks_that_cannot_be_joined_are_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build_network(name, 3, image_size=SIDE)
    assert "\n" not in str(caught.value)


def test_maps_of_unequal_size_are_refused() -> None:
    def part(stride: int) -> tuple[nn.Module, ModelSpec]:
        layers = {
            "conv": nn.Conv2d(3, 4, 1, stride),
            "avgpool": nn.AdaptiveAvgPool2d(1),
            "flatten": nn.Flatten(),
            "fc": nn.Linear(4, 2),
        }
        return (
            nn.Sequential(OrderedDict(layers)),
            replace(MODELS["resnet50"], name=f"s{stride}", head="fc"),
        )

    with pytest.raises(UsageError, match=r"unequal size \(8 x 8 of s1, 4 x 4 of s2\)"):
        join("s1+s2", [part(1), part(2)], 3, 8)
    assert join("s1+s1", [part(1), part(1)], 3, 8)[0](torch.zeros(2, 3, 8, 8)).shape == (2, 3)


def test_only_a_probe_trains_joined_networks(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"only 'artstyle probe' trains; .*--model"):
        fit(tiny_config(f"model.name={PAIR}"), tiny_dataset, RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
