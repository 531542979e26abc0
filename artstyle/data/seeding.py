"""The one seed derivation: seeds and generators that depend only on the seed and their purpose."""

import hashlib
from collections.abc import Sequence

import numpy as np


def derived_seed(*parts: object) -> int:
    """Return a 63-bit seed; any change of ``parts`` gives an unrelated one."""
    return int.from_bytes(_digest("/".join(map(str, parts)))[:8]) >> 1


def derived_rng(seed: int, *purpose: str) -> np.random.Generator:
    """Return a generator that depends on the seed and its purpose, and on nothing else."""
    return np.random.default_rng(int.from_bytes(_digest(":".join((str(seed), *purpose)))))


def shuffled(items: Sequence[int], keys: Sequence[str], rng: np.random.Generator) -> list[int]:
    """Return ``items`` in random order; the same ``keys`` in any order give the same result.

    Args:
        items: Positions in ``keys``.
        keys: The identity of each position; unique.
        rng: Decides the order.
    """
    by_key = sorted(items, key=keys.__getitem__)
    return [by_key[index] for index in rng.permutation(len(by_key))]


def _digest(text: str) -> bytes:
    # Style names may hold surrogates: folder names whose bytes are not UTF-8.
    return hashlib.sha256(text.encode(errors="backslashreplace")).digest()
