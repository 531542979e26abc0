"""Arrays from outside: one line says what is wrong with their type, their shape or their values."""

from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from artstyle.errors import UsageError, one_line

_INTEGERS, _NUMBERS = "iu", "iuf"
"""Kinds of NumPy's types: signed and unsigned integers; the same and floating-point numbers."""


def as_labels(values: ArrayLike, name: str, num_styles: int) -> NDArray[np.int64]:
    """Return integer labels.

    Args:
        values: An array, a list or a tensor of N whole numbers.
        name: What they are called in a message.
        num_styles: C; each label is at least 0 and below C.

    Raises:
        UsageError: They are something else.
    """
    found = _array(values, name)
    if found.ndim != 1 or found.dtype.kind not in _INTEGERS:
        raise UsageError(f"{name} are N whole numbers, one for each picture, not {_kind(found)}")
    if (wrong := found[(found < 0) | (found >= num_styles)]).size:
        raise UsageError(
            f"{name} count {num_styles} styles from 0 to {num_styles - 1}, so none is {wrong[0]}"
        )
    return found.astype(np.int64)


def as_scores(values: ArrayLike, name: str, num_styles: int | None = None) -> NDArray[np.float64]:
    """Return numbers for each picture and style.

    Args:
        values: An array, a list or a tensor, N x C.
        name: What they are called in a message.
        num_styles: C; None takes any.

    Raises:
        UsageError: They are something else, or NaN or infinite.
    """
    found = _array(values, name)
    columns = "C" if num_styles is None else str(num_styles)
    fits = found.ndim == 2 and num_styles in (None, found.shape[1])
    if not fits or found.dtype.kind not in _NUMBERS:
        raise UsageError(
            f"{name} are N x {columns} numbers, a row for each picture and a column for each style,"
            f" not {_kind(found)}"
        )
    if not np.isfinite(found).all():
        raise UsageError(f"{name} hold NaN or infinite numbers")
    return found.astype(np.float64)


def require_equal_length(**arrays: Sized) -> None:
    """Refuse arrays that are not about the same pictures.

    Raises:
        UsageError: Two differ in length; the message has their names.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{count} {name}" for name, count in lengths.items())
        raise UsageError(f"each picture has one of each, but there are {listed}")


def _array(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        found = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        # Rows of unequal length; a tensor on a GPU, or one that still needs its gradient.
        raise UsageError(f"{name} cannot be read as an array: {one_line(error)}") from None
    return found


def _kind(found: NDArray[Any]) -> str:
    shape = " x ".join(map(str, found.shape)) or "a single"
    return f"{shape} of type {found.dtype}"
