"""Kinds of embeddings, and what a model gives for each."""

from typing import Literal

import numpy as np

from artstyle.errors import UsageError
from artstyle.models.style_model import Output, StyleModel

Kind = Literal["style", "content"]
"""What an embedding is about."""
By = Literal["style", "content", "both"]
"""By which embeddings works are compared; ``both`` takes the mean of the two cosines."""

_OUTPUTS: dict[Kind, Output] = {"style": "features", "content": "content"}
"""Kind -> the output of a model that is its embedding. A model of one embedding has ``style``."""


def embedding_outputs(model: StyleModel) -> dict[Kind, Output]:
    """Return the kinds of embeddings that a model gives, each with the output that it is.

    Raises:
        UsageError: It gives none.
    """
    found = {kind: output for kind, output in _OUTPUTS.items() if output in model.outputs}
    if not found:
        raise UsageError(
            f"{model.name} gives no embedding: it does not end in a linear layer, or its ONNX file"
            " was exported without features; use another --run"
        )
    return found


def embedding_sizes(model: StyleModel) -> dict[Kind, int]:
    """Return how many numbers each embedding of a model has; one blank picture shows it.

    Raises:
        UsageError: The model gives no embedding.
    """
    outputs = embedding_outputs(model)
    side = model.preprocessing.image_size
    answers = model.answer(np.zeros((1, side, side, 3), np.uint8), *outputs.values())
    given = {"style": answers.features_ND, "content": answers.content_ND}
    return {kind: int(given[kind].shape[1]) for kind in outputs}  # type: ignore[union-attr]


def kinds_of(by: By) -> tuple[Kind, ...]:
    """Return the kinds of embeddings that a comparison needs."""
    return ("style", "content") if by == "both" else (by,)
