import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from artstyle.confidence.temperature import fit_temperature, probabilities
from artstyle.errors import UsageError
from tests.confidence.synthetic import drawn


def test_the_temperature_equals_a_hand_worked_one() -> None:
    """Of answers with a lead of 2, three of four are right: 1 / (1 + exp(-2 / T)) = 3 / 4."""
    logits_NC = np.tile([2.0, 0.0], (4, 1))
    assert fit_temperature(logits_NC, np.array([0, 0, 0, 1])) == pytest.approx(2 / np.log(3))


def test_probabilities_equal_those_of_scikit_learn() -> None:
    """Its ``method="temperature"`` over the logits of a frozen classifier."""
    generator = np.random.default_rng(0)
    points_N4 = generator.normal(size=(600, 4))
    targets_N = (points_N4[:, :3] + generator.normal(size=(600, 3))).argmax(axis=1)
    model = LogisticRegression(C=100).fit(points_N4[:60], targets_N[:60])
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method="temperature", ensemble=False)
    theirs.fit(points_N4[60:], targets_N[60:])
    logits_NC = model.decision_function(points_N4[60:])
    ours_NC = probabilities(logits_NC, fit_temperature(logits_NC, targets_N[60:]))
    # Theirs stops within 1e-5 of the best temperature.
    np.testing.assert_allclose(ours_NC, theirs.predict_proba(points_N4[60:]), atol=1e-4)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a_temperature_that_was_applied_is_found_again(temperature: float) -> None:
    logits_NC, targets_N = drawn(20_000, temperature=1 / temperature)
    assert fit_temperature(logits_NC, targets_N) == pytest.approx(temperature, rel=0.05)


def test_without_a_wrong_answer_probabilities_stay() -> None:
    assert fit_temperature(np.eye(3), np.arange(3)) == 1.0


def test_answers_that_say_nothing_become_even() -> None:
    """Every lead is as often wrong as right."""
    logits_NC = np.tile([2.0, 0.0], (4, 1))
    temperature = fit_temperature(logits_NC, np.array([0, 1, 0, 1]))
    np.testing.assert_allclose(probabilities(logits_NC, temperature), 0.5, atol=0.01)


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        (np.zeros(3), np.zeros(3, int), "logits are N x C numbers"),
        (np.zeros((3, 2)), np.zeros(2, int), "3 logits, 2 targets"),
        (np.zeros((3, 2)), np.full(3, 2), "targets count 2 styles"),
        (np.zeros((0, 2)), np.zeros(0, int), "there are none"),
    ],
)
def test_wrong_arrays_are_refused_in_one_line(
    logits: np.ndarray, targets: np.ndarray, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        fit_temperature(logits, targets)
