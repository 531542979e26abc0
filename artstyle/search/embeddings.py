"""Embeddings of pictures: the input of a network's last layer, scaled to length 1."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artstyle.errors import UsageError, WeightsError
from artstyle.inference import Prediction, predict_logits
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import PicturePath, named_pictures
from artstyle.prediction.predict import prediction_row, read_picture
from artstyle.prediction.rows import PredictionRow
from artstyle.progress import Progress, silent
from artstyle.search.kinds import Kind, embedding_outputs, embedding_sizes

Vectors = NDArray[np.float32]

STAGE = "computing embeddings"
_SHORTEST = 1e-12


@dataclass(frozen=True)
class Embedded:
    """A picture's answer and its embeddings."""

    row: PredictionRow
    """With the most probable style."""
    vectors: Mapping[Kind, Vectors] | None
    """Kind -> D numbers of length 1; None if the picture could not be read."""


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of N pictures by one model, in the order of the pictures."""

    paths: tuple[Path, ...]
    errors: tuple[str | None, ...]
    """Why a picture could not be read; its numbers are NaN."""
    vectors: Mapping[Kind, Vectors]
    """Kind -> N x D in float32, each row of length 1, without a unit. A model of one embedding has
    the kind ``style``."""
    model: str
    """The fingerprint of the model."""

    @property
    def style_ND(self) -> Vectors:
        """The embeddings by style, N x D."""
        return self.vectors["style"]

    def cosines(self, other: "Embeddings", kind: Kind = "style") -> Vectors:
        """Return the cosine of each picture here to each of another set, N x M, from -1 to 1.

        Args:
            other: Embeddings of M pictures by the same model.
            kind: Which embeddings are compared.

        Raises:
            UsageError: Another model made the others, or one of the two has no such embedding.
        """
        require_same_model(self.model, other.model)
        for each in (self, other):
            if kind not in each.vectors:
                raise UsageError(f"these embeddings have no kind '{kind}', only '{_only(each)}'")
        cosines_NM: Vectors = self.vectors[kind] @ other.vectors[kind].T
        return cosines_NM


def embed_pictures(
    model: StyleModel,
    pictures: str | Path | Iterable[str | Path | PicturePath],
    *,
    batch_size: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Embeddings:
    """Return the embeddings of pictures, N x D in float32, in their order.

    An embedding is the input of the network's last layer, scaled to length 1: the scalar product
    of two is their cosine. D is the network's own, 1280 for the starter model. A picture that
    cannot be read has its reason in ``errors`` and NaN as its numbers.

    Args:
        model: The model.
        pictures: As `find_pictures` takes or gives them. All embeddings are held in memory.
        batch_size: Pictures per forward pass; None takes what suits the device.
        threads: How many threads read pictures; None takes one per core.
        progress: Called after each picture.

    Raises:
        UsageError: The model gives no embedding.
        WeightsError: The model returned NaN or infinite numbers.

    Examples:
        >>> embeddings = artstyle.embed_pictures(artstyle.load_starter(), "scans")
        >>> embeddings.style_ND.shape, embeddings.errors
        ((2, 1280), (None, 'not a picture, but text'))
    """
    named = named_pictures(pictures)
    found = list(
        embed_rows(model, named, batch_size=batch_size, threads=threads, progress=progress)
    )
    return Embeddings(
        tuple(each.row.path for each in found),
        tuple(each.row.error for each in found),
        {kind: _stacked(found, kind, size) for kind, size in embedding_sizes(model).items()},
        model.fingerprint,
    )


def embed_rows(
    model: StyleModel,
    pictures: Iterable[PicturePath],
    *,
    batch_size: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Iterator[Embedded]:
    """Yield each picture's answer and embeddings, in order, as the model computes them.

    Memory does not grow with the number of pictures. The arguments and errors are those of
    `embed_pictures`.
    """
    outputs = embedding_outputs(model)

    def read(picture: PicturePath) -> Image.Image:
        return read_picture(picture, model.preprocessing)

    predictions = predict_logits(
        model,
        pictures,
        read,
        outputs=tuple(outputs.values()),
        batch_size=batch_size,
        threads=threads,
    )
    done = 0
    for prediction in predictions:
        yield embedded(prediction, model)
        done += 1
        progress(STAGE, done, None)
    progress(STAGE, done, done)


def embedded(prediction: Prediction[PicturePath], model: StyleModel) -> Embedded:
    """Return a picture's answer and embeddings from what the model gave for it.

    Raises:
        WeightsError: A feature is NaN or infinite.
    """
    row = prediction_row(prediction, model, top_k=1)
    given: dict[Kind, Vectors | None] = {
        "style": prediction.features_D,
        "content": prediction.content_D,
    }
    vectors = {kind: _unit(each_D) for kind, each_D in given.items() if each_D is not None}
    return Embedded(row, vectors or None)


def require_same_model(model: str, other: str) -> None:
    """Refuse to compare embeddings of two models: their numbers have nothing in common.

    Raises:
        UsageError: The fingerprints differ.
    """
    if model != other:
        raise UsageError(
            f"these embeddings are of two models, {model} and {other}, and cannot be compared;"
            " compute both with one model"
        )


def _unit(features_D: Vectors) -> Vectors:
    if not np.isfinite(features_D).all():
        raise WeightsError(
            "the model returned NaN or infinite features: its weights are damaged;"
            " use another checkpoint or train a new run"
        )
    length = max(float(np.linalg.norm(features_D)), _SHORTEST)
    unit_D: Vectors = (features_D / length).astype(np.float32)
    return unit_D


def _stacked(found: list[Embedded], kind: Kind, size: int) -> Vectors:
    vectors_ND = np.full((len(found), size), np.nan, np.float32)
    for row, each in enumerate(found):
        if each.vectors:
            vectors_ND[row] = each.vectors[kind]
    return vectors_ND


def _only(embeddings: Embeddings) -> str:
    return "', '".join(embeddings.vectors)
