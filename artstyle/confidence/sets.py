"""Sets of likely styles that hold the true one in a given share of cases.

Split conformal prediction with the least ambiguous sets (LAC; Sadinle et al. 2019, sec. 2): a set
has all styles whose probability is at least a threshold, which other pictures decide.
"""

from math import floor

import numpy as np

from artstyle.confidence.temperature import probabilities
from artstyle.metrics import BoolArray, FloatArray, IntArray

_SCALES = (1.0, 0.5, 0.7, 1.4, 2.0, 2.8)
"""Temperatures that are tried for the sets, as multiples of the one for probabilities."""


def least_probability(probabilities_NC: FloatArray, targets_N: IntArray, coverage: float) -> float:
    """Return the lowest probability of a style within a set.

    A set of a further picture of the same kind then holds its true style with a probability of
    at least ``coverage``. With too few pictures to promise that, it is 0: sets hold all styles.

    Args:
        probabilities_NC: Probabilities of pictures that no threshold or temperature was fitted on.
        targets_N: Their true labels.
        coverage: Between 0 and 1.
    """
    true_N = np.sort(np.take_along_axis(probabilities_NC, targets_N[:, None], axis=1)[:, 0])
    # Rounded: 50 * (1 - 0.9) is a little less than 5.
    outside = floor(round((len(true_N) + 1) * (1 - coverage), 9))
    return float(true_N[outside - 1]) if outside else 0.0


def likely_sets(probabilities_NC: FloatArray, least: float) -> BoolArray:
    """Return whether each style is in each picture's set, N x C; the most probable always is."""
    sets_NC: BoolArray = probabilities_NC >= least
    sets_NC[np.arange(len(sets_NC)), probabilities_NC.argmax(axis=1)] = True
    return sets_NC


def smallest_sets_temperature(
    logits_NC: FloatArray, targets_N: IntArray, coverage: float, temperature: float
) -> float:
    """Return the temperature that gives the smallest sets on average.

    The one that suits shown probabilities may enlarge sets (Xi et al. 2024).

    Args:
        logits_NC: Logits of validation pictures.
        targets_N: Their true labels.
        coverage: Coverage of the sets, 0 to 1.
        temperature: The one that suits shown probabilities.
    """

    def mean_size(tried: float) -> float:
        probabilities_NC = probabilities(logits_NC, tried)
        least = least_probability(probabilities_NC, targets_N, coverage)
        return float(likely_sets(probabilities_NC, least).sum(axis=1).mean())

    return min((scale * temperature for scale in _SCALES), key=mean_size)
