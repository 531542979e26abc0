"""Logits of a made-up model whose true probabilities are known."""

import numpy as np

from artstyle.metrics import FloatArray, IntArray

LABELS = ("Baroque", "Early_Renaissance", "High_Renaissance", "Impressionism", "Rococo")


def drawn(count: int, *, seed: int = 0, temperature: float = 1.0) -> tuple[FloatArray, IntArray]:
    """Return logits and targets drawn from their softmax, which are then divided by a temperature.

    Dividing them by ``1 / temperature`` gives the true probabilities back.
    """
    generator = np.random.default_rng(seed)
    logits_NC = 2 * generator.normal(size=(count, len(LABELS)))
    gumbel_NC = generator.gumbel(size=logits_NC.shape)
    return logits_NC / temperature, (logits_NC + gumbel_NC).argmax(axis=1)
