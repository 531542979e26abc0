"""Synthetic styles made of brush marks and light: dots, dabs, swirls, wild patches, chiaroscuro."""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from artstyle.painter.canvas import (
    Hand,
    Size,
    Sketch,
    at_points,
    bare_canvas,
    blurred,
    draw_scene,
    draw_strokes,
    fine_canvas,
    finished,
    flow_angles,
    grey,
    grid,
    impasto,
    inks,
    mix,
    noise,
    ramp,
    saturated,
    scattered,
    sketch,
    smoothed,
    stretched_noise,
    to_image,
    traced,
    unit_px,
    warmed,
)
from artstyle.painter.scenes import Scene
from artstyle.painter.shapes import FloatArray


def _modelled(drawing: Sketch, shadow_3: FloatArray, strength: float) -> FloatArray:
    """Return the scene in daylight: lit sides lighter, shaded sides towards ``shadow_3``."""
    lit_HW = np.clip(drawing.shade_HW, 0, 1) * strength
    dark_HW = np.clip(-drawing.shade_HW, 0, 1) * strength
    pixels = mix(drawing.flat_HW3, inks("fff6dc")[0], lit_HW)
    return mix(pixels, shadow_3, dark_HW * 1.3)


def pointillism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Set dots of pure colour side by side, a part of them complementary."""
    drawing = sketch(scene, size_px)
    local = saturated(_modelled(drawing, inks("4a4f9a")[0], 0.8), 1.45 * hand.chroma)
    local = warmed(mix(local, inks("fff4e0")[0], 0.1), hand.warmth)
    pixels = np.broadcast_to(inks("f1e8d2")[0], local.shape).copy()
    pixels = mix(pixels, local, 0.45)
    cell_px = 4.6 * unit_px(size_px) * hand.touch
    for share_complementary, radius in ((0.02, 0.62), (0.1, 0.52), (0.14, 0.42)):
        pixels = _dotted(pixels, local, cell_px, radius, share_complementary, rng)
    return to_image(pixels)


def _dotted(
    pixels: FloatArray,
    local: FloatArray,
    cell_px: float,
    radius: float,
    share_complementary: float,
    rng: Generator,
) -> FloatArray:
    """Return pixels under one layer of dots, one in each cell of a jittered grid."""
    height, width = pixels.shape[:2]
    rows, columns = int(height / cell_px) + 4, int(width / cell_px) + 4
    dots_RC2 = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1) - 1.0
    shift_2 = rng.uniform(0, cell_px, 2)
    # Jitter within the middle 60% of a cell keeps dots irregular but apart.
    dots_RC2 = (dots_RC2 + rng.uniform(0.2, 0.8, dots_RC2.shape)) * cell_px + shift_2
    radius_RC = cell_px * radius * rng.uniform(0.7, 1.1, (rows, columns))
    colour_RC3 = _broken(at_points(local, dots_RC2), share_complementary, rng)
    x_W, y_H1 = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    # A dot reaches less than half a cell beyond its own cell. So the dots that cover a pixel
    # come from its four nearest cells; the dot that covers it deepest gives its colour.
    column_W = ((x_W - shift_2[0]) / cell_px + 0.5).astype(np.intp)
    row_H = ((y_H1[:, 0] - shift_2[1]) / cell_px + 0.5).astype(np.intp)
    nearest_HW = np.full((height, width), -1e9)
    owner_HW = np.zeros((height, width), dtype=np.intp)
    for down in (0, 1):
        for right in (0, 1):
            r_H, c_W = row_H + down, column_W + right
            x_HW, y_HW, radius_HW = (
                field_RC.take(r_H, axis=0).take(c_W, axis=1)
                for field_RC in (dots_RC2[..., 0], dots_RC2[..., 1], radius_RC)
            )
            inside_HW = radius_HW - np.sqrt((x_HW - x_W) ** 2 + (y_HW - y_H1) ** 2)
            closer_HW = inside_HW > nearest_HW
            np.copyto(owner_HW, r_H[:, None] * columns + c_W, where=closer_HW)
            np.copyto(nearest_HW, inside_HW, where=closer_HW)
    owned_HW3 = colour_RC3.reshape(-1, 3).take(owner_HW, axis=0)
    return mix(pixels, owned_HW3, np.clip(nearest_HW + 0.5, 0, 1))


def _broken(colours: FloatArray, share_complementary: float, rng: Generator) -> FloatArray:
    """Return colours (..., 3) varied in hue, a share of them turned to their complement."""
    varied = colours + rng.normal(0, 0.06, colours.shape)
    middle = grey(colours)[..., None]
    opposite = middle * 0.9 + 0.1 - (colours - middle) * 0.9
    turned = rng.random(colours.shape[:-1]) < share_complementary
    return np.where(turned[..., None], opposite, saturated(varied, 1.25))


def impressionism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Lay short broken dabs, coarse then fine, in pale light with violet shadows."""
    unit = unit_px(size_px) * hand.touch
    drawing = sketch(scene, size_px)
    local = mix(_modelled(drawing, inks("6f6aa8")[0], 0.75), inks("f4ecdf")[0], 0.2)
    shimmer_HW = np.clip(noise(rng, size_px, 26 * unit) * 0.03, -0.1, 0.1)
    local = warmed(saturated(local, 1.3 * hand.chroma) + shimmer_HW[..., None], hand.warmth)
    angles = flow_angles(blurred(local, 3), rng, 120 * unit, 0.8)
    angles = _outdoors_level(scene, drawing, angles, hand)
    canvas, draw = bare_canvas(size_px, inks("d8cdb8")[0])
    area = size_px[0] * size_px[1]
    for length, width, cover in ((24, 9.5, 1.6), (15, 5.8, 1.4), (9.5, 3.6, 0.8)):
        count = int(area * cover / (length * width * unit**2))
        spots = scattered(rng, size_px, count)
        loose = spots + rng.normal(0, width * unit * 0.22, spots.shape)
        colours = at_points(local, loose) + rng.normal(0, 0.05, (len(spots), 3))
        colours += rng.normal(0, 0.045, (len(spots), 1))
        swing = angles + rng.normal(0, 0.2)
        paths = traced(spots, swing, length * unit, 3) - [length * unit / 2, 0]
        draw_strokes(draw, paths, width * unit * rng.uniform(0.6, 1.2, len(spots)), colours)
    return to_image(impasto(finished(canvas), 0.5))


def _outdoors_level(scene: Scene, drawing: Sketch, angles: FloatArray, hand: Hand) -> FloatArray:
    """Return directions with water level and the sky along the artist's habit."""
    roles = np.array([shape.role for shape in scene.shapes])
    water = np.isin(roles, ["water", "ripple"])[drawing.ids_HW]
    sky = np.isin(roles, ["sky", "backdrop"])[drawing.ids_HW]
    return np.where(water, 0.0, np.where(sky, hand.turn * 0.4 - 0.6 + angles * 0.3, angles))


def post_impressionism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Let long thick strokes swirl along the forms, saturated, with dark contours."""
    unit = unit_px(size_px) * hand.touch
    drawing = sketch(scene, size_px)
    local = _modelled(drawing, inks("1d2f6f")[0], 0.9)
    local = warmed(saturated(local, 1.55 * hand.chroma), hand.warmth * 1.4)
    local = mix(local, (local - 0.5) * 1.25 + 0.5, 1.0)
    angles = flow_angles(local, rng, 75 * unit, 1.6)
    canvas, draw = fine_canvas(mix(local, inks("3a4a5c")[0], 0.3))
    area = size_px[0] * size_px[1]
    for length, width, cover in ((34, 5.2, 1.6), (24, 3.4, 1.1)):
        spots = scattered(rng, size_px, int(area * cover / (length * width * unit**2)))
        colours = at_points(local, spots) + rng.normal(0, 0.035, (len(spots), 3))
        colours += rng.normal(0, 0.1, (len(spots), 1))
        paths = traced(spots, angles, length * unit, 6)
        draw_strokes(draw, paths, width * unit * rng.uniform(0.7, 1.15, len(spots)), colours)
    _contours(draw, scene, size_px, inks("16204a", "1d2a26", "3a1f2a")[hand.palette % 3], unit, rng)
    return to_image(impasto(finished(canvas), 0.85))


def _contours(
    draw: ImageDraw.ImageDraw,
    scene: Scene,
    size_px: Size,
    colour_3: FloatArray,
    width_px: float,
    rng: Generator,
) -> None:
    """Draw outlines as a loaded brush does: of uneven width, and lifted here and there."""
    ids_HW = sketch(scene, size_px).ids_HW
    pieces: list[FloatArray] = []
    for index, shape in enumerate(scene.shapes[1:], 1):
        closed = np.concatenate([shape.outline, shape.outline[:1]]) * size_px[1]
        inside = closed + np.sign(closed.mean(axis=0) - closed) * 2
        seen = at_points(ids_HW, inside) == index
        closed += rng.normal(0, width_px * 0.4, closed.shape)
        runs = [slice(start, start + 4) for start in range(0, len(closed) - 1, 3)]
        pieces += [closed[run] for run in runs if seen[run].mean() > 0.6]
    kept = [
        piece for piece, keep in zip(pieces, rng.random(len(pieces)) < 0.8, strict=True) if keep
    ]
    widths = width_px * rng.uniform(0.8, 1.9, len(kept))
    draw_strokes(draw, kept, widths, np.broadcast_to(colour_3, (len(kept), 3)))


FAUVE_PALETTES = (
    inks("1f2f7f", "0f6b4f", "b3213a", "2f6fd0", "e0452f", "3fa35c", "e85f9a", "f08a24", "5cc0c8",
         "f4a6b8", "f7cf3c", "f6ecc8"),
    inks("3a1f5c", "14532d", "8f1f2f", "d0342c", "2a6fb0", "e8622c", "c74fa0", "6fb03a", "f29a2e",
         "8fd0b0", "f7d84a", "fbe6cf"),
    inks("12303f", "7a1f6f", "1f7a6b", "d22f4f", "3f57c0", "ef7f1a", "4fb0e0", "e8a03a", "f27fa8",
         "b0d04a", "fadf6b", "f3f0dc"),
)  # fmt: skip
"""Dark to light: a Fauve keeps an object's lightness and changes its hue."""


def fauvism(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Give every form a wild colour of its own value, in bold patches on bare canvas."""
    unit = unit_px(size_px) * hand.touch
    wild = _wild(scene, FAUVE_PALETTES[hand.palette % 3], rng)
    drawing = sketch(wild, size_px)
    other = _wild(scene, FAUVE_PALETTES[hand.palette % 3], rng)
    shaded = (drawing.shade_HW < -0.12)[..., None]
    local = np.where(shaded, other.colours[drawing.ids_HW] * 0.85, drawing.flat_HW3)
    bare_line = inks("f3e9d2")[0]
    canvas = draw_scene(wild, size_px, 2.6 * unit, bare_line)
    draw = ImageDraw.Draw(canvas)
    length, width = 30 * unit, 9.5 * unit
    spots = scattered(rng, size_px, int(size_px[0] * size_px[1] * 1.3 / (length * width)))
    inside = at_points(smoothed(drawing.edges.astype(np.float64), 7 * unit), spots) < 0.06
    spots = spots[inside]
    colours = at_points(local, spots) + rng.normal(0, 0.03, (len(spots), 1))
    turn_S = rng.uniform(0, np.pi, len(scene.shapes)) * 0.4 + hand.turn
    paths = traced(spots, turn_S[drawing.ids_HW], length, 3)
    paths -= (paths[:, -1:] - paths[:, :1]) / 2
    bare = rng.random(len(spots)) < 0.012
    colours = np.where(bare[:, None], bare_line, colours)
    draw_strokes(draw, paths, width * rng.uniform(0.5, 1.2, len(spots)), colours)
    line = inks("17306b", "7a1230", "0f4a36", "241a2a")[hand.manner % 4]
    _contours(draw, wild, size_px, line, 1.7 * unit, rng)
    return to_image(impasto(finished(canvas), 0.3))


def _wild(scene: Scene, palette_K3: FloatArray, rng: Generator) -> Scene:
    values_S = grey(scene.colours)
    roles = [shape.role for shape in scene.shapes]
    # By rank, not by value: evening and winter scenes keep all the contrast of the palette.
    by_value = sorted(dict.fromkeys(roles), key=lambda role: values_S[roles.index(role)])
    steps = np.linspace(0, len(palette_K3) - 1, len(by_value)) + rng.normal(0, 1.2, len(by_value))
    place = dict(zip(by_value, steps.tolist(), strict=True))
    picks_S = np.array([place[role] for role in roles]) + rng.normal(0, 0.3, len(roles))
    picks_S = np.clip(np.round(picks_S), 0, len(palette_K3) - 1)
    return scene.recoloured(palette_K3[picks_S.astype(np.intp)])


def baroque(scene: Scene, hand: Hand, size_px: Size, rng: Generator) -> Image.Image:
    """Let one warm lamp raise the subject out of a brown dark, smoothly shaded."""
    unit = unit_px(size_px)
    side = -1.0 if hand.manner % 4 else 1.0
    drawing = sketch(scene, size_px, (0.75 * side, -0.6))
    x_HW, y_HW = grid(size_px)
    x0, y0, x1, y1 = scene.subject
    reach = max(0.32, 0.52 * min(max(x1 - x0, y1 - y0), 1.0)) * (0.8 + 0.3 * hand.touch)
    # The pool of light moves from canvas to canvas, so that they do not all look alike.
    aside, above = (rng.normal([0.15 * side, -0.15], 0.2) * reach).tolist()
    lamp_x, lamp_y, narrow = (x0 + x1) / 2 + aside, (y0 + y1) / 2 + above, rng.uniform(0.75, 1.35)
    away_HW = np.hypot((x_HW - lamp_x) * narrow, (y_HW - lamp_y) / narrow) / reach
    glow_HW = np.exp(-(away_HW**2) * 0.9) * (1 + 0.12 * noise(rng, size_px, 60 * unit))
    light_HW = np.clip(0.09 + glow_HW * (0.72 + 1.3 * drawing.shade_HW), 0.02, 1.35)
    behind_S = [shape.role in ("sky", "backdrop", "far", "cloud") for shape in scene.shapes]
    light_HW *= np.where(np.array(behind_S)[drawing.ids_HW], 0.5, 1.0)
    earth = ramp(grey(drawing.flat_HW3), inks("3a2414", "8f5a2e", "d6a766", "f6e2b6"))
    body = mix(drawing.flat_HW3, earth, 0.5) * np.array([1.1, 0.94, 0.74])
    ground = inks("140d08", "0f0e0c", "1a0f0a")[hand.palette % 3]
    pixels = ground + body * light_HW[..., None] ** 1.15
    pixels = blurred(pixels, 1.5 * unit)
    shine_HW = np.clip(drawing.shade_HW * glow_HW - 0.34, 0, 1)
    pixels = mix(pixels, inks("fff0cc")[0], np.clip(shine_HW * 1.6, 0, 0.6))
    pixels += (np.abs(noise(rng, size_px, 9 * unit)) < 0.02)[..., None] * -0.02
    pixels += stretched_noise(rng, size_px, (2, 2))[..., None] * 0.006
    return to_image(warmed(saturated(pixels, hand.chroma), hand.warmth * 0.6))
