"""The calibration at the end of a run: in the best checkpoint, whatever happened before."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import read_cached
from artstyle.inference import predict_logits
from artstyle.models.checkpoint import load_style_model
from artstyle.models.header import read_header
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.conftest import tiny_config
from tests.evaluation.tiny import STYLES, write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    """Thirteen pictures of each of four styles in each split: 52 for validation."""
    return write_dataset(tmp_path_factory.mktemp("data"), pictures=13)


class Stopped(BaseException):
    """Ends a run while it is calibrated."""


def test_a_run_that_was_stopped_while_it_was_calibrated_is_calibrated_when_it_resumes(
    dataset: DatasetFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "run")

    def stop(stage: str, done: int, total: int | None, detail: str = "") -> None:
        if stage == "calibrating" and done == 60:
            raise Stopped

    with pytest.raises(Stopped):
        fit(tiny_config(), dataset, run, progress=stop)
    assert read_header(run.best_path).calibration is None
    before = load_file(run.best_path)
    fit(tiny_config(), dataset, run, resume=True)
    after = load_file(run.best_path)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    _require_calibrated(run, dataset)
    written = run.best_path.read_bytes()
    fit(tiny_config(), dataset, run, resume=True)
    assert run.best_path.read_bytes() == written


def _require_calibrated(run: RunFolder, dataset: DatasetFolder) -> None:
    """Compare the stored calibration with what the model answers for the validation pictures."""
    model = load_style_model(run.best_path, torch.device("cpu"))
    rows = dataset.rows("val")
    paths = [dataset.image_path(row) for row in rows]
    answers = list(predict_logits(model, paths, read_cached, outputs=("features",)))
    logits_NC = np.stack([a.logits_C for a in answers if a.logits_C is not None])
    predicted = [model.labels[label] for label in logits_NC.argmax(axis=1)]
    right = np.mean([row.style == style for row, style in zip(rows, predicted, strict=True)])
    calibration = model.calibration
    assert calibration is not None
    assert calibration.fitted is not None
    assert (calibration.labels, calibration.pictures) == (STYLES, 52)
    assert calibration.accuracy == pytest.approx(right)
    assert calibration.majority == 0.25
    familiarity = calibration.fitted.familiarity
    assert familiarity is not None
    shares_N = familiarity.of(np.stack([a.features_D for a in answers if a.features_D is not None]))
    # Validation pictures are compared with themselves: their shares are even.
    np.testing.assert_allclose(np.sort(shares_N), np.linspace(0, 1, 52), atol=0.03)


def test_a_validation_that_is_too_small_is_said_in_one_line(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    said: list[str] = []
    run = fit(
        tiny_config("train.epochs=1"), tiny_dataset, RunFolder(tmp_path / "run"), warn=said.append
    ).run
    (line,) = said
    assert line.startswith(
        "answers will not say how sure they are: validation has too few pictures"
    )
    calibration = read_header(run.best_path).calibration
    assert calibration is not None
    assert calibration.fitted is None
    assert calibration.accuracy is not None
