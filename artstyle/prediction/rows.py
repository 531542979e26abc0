"""The rows of a prediction: one for each picture."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from artstyle.confidence.answers import GroupAnswer, Verdict
from artstyle.pictures.record import Record

DECIMALS = 8
"""Digits of a probability. Float32 logits differ in the eighth digit between batch sizes; more
digits would print noise."""


@dataclass(frozen=True)
class RankedStyle:
    """A style and its probability."""

    style: str
    probability: float
    """Between 0 and 1."""


@dataclass(frozen=True)
class PredictionRow:
    """The answer for one picture."""

    path: Path
    styles: tuple[RankedStyle, ...] | None
    """The most probable first; None if the picture could not be read."""
    error: str | None
    """Why the picture could not be read."""
    model: str
    """The fingerprint of the model."""
    verdict: Verdict | None = None
    """``sure``, ``unsure`` or ``unfamiliar``; None if the model is not calibrated."""
    familiarity: float | None = None
    """The share of new paintings that are less like the training pictures, 0 to 1; None if the
    model cannot tell."""
    likely: tuple[str, ...] | None = None
    """The styles that hold the true one in 90% of cases, the most probable first; None if the
    model is not calibrated."""
    group: GroupAnswer | None = None
    """None if the most probable styles belong to no known group."""
    record: Record | None = None
    """What the list or manifest says that names the picture; None for a file that was found."""
    labels: tuple[str, ...] | None = None
    """Where a picture may have several labels: those that it is given, the most probable first.
    None where it has one, which is the first of ``styles``."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it is written in JSON."""
        ranked, group = self.styles, self.group
        several = {} if self.labels is None else {"labels": list(self.labels)}
        return {
            "path": str(self.path),
            "styles": ranked and [{"style": r.style, "probability": r.probability} for r in ranked],
            **several,
            "error": self.error,
            "model": self.model,
            "verdict": self.verdict,
            "familiarity": self.familiarity,
            "likely": None if self.likely is None else list(self.likely),
            "group": group
            and {"group": group.group, "probability": group.probability, "sure": group.sure},
            "record": self.record and asdict(self.record),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "PredictionRow":
        """Return the row that `to_dict` gave."""
        styles, likely, group = row["styles"], row["likely"], row["group"]
        record, several = row["record"], row.get("labels")
        return cls(
            path=Path(row["path"]),
            styles=styles and tuple(RankedStyle(**style) for style in styles),
            error=row["error"],
            model=row["model"],
            verdict=row["verdict"],
            familiarity=row["familiarity"],
            likely=None if likely is None else tuple(likely),
            group=group and GroupAnswer(**group),
            labels=None if several is None else tuple(several),
            record=record and Record(**record),
        )
