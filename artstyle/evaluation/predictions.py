"""``predictions.csv`` read back: what an evaluation's model answered for each picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from artstyle.evaluation.intervals import Answers
from artstyle.evaluation.outcome import TOP_K
from artstyle.evaluation.several_labels.answers import LabelAnswers
from artstyle.evaluation.several_labels.scores import PROBABILITY
from artstyle.metrics import FloatArray
from artstyle.storage.checks import checked
from artstyle.storage.files import read_csv
from artstyle.styles.targets import Targets

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class PictureAnswer:
    """What is needed of a line whose picture could be read."""

    path: str
    style: str
    """The true style; of several labels, ``A|B``."""
    predicted: str
    """Of several labels, those that are given: ``A|B``, or "" for none."""
    artist: str = ""


@dataclass(frozen=True, kw_only=True)
class AnsweredPicture(PictureAnswer):
    """A picture with one label."""

    probability: Share
    """Of the predicted style."""
    true_rank: Annotated[int, Field(ge=1)]
    """Rank of the true style among all; 1 is the most probable."""


@dataclass(frozen=True, kw_only=True)
class LabelledPicture(PictureAnswer):
    """A picture that may have several labels."""

    probabilities: dict[str, Share]
    """Of each label."""


def read_predictions(
    path: Path, *, multi: bool = False
) -> tuple[tuple[dict[str, str], ...], tuple[PictureAnswer, ...]]:
    """Return all lines as they are, and those whose picture could be read.

    Args:
        path: The table.
        multi: Whether a picture may have several labels. The pictures are then `LabelledPicture`,
            else `AnsweredPicture`.

    Raises:
        MissingError, DataError: The file is missing or damaged.
    """
    table = tuple(read_csv(path, ours=True))
    answered = [line for line in table if not line.get("error")]
    if multi:
        return table, tuple(checked(list(map(_labelled, answered)), list[LabelledPicture], path))
    return table, tuple(checked(answered, list[AnsweredPicture], path))


def _labelled(line: dict[str, str]) -> dict[str, object]:
    return {
        "path": line.get("path"),
        "style": line.get("labels"),
        "predicted": line.get("given"),
        "artist": line.get("artist", ""),
        "probabilities": {
            name.removeprefix(PROBABILITY): value
            for name, value in line.items()
            if name.startswith(PROBABILITY)
        },
    }


def as_answers(pictures: Sequence[PictureAnswer], labels: Sequence[str]) -> Answers | LabelAnswers:
    """Return what intervals are computed from, with each style as its position in ``labels``."""
    several = [picture for picture in pictures if isinstance(picture, LabelledPicture)]
    if several:
        return _as_label_answers(several, labels)
    return as_single_answers([p for p in pictures if isinstance(p, AnsweredPicture)], labels)


def as_single_answers(pictures: Sequence[AnsweredPicture], labels: Sequence[str]) -> Answers:
    """As `as_answers`, where each picture has one label."""
    position = {label: n for n, label in enumerate(labels)}
    return Answers(
        num_styles=len(labels),
        targets_N=np.array([position[p.style] for p in pictures], dtype=np.int64),
        predictions_N=np.array([position[p.predicted] for p in pictures], dtype=np.int64),
        in_top_k_N=np.array([p.true_rank <= TOP_K for p in pictures]),
        confidence_N=np.array([p.probability for p in pictures]),
    )


def _as_label_answers(pictures: Sequence[LabelledPicture], labels: Sequence[str]) -> LabelAnswers:
    """Return what intervals are computed from, C labels in this order.

    A label that the model does not know is given to no picture, with a probability of 0.
    """
    targets = Targets(tuple(labels), multi=True)
    probabilities_NC: FloatArray = np.array(
        [[picture.probabilities.get(label, 0.0) for label in labels] for picture in pictures]
    )
    return LabelAnswers(
        truth_NC=targets.indicators([picture.style for picture in pictures]) > 0,
        given_NC=targets.indicators([picture.predicted for picture in pictures]) > 0,
        probabilities_NC=probabilities_NC,
    )
