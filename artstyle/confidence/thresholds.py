"""From which probability on a label is given, where each label is answered by itself."""

import numpy as np

from artstyle.metrics import BoolArray, FloatArray, macro_average, separate_scores
from artstyle.styles.targets import HALF


def best_thresholds(probabilities_NC: FloatArray, truth_NC: BoolArray) -> FloatArray:
    """Return for each label the threshold with the highest F1, C.

    It is halfway between two probabilities that occur, so that rounding decides no answer. Among
    equal scores the highest threshold is taken: it gives the fewest labels. A label that no picture
    has keeps `HALF`: nothing shows where its threshold should be.

    Args:
        probabilities_NC: Of pictures that the model was not trained on; validation only.
        truth_NC: Whether each picture has each label.
    """
    return np.array(
        [
            _best_threshold(probabilities_N, truth_N)
            for probabilities_N, truth_N in zip(probabilities_NC.T, truth_NC.T, strict=True)
        ]
    )


def separate_accuracy(probabilities_NC: FloatArray, truth_NC: BoolArray) -> tuple[float, float]:
    """Return the share of right answers at `HALF`, and the macro F1 at each label's best threshold.

    These are the scores of a validation split, where the thresholds are fitted too.
    """
    given_NC = probabilities_NC >= best_thresholds(probabilities_NC, truth_NC)
    right = float(((probabilities_NC >= HALF) == truth_NC).mean())
    return right, macro_average(separate_scores(truth_NC, given_NC)).f1


def _best_threshold(probabilities_N: FloatArray, truth_N: BoolArray) -> float:
    if not truth_N.any():
        return HALF
    order = np.argsort(-probabilities_N, kind="stable")
    sorted_N, right_N = probabilities_N[order], np.cumsum(truth_N[order])
    # 2 TP / (given + true), where the first so many are given.
    f1_N = 2 * right_N / (np.arange(1, len(order) + 1) + truth_N.sum())
    # Equal probabilities are given together, or not at all.
    f1_N[:-1][sorted_N[:-1] == sorted_N[1:]] = -1
    best = int(f1_N.argmax())
    below_N = np.append(sorted_N[1:], 0.0)
    return float((sorted_N[best] + below_N[best]) / 2)
