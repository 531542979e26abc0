"""`artstyle probe`: an ordinary run whose last layer is a logistic regression."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from artstyle.cli.app import app
from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import read_cached
from artstyle.data.manifest import ManifestRow
from artstyle.errors import ArtstyleError, DataError, RunError, UsageError
from artstyle.inference import predict_logits
from artstyle.models.checkpoint import load_style_model, read_state
from artstyle.models.header import read_header
from artstyle.probe.frozen import frozen_features
from artstyle.probe.probe import fit_probe, held_out_groups
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.training.setup import labelled

CPU = torch.device("cpu")


def settings(weights: RunFolder, *overrides: str) -> Config:
    """Return a probe of the tiny run's network: its backbone stands for one of ImageNet."""
    tiny = (
        "model.name=simple_cnn", f"model.weights={weights.best_path}", "data.image_size=32",
        "train.device=cpu", "train.export=false",
    )  # fmt: skip
    return resolve_config("probe", overrides=(*tiny, *overrides)).config


@pytest.fixture(scope="module")
def probed(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path_factory: pytest.TempPathFactory
) -> RunFolder:
    run = RunFolder(tmp_path_factory.mktemp("probed") / "run")
    return fit_probe(settings(tiny_run), tiny_dataset, run).run


def test_the_network_answers_as_the_regression_over_its_features_does(
    probed: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    model = load_style_model(probed.best_path, CPU)
    images = labelled(tiny_dataset, "val")
    features_NF = frozen_features(model, images)
    weights, _ = read_state(probed.best_path)
    by_hand = (
        features_NF @ weights["classifier.4.weight"].numpy().T
        + weights["classifier.4.bias"].numpy()
    )
    answers = predict_logits(model, images.paths, read_cached)
    logits_NC = np.stack([answer.logits_C for answer in answers if answer.logits_C is not None])
    np.testing.assert_allclose(logits_NC, by_hand, atol=1e-4)
    (epoch,) = probed.history()
    right = float((logits_NC.argmax(axis=1) == images.labels_N).mean())
    assert float(epoch["val_accuracy"]) == pytest.approx(right, abs=1e-5)
    calibration = load_style_model(probed.best_path, CPU).calibration
    assert calibration is not None
    assert calibration.accuracy == pytest.approx(right)
    assert calibration.reason == f"validation has too few pictures: {len(images.paths)} of 30"


def test_only_the_last_layer_differs_from_the_weights_it_began_with(
    probed: RunFolder, tiny_run: RunFolder
) -> None:
    before, _ = read_state(tiny_run.best_path)
    after, _ = read_state(probed.best_path)
    changed = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert changed == {"classifier.4.weight", "classifier.4.bias"}


def test_the_same_probe_writes_the_same_weights_to_the_bit(
    probed: RunFolder, tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    again = fit_probe(settings(tiny_run), tiny_dataset, RunFolder(tmp_path / "run")).run
    assert again.best_path.read_bytes() == probed.best_path.read_bytes()


def test_val_calibrates_the_answers_or_the_reason_is_said(
    probed: RunFolder, tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    said: list[str] = []
    run = RunFolder(tmp_path / "run")
    fit_probe(settings(tiny_run), tiny_dataset, run, warn=said.append)
    calibration = read_header(run.best_path).calibration
    assert calibration is not None
    (epoch,) = run.history()
    assert calibration.pictures == 8  # too few for a temperature
    assert calibration.accuracy == pytest.approx(float(epoch["val_accuracy"]), abs=1e-5)
    assert said == [f"answers will not say how sure they are: {calibration.reason}"]


def test_a_fixed_c_is_taken_and_a_smaller_one_gives_smaller_weights(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    norms = []
    for c in ("1e-4", "1e-1"):
        config = settings(tiny_run, f"probe.c={c}")
        result = fit_probe(config, tiny_dataset, RunFolder(tmp_path / c))
        assert (result.chosen.c, result.held_out) == (float(c), "as configured")
        norms.append(float(read_state(result.run.best_path)[0]["classifier.4.weight"].norm()))
    assert norms[0] < norms[1]


def painting(name: str, style: str, artist: str = "", copy_of: str = "") -> ManifestRow:
    row = ManifestRow(name, style, artist, "", "", "train", "", 9, 9, "", "0" * 16, "")
    return replace(row, copy_of=copy_of)


def test_artists_are_held_out_whole_where_the_style_has_others() -> None:
    rows = [
        painting("a", "Cubism", "gris"),
        painting("b", "Cubism", "gris"),
        painting("c", "Cubism"),
        painting("d", "Rococo", "boucher"),
        painting("e", "Rococo", "boucher", copy_of="d"),
        painting("f", "Cubism", copy_of="c"),
    ]
    groups, words = held_out_groups(rows)
    assert groups[0] == groups[1]
    assert groups[2] == groups[5]
    # Only Boucher painted Rococo here: one by one, but for the copy.
    assert groups[3] == groups[4]
    assert len(set(groups)) == 3
    assert words == "artists kept apart for 2 of 6 paintings"


def refused(*words: str, match: str) -> ArtstyleError:
    with pytest.raises(ArtstyleError, match=match) as caught:
        app(["probe", *words], standalone_mode=False)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "simple_cnn"), "simple_cnn would start from random ones"),
        (("--set", "model.weights=none"), "efficientnet_lite0 would start from random ones"),
        (("--model", "efficientnet_lite9"), "Did you mean 'efficientnet_lite"),
        (("--models", "efficientnet_lite0,simple_cnn"), "simple_cnn would start from random ones"),
        (("--models", "efficientnet_lite0,resnet5"), "Did you mean 'resnet50'"),
        (("--models", "resnet50,resnet50"), "resnet50 is named twice"),
        (("--models", "resnet50,"), "unknown model ''"),
        (("--models", "resnet50", "--model", "resnet50"), "--model and --models exclude each"),
        (("--set", "optim.lr=1"), "it is for 'artstyle finetune'"),
        (("--set", "split.group=artist"), "it is for 'artstyle prepare'"),
        (("--set", "probe.c=0"), "probe.c = 0"),
        (("--data", "nowhere"), "nowhere is not a dataset folder"),
        (("--config", "gone.yaml"), "no file gone.yaml"),
    ],
)
def test_what_cannot_be_probed_is_refused_in_one_line_with_exit_code_2(
    words: tuple[str, ...], message: str
) -> None:
    assert refused(*words, match=message).exit_code == 2


def test_training_commands_refuse_the_key_of_a_probe() -> None:
    with pytest.raises(UsageError, match="it is for 'artstyle probe'"):
        app(["finetune", "--set", "probe.c=1"], standalone_mode=False)


def test_a_data_set_with_one_style_is_refused(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    shutil.copytree(tiny_dataset.path, tmp_path / "data")
    one = DatasetFolder(tmp_path / "data")
    one.description.model_copy(update={"labels": ("Cubism",)}).write(one.description_path)
    with pytest.raises(DataError, match="has only one style"):
        fit_probe(settings(tiny_run), DatasetFolder(one.path), RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_is_refused_before_the_work(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="is not empty"):
        fit_probe(settings(tiny_run), tiny_dataset, RunFolder(tmp_path))
