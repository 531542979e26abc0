"""How often an answer changes with the style alone, and with the content alone.

Axes: S scenes, T styles they are painted in.
"""

from dataclasses import dataclass

import numpy as np

from artstyle.evaluation.intervals import draw_counts, percentile_interval
from artstyle.metrics import FloatArray, IntArray, Interval


@dataclass(frozen=True)
class Flips:
    """Shares of pairs of paintings that got different answers, in [0, 1]."""

    scenes: int
    style_replaced: Interval
    """One scene in two styles: a model of style should answer differently."""
    content_replaced: Interval
    """Two scenes with other contents in one style: it should answer the same."""


def flips(
    predictions_ST: IntArray, contents_S: IntArray, *, seed: int, resamples: int = 1000
) -> Flips:
    """Return how often the answer flips when one thing is replaced and the other is kept.

    The intervals are of draws of whole scenes; a scene never makes a pair with itself.

    Args:
        predictions_ST: The predicted label of each scene in each style; two scenes and styles or
            more.
        contents_S: The number of each scene's content; at least two differ.
        seed: For the draws.
        resamples: Their number.
    """
    counts_RS = draw_counts(len(contents_S), seed=seed, resamples=resamples)
    across_S = _style_flips(predictions_ST)
    differ_SS = (predictions_ST[:, None, :] != predictions_ST[None, :, :]).mean(axis=2)
    apart_SS = (contents_S[:, None] != contents_S[None, :]).astype(np.float64)
    flipped_R = _pairs(counts_RS, differ_SS * apart_SS)
    with np.errstate(divide="ignore", invalid="ignore"):
        content_R = flipped_R / _pairs(counts_RS, apart_SS)
    return Flips(
        len(contents_S),
        percentile_interval(counts_RS @ across_S / counts_RS.sum(axis=1), 0.95),
        percentile_interval(content_R, 0.95),
    )


def _style_flips(predictions_ST: IntArray) -> FloatArray:
    """Return for each scene the share of pairs of styles with different answers."""
    styles = predictions_ST.shape[1]
    same_S = (predictions_ST[:, :, None] == predictions_ST[:, None, :]).sum(axis=(1, 2)) - styles
    flipped_S: FloatArray = 1 - same_S / (styles * (styles - 1))
    return flipped_S


def _pairs(counts_RS: FloatArray, values_SS: FloatArray) -> FloatArray:
    """Return the sum of a value over all pairs of drawn scenes, for each draw."""
    total_R: FloatArray = ((counts_RS @ values_SS) * counts_RS).sum(axis=1)
    return total_R
