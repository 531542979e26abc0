"""Explain a stream of pictures: which regions decide the style of each."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.confidence.answers import Verdict, read_answers
from artstyle.errors import UnknownNameError, UsageError
from artstyle.explain.heat import Heatmaps, class_heatmaps
from artstyle.explain.methods import TITLES, Method, Stream
from artstyle.inference import compute_images, require_finite_logits
from artstyle.models.onnx_model import OnnxModel
from artstyle.models.style_model import Pixels, StyleModel
from artstyle.pictures.finding import PicturePath, named_pictures
from artstyle.prediction.predict import rank_styles, read_picture
from artstyle.prediction.rows import RankedStyle
from artstyle.progress import Progress, silent

STAGE = "drawing heatmaps"
_GRADIENT_BATCH = 8


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
    verdict: Verdict | None
    """None where the heat is not for the most probable style, or the model is not calibrated."""
    stream: Stream = "style"
    """With ``content``, the heat is for what the picture shows, and ``subject`` only names it."""


@dataclass(frozen=True)
class Explanation:
    """The result for one picture."""

    path: Path
    explained: Explained | None
    """None if the picture could not be read."""
    error: str | None


@dataclass
class _Shown:
    """A picture on its way through the loop, which needs only its square."""

    found: PicturePath
    picture: Image.Image | None = None
    """RGB, once it is read."""


def explain_pictures(
    model: StyleModel,
    pictures: str | Path | Iterable[str | Path | PicturePath],
    *,
    method: Method = "gradcam",
    style: str | None = None,
    stream: Stream = "style",
    top_k: int = 3,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Iterator[Explanation]:
    """Yield a heatmap for each picture, in order.

    Args:
        model: The model to explain.
        pictures: As `find_pictures` takes or gives them; consumed as needed, so memory does not
            grow with their number.
        method: How the heat is computed.
        style: One of the model's labels; None explains the predicted style of each picture.
        stream: ``content`` shows what the content embedding of a dual/NAME model is made of.
        top_k: How many styles are named.
        batch_size: Pictures in one pass; None takes what suits the model.
        progress: Called after each picture.

    Raises:
        UnknownNameError: The model does not know the style.
        UsageError: No heatmap can be drawn for this kind of model, or it has no such stream.

    Examples:
        >>> model = artstyle.load_model("tiny")
        >>> (explanation,) = artstyle.explain_pictures(model, "scans/boat.jpg", style="Cubism")
        >>> explanation.explained.subject.style, explanation.explained.heat_SS.shape
        ('Cubism', (32, 32))
    """
    if style is not None and style not in model.labels:
        raise UnknownNameError("style", style, model.labels)
    label = None if style is None else model.labels.index(style)
    _require_stream(model, stream, style)

    def read(shown: _Shown) -> Image.Image:
        shown.picture = read_picture(shown.found, model.preprocessing)
        return shown.picture

    done = 0
    with _opened_maker(model, method, label, stream) as maker:
        explained = compute_images(
            map(_Shown, named_pictures(pictures)),
            read,
            lambda pixels_NSS3: _heats(maker.make(pixels_NSS3)),
            model.preprocessing,
            batch_size=batch_size or maker.batch_size,
            is_concurrent=maker.is_concurrent,
        )
        for shown, heat, error in explained:
            path = shown.found.path
            explanation = None if heat is None else _explained(shown, heat, model, top_k, stream)
            yield Explanation(path, explanation, error)
            done += 1
            progress(STAGE, done, None)
    progress(STAGE, done, done)


@dataclass(frozen=True)
class _Maker:
    """What makes the heatmaps of a batch, and how the loop may call it."""

    make: Callable[[Pixels], Heatmaps]
    batch_size: int
    is_concurrent: bool


@contextmanager
def _opened_maker(
    model: StyleModel, method: Method, label: int | None, stream: Stream
) -> Iterator[_Maker]:
    if method == "gradcam" and "maps" in model.outputs:
        side = model.preprocessing.image_size
        also = model.outputs_for_confidence
        with model.opened() as fast:
            yield _Maker(
                lambda pixels_NSS3: class_heatmaps(
                    fast.answer(pixels_NSS3, "maps", *also), label, side
                ),
                fast.batch_size,
                fast.is_concurrent,
            )
        return
    if isinstance(model, OnnxModel):
        raise UsageError(
            f"this ONNX file gives no {TITLES[method]}; use the checkpoint that it was exported"
            " from, with --engine torch"
        )
    # It loads torch, and what `grad-cam` imports.
    cam_module = import_module("artstyle.explain.cam")
    with cam_module.open_cam(model, method, stream) as cam:

        def make(pixels_NSS3: Pixels) -> Heatmaps:
            heatmaps: Heatmaps = (
                cam_module.content_heatmaps(model, cam, pixels_NSS3)
                if stream == "content"
                else cam_module.gradient_heatmaps(model, cam, pixels_NSS3, label)
            )
            return heatmaps

        yield _Maker(make, _GRADIENT_BATCH, is_concurrent=False)


def _require_stream(model: StyleModel, stream: Stream, style: str | None) -> None:
    """Refuse a stream that the model does not have, or a style of the content stream.

    Raises:
        UsageError: It is so.
    """
    if stream == "style":
        return
    if "content" not in model.outputs:
        raise UsageError(
            f"{model.name} has one embedding, of style; --stream content needs a run of dual/NAME,"
            " as in 'artstyle finetune --model dual/efficientnet_lite0 --config dual'"
        )
    if style is not None:
        raise UsageError("the content stream knows no styles; leave --style or --stream out")


@dataclass(frozen=True)
class _Heat:
    """The heat of one picture and what the model gave with it."""

    heat_SS: NDArray[np.float32]
    logits_C: NDArray[np.float32]
    features_D: NDArray[np.float32] | None
    label: int


def _heats(maps: Heatmaps) -> Iterator[_Heat]:
    require_finite_logits(maps.logits_NC)
    features = [None] * len(maps.logits_NC) if maps.features_ND is None else maps.features_ND
    return map(_Heat, maps.heat_NHW, maps.logits_NC, features, maps.labels_N.tolist())


def _explained(
    shown: _Shown, heat: _Heat, model: StyleModel, top_k: int, stream: Stream
) -> Explained:
    assert shown.picture is not None
    features_1D = None if heat.features_D is None else heat.features_D[None]
    (answer,) = read_answers(
        heat.logits_C[None], features_1D, model.calibration, model.labels, multi=model.multi
    )
    shown_C = answer.probabilities_C
    return Explained(
        picture=shown.picture,
        heat_SS=heat.heat_SS,
        subject=RankedStyle(model.labels[heat.label], float(shown_C[heat.label])),
        ranked=rank_styles(shown_C, model.labels, top_k),
        verdict=answer.verdict if heat.label == int(shown_C.argmax()) else None,
        stream=stream,
    )
