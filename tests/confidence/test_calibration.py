import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta, binom

from artstyle.confidence.answers import read_answers
from artstyle.confidence.calibration import Calibration, chance_of_so_few, fit_calibration
from artstyle.confidence.familiarity import style_means
from artstyle.errors import DataError, WeightsError
from artstyle.storage.checks import checked
from tests.confidence.synthetic import LABELS, drawn


def features_of(targets_N: Any, seed: int = 0) -> Any:
    """Return features near one corner of a cube for each style."""
    generator = np.random.default_rng(seed)
    return np.eye(8)[targets_N] + 0.1 * generator.normal(size=(len(targets_N), 8))


def calibrated(count: int = 2000) -> Calibration:
    logits_NC, targets_N = drawn(count)
    features_ND = features_of(targets_N)
    means_CD = style_means(features_of(targets_N, 1), targets_N)
    return fit_calibration(logits_NC, targets_N, LABELS, features_ND, means_CD)


def test_a_stored_calibration_answers_as_before(tmp_path: Path) -> None:
    calibration = calibrated()
    calibration.write(tmp_path / "calibration.json")
    stored = Calibration.read(tmp_path / "calibration.json")
    logits_NC, targets_N = drawn(50, seed=1)
    for one, other in zip(
        read_answers(logits_NC, features_of(targets_N), calibration, LABELS),
        read_answers(logits_NC, features_of(targets_N), stored, LABELS),
        strict=True,
    ):
        assert (one.probabilities_C == other.probabilities_C).all()
        assert (one.verdict, one.familiarity, one.likely, one.group) == (
            other.verdict, other.familiarity, other.likely, other.group
        )  # fmt: skip


def test_answers_that_count_as_sure_are_right_nine_times_of_ten() -> None:
    logits_NC, targets_N = drawn(4000, seed=1)
    answers = read_answers(logits_NC, None, calibrated(), LABELS)
    sure_N = np.array([answer.verdict == "sure" for answer in answers])
    right_N = logits_NC.argmax(axis=1) == targets_N
    assert sure_N.mean() > 0.05
    assert right_N[sure_N].mean() > 0.88


@pytest.mark.parametrize(("answers", "wrong"), [(22, 0), (38, 1), (52, 2), (400, 30), (9000, 860)])
def test_the_chance_of_few_wrong_answers_is_the_bound_of_clopper_and_pearson(
    answers: int, wrong: int
) -> None:
    chance = chance_of_so_few(wrong, answers)
    assert chance == pytest.approx(binom.cdf(wrong, answers, 0.1), rel=1e-9)
    # At this level the lower bound is 0.9 itself.
    assert beta.ppf(chance, answers - wrong, wrong + 1) == pytest.approx(0.9)


@pytest.mark.parametrize(("pictures", "sure"), [(21, False), (22, True)])
def test_an_answer_is_sure_only_where_enough_right_answers_show_it(
    pictures: int, sure: bool
) -> None:
    """The surest answers are all right, the others all wrong."""
    targets_N = np.arange(60) % 2
    margins_N = np.where(np.arange(60) < pictures, 5.0, -1.0)
    logits_NC = np.where(np.eye(2, dtype=bool)[targets_N], margins_N[:, None], 0.0)
    fitted = fit_calibration(logits_NC, targets_N, ("Baroque", "Cubism")).fitted
    assert fitted is not None
    assert (fitted.sure is not None) is sure


def test_five_per_cent_of_new_paintings_are_unfamiliar_and_all_others_far_away() -> None:
    logits_NC, targets_N = drawn(2000, seed=1)
    calibration = calibrated()
    verdicts = [a.verdict for a in read_answers(
        logits_NC, features_of(targets_N, 2), calibration, LABELS)]  # fmt: skip
    assert 0.03 < verdicts.count("unfamiliar") / 2000 < 0.07
    far_ND = -np.eye(8)[:3]
    for answer in read_answers(9 * logits_NC[:3], far_ND, calibration, LABELS):
        assert answer.verdict == "unfamiliar"
        assert answer.group is not None
        assert not answer.group.sure


def test_the_probability_of_a_group_is_the_sum_over_its_styles() -> None:
    logits_1C = np.log([[0.1, 0.25, 0.35, 0.2, 0.1]])
    answer = read_answers(logits_1C, None, None, LABELS)[0]
    assert answer.group is not None
    assert (answer.group.group, answer.group.sure) == ("Renaissance", False)
    assert answer.group.probability == pytest.approx(0.6)
    assert (answer.verdict, answer.familiarity, answer.likely) == (None, None, None)


def test_styles_of_no_known_group_have_none() -> None:
    answers = read_answers(np.eye(2), None, None, ("Surrealism", "Baroque"))
    assert answers[0].group is None
    assert answers[1].group is not None


@pytest.mark.parametrize(
    ("count", "labels", "said"),
    [
        (1, LABELS, "validation has too few pictures: 1 of 30"),
        (60, (*LABELS, "Pop_Art"), "validation has no pictures of Pop Art"),
    ],
)
def test_a_validation_that_is_too_small_fits_nothing_and_says_why(
    count: int, labels: tuple[str, ...], said: str
) -> None:
    logits_NC, targets_N = drawn(count)
    padded_NC = np.pad(logits_NC, ((0, 0), (0, len(labels) - len(LABELS))))
    calibration = fit_calibration(padded_NC, targets_N, labels)
    assert (calibration.fitted, calibration.reason) == (None, said)
    assert read_answers(padded_NC, None, calibration, labels)[0].verdict is None


def test_a_calibration_for_other_styles_is_refused() -> None:
    with pytest.raises(WeightsError, match="for other styles"):
        read_answers(np.eye(5), None, calibrated(), (*LABELS[:4], "Cubism"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", float("nan")),
        ("temperature", 0.0),
        ("sure", 1.5),
        ("familiarity", {"shape": [5, 8], "means": "AAAA", "quantiles": [0.1, 0.9]}),
        ("familiarity", {"shape": [1, 1], "means": "AH4=", "quantiles": [0.1, 0.9]}),  # NaN
    ],
)
def test_damaged_values_are_refused_on_one_line(key: str, value: object) -> None:
    stored = json.loads(json.dumps(calibrated().to_dict()))
    stored["fitted"][key] = value
    with pytest.raises(DataError, match=key) as refusal:
        checked(stored, Calibration, "best.safetensors")
    assert "\n" not in str(refusal.value)
