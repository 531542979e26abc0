"""``report.json`` as it is read again, by pages that are made later."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, PositiveInt

from artstyle.checks import checked
from artstyle.errors import DataError
from artstyle.files import read_json

Bounds = tuple[float, float]


class _Scores(BaseModel):
    precision: float
    recall: float
    f1: float = Field(alias="f1-score")
    support: int


@dataclass(frozen=True)
class _Intervals:
    level: float
    resamples: int
    seed: int
    accuracy: Bounds
    macro_f1: Bounds
    top3_accuracy: Bounds


@dataclass(frozen=True)
class _Part:
    support: int
    accuracy: float | None
    interval: Bounds | None


@dataclass(frozen=True)
class _Artists:
    seen: _Part
    unseen: _Part
    unknown: _Part


@dataclass(frozen=True)
class _Oracle:
    accuracy: float


@dataclass(frozen=True)
class _Confusion:
    labels: list[str]


@dataclass(frozen=True)
class _Report:
    run: str
    architecture: str
    model: str
    dataset: str
    dataset_path: str
    split: str
    warnings: list[str]
    pictures: PositiveInt
    unreadable: int
    accuracy: float
    top3_accuracy: float
    macro_f1: float
    weighted_f1: float
    expected_calibration_error: float
    mean_confidence: float
    negative_log_likelihood: float
    brier_score: float
    intervals: _Intervals
    artists: _Artists
    artist_oracle: _Oracle | None
    styles_without_pictures: list[str]
    confusion_matrix: _Confusion
    classification_report: dict[str, _Scores | float]


def read_report(path: Path) -> dict[str, Any]:
    """Return the scores of an evaluation.

    Raises:
        MissingError: There is no such file.
        DataError: It is damaged.
    """
    report: dict[str, Any] = read_json(path)
    shape = checked(report, _Report, path)
    averages = ("macro avg", "weighted avg")
    for style in (*shape.confusion_matrix.labels, *averages):
        if not isinstance(shape.classification_report.get(style), _Scores):
            raise DataError(f"{path} is damaged: it has no scores of {style!r}")
    if not shape.confusion_matrix.labels:
        raise DataError(f"{path} is damaged: it names no styles")
    return report
