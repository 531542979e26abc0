"""How many paintings of each style take part, and how much each counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artstyle.config import BalanceConfig

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Balanced:
    """Which paintings take part."""

    left_out: tuple[str, ...]
    """For each painting "" (kept), "rare_style" or "balance"."""
    notes: tuple[str, ...]
    """What a person should be told, one line each."""

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the paintings that take part, ascending."""
        return tuple(index for index, reason in enumerate(self.left_out) if not reason)


def choose_balanced(
    styles: Sequence[str], keys: Sequence[str], config: BalanceConfig, seed: int
) -> Balanced:
    """Choose which paintings take part under the balance policy."""
    raise NotImplementedError


def class_weights(labels_N: Ints, num_styles: int) -> Floats:
    """Return the weight of each style, float64 of shape (C,)."""
    raise NotImplementedError


def sample_weights(labels_N: Ints, num_styles: int) -> Floats:
    """Return the weight of each painting, float64 of shape (N,)."""
    raise NotImplementedError


def oversampled_indices(labels_N: Ints, rng: np.random.Generator) -> Ints:
    """Return positions in which every style stands as often as the largest."""
    raise NotImplementedError
