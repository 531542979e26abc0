"""Explain a stream of pictures: which regions decide the style of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from os import cpu_count
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor

from artstyle.confidence.answers import calibrated
from artstyle.errors import ImageError
from artstyle.explain.cam import make_heatmaps, open_cam
from artstyle.explain.methods import Method
from artstyle.inference import read_ahead, require_finite_logits
from artstyle.models.checkpoint import StyleModel
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.transforms import eval_transform
from artstyle.prediction.predict import rank_styles, read_picture
from artstyle.prediction.rows import RankedStyle
from artstyle.progress import Progress, silent

STAGE = "drawing heatmaps"


@dataclass(frozen=True)
class Explained:
    """A picture and the regions that decide its style."""

    picture: Image.Image
    """RGB, as it was read; the model saw a square of it."""
    heat_SS: NDArray[np.float32]
    """0 (cold) to 1 (hot), on the square that the model saw."""
    subject: RankedStyle
    """The style that the heat is for."""
    ranked: tuple[RankedStyle, ...]
    """The most probable first."""


@dataclass(frozen=True)
class Explanation:
    """The result for one picture."""

    path: Path
    explained: Explained | None
    """None if the picture could not be read."""
    error: str | None


@dataclass(frozen=True)
class _Prepared:
    path: Path
    picture: Image.Image | None
    image: Tensor | None
    """The model's input, 3 x S x S."""
    error: str | None


def explain_pictures(
    model: StyleModel,
    pictures: Iterable[PicturePath],
    *,
    method: Method = "gradcam",
    style: str | None = None,
    top_k: int = 3,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Iterator[Explanation]:
    """Yield a heatmap for each picture, in order.

    Args:
        model: The model to explain.
        pictures: Consumed as needed; memory does not grow with their number.
        method: How the heat is computed.
        style: One of the model's labels; None explains the predicted style of each picture.
        top_k: How many styles are named.
        batch_size: Pictures in one pass.
        progress: Called after each picture.

    Raises:
        UsageError: No heatmap can be drawn for this kind of model.
    """
    label = None if style is None else model.labels.index(style)
    done = 0
    with open_cam(model, method) as cam:
        prepared = _prepare(model, pictures, ahead=2 * batch_size)
        while batch := list(islice(prepared, batch_size)):
            for explanation in _explain_batch(model, cam, batch, label, top_k):
                yield explanation
                done += 1
                progress(STAGE, done, None)
    progress(STAGE, done, done)


def _prepare(model: StyleModel, pictures: Iterable[PicturePath], ahead: int) -> Iterator[_Prepared]:
    transform = eval_transform(model.preprocessing)

    def read(found: PicturePath) -> _Prepared:
        try:
            picture = read_picture(found, model.preprocessing)
        except ImageError as error:
            return _Prepared(found.path, None, None, str(error))
        return _Prepared(found.path, picture, transform(picture), None)

    return read_ahead(pictures, read, threads=cpu_count() or 1, ahead=ahead)


def _explain_batch(
    model: StyleModel, cam: BaseCAM, batch: list[_Prepared], label: int | None, top_k: int
) -> Iterator[Explanation]:
    answers = _explain_readable(model, cam, batch, label, top_k)
    for item in batch:
        explained = None if item.picture is None else next(answers)
        yield Explanation(item.path, explained, item.error)


def _explain_readable(
    model: StyleModel, cam: BaseCAM, batch: list[_Prepared], label: int | None, top_k: int
) -> Iterator[Explained]:
    pictures = [item.picture for item in batch if item.picture is not None]
    images = [item.image for item in batch if item.image is not None]
    if not images:
        return
    stacked = torch.stack(images).to(model.device, memory_format=torch.channels_last)
    maps = make_heatmaps(cam, stacked, label)
    require_finite_logits(maps.logits_NC)
    for picture, heat_SS, logits_C, chosen in zip(
        pictures, maps.heat_NHW, maps.logits_NC, maps.labels_N, strict=True
    ):
        (shown_C,) = calibrated(logits_C[None], model.calibration)
        subject = RankedStyle(model.labels[chosen], float(shown_C[chosen]))
        yield Explained(picture, heat_SS, subject, rank_styles(shown_C, model.labels, top_k))
