"""Whether two models differ by more than chance: McNemar's test, and Holm's correction."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from artstyle.metrics import BoolArray


def mcnemar_p(right_N: BoolArray, other_right_N: BoolArray) -> float:
    """Return the two-sided p-value of the exact test of McNemar (1947).

    Only pictures count that one model answers right and the other wrong. If both are equally good,
    each of them is as likely to be won as lost. Pictures count as independent.

    Args:
        right_N: Whether the first model is right about each picture.
        other_right_N: The same for the second model.
    """
    won, lost = int((other_right_N & ~right_N).sum()), int((right_N & ~other_right_N).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that are corrected for how many tests there are (Holm 1979).

    Each of them may be compared with the level that all tests share.
    """
    count, order = len(p_values), np.argsort(p_values, kind="stable")
    corrected, highest = [0.0] * count, 0.0
    for place, position in enumerate(order):
        highest = max(highest, min(1.0, (count - place) * p_values[position]))
        corrected[position] = highest
    return corrected
