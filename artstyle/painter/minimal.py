"""The synthetic style that reduces its subject to a few hard edges."""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from artstyle.painter.canvas import (
    FINE,
    Hand,
    Size,
    bare_canvas,
    finished,
    grain,
    inks,
    rgb_tuples,
    to_image,
    warmed,
)
from artstyle.painter.scenes import Scene
from artstyle.painter.shapes import FloatArray

MINIMAL_INKS = (
    inks("f2efe6", "c8281e", "1d1d1b", "e8b41a"),
    inks("efefec", "1f4fa0", "1a1a1a", "d8d2c4"),
    inks("f4f1ea", "2d6b4a", "e07a2f", "3a3a3a"),
    inks("e9e6df", "5a5a58", "9c9a94", "c4c1b8"),
    inks("f5e9d8", "b5446e", "24305e", "f0a04b"),
)


def minimalism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Reduce the scene to a few hard-edged areas of even paint, or to ruled bands."""
    palette = MINIMAL_INKS[hand.palette % 5]
    manner = (_hard_edge, _hard_edge, _bands, _nested)[hand.manner % 4]
    ground = palette[0] if rng.random() < 0.7 else palette[rng.integers(1, 4)]
    canvas, draw = bare_canvas(size_px, ground)
    others = [ink for ink in rng.permutation(palette) if not np.array_equal(ink, ground)]
    manner(draw, scene, np.array(others), size_px, rng)
    pixels = finished(canvas) + grain(rng, size_px, 0.006)
    return to_image(warmed(pixels, hand.warmth * 0.4))


def _hard_edge(
    draw: ImageDraw.ImageDraw, scene: Scene, palette: FloatArray, size_px: Size, rng: Generator
) -> None:
    """Draw one to three plain forms where the subject stands, over a floor or none."""
    fills = rgb_tuples(palette)
    width, height = size_px[0] * FINE, size_px[1] * FINE
    x0, y0, x1, y1 = (np.array(scene.subject) * height).tolist()
    if rng.random() < 0.6:
        left, right = rng.uniform(0.3, 0.85) * height + rng.normal(0, 0.12, 2) * height
        draw.polygon([0, left, width, right, width, height, 0, height], fill=fills[1])
    for fill in fills[:: 2 if rng.random() < 0.6 else 1]:
        cx, cy = rng.normal((x0 + x1) / 2, 0.16 * height), rng.normal((y0 + y1) / 2, 0.16 * height)
        reach = (x1 - x0) * rng.uniform(0.2, 0.5), (y1 - y0) * rng.uniform(0.2, 0.5)
        corners = _plain_form(rng) * reach + [cx, cy]
        draw.polygon(corners.ravel().tolist(), fill=fill)


def _plain_form(rng: Generator) -> FloatArray:
    """Return a block, disc, half disc, wedge or slanted block about the origin."""
    around = np.linspace(0, 2 * np.pi, 90)
    disc = np.stack([np.cos(around), np.sin(around)], axis=1)
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
    wedge = np.array([(-1, 1), (rng.uniform(-1, 1), -1), (1, 1)])
    slanted = square + np.array([[1, 0], [1, 0], [0, 0], [0, 0]]) * rng.uniform(-0.6, 0.6)
    return (square, disc, disc[:46], wedge, slanted)[rng.integers(5)]


def _bands(
    draw: ImageDraw.ImageDraw, scene: Scene, palette: FloatArray, size_px: Size, rng: Generator
) -> None:
    """Fill one part of the canvas with straight bands, at the angle of the subject's diagonal."""
    fills = rgb_tuples(palette)
    height = size_px[1] * FINE
    x0, y0, x1, y1 = scene.subject
    steep = np.arctan2(y1 - y0, x1 - x0) if rng.random() < 0.5 else rng.choice([0.0, np.pi / 2])
    along, across = _axes(steep)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) * height
    offset = rng.uniform(-0.5, 0.1) * height
    while offset < rng.uniform(0.3, 0.6) * height:
        thick = rng.uniform(0.025, 0.16) * height
        spine = middle + across * offset
        reach = rng.uniform(0.3, 1.6) * height
        corners = [
            spine - along * reach,
            spine + along * reach,
            spine + across * thick + along * reach,
            spine + across * thick - along * reach,
        ]
        draw.polygon(np.array(corners).ravel().tolist(), fill=fills[rng.integers(len(fills))])
        offset += thick * rng.uniform(1.0, 2.2)


def _axes(angle: float) -> tuple[FloatArray, FloatArray]:
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    return np.array([cos, sin]), np.array([-sin, cos])


def _nested(
    draw: ImageDraw.ImageDraw, scene: Scene, palette: FloatArray, size_px: Size, rng: Generator
) -> None:
    """Nest frames about the subject, each a stripe of even width."""
    fills = rgb_tuples(palette)
    height = size_px[1] * FINE
    x0, y0, x1, y1 = (np.array(scene.subject) * height).tolist()
    step = rng.uniform(0.025, 0.06) * height
    corner = rng.uniform(0, 1, 2) * [x1 - x0, y1 - y0] + [x0, y0]
    form = _plain_form(rng)
    # The frames are off the centre of the canvas, so that each nest is a new composition.
    drift = rng.uniform(-0.35, 0.35, 2)
    for ring in range(rng.integers(5, 12), 0, -1):
        middle = corner + drift * ring * step
        frame = form * ring * step * [1.0, rng.uniform(0.98, 1.02)] + middle
        draw.polygon(frame.ravel().tolist(), fill=fills[ring % 2] if ring > 1 else fills[2])
