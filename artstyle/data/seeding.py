"""Random choices that are the same in every process, whatever else was drawn before."""

import hashlib
from collections.abc import Sequence

import numpy as np


def derived_rng(seed: int, *purpose: str) -> np.random.Generator:
    """Return a generator that depends on the seed and on what it is for, and on nothing else."""
    name = ":".join((str(seed), *purpose))
    # Style names may hold surrogates (folders whose bytes are no UTF-8).
    digest = hashlib.sha256(name.encode(errors="backslashreplace")).digest()
    return np.random.default_rng(int.from_bytes(digest))


def shuffled(items: Sequence[int], keys: Sequence[str], rng: np.random.Generator) -> list[int]:
    """Return ``items`` in random order, the same for the same ``keys`` whatever their order.

    Args:
        items: Positions in ``keys``.
        keys: What identifies each position; unique.
        rng: Decides the order.
    """
    by_key = sorted(items, key=keys.__getitem__)
    return [by_key[index] for index in rng.permutation(len(by_key))]
