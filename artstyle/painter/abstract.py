"""Synthetic styles that almost dissolve their subject: fields, gestures, pours."""

from itertools import pairwise

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from artstyle.painter.canvas import (
    FINE,
    Hand,
    Size,
    bare_canvas,
    blurred,
    draw_strokes,
    finished,
    grain,
    grid,
    impasto,
    inks,
    mix,
    noise,
    rgb_tuples,
    saturated,
    sketch,
    stretched_noise,
    to_image,
    unit_px,
    warmed,
)
from artstyle.painter.scenes import Scene
from artstyle.painter.shapes import FloatArray

# Color Field Painting.

Field = tuple[float, float, float, float]
"""A box x0, y0, x1, y1; the unit is the picture's height."""

FIELD_INKS = (
    inks("7a1f1f", "c8391f", "e8702a", "f0b23a", "3a1216"),
    inks("1c2a52", "2f4f8f", "6f8fc0", "c9c6d8", "0f1730"),
    inks("22382c", "3f6b4a", "a8b04a", "e0cf8a", "16221c"),
    inks("4a1f45", "8f2f5f", "d65a6a", "f2b09a", "241028"),
    inks("e9c53a", "f2e2a8", "e88a2a", "d8452a", "f6efd8"),
    inks("2a2523", "5a4a44", "8c7a70", "c9b8a8", "141212"),
    inks("16506b", "e0533a", "f0c96a", "8fc0b0", "102a3a"),
)


def color_field(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Float a few large soft rectangles, cut where the scene's horizon and subject were."""
    palette = rng.permutation(FIELD_INKS[(hand.palette + rng.choice([0, 0, 3])) % 7])
    unit = unit_px(size_px)
    wash_HW = noise(rng, size_px, 110 * unit) * 0.07 + noise(rng, size_px, 22 * unit) * 0.025
    pixels = np.broadcast_to(palette[0], (size_px[1], size_px[0], 3)) * (1 + wash_HW[..., None])
    softness = 0.03 * hand.touch * rng.uniform(0.6, 1.6)
    fields = _veils(scene, rng) if hand.manner % 4 == 2 else _stack(scene, rng)
    for index, (x0, y0, x1, y1) in enumerate(fields):
        cover_HW = _soft_box((x0, y0, x1, y1), softness, size_px, rng)
        brushed_HW = stretched_noise(rng, size_px, (50 * unit, 9 * unit)) * 0.018
        brushed_HW += noise(rng, size_px, 60 * unit) * 0.06
        ink = palette[1 + index % (len(palette) - 1)]
        pixels = mix(pixels, ink * (1 + brushed_HW[..., None]), cover_HW * rng.uniform(0.82, 0.98))
    pixels += grain(rng, size_px, 0.01) + noise(rng, size_px, 2)[..., None] * 0.008
    return to_image(warmed(saturated(pixels, hand.chroma), hand.warmth))


def _stack(scene: Scene, rng: Generator) -> list[Field]:
    """Return boxes one above the other; the cuts follow the subject's top and foot."""
    _, top, _, foot = scene.subject
    inset = rng.uniform(0.03, 0.1, 2) * scene.aspect
    cuts = {round(c, 3) for c in (top, foot, *rng.uniform(0.15, 0.85, rng.integers(0, 2)))}
    inside = sorted(c for c in cuts if 0.12 < c < 0.88) or [rng.uniform(0.3, 0.7)]
    kept = [c for i, c in enumerate(inside) if i == 0 or c - inside[i - 1] > 0.1]
    levels = [rng.uniform(0.03, 0.09), *kept, rng.uniform(0.9, 0.97)]
    gap = rng.uniform(0.008, 0.03)
    sides = (inset[0], scene.aspect - inset[1])
    return [
        (sides[0] + rng.normal(0, 0.01), y0 + gap, sides[1] + rng.normal(0, 0.01), y1 - gap)
        for y0, y1 in pairwise(levels)
    ]


def _veils(scene: Scene, rng: Generator) -> list[Field]:
    """Return upright boxes side by side, the widest where the subject stood."""
    x0, _, x1, _ = scene.subject
    cuts = np.sort(np.array([x0, x1, *rng.uniform(0, scene.aspect, rng.integers(1, 5))]))
    edges = [rng.uniform(0, 0.08), *cuts.tolist(), scene.aspect - rng.uniform(0, 0.08)]
    tops, feet = rng.uniform(-0.1, 0.16, len(edges)), rng.uniform(0.86, 1.1, len(edges))
    return [
        (a, float(tops[i]), b - 0.008, float(feet[i]))
        for i, (a, b) in enumerate(pairwise(edges))
        if b - a > 0.03
    ]


def _soft_box(field: Field, softness: float, size_px: Size, rng: Generator) -> FloatArray:
    """Return the coverage (H, W) of a box with soft, uneven edges."""
    x_HW, y_HW = grid(size_px)
    unit = unit_px(size_px)
    ragged_HW = noise(rng, size_px, 26 * unit) * 0.003 + noise(rng, size_px, 5 * unit) * 0.0015
    x0, y0, x1, y1 = field
    inside_HW = np.minimum(np.minimum(x_HW - x0, x1 - x_HW), np.minimum(y_HW - y0, y1 - y_HW))
    rise_HW = np.clip((inside_HW + ragged_HW) / softness, 0, 1)
    return rise_HW**2 * (3 - 2 * rise_HW)


# Abstract Expressionism.

GESTURE_INKS = (
    (inks("efe9dc")[0], inks("14120f", "1c1a18", "2a2522", "14120f")),
    (inks("e8d9c0")[0], inks("d8a08a", "e8c35a", "3f6f8f", "b8342a", "f2e8dc", "1c1816")),
    (inks("f0ece2")[0], inks("2f5f8f", "3f7f4a", "e8b83a", "6f4f8f", "e0703a", "f6f2ea")),
    (inks("d9cdb8")[0], inks("8f2f22", "14110f", "c8862f", "f2ead8", "4f5f3f")),
    (inks("ddd8cf")[0], inks("1f3f5f", "c9b89a", "14161a", "d8502f", "f4f0e8")),
)
"""Ground, and the paints on it."""


def abstract_expressionism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Sweep loaded house-painter's brushes along the scene's contours until it is gone."""
    unit = unit_px(size_px)
    ground, palette = GESTURE_INKS[hand.palette % 5]
    scumble_HW = noise(rng, size_px, 70 * unit) * 0.06 + noise(rng, size_px, 12 * unit) * 0.02
    drawing = blurred(sketch(scene, size_px).flat_HW3, 18 * unit)
    base = mix(ground + scumble_HW[..., None], drawing, 0.18)
    canvas = to_image(base).resize(
        (size_px[0] * FINE, size_px[1] * FINE), Image.Resampling.BILINEAR
    )
    draw = ImageDraw.Draw(canvas)
    count = round(rng.uniform(30, 48) / hand.touch)
    # Broad strokes first, so that the thin ones stay on top.
    for width in np.sort(rng.uniform(2.5, 7.5, count) ** 2)[::-1]:
        spine_K2 = _sweep(scene, rng) * size_px[1]
        ink = palette[rng.integers(len(palette))]
        _bristles(draw, spine_K2, width * unit * hand.touch, ink, unit, rng)
    _spatter(draw, size_px, palette, int(rng.integers(20, 80)), 1.6 * unit, rng)
    pixels = impasto(finished(canvas), 0.3) + grain(rng, size_px, 0.012)
    return to_image(warmed(saturated(pixels, hand.chroma), hand.warmth * 0.6))


def _sweep(scene: Scene, rng: Generator) -> FloatArray:
    """Return a smooth gesture (K, 2): part of a shape's outline, overshot, or a free slash."""
    steps = np.linspace(0, 1, 18)[:, None]
    if rng.random() < 0.3:
        ends = rng.uniform([-0.1, -0.1], [scene.aspect + 0.1, 1.1], (3, 2))
    else:
        outline = scene.shapes[rng.integers(1, len(scene.shapes))].outline
        start, arc = rng.integers(len(outline)), max(2, len(outline) // 3)
        ends = outline[[start, (start + arc // 2) % len(outline), (start + arc) % len(outline)]]
        ends = ends.mean(axis=0) + (ends - ends.mean(axis=0)) * rng.uniform(1.2, 3.0)
        ends = ends + rng.normal(0, 0.06, (3, 2))
    curve_K2: FloatArray = (
        (1 - steps) ** 2 * ends[0] + 2 * steps * (1 - steps) * ends[1] + steps**2 * ends[2]
    )
    return curve_K2


def _bristles(
    draw: ImageDraw.ImageDraw,
    spine_K2: FloatArray,
    width_px: float,
    ink: FloatArray,
    unit: float,
    rng: Generator,
) -> None:
    """Draw a broad stroke hair by hair; each hair runs dry at its own place."""
    count = max(6, int(width_px / (1.1 * unit)))
    along = np.gradient(spine_K2, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)[:, None]
    offsets_N = np.linspace(-0.5, 0.5, count) * width_px
    load_N = np.convolve(rng.normal(0, 1, count + 4), np.ones(5) / 5, mode="valid")
    stops_N = np.clip((0.8 + 0.25 * load_N) * len(spine_K2), 4, len(spine_K2)).astype(int)
    paths = [
        spine_K2[:stop] + across[:stop] * offset
        for offset, stop in zip(offsets_N, stops_N, strict=True)
    ]
    colours = ink + load_N[:, None] * 0.07 + rng.normal(0, 0.02, (count, 3))
    draw_strokes(draw, paths, rng.uniform(1.1, 2.2, count) * unit, colours)


def _spatter(
    draw: ImageDraw.ImageDraw,
    size_px: Size,
    palette: FloatArray,
    count: int,
    radius_px: float,
    rng: Generator,
) -> None:
    spots_N2 = rng.uniform(0, 1, (count, 2)) * size_px * FINE
    radius_N = radius_px * FINE * rng.lognormal(-0.4, 0.6, count)
    colours = rgb_tuples(palette[rng.integers(0, len(palette), count)])
    for (x, y), r, colour in zip(spots_N2.tolist(), radius_N.tolist(), colours, strict=True):
        draw.ellipse([x - r, y - r, x + r, y + r], fill=colour)


# Action painting.

POUR_INKS = (
    (inks("cdb993")[0], inks("16130f", "efe9dc", "8a8f94", "6b3a24")),
    (inks("d8cbb0")[0], inks("14130f", "f2efe6", "c93a22", "e8b423", "2f5f8a")),
    (inks("b9a98a")[0], inks("14130f", "d9d4c6", "3f5f4a", "c9a23a")),
    (inks("e6dfd0")[0], inks("14130f", "1f3f7a", "a8b4bf", "d8552a")),
    (inks("23201d")[0], inks("efe9dc", "9aa0a3", "c9a04a", "a83a2a")),
)
"""Canvas, and the paints poured on it."""


def action_painting(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Pour skein over skein of paint from above; some follow the figure they will veil."""
    unit = unit_px(size_px)
    ground, palette = POUR_INKS[hand.palette % 5]
    canvas, draw = bare_canvas(size_px, ground)
    for ink in rng.permutation(palette):
        _spatter(draw, size_px, ink[None], int(rng.integers(60, 200)), 1.5 * unit, rng)
        for _ in range(rng.integers(7, 16)):
            _pour(draw, _skein(scene, rng, hand) * size_px[1], unit * hand.touch, ink, rng)
    _spatter(draw, size_px, palette, 160, 0.9 * unit, rng)
    weave = stretched_noise(rng, size_px, (2, 1))[..., None] * 0.012
    pixels = impasto(finished(canvas), 0.28) + weave
    return to_image(warmed(saturated(pixels, hand.chroma), hand.warmth * 0.6))


def _skein(scene: Scene, rng: Generator, hand: Hand) -> FloatArray:
    """Return a looping path (K, 2): a slow drift with quick turns of the wrist upon it."""
    steps = np.linspace(0, 1, 90)
    if rng.random() < 0.45:
        outline = scene.shapes[rng.integers(1, len(scene.shapes))].outline
        at = (steps + rng.random()) * (len(outline) - 1) % (len(outline) - 1)
        drift = np.stack([np.interp(at, np.arange(len(outline)), outline[:, i]) for i in (0, 1)], 1)
    else:
        ends = rng.uniform(-0.15, 1.15, (2, 2)) * [scene.aspect, 1]
        drift = ends[0] + (ends[1] - ends[0]) * steps[:, None]
    waves_5 = rng.uniform(0.6, 7, (5, 1, 1))
    size_5 = rng.normal(0, 0.13, (5, 1, 2)) / waves_5**0.6
    loops = np.sin(waves_5 * 2 * np.pi * steps[:, None] + rng.uniform(0, 6.3, (5, 1, 2))) * size_5
    lean = np.array([np.cos(hand.turn), np.sin(hand.turn)]) * 0.2 * (steps[:, None] - 0.5)
    path_K2: FloatArray = drift + loops.sum(axis=0) + lean
    return path_K2


def _pour(
    draw: ImageDraw.ImageDraw, path_K2: FloatArray, unit: float, ink: FloatArray, rng: Generator
) -> None:
    """Draw a poured line: thin where the hand was fast, pooled where it slowed."""
    speed_K = np.hypot(*np.diff(path_K2, axis=0).T)
    pace_K = speed_K / (speed_K.mean() + 1e-9)
    widths_K = rng.uniform(0.8, 2.9) * unit / np.maximum(pace_K, 0.35) ** 0.8
    pieces = np.stack([path_K2[:-1], path_K2[1:]], axis=1)
    draw_strokes(draw, pieces, widths_K, np.broadcast_to(ink, (len(pieces), 3)))
    radius_K = widths_K / 2 * FINE
    fill = rgb_tuples(ink[None])[0]
    # Round joints close the notches between segments of different width.
    for (x, y), r in zip((path_K2[1:] * FINE).tolist(), radius_K.tolist(), strict=True):
        if r > 1.4:
            draw.ellipse([x - r, y - r, x + r, y + r], fill=fill)
