"""Export to ONNX, and the answers of ONNX Runtime against those of torch."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.engines import load_model
from artstyle.errors import MissingError, UsageError, WeightsError
from artstyle.explain.cam import gradient_heatmaps, open_cam
from artstyle.explain.explain import explain_pictures
from artstyle.explain.heat import class_heatmaps
from artstyle.models.checkpoint import load_style_model, write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header, checkpoint_fingerprint, header_text
from artstyle.models.onnx_export import export_onnx, export_run
from artstyle.models.onnx_model import OnnxModel, load_onnx_model
from artstyle.models.style_model import SYNTHETIC_NOTE
from artstyle.models.torch_model import TorchModel
from artstyle.painter.collection import STYLES, paint
from artstyle.pictures.finding import PicturePath, find_pictures
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.square import square_transform
from artstyle.prediction.predict import predict_styles
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.cli.random_run import LABELS
from tests.conftest import tiny_config
from tests.environments import environment

SIDE = 128
PREPROCESSING = Preprocessing(SIDE, (0.5,) * 3, (0.5,) * 3, "bicubic", "squash", SIDE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """EfficientNet-Lite0 with its ImageNet weights and a new head, exported."""
    run = RunFolder(tmp_path_factory.mktemp("onnx") / "runs/lite0")
    torch.manual_seed(0)
    built = build_network("efficientnet_lite0", len(LABELS), weights="imagenet")
    with torch.no_grad():
        built.network.get_parameter("classifier.weight").mul_(20)
    run.begin(Config(), LABELS, environment())
    header = Header("efficientnet_lite0", LABELS, PREPROCESSING, {}, synthetic=True)
    write_checkpoint(run.best_path, built.network, header)
    assert export_run(run)
    return run


@pytest.fixture(scope="module")
def model(run: RunFolder) -> TorchModel:
    return load_style_model(run.best_path, torch.device("cpu"))


@pytest.fixture(scope="module")
def exported(run: RunFolder) -> OnnxModel:
    return load_onnx_model(run.onnx_path, run.best_path)


@pytest.fixture(scope="module")
def pixels_NSS3() -> NDArray[np.uint8]:
    square = square_transform(PREPROCESSING)
    styles = list(STYLES)[:5]
    paintings = [paint(style, "house", 0, n, (96, 120)) for n, style in enumerate(styles)]
    return np.stack([np.asarray(square(painting.image)) for painting in paintings])


@pytest.fixture
def copied(run: RunFolder, tmp_path: Path) -> RunFolder:
    shutil.copytree(run.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def test_the_file_alone_has_labels_and_preprocessing_and_answers_any_batch(
    run: RunFolder, model: TorchModel
) -> None:
    session = onnxruntime.InferenceSession(run.onnx_path, providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["artstyle"])
    assert tuple(about["labels"]) == LABELS
    assert about["preprocessing"]["image_size"] == SIDE
    assert [output.name for output in session.get_outputs()] == ["logits", "features", "maps"]
    for count in (1, 2, 7):
        images_N3SS = np.random.default_rng(count).normal(size=(count, 3, SIDE, SIDE))
        (logits_NC,) = session.run(["logits"], {"images": images_N3SS.astype(np.float32)})
        with torch.inference_mode():
            expected_NC = model.network(torch.from_numpy(images_N3SS).float()).numpy()
        np.testing.assert_allclose(logits_NC, expected_NC, atol=1e-4)


def test_both_say_that_they_learnt_from_synthetic_pictures(
    model: TorchModel, exported: OnnxModel
) -> None:
    assert model.notes[0] == exported.notes[0] == SYNTHETIC_NOTE


def test_features_are_the_last_layers_input_and_maps_average_to_the_logits(
    model: TorchModel, exported: OnnxModel, pixels_NSS3: NDArray[np.uint8]
) -> None:
    head: Any = model.network.get_submodule("classifier")
    weight_CD, bias_C = (values.detach().numpy() for values in (head.weight, head.bias))
    given = exported.answer(pixels_NSS3, "maps", "features")
    assert given.features_ND is not None
    assert given.maps_NCHW is not None
    assert given.maps_NCHW.shape == (5, len(LABELS), SIDE // 32, SIDE // 32)
    expected_NC = model.answer(pixels_NSS3).logits_NC
    for logits_NC in (
        given.logits_NC,
        given.features_ND @ weight_CD.T + bias_C,
        given.maps_NCHW.mean(axis=(2, 3)) + bias_C,
    ):
        np.testing.assert_allclose(logits_NC, expected_NC, atol=1e-3)
    theirs = model.answer(pixels_NSS3, "features").features_ND
    assert theirs is not None
    np.testing.assert_allclose(given.features_ND, theirs, atol=1e-4)


def test_predictions_equal_those_of_torch_and_name_another_model(
    run: RunFolder, tmp_path: Path
) -> None:
    for number, style in enumerate(list(STYLES)[:3]):
        paint(style, "portrait", 1, number, (90, 64)).image.save(tmp_path / f"{number}.png")
    notes: list[str] = []
    answers = [
        list(predict_styles(load_model(run, engine, note=notes.append), _found(tmp_path), top_k=4))
        for engine in ("torch", "auto")
    ]
    for plain, onnx_row in zip(*answers, strict=True):
        assert plain.styles is not None
        assert onnx_row.styles is not None
        assert [s.style for s in plain.styles] == [s.style for s in onnx_row.styles]
        probabilities = [s.probability for s in plain.styles]
        assert [s.probability for s in onnx_row.styles] == pytest.approx(probabilities, abs=1e-3)
        assert plain.model != onnx_row.model
    assert notes == []


@pytest.mark.parametrize("command", ["predict", "gradcam"])
def test_an_exported_run_is_answered_without_torch_and_reported_to_nobody(
    run: RunFolder, tmp_path: Path, command: str
) -> None:
    paint("Baroque", "portrait", 1, 1, (90, 64)).image.save(tmp_path / "a.png")
    code = (
        "import sys; from artstyle.__main__ import main\n"
        "try: main()\n"
        "finally: print(sys.modules.keys() & {'torch', 'torchvision'}, file=sys.stderr)"
    )
    arguments = [command, tmp_path / "a.png", "--run", run.path, "--out", tmp_path / "out.csv"]
    command_line = [sys.executable, "-c", code, *map(str, arguments)]
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(command_line, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "set()"
    assert (tmp_path / "out.csv").exists()
    # Where ONNX Runtime keeps what it reports to its makers, and the number of this computer.
    assert list((tmp_path / "cache").rglob("*onnxruntime*")) == []


@pytest.mark.parametrize("label", [None, 2])
def test_maps_give_the_heat_of_grad_cam(
    model: TorchModel, exported: OnnxModel, pixels_NSS3: NDArray[np.uint8], label: int | None
) -> None:
    ours = class_heatmaps(exported.answer(pixels_NSS3, "maps"), label, SIDE)
    with open_cam(model, "gradcam") as cam:
        theirs = gradient_heatmaps(model, cam, pixels_NSS3, label)
    assert np.ptp(ours.heat_NHW) > 0.5
    assert ours.labels_N.tolist() == theirs.labels_N.tolist()
    np.testing.assert_allclose(ours.heat_NHW, theirs.heat_NHW, atol=1e-4)


def test_other_methods_are_refused_for_a_file_alone(exported: OnnxModel) -> None:
    with pytest.raises(UsageError, match=r"no Grad-CAM\+\+.*--engine torch"):
        next(explain_pictures(exported, [], method="gradcam++"))


def test_torch_answers_for_a_stale_or_damaged_file_and_one_line_says_so(copied: RunFolder) -> None:
    notes: list[str] = []
    whole = copied.onnx_path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x40
    copied.onnx_path.write_bytes(flipped)
    assert isinstance(load_model(copied, note=notes.append), TorchModel)
    assert "model.onnx is damaged: its content does not fit its checksum" in notes.pop()
    copied.onnx_path.write_bytes(whole[:5000])
    assert isinstance(load_model(copied, note=notes.append), TorchModel)
    assert "model.onnx is damaged or not an ONNX file" in notes.pop()
    copied.onnx_path.write_bytes(whole)
    assert isinstance(load_model(copied, note=notes.append), OnnxModel)
    assert isinstance(load_model(copied, "torch", note=notes.append), TorchModel)
    assert notes == []
    torch.manual_seed(1)
    header = Header("simple_cnn", LABELS, PREPROCESSING, {})
    other = build_network("simple_cnn", len(LABELS), image_size=SIDE).network
    write_checkpoint(copied.best_path, other, header)
    assert isinstance(load_model(copied, note=notes.append), TorchModel)
    assert "was not exported from" in notes.pop()
    with pytest.raises(WeightsError, match="artstyle export --overwrite"):
        load_model(copied, "onnx")
    assert export_run(copied)
    assert isinstance(load_model(copied, note=notes.append), OnnxModel)
    # Two hidden layers: no class activation maps, so torch draws heatmaps.
    assert isinstance(load_model(copied, needs=("maps",), note=notes.append), TorchModel)
    assert notes == []


def test_where_a_driver_is_but_no_gpu_the_file_answers(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artstyle.engines._DRIVERS", (str(tmp_path),))
    assert isinstance(load_model(run), OnnxModel)
    with pytest.raises(UsageError, match="leave --device cuda out"):
        load_model(run, "onnx", "cuda")


def test_without_torch_the_file_answers_and_a_run_that_has_none_is_one_line(
    copied: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artstyle.engines._DRIVERS", (str(tmp_path),))
    monkeypatch.setitem(sys.modules, "torch", None)
    assert isinstance(load_model(copied), OnnxModel)
    copied.onnx_path.unlink()
    needs = r"best.safetensors needs torch, which is not installed.*'artstyle export'"
    for device in ("auto", "cuda"):
        with pytest.raises(MissingError, match=needs):
            load_model(copied, device=device)


def test_training_ends_with_a_file_that_answers_for_its_run(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    config = tiny_config("train.export=true", "train.epochs=1")
    notes: list[str] = []
    finished = fit(config, tiny_dataset, RunFolder(tmp_path / "run")).run
    assert isinstance(load_model(finished, note=notes.append), OnnxModel)
    assert notes == []


def test_a_fingerprint_read_without_torch_is_the_models(run: RunFolder, model: TorchModel) -> None:
    assert checkpoint_fingerprint(run.best_path) == model.fingerprint


def test_a_file_that_answers_otherwise_is_not_written(model: TorchModel, tmp_path: Path) -> None:
    class TwoFaced(nn.Module):
        """It answers the exporter otherwise than everybody else."""

        def forward(self, images_N3SS: Tensor) -> Tensor:
            return images_N3SS.mean((2, 3)) * (2 if torch.compiler.is_compiling() else 1)

    odd = replace(model, name="odd", network=TwoFaced().eval(), labels=LABELS[:3])
    with pytest.raises(WeightsError, match="was not written"):
        export_onnx(odd, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def small_file(path: Path, *, count: int = 2, bias: float = 0.0, header: bool = True) -> Path:
    """Write a file as earlier versions did: logits only, and no checksum."""
    plan = Preprocessing(16, (0, 0, 0), (1, 1, 1), "bilinear", "squash", 16)
    weights: dict[str, NDArray[Any]] = {
        "weight": np.ones((3, count), np.float32),
        "bias": np.full(count, bias, np.float32),
        "axes": np.array([2, 3], np.int64),
    }
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images", "axes"], ["means"], keepdims=0),
            helper.make_node("Gemm", ["means", "weight", "bias"], ["logits"]),
        ],
        "small",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", count])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    if header:
        text = header_text(Header("small", LABELS[:2], plan, {}))
        helper.set_model_props(model, {"artstyle": text})
    onnx.save(model, path)
    return path


def test_a_file_of_an_earlier_version_answers_but_gives_no_heat(tmp_path: Path) -> None:
    old = load_onnx_model(small_file(tmp_path / "old.onnx"))
    white = np.full((1, 16, 16, 3), 255, np.uint8)
    np.testing.assert_allclose(old.answer(white).logits_NC, [[3, 3]], atol=1e-6)
    with pytest.raises(UsageError, match="no Grad-CAM"):
        next(explain_pictures(old, []))


def test_a_file_that_cannot_answer_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="artstyle export"):
        load_onnx_model(tmp_path / "none.onnx")
    foreign = small_file(tmp_path / "foreign.onnx", header=False)
    with pytest.raises(WeightsError, match=r"foreign.onnx was not written by artstyle"):
        load_onnx_model(foreign)
    wide = small_file(tmp_path / "wide.onnx", count=3)
    with pytest.raises(WeightsError, match=r"'logits' has the shape .* should have any x 2"):
        load_onnx_model(wide)
    (tmp_path / "a").mkdir()
    paint("Baroque", "portrait", 0, 0, (40, 40)).image.save(tmp_path / "a/a.png")
    nan = load_onnx_model(small_file(tmp_path / "nan.onnx", bias=float("nan")))
    with pytest.raises(WeightsError, match="NaN or infinite logits"):
        list(predict_styles(nan, _found(tmp_path / "a")))


def _found(folder: Path) -> Iterator[PicturePath]:
    return find_pictures([str(folder)])
