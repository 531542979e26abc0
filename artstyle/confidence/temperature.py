"""The temperature that makes confidence agree with accuracy."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from artstyle.errors import UsageError
from artstyle.metrics import FloatArray, IntArray, log_softmax
from artstyle.storage.arrays import as_labels, as_scores, require_equal_length

_LOWEST, _HIGHEST = 0.01, 100.0
_HALVINGS = 60


def fit_temperature(logits_NC: ArrayLike, targets_N: ArrayLike) -> float:
    """Return the temperature with the lowest negative log-likelihood (Guo et al. 2017, sec. 4.2).

    Where every answer is right, a lower temperature is always likelier, and nothing shows how
    sure the model may be. Then 1 is returned.

    Args:
        logits_NC: Logits of pictures that the model was not trained on.
        targets_N: Their true labels.

    Raises:
        UsageError: An array has another shape, type or length, or another label; or is empty.

    Examples:
        >>> round(artstyle.fit_temperature([[2.0, 0.0]] * 4, [0, 0, 0, 1]), 3)
        1.82
    """
    logits_NC = as_scores(logits_NC, "logits")
    targets_N = as_labels(targets_N, "targets", logits_NC.shape[1])
    require_equal_length(logits=logits_NC, targets=targets_N)
    if not len(targets_N):
        raise UsageError("a temperature is fitted on pictures, and there are none")
    if (logits_NC.argmax(axis=1) == targets_N).all():
        return 1.0
    low, high = _LOWEST, _HIGHEST
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if _slope(logits_NC, targets_N, middle) > 0 else (middle, high)
    return float(np.sqrt(low * high))


def probabilities(logits_NC: NDArray[np.floating], temperature: float | None) -> FloatArray:
    """Return calibrated probabilities, N x C; None leaves them as the model gives them."""
    scaled_NC = np.asarray(logits_NC, np.float64) / (temperature or 1.0)
    result: FloatArray = np.exp(log_softmax(scaled_NC))
    return result


def _slope(logits_NC: FloatArray, targets_N: IntArray, temperature: float) -> float:
    """Return a positive number where a lower temperature is likelier, else a negative one.

    The loss is convex in the inverse of the temperature; its derivative there is the mean of the
    expected logit minus the true one. It grows with the inverse, so it has one zero.
    """
    expected_N = (probabilities(logits_NC, temperature) * logits_NC).sum(axis=1)
    true_N = np.take_along_axis(logits_NC, targets_N[:, None], axis=1)[:, 0]
    return float((true_N - expected_N).mean())
