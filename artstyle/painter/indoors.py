"""Synthetic subjects under a roof: a sitter, things on a table, flowers in a vase."""

import numpy as np
from numpy.random import Generator

from artstyle.painter.shapes import Composition, Shape, blob, box, ellipse, everything, limb


def portrait(rng: Generator, aspect: float) -> Composition:
    """Compose a head and shoulders, bare-headed or in a hat."""
    size = rng.uniform(0.17, 0.24) * min(1.0, aspect * 1.25)
    cx, cy = aspect * rng.uniform(0.36, 0.64), rng.uniform(0.33, 0.44)
    turn, lean = rng.uniform(-0.35, 0.35), rng.normal(0, 0.09)
    chin, broad = cy + size, size * rng.uniform(1.5, 2.1)
    hair_down = rng.uniform(0.1, 1.1) * size
    bust = limb(
        [(cx, chin + 0.1 * size), (cx, chin + 0.5 * size), (cx, chin + 1.3 * size), (cx, 1.2)],
        (size * 0.9, broad * 1.5, broad * 2, broad * 2.3),
    )
    head = [
        Shape(
            "hair",
            blob(rng, cx, cy - 0.1 * size + hair_down / 2, size * 0.95, size + hair_down / 2, 0.05),
            0.7,
        ),
        Shape("cloth", bust, 0.7),
        Shape(
            "collar",
            np.array([[cx - 0.5 * size, chin], [cx, chin + 0.9 * size], [cx + 0.5 * size, chin]]),
        ),
        Shape("skin", limb([(cx, cy), (cx, chin + 0.45 * size)], (0.7 * size, 0.6 * size)), 0.6),
        Shape("skin", ellipse(cx, cy, size * 0.78, size * 1.02, lean), 1.0),
    ]
    return _room(rng, aspect), head + _face(rng, cx, cy, size, turn)


def _face(rng: Generator, cx: float, cy: float, size: float, turn: float) -> list[Shape]:
    mid, shapes = cx + turn * size, []
    for side in (-1, 1):
        x = mid + side * 0.33 * size * (1 - abs(turn) * 0.5)
        brow = [(x - 0.17 * size, cy - 0.2 * size), (x + 0.17 * size, cy - 0.23 * size)]
        shapes += [
            Shape("linen", ellipse(x, cy - 0.05 * size, 0.15 * size, 0.075 * size)),
            Shape(
                "eye", ellipse(x + turn * 0.1 * size, cy - 0.05 * size, 0.07 * size, 0.07 * size)
            ),
            Shape("hair", limb(brow, (0.06 * size, 0.05 * size))),
        ]
    tip = mid + turn * 0.35 * size + 0.06 * size
    nose = [
        [mid, cy - 0.1 * size],
        [tip + 0.07 * size, cy + 0.33 * size],
        [mid - 0.07 * size, cy + 0.36 * size],
    ]
    fringe = ellipse(cx - turn * 0.3 * size, cy - 0.78 * size, size * 0.8, size * 0.4, turn * 0.6)
    shapes += [
        Shape("wall_shade" if rng.random() < 0.3 else "skin", np.array(nose), 0.9),
        Shape("lip", ellipse(mid, cy + 0.58 * size, 0.22 * size, 0.075 * size)),
        Shape("hair", fringe, 0.6),
    ]
    if rng.random() < 0.4:
        brim = rng.uniform(1.0, 1.5) * size
        shapes.append(
            Shape("hat", blob(rng, cx, cy - 1.1 * size, size * 0.8, size * 0.5, 0.05), 0.7)
        )
        shapes.append(
            Shape("hat", ellipse(cx, cy - 0.8 * size, brim, size * 0.16, turn * 0.3), 0.4)
        )
    return shapes


def still_life(rng: Generator, aspect: float) -> Composition:
    """Compose vessels and fruit on a table."""
    background, edge = _table(rng, aspect)
    scale = min(1.0, aspect * 1.1)
    things = []
    for x in rng.uniform(0.15, 0.85, rng.integers(1, 4)) * aspect:
        things.append(
            _vessel(rng, x, edge + rng.uniform(0.06, 0.14), rng.uniform(0.25, 0.5) * scale)
        )
    for y in np.sort(rng.uniform(edge + 0.1, 0.9, rng.integers(3, 9))):
        x, radius = rng.uniform(0.12, 0.88) * aspect, rng.uniform(0.05, 0.1) * scale
        things.append(Shape("fruit", blob(rng, x, y, radius, radius * 0.92, 0.04), 1.0))
        stem = limb([(x, y - radius * 0.7), (x + 0.01, y - radius * 1.2)], (0.01, 0.008))
        things.append(Shape("trunk", stem))
    return background, things


def flowers(rng: Generator, aspect: float) -> Composition:
    """Compose a bouquet in a vase."""
    background, edge = _table(rng, aspect)
    scale = min(1.0, aspect * 1.15)
    x, foot, height = rng.uniform(0.36, 0.64) * aspect, edge + rng.uniform(0.1, 0.24), 0.3 * scale
    heart = foot - height - rng.uniform(0.12, 0.2) * scale
    bouquet = []
    for angle in rng.uniform(0, 2 * np.pi, 9):
        tip = x + 0.3 * scale * np.cos(angle), heart + 0.24 * scale * np.sin(angle)
        leaf = limb(
            [(x, heart + 0.05), ((x + tip[0]) / 2, (heart + tip[1]) / 2), tip], (0.02, 0.09, 0.01)
        )
        bouquet.append(Shape(str(rng.choice(["foliage", "foliage_dark"])), leaf, 0.4))
    bouquet.append(_vessel(rng, x, foot, height))
    for _ in range(rng.integers(5, 12)):
        angle, away = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random()) * 0.26 * scale
        spot = x + away * np.cos(angle), heart + away * np.sin(angle) * 0.85
        bouquet += _bloom(rng, *spot, rng.uniform(0.05, 0.095) * scale)
    return background, bouquet


def _bloom(rng: Generator, x: float, y: float, size: float) -> list[Shape]:
    count = rng.integers(5, 9)
    turns = np.arange(count) * 2 * np.pi / count + rng.uniform(0, 1)
    reach = np.ones(turns.size * 4)
    reach[1::4] = reach[3::4] = 0.86
    reach[::4] = 0.55
    angles = np.repeat(turns, 4) + np.tile([0, 0.25, 0.5, 0.75], turns.size) * 2 * np.pi / count
    corolla = np.stack(
        [x + size * reach * np.cos(angles), y + size * reach * np.sin(angles)], axis=1
    )
    return [
        Shape("petal", corolla, 0.8),
        Shape("pistil", ellipse(x, y, size * 0.3, size * 0.3), 0.6),
    ]


def _room(rng: Generator, aspect: float) -> list[Shape]:
    shapes = [Shape("backdrop", everything(aspect))]
    if rng.random() < 0.6:
        x0, width = rng.uniform(-0.1, 0.7) * aspect, rng.uniform(0.2, 0.5) * aspect
        y0, y1 = rng.uniform(-0.1, 0.2), rng.uniform(0.4, 0.7)
        role = str(rng.choice(["linen", "cloth", "sky", "wall_shade"]))
        shapes.append(Shape(role, box(x0, y0, x0 + width, y1)))
    return shapes


def _table(rng: Generator, aspect: float) -> tuple[list[Shape], float]:
    edge = rng.uniform(0.5, 0.68)
    shapes = _room(rng, aspect)
    slope = rng.uniform(-0.05, 0.05)
    top = np.array(
        [(-0.1, edge + slope), (aspect + 0.1, edge - slope), (aspect + 0.1, 1.1), (-0.1, 1.1)]
    )
    shapes.append(Shape("table", top))
    if rng.random() < 0.6:
        x0, x1 = np.sort(rng.uniform(0, aspect, 2))
        fold = np.array(
            [(x0, edge + 0.08), (x1 + 0.2, edge + 0.05), (x1 + 0.1, 1.1), (x0 - 0.15, 0.9)]
        )
        shapes.append(Shape("linen", fold))
    return shapes, edge


def _vessel(rng: Generator, x: float, foot: float, height: float) -> Shape:
    """Return a turned vessel: a bottle, a jug or a vase, by the widths down its axis."""
    profiles = (
        (0.12, 0.13, 0.14, 0.4, 0.42, 0.4),
        (0.42, 0.3, 0.5, 0.62, 0.5, 0.34),
        (0.3, 0.24, 0.34, 0.55, 0.6, 0.42),
        (0.7, 0.72, 0.7, 0.62, 0.5, 0.3),
    )
    widths = np.array(profiles[rng.integers(len(profiles))]) * height * rng.uniform(0.85, 1.2)
    spine = [(x, y) for y in np.linspace(foot - height, foot, widths.size)]
    return Shape("vessel", limb(spine, widths.tolist()), 0.9)
