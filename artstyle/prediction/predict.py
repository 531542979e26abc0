"""Naming the styles of pictures: one row for each, in order, as the model answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.confidence.answers import GroupAnswer, read_answers
from artstyle.errors import ImageError
from artstyle.inference import Prediction, predict_logits
from artstyle.metrics import FloatArray
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath, named_pictures
from artstyle.pictures.image import read_image
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.prediction.rows import DECIMALS, PredictionRow, RankedStyle
from artstyle.progress import Progress, silent

STAGE = "naming styles"
_FAMILIARITY_DECIMALS = 4


def predict_styles(
    model: StyleModel,
    pictures: str | Path | Iterable[str | Path | PicturePath],
    *,
    top_k: int = 3,
    batch_size: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Iterator[PredictionRow]:
    """Yield a row for each picture, in order, as the model answers.

    A picture that cannot be read gets a row with its error. Memory does not grow with the number
    of pictures.

    Args:
        model: The model.
        pictures: As `find_pictures` takes or gives them; consumed as needed.
        top_k: How many styles a row names; all, if the model knows fewer.
        batch_size: Pictures per forward pass; None takes what suits the device.
        threads: How many threads read pictures; None takes one per core.
        progress: Called after each picture.

    Examples:
        >>> for row in artstyle.predict_styles(artstyle.load_model("tiny"), "scans", top_k=1):
        ...     print(row.path.name, len(row.styles or ()), row.error)
        boat.jpg 1 None
        damaged.jpg 0 not a picture, but text
    """

    def read(picture: PicturePath) -> Image.Image:
        return read_picture(picture, model.preprocessing)

    done = 0
    predictions = predict_logits(
        model,
        named_pictures(pictures),
        read,
        outputs=model.outputs_for_confidence,
        batch_size=batch_size,
        threads=threads,
    )
    for prediction in predictions:
        yield _row(prediction, model, top_k)
        done += 1
        progress(STAGE, done, None)
    progress(STAGE, done, done)


def read_picture(picture: PicturePath, preprocessing: Preprocessing) -> Image.Image:
    """Decode a picture as in training.

    Raises:
        ImageError: The picture does not exist or cannot be read.
    """
    if picture.problem is not None:
        raise ImageError(picture.problem)
    source = picture.path if picture.content is None else picture.content
    decoded = read_image(source, short_side_px=preprocessing.read_size, rules=preprocessing.rules)
    return decoded.pixels


def rank_styles(
    probabilities_C: FloatArray, labels: Sequence[str], top_k: int
) -> tuple[RankedStyle, ...]:
    """Return the ``top_k`` most probable styles; among equals, the first label comes first."""
    best = np.argsort(-probabilities_C, kind="stable")[:top_k]
    return tuple(RankedStyle(labels[c], round(float(probabilities_C[c]), DECIMALS)) for c in best)


def _row(prediction: Prediction[PicturePath], model: StyleModel, top_k: int) -> PredictionRow:
    picture, logits_C, features_D = prediction.item, prediction.logits_C, prediction.features_D
    if logits_C is None:
        return PredictionRow(
            picture.path,
            None,
            prediction.error,
            model.fingerprint,
            labels=() if model.multi else None,
            record=picture.record,
        )
    features_1D = None if features_D is None else features_D[None]
    (answer,) = read_answers(
        logits_C[None], features_1D, model.calibration, model.labels, multi=model.multi
    )
    known = answer.familiarity
    return PredictionRow(
        path=picture.path,
        styles=rank_styles(answer.probabilities_C, model.labels, top_k),
        error=None,
        model=model.fingerprint,
        verdict=answer.verdict,
        familiarity=None if known is None else round(known, _FAMILIARITY_DECIMALS),
        likely=answer.likely,
        group=_rounded(answer.group),
        labels=answer.labels,
        record=picture.record,
    )


def _rounded(group: GroupAnswer | None) -> GroupAnswer | None:
    return group and replace(group, probability=round(group.probability, DECIMALS))
