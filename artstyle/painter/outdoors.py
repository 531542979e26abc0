"""Synthetic subjects under the sky: houses, trees, boats, animals, mountains."""

import numpy as np
from numpy.random import Generator

from artstyle.painter.shapes import (
    Composition,
    Shape,
    blob,
    box,
    ellipse,
    everything,
    limb,
    ridge,
)


def house(rng: Generator, aspect: float) -> Composition:
    """Compose one to three houses on a path."""
    horizon = rng.uniform(0.45, 0.68)
    background, houses = _land(rng, aspect, horizon), []
    spots = np.sort(rng.uniform(0.02, 0.62, rng.integers(1, 4))) * aspect
    for x in spots:
        foot = horizon + rng.uniform(0.06, 0.24)
        houses += _one_house(rng, x, foot, rng.uniform(0.22, 0.4) * min(1, aspect))
    background.append(_path(rng, aspect, (spots[0] + 0.12, horizon + 0.12)))
    for _ in range(rng.integers(0, 3)):
        tree = _TREES[rng.integers(3)]
        background += tree(rng, rng.uniform(0, aspect), horizon + 0.08, rng.uniform(0.25, 0.55))
    return background, houses


def _one_house(rng: Generator, x: float, foot: float, width: float) -> list[Shape]:
    height, gable = width * rng.uniform(0.5, 1.1), width * rng.uniform(0.3, 0.7)
    side, top = width * rng.uniform(0.4, 0.8), foot - height
    peak, lift = (x + width / 2, top - gable), side * 0.12
    far, roof_far = x + width + side, (peak[0] + side, peak[1] - lift)
    chimney = x + width + side * 0.3
    door, sill = x + width * rng.uniform(0.12, 0.6), foot - height * 0.55
    shapes = [
        Shape("roof", box(chimney, peak[1] - 0.25 * gable, chimney + 0.1 * width, top)),
        Shape(
            "wall_shade",
            np.array([(x + width, top), (far, top - lift), (far, foot - lift), (x + width, foot)]),
        ),
        Shape(
            "roof",
            np.array(
                [peak, roof_far, (far + 0.03, top - lift + 0.02), (x + width + 0.02, top + 0.02)]
            ),
        ),
        Shape("wall", np.array([(x, foot), (x, top), peak, (x + width, top), (x + width, foot)])),
        Shape("opening", box(door, foot - height * 0.5, door + width * 0.2, foot)),
    ]
    for at in (0.15, 0.6):
        # No front window where the door is.
        if abs(x + width * at - door) > width * 0.22:
            left, right = x + width * at, x + width * (at + 0.2)
            shapes.append(Shape("opening", box(left, sill, right, sill + height * 0.25)))
    left, right = x + width + side * 0.35, x + width + side * 0.65
    window = box(left, sill - lift / 2, right, sill + height * 0.25 - lift / 2)
    return [
        *shapes,
        Shape("opening", window),
        Shape("opening", ellipse(peak[0], top - gable * 0.35, width * 0.06, width * 0.06)),
    ]


def tree(rng: Generator, aspect: float) -> Composition:
    """Compose trees of one kind: broad crowns, poplars or firs."""
    horizon = rng.uniform(0.5, 0.78)
    kind, trees = _TREES[rng.integers(3)], []
    count = int(rng.choice([1, 1, 2, 3, 5]))
    for x in np.sort(rng.uniform(0.12, 0.88, count)) * aspect:
        foot = horizon + rng.uniform(0.06, 0.2)
        trees += kind(rng, x, foot, rng.uniform(0.6, 0.92) * (1 if count < 3 else 0.75))
    background = _land(rng, aspect, horizon)
    if rng.random() < 0.5:
        background.append(_path(rng, aspect, (rng.uniform(0.2, 0.8) * aspect, horizon + 0.04)))
    return background, trees


def boat(rng: Generator, aspect: float) -> Composition:
    """Compose a sailing boat, perhaps with others far off."""
    horizon = rng.uniform(0.35, 0.62)
    background = _sky(rng, aspect, horizon)
    if rng.random() < 0.7:
        background.append(Shape("far", ridge(rng, aspect, horizon - 0.02, 0.06, 0.05)))
    background.append(Shape("water", box(-0.1, horizon, aspect + 0.1, 1.1)))
    for y in np.sort(rng.uniform(horizon + 0.03, 1.0, 14)):
        x, reach = rng.uniform(0, aspect), rng.uniform(0.04, 0.22)
        swell = ellipse(x, y, reach, 0.004 + 0.012 * (y - horizon), 0, 14)
        background.append(Shape("ripple", swell))
    boats = []
    for _ in range(rng.integers(0, 3)):
        small = rng.uniform(0.06, 0.12)
        boats += _one_boat(rng, rng.uniform(0.1, 0.9) * aspect, horizon + small * 0.3, small)
    large = rng.uniform(0.22, 0.36) * min(1.0, aspect)
    place = rng.uniform(0.32, 0.68) * aspect, horizon + rng.uniform(0.12, 0.3)
    return background + boats, _one_boat(rng, *place, large)


def _one_boat(rng: Generator, x: float, y: float, size: float) -> list[Shape]:
    deck, keel = y - size * 0.28, y
    hull = [
        (x - size, deck - size * 0.1),
        (x - size * 0.5, deck),
        (x + size * 0.5, deck),
        (x + size * rng.uniform(0.95, 1.25), deck - size * 0.18),
        (x + size * 0.72, keel),
        (x - size * 0.7, keel),
    ]
    mast, top = x + size * rng.uniform(-0.1, 0.15), deck - size * rng.uniform(1.3, 2.1)
    belly = rng.uniform(0.1, 0.3) * size
    sail = [
        (mast + 0.04 * size, top),
        (mast + 0.5 * size + belly, (top + deck) / 2),
        (mast + 0.85 * size, deck - 0.14 * size),
        (mast + 0.04 * size, deck - 0.1 * size),
    ]
    jib = [
        (mast - 0.05 * size, top + 0.25 * size),
        (mast - 0.05 * size, deck - 0.1 * size),
        (mast - 0.8 * size, deck - 0.12 * size),
    ]
    mirror = np.array(hull) * [1, -0.8] + [0, keel * 1.8]
    shapes = [
        Shape("hull", mirror * [1, 0.6] + [0, keel * 0.4]),
        Shape("trunk", box(mast - size * 0.03, top - size * 0.05, mast + size * 0.03, deck)),
        Shape("sail", np.array(sail), 0.5),
        Shape("hull", np.array(hull), 0.6),
        Shape(
            "collar",
            limb([(x - size * 0.95, deck), (x + size * 0.95, deck)], (size * 0.05, size * 0.05)),
        ),
    ]
    return shapes + [Shape("sail", np.array(jib), 0.4)] * int(rng.integers(0, 2))


def animal(rng: Generator, aspect: float) -> Composition:
    """Compose a grazing or standing animal."""
    horizon = rng.uniform(0.38, 0.6)
    background = _land(rng, aspect, horizon)
    if rng.random() < 0.6:
        tree = _TREES[rng.integers(3)]
        background += tree(rng, rng.uniform(0, 1) * aspect, horizon + 0.06, rng.uniform(0.3, 0.5))
    if rng.random() < 0.4:
        background += _quadruped(rng, rng.uniform(0.15, 0.85) * aspect, horizon + 0.1, 0.13)
    size = rng.uniform(0.26, 0.36) * min(1.0, aspect * 1.1)
    beast = _quadruped(rng, rng.uniform(0.4, 0.55) * aspect, rng.uniform(0.82, 0.93), size)
    return background, beast


def _quadruped(rng: Generator, x: float, foot: float, size: float) -> list[Shape]:
    """Return a horse, cow, dog or something between; ``size`` is half its length."""
    leg, girth = size * rng.uniform(0.75, 1.15), size * rng.uniform(0.36, 0.5)
    back = foot - leg - girth * 0.6
    graze = rng.random() < 0.3
    rise = size * (0.55 if graze else -rng.uniform(0.5, 0.9))
    shoulder = (x + size * 0.72, back - girth * 0.2)
    poll = (x + size * rng.uniform(1.15, 1.35), back + rise)
    muzzle = (poll[0] + size * rng.uniform(0.35, 0.5), poll[1] + size * rng.uniform(0.2, 0.42))
    shapes = []
    for at, role in ((-0.62, "fur_dark"), (0.75, "fur_dark"), (-0.8, "fur"), (0.55, "fur")):
        step = rng.uniform(-0.14, 0.14) * size
        joint = (x + at * size + step * 0.3, foot - leg * 0.45)
        spine = [(x + at * size, back), joint, (x + at * size + step, foot)]
        shapes.append(Shape(role, limb(spine, (0.34 * size, 0.17 * size, 0.13 * size)), 0.6))
    tail = [
        (x - size * 0.95, back - girth * 0.2),
        (x - size * 1.2, back + girth * 0.6),
        (x - size * 1.15, back + girth * 1.8),
    ]
    ear = np.array(
        [
            (poll[0] - 0.1 * size, poll[1]),
            (poll[0], poll[1] - 0.32 * size),
            (poll[0] + 0.1 * size, poll[1]),
        ]
    )
    return [
        *shapes,
        Shape("fur_dark", limb(tail, (0.1 * size, 0.08 * size, 0.13 * size)), 0.4),
        Shape("fur", limb([shoulder, poll], (girth * 1.3, 0.34 * size)), 0.6),
        Shape("fur", blob(rng, x, back, size * 1.05, girth, 0.05), 1.0),
        Shape("fur_dark", ear),
        Shape("fur", limb([poll, muzzle], (0.42 * size, 0.24 * size)), 0.7),
        Shape(
            "eye", ellipse(poll[0] + 0.12 * size, poll[1] + 0.06 * size, 0.035 * size, 0.035 * size)
        ),
    ]


def mountain(rng: Generator, aspect: float) -> Composition:
    """Compose peaks over a wood and a lake or meadow."""
    horizon = rng.uniform(0.58, 0.76)
    background = _sky(rng, aspect, horizon * 0.7)
    background.append(Shape("far", ridge(rng, aspect, horizon - 0.16, 0.1, 0.12)))
    peaks: list[Shape] = []
    for x in rng.uniform(0.12, 0.88, rng.integers(1, 4)) * aspect:
        peaks += _peak(rng, x, horizon + 0.05, rng.uniform(0.3, 0.58))
    front = [Shape("foliage_dark", ridge(rng, aspect, horizon + 0.02, 0.03, 0.25))]
    role = "water" if rng.random() < 0.4 else "ground"
    front.append(
        Shape(role, ridge(rng, aspect, horizon + 0.1, 0.015 if role == "water" else 0.05, 0.02))
    )
    for x in rng.uniform(0, aspect, rng.integers(0, 6)):
        front += _fir(rng, x, rng.uniform(0.86, 1.0), rng.uniform(0.14, 0.3))
    return background, peaks + front


def _peak(rng: Generator, x: float, foot: float, height: float) -> list[Shape]:
    spread = height * rng.uniform(0.9, 1.5)
    steps = np.linspace(0, 1, 9)
    level = foot - height * (1 - steps)
    # No jitter at the top, where the slopes meet.
    jag = rng.normal(0, 0.025, (5, 9)) * height * (steps > 0)
    left = np.stack([x - spread * steps**0.9 + jag[0], level + jag[1]], axis=1)
    right = np.stack([x + spread * steps**0.9 + jag[2], level + jag[3]], axis=1)
    spine = np.stack([x + np.cumsum(jag[4]), level], axis=1)
    shapes = [
        Shape("rock", np.concatenate([left, spine[::-1]]), 0.3),
        Shape("wall_shade", np.concatenate([right, spine[::-1]])),
    ]
    if rng.random() < 0.75:
        low = rng.integers(2, 5)
        zigzag = np.linspace(left[low], right[low], 9) + np.stack(
            [np.zeros(9), np.tile([0.0, 0.07], 5)[:9] * height + rng.normal(0, 0.01, 9)], axis=1
        )
        shapes.append(
            Shape("snow", np.concatenate([left[: low + 1], zigzag, right[:low][::-1]]), 0.3)
        )
    return shapes


def _sky(rng: Generator, aspect: float, horizon: float) -> list[Shape]:
    shapes = [Shape("sky", everything(aspect))]
    if rng.random() < 0.5:
        radius = rng.uniform(0.03, 0.08)
        spot = rng.uniform(0.08, 0.92) * aspect, rng.uniform(0.1, 0.8) * horizon
        shapes.append(Shape("sun", ellipse(*spot, radius, radius)))
    for _ in range(rng.integers(0, 5)):
        cx, cy = rng.uniform(0, aspect), rng.uniform(0.05, 0.75) * horizon
        rx = rng.uniform(0.1, 0.28)
        for step in (-0.5, 0.1, 0.6):
            ry = rx * rng.uniform(0.18, 0.34)
            puff = blob(rng, cx + step * rx, cy + rng.uniform(-0.2, 0.2) * ry, rx * 0.6, ry)
            shapes.append(Shape("cloud", puff, 0.4))
    return shapes


def _land(rng: Generator, aspect: float, horizon: float) -> list[Shape]:
    shapes = _sky(rng, aspect, horizon)
    for step in range(rng.integers(0, 3)):
        skyline = ridge(rng, aspect, horizon - 0.07 + 0.04 * step, rng.uniform(0.03, 0.09), 0.03)
        shapes.append(Shape("far", skyline))
    shapes.append(Shape("ground", ridge(rng, aspect, horizon + 0.02, 0.03, 0.02)))
    return shapes


def _path(rng: Generator, aspect: float, top: tuple[float, float]) -> Shape:
    foot = rng.uniform(0.1, 0.9) * aspect
    bend = (top[0] + foot) / 2 + rng.uniform(-0.2, 0.2) * aspect
    spine = [
        top,
        ((top[0] + bend) / 2, top[1] * 0.75 + 0.25),
        (bend, (top[1] + 1) / 2),
        (foot, 1.1),
    ]
    return Shape("path", limb(spine, (0.03, 0.07, 0.13, 0.28)))


def _leafy_tree(rng: Generator, x: float, foot: float, height: float) -> list[Shape]:
    lean = rng.normal(0, 0.08) * height
    crown_x, crown_y = x + lean, foot - height * 0.68
    trunk = limb(
        [(x, foot), (x + lean * 0.3, foot - height * 0.3), (crown_x, crown_y)],
        (0.1 * height, 0.07 * height, 0.03 * height),
    )
    spread = height * rng.uniform(0.26, 0.4)
    shapes = [Shape("trunk", trunk, 0.5)]
    for side in (-1, 1):
        tip = (crown_x + side * spread * 0.8, crown_y - rng.uniform(0, 0.12) * height)
        fork = (x + lean * 0.5, foot - height * 0.42)
        shapes.append(Shape("trunk", limb([fork, tip], (0.05 * height, 0.015 * height)), 0.5))
    for turn in rng.permutation(6):
        angle = turn * np.pi / 3 + rng.uniform(-0.4, 0.4)
        cx, cy = crown_x + spread * 0.6 * np.cos(angle), crown_y + spread * 0.45 * np.sin(angle)
        role = "foliage_dark" if np.sin(angle) > 0.2 else "foliage"
        size = spread * rng.uniform(0.42, 0.62)
        shapes.append(Shape(role, blob(rng, cx, cy, size, size * 0.8, 0.16), 0.9))
    return shapes


def _poplar(rng: Generator, x: float, foot: float, height: float) -> list[Shape]:
    width = height * rng.uniform(0.1, 0.16)
    crown = blob(rng, x, foot - height * 0.56, width, height * 0.46, 0.1)
    shade = blob(rng, x + width * 0.35, foot - height * 0.5, width * 0.55, height * 0.36, 0.1)
    return [
        Shape("trunk", box(x - height * 0.02, foot - height * 0.2, x + height * 0.02, foot), 0.5),
        Shape("foliage", crown, 0.9),
        Shape("foliage_dark", shade, 0.8),
    ]


def _fir(rng: Generator, x: float, foot: float, height: float) -> list[Shape]:
    shapes = [Shape("trunk", box(x - height * 0.03, foot - height * 0.2, x + height * 0.03, foot))]
    for level in range(4):
        low, top = foot - height * (0.12 + 0.2 * level), foot - height * (0.45 + 0.19 * level)
        half = height * (0.26 - 0.05 * level) * rng.uniform(0.9, 1.1)
        tier = np.array([[x - half, low], [x, top], [x + half, low], [x, low + height * 0.03]])
        shapes.append(Shape("foliage_dark" if level % 2 else "foliage", tier, 0.4))
    return shapes


_TREES = (_leafy_tree, _poplar, _fir)
