"""How familiar a picture is: how near it is to a style's training pictures."""

import base64
import binascii
from functools import cached_property
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from artstyle.metrics import FloatArray, IntArray
from artstyle.storage.documents import Document

_QUANTILES = 101

Features = NDArray[np.floating]
"""The input of a network's last layer, one row for each picture."""


class Familiarity(Document):
    """What decides whether a picture is like those that a model learnt from.

    The measure is the largest cosine between the picture's features, before the last layer, and
    the mean of a style's training pictures.
    """

    shape: tuple[PositiveInt, PositiveInt]
    """Number of means, and of features."""
    means: str
    """Means of the styles' features, each of length 1: float16, row by row, in base64."""
    quantiles: Annotated[tuple[float, ...], Field(min_length=2)]
    """Evenly spaced quantiles of the measure over validation pictures, from the lowest."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        try:
            means_CD = self._means_CD
        except (ValueError, binascii.Error):
            raise ValueError("the means of the styles do not have the shape they should") from None
        if not np.isfinite(means_CD).all():
            raise ValueError("the means of the styles hold NaN or infinite values")
        return self

    def of(self, features_ND: Features) -> FloatArray:
        """Return the familiarity of each picture, 0 to 1.

        It is the share of validation pictures that are not nearer to a style's mean. New paintings
        of the same kind have less than 0.05 in 5% of cases.
        """
        ranks = np.linspace(0, 1, len(self.quantiles))
        shares_N: FloatArray = np.interp(self.cosines(features_ND), self.quantiles, ranks)
        return shares_N

    def cosines(self, features_ND: Features) -> FloatArray:
        """Return each picture's largest cosine to the mean of a style."""
        return _largest_cosines(features_ND, self._means_CD)

    @cached_property
    def _means_CD(self) -> NDArray[np.float32]:
        flat = np.frombuffer(base64.b64decode(self.means, validate=True), dtype="<f2")
        return flat.reshape(self.shape).astype(np.float32)


def style_means(features_ND: Features, targets_N: IntArray) -> Features:
    """Return the mean of each style's features, scaled to length 1 before; styles x D.

    Args:
        features_ND: Features of training pictures.
        targets_N: Their labels; styles without a picture have no mean.
    """
    labels = np.unique(targets_N)
    return np.stack([_unit(features_ND[targets_N == label]).mean(axis=0) for label in labels])


def fit_familiarity(means_CD: Features, validation_ND: Features) -> Familiarity:
    """Return what decides familiarity.

    Args:
        means_CD: What `style_means` returned.
        validation_ND: Features of validation pictures.
    """
    stored_CD = _unit(means_CD).astype("<f2")
    cosines_N = _largest_cosines(validation_ND, stored_CD.astype(np.float32))
    return Familiarity(
        shape=stored_CD.shape,
        means=base64.b64encode(stored_CD.tobytes()).decode(),
        quantiles=tuple(np.quantile(cosines_N, np.linspace(0, 1, _QUANTILES)).tolist()),
    )


def _largest_cosines(features_ND: Features, means_CD: Features) -> FloatArray:
    largest_N: FloatArray = (_unit(features_ND) @ means_CD.T).max(axis=1).astype(np.float64)
    return largest_N


def _unit(features_ND: Features) -> NDArray[np.float32]:
    lengths_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    unit_ND: NDArray[np.float32] = (features_ND / np.maximum(lengths_N1, 1e-12)).astype(np.float32)
    return unit_ND
