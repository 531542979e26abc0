"""The rows of a prediction: one for each picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it is written in JSON."""
        ranked = self.styles
        return {
            "path": str(self.path),
            "styles": ranked and [{"style": r.style, "probability": r.probability} for r in ranked],
            "error": self.error,
            "model": self.model,
        }
