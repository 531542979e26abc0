"""The model's prediction and the true style of each picture of a split. No torch here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from artstyle.confidence.answers import Answer, calibrated, read_answers
from artstyle.confidence.calibration import Calibration
from artstyle.confidence.familiarity import Features
from artstyle.data.manifest import ManifestRow
from artstyle.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    Reliability,
    confusion_matrix,
    log_softmax,
    reliability,
    true_ranks,
)

TOP_K = 3
_SURE = 0.5  # A style with more than this probability outweighs all others together.

ReadPicture = Callable[[ManifestRow, int], Image.Image]
"""Reads a picture of the data set; its shorter side has at most so many pixels."""

PREDICTION_COLUMNS = (
    "path",
    "style",
    "predicted",
    "probability",
    "second",
    "second_probability",
    "third",
    "third_probability",
    "true_probability",
    "true_rank",
    "correct",
    "artist",
    "artist_in_training",
    "error",
    "verdict",
    "familiarity",
    "likely",
)


@dataclass(frozen=True)
class Unreadable:
    """A picture that could not be read."""

    row: ManifestRow
    reason: str


@dataclass(frozen=True)
class Outcome:
    """The N pictures that could be read, and the model's logits for them."""

    labels: tuple[str, ...]
    """The model's styles, C of them."""
    rows: tuple[ManifestRow, ...]
    logits_NC: FloatArray
    artist_seen: tuple[bool | None, ...]
    """Whether training had a picture by the artist; None if that is not known."""
    unreadable: tuple[Unreadable, ...] = ()
    features_ND: Features | None = None
    """The input of the model's last layer; None if it was not asked for."""
    calibration: Calibration | None = None
    """The model's."""
    content_ND: Features | None = None
    """The content embedding; None if the model has none, or it was not asked for."""

    @cached_property
    def targets_N(self) -> IntArray:
        """Labels of the true styles, matched by name."""
        position = {style: label for label, style in enumerate(self.labels)}
        return np.array([position[row.style] for row in self.rows], dtype=np.int64)

    @cached_property
    def predictions_N(self) -> IntArray:
        """Labels of the most probable styles."""
        predictions_N: IntArray = self.logits_NC.argmax(axis=1).astype(np.int64)
        return predictions_N

    @cached_property
    def log_probabilities_NC(self) -> FloatArray:
        """Natural logarithms of the probabilities."""
        fitted = self.calibration.fitted if self.calibration else None
        return log_softmax(self.logits_NC / (fitted.temperature if fitted else 1.0))

    @cached_property
    def probabilities_NC(self) -> FloatArray:
        """Calibrated probabilities where the model is calibrated; each row adds up to 1."""
        return calibrated(self.logits_NC, self.calibration)

    @cached_property
    def answers(self) -> list[Answer]:
        """The answers in full: verdicts, familiarity, likely styles, groups."""
        return read_answers(self.logits_NC, self.features_ND, self.calibration, self.labels)

    @cached_property
    def confidence_N(self) -> FloatArray:
        """Probabilities of the predicted styles."""
        confidence_N: FloatArray = self.probabilities_NC.max(axis=1)
        return confidence_N

    @cached_property
    def correct_N(self) -> BoolArray:
        """Whether the predicted style is the true one."""
        correct_N: BoolArray = self.predictions_N == self.targets_N
        return correct_N

    @cached_property
    def ranks_N(self) -> IntArray:
        """Ranks of the true styles; 1 is the most probable."""
        return true_ranks(self.logits_NC, self.targets_N)

    @cached_property
    def confusion_CC(self) -> IntArray:
        """Counts of true (row) and predicted (column) styles."""
        return confusion_matrix(self.targets_N, self.predictions_N, len(self.labels))

    @cached_property
    def reliability(self) -> Reliability:
        """How often predictions of a given confidence are right."""
        return reliability(self.confidence_N, self.correct_N)

    @cached_property
    def raw_reliability(self) -> Reliability:
        """The same without the model's temperature."""
        confidence_N: FloatArray = calibrated(self.logits_NC, None).max(axis=1)
        return reliability(confidence_N, self.correct_N)

    def most_confident(self, chosen_N: BoolArray) -> list[int]:
        """Return the positions of the chosen pictures, the most confident prediction first."""
        positions = np.flatnonzero(chosen_N)
        order = np.argsort(-self.confidence_N[positions], kind="stable")
        return [int(position) for position in positions[order]]

    def prediction_rows(self) -> Iterator[dict[str, object]]:
        """Yield one row for each picture for ``predictions.csv``; unreadable pictures come last."""
        for position in range(len(self.rows)):
            yield self._prediction_row(position)
        for failed in self.unreadable:
            yield _blank_row() | {
                "path": failed.row.path,
                "style": failed.row.style,
                "artist": failed.row.artist,
                "error": failed.reason,
            }

    def _prediction_row(self, position: int) -> dict[str, object]:
        row, seen, answer = self.rows[position], self.artist_seen[position], self.answers[position]
        probabilities_C = self.probabilities_NC[position]
        best = np.argsort(-self.logits_NC[position], kind="stable")[:TOP_K]
        named: dict[str, object] = {}
        for place, label in zip(("", "second", "third"), best, strict=False):
            named[place or "predicted"] = self.labels[label]
            name = f"{place}_probability" if place else "probability"
            named[name] = f"{probabilities_C[label]:.6f}"
        return (
            _blank_row()
            | named
            | {
                "path": row.path,
                "style": row.style,
                "true_probability": f"{probabilities_C[self.targets_N[position]]:.6f}",
                "true_rank": int(self.ranks_N[position]),
                "correct": _yes_no(bool(self.correct_N[position])),
                "artist": row.artist,
                "artist_in_training": _yes_no(seen),
                "verdict": answer.verdict or "",
                "familiarity": "" if answer.familiarity is None else f"{answer.familiarity:.4f}",
                "likely": "; ".join(answer.likely or ()),
            }
        )


def sure_errors(outcome: Outcome) -> list[int]:
    """Return the positions of the wrong answers that the model was sure of, the surest first.

    A calibrated model says which these are; for others, a probability over 0.5 counts as sure.
    """
    if _is_calibrated(outcome):
        sure_N = np.array([answer.verdict == "sure" for answer in outcome.answers], dtype=np.bool_)
    else:
        sure_N = outcome.confidence_N > _SURE
    return outcome.most_confident(~outcome.correct_N & sure_N)


def sure_rule(outcome: Outcome) -> str:
    """Return what makes an answer of this outcome sure, as the end of a sentence."""
    if _is_calibrated(outcome):
        return "with the verdict 'sure'"
    return f"with a probability over {_SURE:.0%}"


def _is_calibrated(outcome: Outcome) -> bool:
    return outcome.calibration is not None and outcome.calibration.fitted is not None


def percent(probability: float) -> str:
    """Return a probability as people read it; never 0% or 100%."""
    if probability > 0.99:
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{probability:.0%}"


def _blank_row() -> dict[str, object]:
    return dict.fromkeys(PREDICTION_COLUMNS, "")


def _yes_no(value: bool | None) -> str:
    return "" if value is None else ("yes" if value else "no")
