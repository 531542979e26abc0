"""What every tracker can do, and what it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.runs.folder import RunFolder
from artstyle.settings.tracking import TrackingConfig


@dataclass(frozen=True)
class TrackedRun:
    """The run that is logged."""

    folder: RunFolder
    tracking: TrackingConfig
    about: Mapping[str, Any]
    """The configuration as nested plain data, and under ``run`` what else decided the result."""
    known_id: str | None
    """The run's id at this tracker, from an earlier start; None at the first."""


@dataclass(frozen=True)
class Sample:
    """A validation picture and its answer."""

    path: str
    """As the manifest has it."""
    picture: Image.Image
    style: str
    predicted: str


@dataclass(frozen=True)
class KeptEpoch:
    """The answers of an epoch whose weights are the kept ones so far."""

    labels: Sequence[str]
    targets: Sequence[int]
    predictions: Sequence[int]
    samples: Sequence[Sample]


class Tracker(Protocol):
    """Logs one run to one place. Whatever a method raises turns the tracker off."""

    @property
    def id(self) -> str | None:
        """The run's id there, by which a later start finds it; None if the folder is enough."""

    def log_epoch(self, row: Mapping[str, float], kept: KeptEpoch | None) -> None:
        """Log a row of the history; ``epoch`` in it is the axis of the other values.

        Args:
            row: Column -> value.
            kept: The epoch's answers if its weights are kept.
        """

    def log_gradients(self, update: int, gradients: Mapping[str, NDArray[np.float32]]) -> None:
        """Log the gradients of one update of the weights, counted from 1 over all epochs."""

    def finish(self, summary: Mapping[str, float], model: Path | None) -> None:
        """Log values of the whole run, and end the log.

        Args:
            summary: Name -> value.
            model: A checkpoint to store there; None for none.
        """

    def abandon(self) -> None:
        """Let go of what a failed tracker still holds."""
