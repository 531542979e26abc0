"""Scores of arrays, against scikit-learn and against the report of an evaluation."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss
from sklearn.metrics import top_k_accuracy_score as top_k

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import UsageError
from artstyle.evaluation.arrays import LogitScores, evaluate_logits, evaluate_predictions
from artstyle.evaluation.evaluate import Evaluation

LABELS = ("Baroque", "Cubism", "Rococo", "Ukiyo_e")
RNG = np.random.default_rng(5)
TARGETS_N = RNG.integers(0, 4, 60)
LOGITS_NC = RNG.normal(size=(60, 4)) + 1.5 * np.eye(4)[TARGETS_N]
ARTISTS = [f"artist {n % 11}" for n in range(60)]


def test_the_scores_are_those_of_scikit_learn() -> None:
    scores = evaluate_logits(LOGITS_NC, TARGETS_N, LABELS)
    predictions_N = LOGITS_NC.argmax(axis=1)
    probabilities_NC = torch.softmax(torch.from_numpy(LOGITS_NC), dim=1).numpy()
    ours = [
        scores.accuracy.value, scores.macro_f1.value, scores.weighted_f1,
        scores.top3_accuracy.value, scores.negative_log_likelihood, scores.brier_score,
    ]  # fmt: skip
    theirs = [
        accuracy_score(TARGETS_N, predictions_N),
        f1_score(TARGETS_N, predictions_N, average="macro"),
        f1_score(TARGETS_N, predictions_N, average="weighted"),
        top_k(TARGETS_N, LOGITS_NC, k=3),
        log_loss(TARGETS_N, probabilities_NC),
        brier_score_loss(TARGETS_N, probabilities_NC, scale_by_half=False),
    ]
    assert ours == pytest.approx(theirs, abs=1e-12)
    assert {style: score.f1 for style, score in scores.styles.items()} == pytest.approx(
        dict(zip(LABELS, f1_score(TARGETS_N, predictions_N, average=None), strict=True))
    )


def test_scores_and_intervals_are_those_that_evaluate_writes(
    evaluation: Evaluation, evaluated_data: DatasetFolder
) -> None:
    report, artist = evaluation.report, {r.path: r.artist for r in evaluated_data.rows("test")}
    with np.load(evaluation.path / "logits.npz", allow_pickle=False) as stored:
        scores = evaluate_logits(
            stored["logits"],
            stored["targets"],
            stored["labels"].tolist(),
            artists=[artist[path] for path in stored["paths"]],
            temperature=float(stored["temperature"]),
        )
    by_artist = report.intervals.by_artist
    assert by_artist is not None
    assert scores.artists == by_artist.artists
    for name in ("accuracy", "macro_f1", "top3_accuracy"):
        ours = getattr(scores, name)
        assert ours.value == pytest.approx(getattr(report, name), abs=1e-12)
        assert ours.interval == pytest.approx(getattr(report.intervals, name), abs=1e-12)
        assert ours.by_artist == pytest.approx(getattr(by_artist, name), abs=1e-12)
    assert scores.confusion_matrix == report.confusion_matrix
    assert scores.negative_log_likelihood == pytest.approx(report.negative_log_likelihood, abs=1e-6)


def test_predicted_labels_have_the_scores_of_logits_that_predict_them() -> None:
    both = [
        evaluate_logits(LOGITS_NC, TARGETS_N, LABELS, artists=ARTISTS),
        evaluate_predictions(LOGITS_NC.argmax(axis=1), TARGETS_N, LABELS, artists=ARTISTS),
    ]
    assert isinstance(both[0], LogitScores)
    for name in ("weighted_f1", "styles", "confusion_matrix", "artists"):
        assert getattr(both[0], name) == getattr(both[1], name)
    for name in ("accuracy", "macro_f1"):
        ours, theirs = getattr(both[1], name), getattr(both[0], name)
        assert ours.value == theirs.value
        assert ours.by_artist == theirs.by_artist
        assert ours.interval == pytest.approx(theirs.interval, abs=0.03)  # Other draws.
    assert both[1].artists == 11
    assert both[1].accuracy.by_artist != both[1].accuracy.interval


def test_a_temperature_changes_probabilities_and_no_prediction() -> None:
    plain = evaluate_logits(LOGITS_NC, TARGETS_N, LABELS)
    cooler = evaluate_logits(LOGITS_NC, TARGETS_N, LABELS, temperature=2.0)
    assert cooler.accuracy == plain.accuracy
    softmax_NC = torch.softmax(torch.from_numpy(LOGITS_NC) / 2, dim=1)
    assert cooler.mean_confidence == pytest.approx(float(softmax_NC.max(dim=1).values.mean()))


def test_lists_and_tensors_are_arrays_too() -> None:
    expected = evaluate_logits(LOGITS_NC, TARGETS_N, LABELS)
    assert evaluate_logits(LOGITS_NC.tolist(), TARGETS_N.tolist(), list(LABELS)) == expected
    tensors = torch.from_numpy(LOGITS_NC), torch.from_numpy(TARGETS_N)
    assert evaluate_logits(*tensors, LABELS) == expected


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one row": ({"logits": LOGITS_NC[0]}, "logits are N x 4 numbers"),
    "a column too few": ({"logits": LOGITS_NC[:, :3]}, "logits are N x 4 .* not 60 x 3"),
    "not a number": ({"logits": np.full((60, 4), np.nan)}, "NaN or infinite"),
    "text": ({"logits": [["a"] * 4] * 60}, "not 60 x 4 of type <U1"),
    "ragged": ({"logits": [[1, 2], [3]]}, "cannot be read as an array"),
    "a gradient": ({"logits": torch.ones(60, 4, requires_grad=True)}, "cannot be read as an array"),
    "a label too high": ({"targets": TARGETS_N + 1}, "4 styles from 0 to 3, so none is 4"),
    "a negative label": ({"targets": TARGETS_N - 1}, "so none is -1"),
    "labels as fractions": ({"targets": TARGETS_N * 1.0}, "targets are N whole numbers"),
    "labels as columns": ({"targets": np.eye(4, dtype=int)[TARGETS_N]}, "not 60 x 4"),
    "a picture too few": ({"targets": TARGETS_N[1:]}, "60 answers, 59 targets"),
    "an artist too few": ({"artists": ARTISTS[1:]}, "59 are named"),
    "one artist": ({"artists": "Rubens"}, "a name for each picture"),
    "one name": ({"labels": "abcd"}, "each once"),
    "a name twice": ({"labels": ["a", "b", "c", "c"]}, "each once"),
    "a taken name": ({"labels": ["a", "b", "c", "accuracy"]}, "cannot be called 'accuracy'"),
    "no pictures": ({"logits": np.empty((0, 4)), "targets": np.empty(0, int)}, "no pictures"),
    "no temperature": ({"temperature": 0}, "a number above 0"),
}


@pytest.mark.parametrize("change", BAD)
def test_wrong_arrays_are_refused_in_one_line(change: str) -> None:
    changed, message = BAD[change]
    given: dict[str, Any] = {"logits": LOGITS_NC, "targets": TARGETS_N, "labels": LABELS} | changed
    with pytest.raises(UsageError, match=message) as caught:
        evaluate_logits(**given)
    assert "\n" not in str(caught.value)


def test_wrong_predictions_are_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="predictions are N whole numbers"):
        evaluate_predictions(LOGITS_NC, TARGETS_N, LABELS)
    with pytest.raises(UsageError, match="60 answers, 59 targets"):
        evaluate_predictions(TARGETS_N, TARGETS_N[1:], LABELS)
