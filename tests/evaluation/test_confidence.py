"""The part of report.json on what a model says of its own answers."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss

from artstyle.confidence.calibration import fit_calibration
from artstyle.data.manifest import ManifestRow
from artstyle.evaluation.document import EvaluationReport, ReportHeader
from artstyle.evaluation.outcome import Outcome
from artstyle.evaluation.summary import summarise
from artstyle.evaluation.wording import confidence_line
from tests.confidence.synthetic import LABELS, drawn
from tests.evaluation.tiny import manifest_row

HEADER = ReportHeader(
    model="m", dataset="d", split="test", run="r", architecture="a", dataset_path="p", warnings=()
)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """Answers of a model that is twice as sure as it should be, and its calibration."""
    logits_NC, targets_N = drawn(2000, seed=1, temperature=0.5)
    rows: list[ManifestRow] = [
        manifest_row(f"{n}.jpg", LABELS[target], "", "test", f"{n:064x}")
        for n, target in enumerate(targets_N)
    ]
    calibration = fit_calibration(*drawn(2000, temperature=0.5), LABELS)
    return Outcome(LABELS, tuple(rows), logits_NC, (None,) * 2000, calibration=calibration)


@pytest.fixture(scope="module")
def report(outcome: Outcome) -> EvaluationReport:
    return summarise(HEADER, outcome, None)


def test_probabilities_have_the_temperature_and_the_error_before_it_is_kept(
    outcome: Outcome, report: EvaluationReport
) -> None:
    raw = summarise(HEADER, replace(outcome, calibration=None), None)
    confidence = report.confidence
    assert confidence is not None
    assert confidence.temperature == pytest.approx(2, rel=0.1)
    assert confidence.error_before == raw.expected_calibration_error > 0.1
    assert confidence.reliability_before == raw.reliability
    assert report.expected_calibration_error < confidence.error_before / 2
    scaled_NC = np.exp(outcome.logits_NC / confidence.temperature)
    scaled_NC /= scaled_NC.sum(axis=1, keepdims=True)
    assert report.negative_log_likelihood == pytest.approx(log_loss(outcome.targets_N, scaled_NC))
    assert (raw.accuracy, raw.confidence) == (report.accuracy, None)


def test_verdicts_divide_the_pictures_and_keep_their_promise(report: EvaluationReport) -> None:
    assert report.confidence is not None
    sure, unsure, unfamiliar = report.confidence.verdicts
    assert (sure.verdict, unsure.verdict, unfamiliar.verdict) == ("sure", "unsure", "unfamiliar")
    assert sure.support + unsure.support == 2000
    assert sure.accuracy is not None
    assert unsure.accuracy is not None
    assert sure.accuracy > 0.87 > unsure.accuracy
    right = sure.accuracy * sure.support + unsure.accuracy * unsure.support
    assert right / 2000 == pytest.approx(report.accuracy)
    assert (unfamiliar.support, unfamiliar.accuracy) == (0, None)


def test_likely_styles_hold_the_true_one_as_often_as_meant(report: EvaluationReport) -> None:
    assert report.confidence is not None
    # Three standard errors of a share over 2,000 pictures, and as many of the calibration.
    assert report.confidence.coverage == pytest.approx(0.9, abs=0.03)
    assert 1 < report.confidence.mean_likely < len(LABELS)
    assert "meant: 90%" in confidence_line(report.confidence)


def test_each_picture_has_its_verdict_and_its_likely_styles_in_the_csv(outcome: Outcome) -> None:
    row = next(outcome.prediction_rows())
    assert row["verdict"] in ("sure", "unsure")
    assert str(row["likely"]).split("; ")[0] == row["predicted"]
    assert row["familiarity"] == ""


def test_a_model_without_calibration_says_why(outcome: Outcome) -> None:
    few = fit_calibration(outcome.logits_NC[:9], outcome.targets_N[:9], LABELS)
    report = summarise(HEADER, replace(outcome, calibration=few), None)
    assert report.confidence is None
    assert report.not_calibrated == "validation has too few pictures: 9 of 30"
