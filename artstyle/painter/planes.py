"""Synthetic styles made of planes and lines: facets, woodblocks, halftones, hard edges."""

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from artstyle.painter.canvas import (
    FINE,
    Hand,
    Size,
    Sketch,
    at_points,
    draw_scene,
    draw_strokes,
    finished,
    grain,
    grey,
    grid,
    inks,
    mix,
    nearest_inks,
    noise,
    ramp,
    saturated,
    sketch,
    stretched_noise,
    to_image,
    unit_px,
    warmed,
)
from artstyle.painter.scenes import Scene
from artstyle.painter.shapes import FloatArray

# Cubism.

CUBIST_EARTHS = (
    inks("1f1a16", "54432f", "8f7448", "c2a76c", "e6d8b0"),
    inks("1b1f1e", "454b42", "7f7f62", "b3a982", "e3dcc0"),
    inks("1d1d22", "4a4c55", "80796f", "b8a88c", "e8decb"),
    inks("241610", "6b4226", "a06a38", "cfa162", "ecd9ad"),
)


def cubism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Cut the scene into facets, each seen from another side and shaded as a tilted plane."""
    facets = _facets(rng, scene, hand)
    owner_HW = _facet_plan(facets, size_px)
    drawing = sketch(scene, size_px)
    seen_HW2, tilt_HW = _displaced(facets, owner_HW, size_px, rng)
    solid = drawing.flat_HW3 * (1 + 0.9 * drawing.shade_HW)[..., None]
    solid = mix(solid, solid * 0.25, drawing.edges.astype(np.float64))
    seen = at_points(solid, seen_HW2)
    # Contrast is stretched, so that the subject is visible in a scene of one lightness.
    dark, light = np.quantile(seen[::4, ::4], [0.04, 0.96])
    tone_HW = np.clip((grey(seen) - dark) / (light - dark + 0.1) + tilt_HW, 0, 1)
    pixels = ramp(tone_HW, CUBIST_EARTHS[hand.palette % 4])
    pixels = mix(pixels, saturated(seen, 0.7) * (0.85 + tilt_HW[..., None]), 0.22)
    stipple_HW = stretched_noise(rng, size_px, (7, 2)) * (0.03 + 0.03 * (owner_HW % 3 == 0))
    canvas = to_image(pixels + stipple_HW[..., None])
    canvas = canvas.resize((size_px[0] * FINE, size_px[1] * FINE), Image.Resampling.BILINEAR)
    _facet_edges(ImageDraw.Draw(canvas), facets, size_px, rng)
    return to_image(warmed(saturated(finished(canvas), hand.chroma), hand.warmth * 0.5))


def _facets(rng: Generator, scene: Scene, hand: Hand) -> list[FloatArray]:
    """Return convex polygons that tile the canvas, smallest about the subject."""
    x0, y0, x1, y1 = scene.subject
    heart = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    whole = np.array([(0, 0), (scene.aspect, 0), (scene.aspect, 1), (0, 1)], dtype=np.float64)
    facets, sizes = [whole], [1.0]
    for _ in range(round(34 / hand.touch)):
        at = int(np.argmax(sizes))
        widest = facets.pop(at)
        sizes.pop(at)
        angle = hand.turn + rng.choice([0.0, 0.9, 1.6, 2.4]) + rng.normal(0, 0.22)
        parts = _cut(widest, widest.mean(axis=0) + rng.normal(0, 0.02, 2), angle)
        facets += parts
        sizes += [_area(f) / (0.12 + np.hypot(*(f.mean(axis=0) - heart))) for f in parts]
    return facets


def _area(polygon_K2: FloatArray) -> float:
    x, y = polygon_K2.T
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)


def _cut(polygon_K2: FloatArray, through_2: FloatArray, angle: float) -> list[FloatArray]:
    """Return the two parts of a convex polygon on either side of a line."""
    normal = np.array([-np.sin(angle), np.cos(angle)])
    side_K = (polygon_K2 - through_2) @ normal
    left: list[FloatArray] = []
    right: list[FloatArray] = []
    for here, there, s, t in zip(
        polygon_K2, np.roll(polygon_K2, -1, axis=0), side_K, np.roll(side_K, -1), strict=True
    ):
        (left if s < 0 else right).append(here)
        if (s < 0) != (t < 0):
            crossing = here + (there - here) * s / (s - t)
            left.append(crossing)
            right.append(crossing)
    return [np.array(part) for part in (left, right) if len(part) > 2]


def _facet_plan(facets: list[FloatArray], size_px: Size) -> FloatArray:
    plan = Image.new("L", size_px)
    draw = ImageDraw.Draw(plan)
    for index, facet in enumerate(facets):
        draw.polygon((facet * size_px[1]).ravel().tolist(), fill=index)
    return np.asarray(plan).astype(np.intp)


def _displaced(
    facets: list[FloatArray], owner_HW: FloatArray, size_px: Size, rng: Generator
) -> tuple[FloatArray, FloatArray]:
    """Return where each pixel looks in the scene (H, W, 2), and how its plane is lit."""
    count, height = len(facets), size_px[1]
    centre_F2 = np.array([facet.mean(axis=0) for facet in facets]) * height
    reach_F = np.sqrt([_area(facet) for facet in facets]) * height
    turn_HW = rng.normal(0, 0.24, count)[owner_HW]
    zoom_HW = rng.uniform(0.75, 1.25, count)[owner_HW]
    shift_F2 = rng.normal(0, 0.023, (count, 2)) * height
    x_HW, y_HW = grid(size_px)
    dx_HW = x_HW * height - centre_F2[:, 0][owner_HW]
    dy_HW = y_HW * height - centre_F2[:, 1][owner_HW]
    cos_HW, sin_HW = np.cos(turn_HW) * zoom_HW, np.sin(turn_HW) * zoom_HW
    seen_x = dx_HW * cos_HW - dy_HW * sin_HW + (centre_F2 + shift_F2)[:, 0][owner_HW]
    seen_y = dx_HW * sin_HW + dy_HW * cos_HW + (centre_F2 + shift_F2)[:, 1][owner_HW]
    fall_F = rng.uniform(0, 2 * np.pi, count)
    along_HW = dx_HW * np.cos(fall_F)[owner_HW] + dy_HW * np.sin(fall_F)[owner_HW]
    tilt_HW = np.clip(along_HW / reach_F[owner_HW], -0.8, 0.8) * 0.36
    tilt_HW = tilt_HW + rng.normal(0, 0.07, count)[owner_HW]
    return np.stack([seen_x, seen_y], axis=-1), tilt_HW


def _facet_edges(
    draw: ImageDraw.ImageDraw, facets: list[FloatArray], size_px: Size, rng: Generator
) -> None:
    paths, widths, colours = [], [], []
    for facet in facets:
        for here, there in zip(facet, np.roll(facet, -1, axis=0), strict=True):
            # Some edges stay open, so that planes pass into each other.
            if rng.random() < 0.62:
                stop = here + (there - here) * rng.choice([1.0, 1.0, 0.6])
                paths.append(np.stack([here, stop]) * size_px[1])
                widths.append(rng.uniform(0.6, 1.9) * unit_px(size_px))
                colours.append(
                    inks("1a1512", "3a2c1f", "efe3c4")[rng.choice(3, p=[0.6, 0.25, 0.15])]
                )
    draw_strokes(draw, paths, np.array(widths), np.array(colours))


# Ukiyo-e.

WOODBLOCK_INKS = (
    inks("ead9b5", "1f3f66", "5f8aa6", "a9bfb8", "b5452f", "d98f5c", "6f7f4a", "3f4f3c", "d9b45c"),
    inks("e8dcc0", "23335c", "6f8fb5", "b9c4c0", "a83a3f", "e0a58c", "7f8f5a", "4a5540", "cfa94a"),
    inks("e6d2a6", "17506b", "6fa3a3", "b5c9a9", "c25f3a", "d9a06f", "5f6f3a", "354a45", "c9953a"),
)
"""Paper, deep ink, mid ink, pale ink, then the colours; the first four are also the bokashi."""


def ukiyo_e(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Print flat areas from woodblocks: dark lines, graded sky and water, paper, a seal."""
    unit = unit_px(size_px)
    palette = WOODBLOCK_INKS[hand.palette % 3]
    printed = scene.recoloured(nearest_inks(saturated(scene.colours, 1.2), palette))
    pale = [shape.role in ("skin", "snow", "sail") for shape in scene.shapes]
    skin = mix(palette[0], palette[5], 0.2) * 1.04
    printed = printed.recoloured(np.where(np.array(pale)[:, None], skin, printed.colours))
    drawing = sketch(printed, size_px)
    canvas = draw_scene(printed, size_px, 1.15 * unit * hand.touch, inks("1f1c22")[0])
    pixels = finished(canvas)
    pixels = _bokashi(pixels, printed, drawing, palette, rng, size_px)
    pixels = pixels * (1 - 0.05 * _wood_grain(rng, size_px, unit))[..., None]
    pixels = mix(pixels, palette[0], 0.1) + grain(rng, size_px, 0.012)
    canvas = to_image(warmed(saturated(pixels, hand.chroma * 0.95), hand.warmth * 0.5))
    return _with_seal(canvas, rng, unit, hand)


def _bokashi(
    pixels: FloatArray,
    scene: Scene,
    drawing: Sketch,
    palette: FloatArray,
    rng: Generator,
    size_px: Size,
) -> FloatArray:
    """Return pixels with sky, backdrop and water wiped from paper colour into a band of ink."""
    roles = np.array([shape.role for shape in scene.shapes])
    _, y_HW = grid(size_px)
    keep_line = (grey(pixels) > 0.22).astype(np.float64)
    sky_HW = np.isin(roles, ["sky", "backdrop"])[drawing.ids_HW] * keep_line
    band = np.exp(-((y_HW / rng.uniform(0.1, 0.22)) ** 1.6))
    blush = np.exp(-(((y_HW - rng.uniform(0.4, 0.6)) / 0.13) ** 2)) * 0.6
    air = mix(mix(np.broadcast_to(palette[0], pixels.shape), palette[5], blush), palette[1], band)
    pixels = mix(pixels, air, sky_HW)
    water_HW = np.isin(roles, ["water", "table"])[drawing.ids_HW] * keep_line
    depth = np.clip((y_HW - 0.45) * 1.9, 0, 1)
    sea = mix(np.broadcast_to(palette[3], pixels.shape), palette[1], depth)
    return mix(pixels, sea, water_HW * 0.9)


def _wood_grain(rng: Generator, size_px: Size, unit: float) -> FloatArray:
    warp_HW = stretched_noise(rng, size_px, (160 * unit, 24 * unit))
    _, y_HW = grid(size_px)
    return np.clip(np.sin(y_HW * 110 + warp_HW * 4), 0, 1)


def _with_seal(canvas: Image.Image, rng: Generator, unit: float, hand: Hand) -> Image.Image:
    """Add a title slip with brush marks, a red seal, and the margin of the sheet."""
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    wide, tall = 17 * unit, rng.uniform(62, 100) * unit
    x = 14 * unit if rng.random() < 0.5 else width - 14 * unit - wide
    y = 14 * unit
    draw.rectangle([x, y, x + wide, y + tall], fill=(233, 214, 170), outline=(60, 40, 36))
    for row in range(int(tall / (12 * unit))):
        for _ in range(4):
            ax, bx = x + rng.uniform(3, 14, 2) * unit
            ay, by = y + (row * 12 + rng.uniform(2, 11, 2)) * unit
            draw.line([ax, ay, bx, by], fill=(38, 32, 34), width=max(1, round(1.3 * unit)))
    seal = y + tall + 4 * unit
    draw.rectangle([x + 2 * unit, seal, x + wide - 2 * unit, seal + 13 * unit], fill=(176, 48, 38))
    if hand.manner % 2:
        draw.rectangle(
            [0, 0, width - 1, height - 1], outline=(226, 210, 174), width=round(8 * unit)
        )
    return canvas


# Pop Art.

POP_INKS = (
    inks("ffffff", "ffd91a", "e3182d", "1448c8", "3fb8e8", "f58fb0", "1fa05a"),
    inks("fff8e8", "ffe600", "ff2f7f", "00a6d6", "ff7a00", "8a2be2", "2ac46a"),
    inks("ffffff", "f7c800", "d4122a", "0a3aa0", "f2a38a", "7ad0c8", "ff5fa2"),
)


def pop_art(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Print loud flat colours with halftone dots and thick black outlines, or repeat them."""
    if hand.manner % 4 == 3:
        return _repeated(scene, hand, size_px, rng)
    return to_image(_comic(scene, POP_INKS[hand.palette % 3], hand, size_px, rng))


def _comic(
    scene: Scene, palette: FloatArray, hand: Hand, size_px: Size, rng: Generator
) -> FloatArray:
    unit = unit_px(size_px)
    loud = scene.recoloured(_loud(scene, palette, rng))
    pixels = finished(draw_scene(loud, size_px, 2.4 * unit * hand.touch, inks("0c0c10")[0]))
    drawing = sketch(loud, size_px)
    dotted_S = rng.random(len(scene.shapes)) < 0.4
    dotted_S |= np.isin([s.role for s in scene.shapes], ["skin", "sky", "backdrop"])
    pitch_px = 6.4 * unit * hand.touch
    shade_HW = (drawing.shade_HW < -0.1) | dotted_S[drawing.ids_HW]
    dots_HW = _ben_day(size_px, pitch_px, np.where(dotted_S, 0.37, 0.31)[drawing.ids_HW], hand.turn)
    dot_S3 = np.roll(palette[1:], 2, axis=0)[rng.integers(0, len(palette) - 1, len(scene.shapes))]
    light_S = grey(loud.colours) > 0.8
    ink_S3 = np.where(
        light_S[:, None], palette[2], np.where(rng.random() < 0.5, palette[0], dot_S3)
    )
    lines_HW = grey(pixels) < 0.2
    return mix(pixels, ink_S3[drawing.ids_HW], dots_HW * (shade_HW & ~lines_HW))


def _loud(scene: Scene, palette: FloatArray, rng: Generator) -> FloatArray:
    """Return a palette colour per shape: near in value, but roles keep apart from each other."""
    colours_S3 = nearest_inks(saturated(scene.colours * 1.15, 2.6), palette)
    changed = {role: rng.random() < 0.35 for role in sorted({s.role for s in scene.shapes})}
    other = {role: palette[rng.integers(1, len(palette))] for role in changed}
    rows = [
        other[shape.role] if changed[shape.role] else row
        for shape, row in zip(scene.shapes, colours_S3, strict=True)
    ]
    return np.array(rows)


def _ben_day(size_px: Size, pitch_px: float, radius: FloatArray, turn: float) -> FloatArray:
    """Return the coverage (H, W) of a turned grid of dots; ``radius`` is in pitches."""
    x_HW, y_HW = grid(size_px)
    cos, sin = np.cos(turn) * size_px[1] / pitch_px, np.sin(turn) * size_px[1] / pitch_px
    u_HW, v_HW = x_HW * cos - y_HW * sin, x_HW * sin + y_HW * cos
    away_HW = np.hypot(u_HW - np.round(u_HW), v_HW - np.round(v_HW))
    cover_HW: FloatArray = np.clip((radius - away_HW) * pitch_px + 0.5, 0, 1)
    return cover_HW


def _repeated(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Return the same picture silk-screened in other colours, side by side."""
    columns, rows = ((2, 2), (3, 2), (2, 3), (3, 3))[rng.integers(4)]
    width, height = -(-size_px[0] // columns), -(-size_px[1] // rows)
    sheet = Image.new("RGB", size_px)
    for index in range(columns * rows):
        palette = POP_INKS[(hand.palette + index) % 3]
        panel = _silkscreen(scene, palette, (width, height), rng)
        sheet.paste(panel, (index % columns * width, index // columns * height))
    return sheet


def _silkscreen(scene: Scene, palette: FloatArray, size_px: Size, rng: Generator) -> Image.Image:
    stretch = size_px[0] / size_px[1] / scene.aspect
    loud = scene.recoloured(_loud(scene, rng.permutation(palette), rng))
    shapes = tuple(replace(s, outline=s.outline * [stretch, 1]) for s in loud.shapes)
    squeezed = replace(loud, shapes=shapes)
    drawing = sketch(squeezed, size_px)
    ink_HW = (drawing.shade_HW < -0.14) | drawing.edges
    slip = rng.integers(-2, 3, 2)
    ink_HW = np.roll(ink_HW, slip.tolist(), axis=(0, 1))
    worn = noise(rng, size_px, 5) > -1.6
    return to_image(mix(drawing.flat_HW3, inks("14101a")[0], np.where(ink_HW & worn, 0.92, 0.0)))
