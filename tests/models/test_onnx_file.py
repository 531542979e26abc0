"""Export to ONNX, read back by ONNX Runtime alone and by `predict`."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artstyle.errors import MissingError, WeightsError
from artstyle.models.checkpoint import StyleModel, load_style_model, write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.models.onnx_file import export_onnx, load_onnx_model
from artstyle.pictures.finding import find_pictures
from artstyle.prediction.predict import predict_styles
from tests.cli.random_run import LABELS, artstyle, paint, write_random_run

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

# What the exporter itself uses of torch and of onnxscript is about to change there.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_run(tmp_path_factory.mktemp("onnx"))


@pytest.fixture(scope="module")
def model(run: Path) -> StyleModel:
    return load_style_model(run / "checkpoints/best.safetensors", torch.device("cpu"))


@pytest.fixture(scope="module")
def exported(model: StyleModel, run: Path) -> Path:
    path = run / "model.onnx"
    assert export_onnx(model, path) < 1e-4
    return path


def test_the_file_alone_tells_labels_and_preprocessing_and_answers_any_batch(
    model: StyleModel, exported: Path
) -> None:
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["artstyle"])
    assert tuple(about["labels"]) == LABELS
    assert about["preprocessing"]["image_size"] == 32
    for count in (1, 2, 7, 40):
        images_N3SS = np.random.default_rng(count).normal(size=(count, 3, 32, 32))
        (logits_NC,) = session.run(None, {"images": images_N3SS.astype(np.float32)})
        with torch.inference_mode():
            expected_NC = model.network(torch.from_numpy(images_N3SS).float()).numpy()
        np.testing.assert_allclose(logits_NC, expected_NC, atol=1e-4)


def test_predict_answers_with_it_as_with_the_checkpoint(
    model: StyleModel, exported: Path, tmp_path: Path
) -> None:
    for number in range(3):
        paint(tmp_path / f"{number}.jpg")
    answers = [
        list(predict_styles(each, find_pictures([str(tmp_path)]), top_k=4, batch_size=2))
        for each in (model, load_onnx_model(exported))
    ]
    for plain, onnx in zip(*answers, strict=True):
        assert plain.styles is not None
        assert onnx.styles is not None
        assert [s.style for s in plain.styles] == [s.style for s in onnx.styles]
        probabilities = [s.probability for s in plain.styles]
        assert [s.probability for s in onnx.styles] == pytest.approx(probabilities, abs=1e-5)
        assert plain.model != onnx.model


def test_the_command_line_exports_and_predicts(run: Path, exported: Path) -> None:
    here = run.parents[1]
    paint(here / "a.jpg")
    for arguments in (("--run", "runs/random", "--engine", "onnx"), ("--run", exported)):
        done = artstyle("predict", "a.jpg", "--format", "jsonl", *arguments, cwd=here)
        assert done.returncode == 0, done.stderr
        assert sum(s["probability"] for s in json.loads(done.stdout)["styles"]) > 0.5
    refused = artstyle("export", "runs/random", cwd=here)
    assert (refused.returncode, b"--overwrite" in refused.stderr) == (2, True)


def test_a_file_that_answers_otherwise_is_not_written(model: StyleModel, tmp_path: Path) -> None:
    class TwoFaced(nn.Module):
        """It answers the exporter otherwise than everybody else."""

        def forward(self, images_N3SS: Tensor) -> Tensor:
            return images_N3SS.mean((2, 3)) * (2 if torch.compiler.is_compiling() else 1)

    path = tmp_path / "model.onnx"
    odd = StyleModel(
        "odd", TwoFaced().eval(), LABELS[:3], model.preprocessing, model.spec, "x", model.device
    )
    with pytest.raises(WeightsError, match="was not written"):
        export_onnx(odd, path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_checkpoint_or_of_none_is_refused(
    model: StyleModel, exported: Path, tmp_path: Path
) -> None:
    load_onnx_model(exported, exported.parent / "checkpoints/best.safetensors")
    other = tmp_path / "best.safetensors"
    header = Header(model.name, LABELS, model.preprocessing, {})
    torch.manual_seed(1)
    write_checkpoint(other, build_network(model.name, 4, image_size=32).network, header)
    with pytest.raises(WeightsError, match="artstyle export --overwrite"):
        load_onnx_model(exported, other)
    torn = tmp_path / "torn.onnx"
    torn.write_bytes(exported.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="damaged or not an ONNX file"):
        load_onnx_model(torn)
    with pytest.raises(MissingError, match="artstyle export"):
        load_onnx_model(tmp_path / "none.onnx")
