"""Naming the styles of pictures: one row for each, in order, as the model answers."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.errors import ImageError
from artstyle.inference import Prediction, predict_logits, softmax
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.image import read_image
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.prediction.rows import DECIMALS, PredictionRow, RankedStyle
from artstyle.progress import Progress, silent

STAGE = "naming styles"


def predict_styles(
    model: StyleModel,
    pictures: Iterable[PicturePath],
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
        pictures: Consumed as needed.
        top_k: How many styles a row names; all, if the model knows fewer.
        batch_size: Pictures per forward pass; None takes what suits the device.
        threads: How many threads read pictures; None takes one per core.
        progress: Called after each picture.
    """

    def read(picture: PicturePath) -> Image.Image:
        return read_picture(picture, model.preprocessing)

    done = 0
    for prediction in predict_logits(model, pictures, read, batch_size=batch_size, threads=threads):
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
    decoded = read_image(
        picture.path, short_side_px=preprocessing.read_size, rules=preprocessing.rules
    )
    return decoded.pixels


def rank_styles(
    logits_C: NDArray[np.float32], labels: Sequence[str], top_k: int
) -> tuple[RankedStyle, ...]:
    """Return the ``top_k`` most probable styles; among equals, the first label comes first."""
    probabilities_C = softmax(logits_C)
    best = np.argsort(-probabilities_C, kind="stable")[:top_k]
    return tuple(RankedStyle(labels[c], round(float(probabilities_C[c]), DECIMALS)) for c in best)


def _row(prediction: Prediction[PicturePath], model: StyleModel, top_k: int) -> PredictionRow:
    logits_C = prediction.logits_C
    ranked = None if logits_C is None else rank_styles(logits_C, model.labels, top_k)
    return PredictionRow(prediction.item.path, ranked, prediction.error, model.fingerprint)
