"""The shapes that synthetic scenes are made of, and the outlines they can have."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shape:
    """One area of a scene; later shapes cover earlier ones.

    Attributes:
        role: What the area is: ``sky``, ``skin``, ``roof``.
        outline: Polygon (K, 2) of x, y; the unit is the picture's height, y points down.
        roundness: How solid it looks when lit: 0 is flat like a wall, 1 is a ball.
        colour: Natural colour, RGB in [0, 1].
    """

    role: str
    outline: FloatArray
    roundness: float = 0.0
    colour: tuple[float, float, float] = (0.5, 0.5, 0.5)


Composition = tuple[list[Shape], list[Shape]]
"""The background, and what the picture is about; both from far to near."""


def box(x0: float, y0: float, x1: float, y1: float) -> FloatArray:
    """Return an upright rectangle."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def everything(aspect: float) -> FloatArray:
    """Return a rectangle that covers the canvas and more."""
    return box(-0.1, -0.1, aspect + 0.1, 1.1)


def ellipse(
    cx: float, cy: float, rx: float, ry: float, turn: float = 0.0, points: int = 28
) -> FloatArray:
    """Return an ellipse, turned by ``turn`` radians."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x, y = rx * np.cos(angles), ry * np.sin(angles)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.stack([cx + x * cos - y * sin, cy + x * sin + y * cos], axis=1)


def blob(
    rng: Generator, cx: float, cy: float, rx: float, ry: float, wobble: float = 0.1
) -> FloatArray:
    """Return an irregular ellipse."""
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    waves_4 = np.arange(2, 6)
    phases = waves_4[:, None] * angles + rng.uniform(0, 2 * np.pi, (4, 1))
    radius = 1 + wobble * (rng.normal(0, 1, (4, 1)) * np.cos(phases)).mean(axis=0) * 2
    return np.stack([cx + rx * radius * np.cos(angles), cy + ry * radius * np.sin(angles)], axis=1)


def ridge(
    rng: Generator, aspect: float, level: float, height: float, jagged: float = 0.1
) -> FloatArray:
    """Return the land below a random skyline that passes about ``level``."""
    x = np.linspace(-0.1, aspect + 0.1, 48)
    waves_5 = np.arange(1, 6)[:, None]
    phases = waves_5 * x * rng.uniform(1.5, 3.5) + rng.uniform(0, 2 * np.pi, (5, 1))
    skyline = level + height * (np.sin(phases) / waves_5 * rng.normal(0, 0.7, (5, 1))).sum(axis=0)
    skyline += rng.normal(0, height * jagged, x.size)
    return np.stack([[-0.1, *x, aspect + 0.1], [1.1, *skyline, 1.1]], axis=1)


def limb(path: Sequence[Sequence[float]], widths: Sequence[float]) -> FloatArray:
    """Return a tapering band along ``path``: a branch, a leg, a neck."""
    spine = np.array(path, dtype=np.float64)
    along = np.gradient(spine, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
    reach = across * np.array(widths)[:, None] / 2
    return np.concatenate([spine + reach, (spine - reach)[::-1]])
