"""What a model answers about a picture: exactly one label, or each label by itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artstyle.errors import UsageError
from artstyle.styles.names import labels_in

HALF = 0.5
"""The threshold of a label for which none was fitted."""


@dataclass(frozen=True)
class Targets:
    """The labels of a data set or of a model, and how many of them a picture has.

    Everything that depends on it asks here: a picture's text ``A|B`` becomes numbers, and logits
    become probabilities.
    """

    labels: tuple[str, ...]
    """In the order of the logits; C of them."""
    multi: bool = False
    """Whether a picture may have several; each is then answered by itself."""

    def unknown(self, texts: Iterable[str]) -> list[str]:
        """Return the labels in these texts that are not among ``labels``, sorted."""
        return sorted({label for text in set(texts) for label in self._of(text)} - set(self.labels))

    def positions(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the position of each picture's label, N; of several, of the rarest in ``texts``.

        What may count a picture only once, such as sampling, counts it there.
        """
        counts = Counter(label for text in texts for label in self._of(text))
        position = {label: n for n, label in enumerate(self.labels)}
        rarest = {text: min(self._of(text), key=lambda label: counts[label]) for text in set(texts)}
        return np.array([position[rarest[text]] for text in texts], dtype=np.int64)

    def indicators(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return 1 for each label that a picture has, and 0 for each other one, N x C.

        The text "" has no label.
        """
        position = {label: n for n, label in enumerate(self.labels)}
        shares_NC = np.zeros((len(texts), len(self.labels)), np.float32)
        for row, text in enumerate(texts):
            shares_NC[row, [position[label] for label in self._of(text) if label]] = 1
        return shares_NC

    def _of(self, text: str) -> tuple[str, ...]:
        return labels_in(text) if self.multi else (text,)


def refused_several(what: str, instead: str) -> UsageError:
    """Return the error of what works with one label for each picture only.

    Args:
        what: What cannot be done: "artstyle serve answers".
        instead: What can.
    """
    return UsageError(
        f"{what} with one label for each picture, and here one may have several (labels.multi);"
        f" {instead}"
    )


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probability of each label by itself; it overflows for no logit."""
    probabilities: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, np.float64)))
    return probabilities
