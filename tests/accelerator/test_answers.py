"""Answers, heatmaps and probes of the accelerator are those of the CPU, up to rounding.

Convolutions on a GPU round their inputs to 11 bits (TF32) unless told otherwise; the tolerances
are a few times what that makes of a network of fifty layers.
"""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import read_cached
from artstyle.explain.explain import explain_pictures
from artstyle.inference import predict_logits
from artstyle.models.checkpoint import load_style_model
from artstyle.models.onnx_export import export_onnx
from artstyle.models.onnx_model import INPUT, LOGITS
from artstyle.models.style_model import StyleModel
from artstyle.pictures.square import normalised_pixels
from artstyle.probe.probe import fit_probe
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from artstyle.training.setup import labelled
from tests.conftest import tiny_config

pytestmark = pytest.mark.gpu

PROBABILITIES, HEAT = 0.02, 0.05


@pytest.fixture(scope="module")
def run(tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run of a network with depthwise convolutions, trained on the CPU."""
    settings = ("model.name=efficientnet_lite0", "data.image_size=64", "train.epochs=1")
    folder = tmp_path_factory.mktemp("answers") / "run"
    return fit(tiny_config(*settings), tiny_dataset, folder).run


def probabilities(model: StyleModel, data: DatasetFolder) -> np.ndarray:
    answers = predict_logits(model, labelled(data, "train").paths, read_cached)
    logits_NC = np.stack([answer.logits_C for answer in answers if answer.logits_C is not None])
    return softmax(logits_NC)


def softmax(logits_NC: np.ndarray) -> np.ndarray:
    powers_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
    return np.asarray(powers_NC / powers_NC.sum(axis=1, keepdims=True))


def assert_same_answers(ours_NC: np.ndarray, theirs_NC: np.ndarray) -> None:
    np.testing.assert_allclose(ours_NC, theirs_NC, atol=PROBABILITIES)
    second_N, first_N = np.sort(ours_NC, axis=1)[:, -2:].T
    clear_N = first_N - second_N > 2 * PROBABILITIES
    assert (ours_NC.argmax(axis=1) == theirs_NC.argmax(axis=1))[clear_N].all()


def test_predictions_are_those_of_the_cpu(
    accelerator: str, run: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    theirs, ours = (load_style_model(run.best_path, name) for name in ("cpu", accelerator))
    assert ours.device.startswith(accelerator)
    assert_same_answers(probabilities(ours, tiny_dataset), probabilities(theirs, tiny_dataset))


@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_heatmaps_are_those_of_the_cpu(
    method: str, accelerator: str, run: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    paths = labelled(tiny_dataset, "test").paths
    maps = []
    for name in ("cpu", accelerator):
        model = load_style_model(run.best_path, name)
        style = tiny_dataset.labels[0]
        found = explain_pictures(model, paths, method=method, style=style)  # type: ignore[arg-type]
        maps.append(np.stack([each.explained.heat_SS for each in found if each.explained]))
    assert maps[0].max() > 0.5
    assert np.abs(maps[0] - maps[1]).mean() < HEAT


def test_a_probe_is_that_of_the_cpu(
    accelerator: str, run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    heads = []
    for place, name in (("theirs", "cpu"), ("ours", accelerator)):
        config = resolve_config("probe", overrides=[
            "model.name=efficientnet_lite0", f"model.weights={run.best_path}",
            "data.image_size=64", f"train.device={name}", "train.export=false", "probe.c=0.1",
        ]).config  # fmt: skip
        probed = fit_probe(config, tiny_dataset, tmp_path / place).run
        heads.append(probabilities(load_style_model(probed.best_path, "cpu"), tiny_dataset))
        assert "weights.classifier.weight" in load_file(probed.best_path)
    assert_same_answers(heads[1], heads[0])


def test_an_onnx_file_answers_on_the_gpu_as_on_the_cpu(
    accelerator: str, run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    """artstyle runs such files on a CPU; other programs may run them on a GPU."""
    runtime = import_module("onnxruntime")
    provider = "CUDAExecutionProvider" if accelerator == "cuda" else "CPUExecutionProvider"
    if provider not in runtime.get_available_providers():
        pytest.skip("ONNX Runtime is installed without CUDA: onnxruntime-gpu has it")
    model, path = load_style_model(run.best_path, "cpu"), tmp_path / "model.onnx"
    export_onnx(model, path)
    session = runtime.InferenceSession(path.read_bytes(), providers=[provider])
    if provider not in session.get_providers():
        pytest.skip("ONNX Runtime cannot load CUDA on this machine")
    size = model.preprocessing.image_size
    pixels_NSS3 = np.random.default_rng(0).integers(0, 256, (8, size, size, 3), dtype=np.uint8)
    images_N3SS = normalised_pixels(pixels_NSS3, model.preprocessing)
    ours_NC = softmax(session.run([LOGITS], {INPUT: images_N3SS})[0])
    assert_same_answers(ours_NC, softmax(model.answer(pixels_NSS3).logits_NC))
