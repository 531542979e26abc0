"""How much each training image counts, and how often it is drawn."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def class_weights(labels_N: Ints, num_styles: int) -> Floats:
    """Return N / (C * n_c) for each style: rare ones weigh more (King and Zeng 2001).

    As scikit-learn's ``class_weight="balanced"``, C counts the styles that have paintings; a style
    without any weighs 0. The mean over paintings is 1, so that a weighted loss keeps its scale.

    Args:
        labels_N: Labels of the training paintings, in [0, num_styles).
        num_styles: How many weights to return.

    Returns:
        float64, shape (num_styles,).
    """
    counts_C = np.bincount(labels_N, minlength=num_styles)
    present = int((counts_C > 0).sum())
    scale = len(labels_N) / max(present, 1)
    return np.divide(scale, counts_C, out=np.zeros(num_styles), where=counts_C > 0)


def oversampled_indices(labels_N: Ints, rng: np.random.Generator) -> Ints:
    """Return positions in which every style occurs as often as the largest does.

    Every painting occurs; within a style, the numbers of times differ by one at most. ``rng``
    draws which paintings occur once more. The result is sorted, not shuffled.

    Returns:
        int64, shape (C * n_max,) for the C styles that have paintings.
    """
    counts = np.bincount(labels_N)
    largest = int(counts.max(initial=0))
    parts = [
        np.resize(rng.permutation(np.flatnonzero(labels_N == label)), largest)
        for label in np.flatnonzero(counts)
    ]
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
