"""``predictions.csv`` read back: what an evaluation's model answered for each picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from artstyle.evaluation.intervals import Answers
from artstyle.evaluation.outcome import TOP_K
from artstyle.storage.checks import checked
from artstyle.storage.files import read_csv


@dataclass(frozen=True)
class AnsweredPicture:
    """What is needed of a line whose picture could be read."""

    path: str
    style: str
    """The true style."""
    predicted: str
    probability: Annotated[float, Field(ge=0, le=1)]
    """Of the predicted style."""
    true_rank: Annotated[int, Field(ge=1)]
    """Rank of the true style among all; 1 is the most probable."""
    artist: str = ""


def read_predictions(
    path: Path,
) -> tuple[tuple[dict[str, str], ...], tuple[AnsweredPicture, ...]]:
    """Return all lines as they are, and those whose picture could be read.

    Raises:
        MissingError, DataError: The file is missing or damaged.
    """
    table = tuple(read_csv(path, ours=True))
    answered = [line for line in table if not line.get("error")]
    return table, tuple(checked(answered, list[AnsweredPicture], path))


def as_answers(pictures: Sequence[AnsweredPicture], labels: Sequence[str]) -> Answers:
    """Return what intervals are computed from, with each style as its position in ``labels``."""
    position = {label: n for n, label in enumerate(labels)}
    return Answers(
        num_styles=len(labels),
        targets_N=np.array([position[p.style] for p in pictures], dtype=np.int64),
        predictions_N=np.array([position[p.predicted] for p in pictures], dtype=np.int64),
        in_top_k_N=np.array([p.true_rank <= TOP_K for p in pictures]),
        confidence_N=np.array([p.probability for p in pictures]),
    )
