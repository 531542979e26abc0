"""Scores of how familiar a picture is; higher is more familiar."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artstyle.confidence.familiarity import fit_familiarity, style_means
from artstyle.metrics import FloatArray, IntArray

NEIGHBOURS = 50
PRINCIPAL = 512
"""Dimensions of ViM's principal space, of 1,280: as the paper takes for such networks."""

Features = NDArray[np.float32]
Score = Callable[[Features], FloatArray]


@dataclass(frozen=True)
class Probe:
    """A linear layer over features, and the pictures that it learnt from."""

    features_ND: Features
    labels_N: IntArray
    classes_C: IntArray
    """The labels that have a logit, in its order."""
    weights_CD: FloatArray
    bias_C: FloatArray

    def logits(self, features_ND: Features) -> FloatArray:
        logits_NC: FloatArray = features_ND @ self.weights_CD.T + self.bias_C
        return logits_NC


def energy(probe: Probe) -> Score:
    """Negative energy (Liu et al. 2020, eq. 4)."""
    return lambda features_ND: np.logaddexp.reduce(probe.logits(features_ND), axis=1)


def max_logit(probe: Probe) -> Score:
    """Highest logit (Hendrycks et al. 2022)."""
    return lambda features_ND: probe.logits(features_ND).max(axis=1)


def nearest(probe: Probe) -> Score:
    """Negative distance to the 50th nearest training picture, on the sphere (Sun et al. 2022)."""
    known_MD = _unit(probe.features_ND)

    def score(features_ND: Features) -> FloatArray:
        cosines_NM = _unit(features_ND) @ known_MD.T
        place = len(known_MD) - NEIGHBOURS
        nearest_N = np.partition(cosines_NM, place, axis=1)[:, place].astype(np.float64)
        distances_N: FloatArray = np.sqrt(np.maximum(2 - 2 * nearest_N, 0))
        return -distances_N

    return score


def vim(probe: Probe) -> Score:
    """Negative virtual logit matching (Wang et al. 2022, eq. 7)."""
    origin_D = -np.linalg.pinv(probe.weights_CD) @ probe.bias_C
    centred_ND = probe.features_ND - origin_D
    _, vectors_DD = np.linalg.eigh(centred_ND.T @ centred_ND / len(centred_ND))
    residual_DR = vectors_DD[:, : vectors_DD.shape[1] - PRINCIPAL]
    lengths_N = np.linalg.norm(centred_ND @ residual_DR, axis=1)
    scale = probe.logits(probe.features_ND).max(axis=1).mean() / lengths_N.mean()
    known = energy(probe)

    def score(features_ND: Features) -> FloatArray:
        outside_N = np.linalg.norm((features_ND - origin_D) @ residual_DR, axis=1)
        result_N: FloatArray = known(features_ND) - scale * outside_N
        return result_N

    return score


def style_mean(probe: Probe) -> Score:
    """Largest cosine to the mean of a style's training pictures, as artstyle stores it."""
    means_CD = style_means(probe.features_ND, probe.labels_N)
    return fit_familiarity(means_CD, probe.features_ND).cosines


SCORES: dict[str, Callable[[Probe], Score]] = {
    "energy": energy, "maximum logit": max_logit, "50th nearest picture": nearest, "ViM": vim,
    "mean of the nearest style": style_mean,
}  # fmt: skip
"""Name -> fits the score to a probe."""


def _unit(features_ND: Features) -> Features:
    unit_ND: Features = features_ND / np.linalg.norm(features_ND, axis=1, keepdims=True)
    return unit_ND
