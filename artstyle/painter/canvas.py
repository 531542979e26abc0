"""The studio of the synthetic painters: colour, noise, light and strokes on pixel arrays.

Pixels are float arrays (H, W, 3), RGB in [0, 1]; sizes are (width, height).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFilter

from artstyle.painter.scenes import Scene
from artstyle.painter.shapes import FloatArray

Size = tuple[int, int]
IntArray = NDArray[np.intp]
Scalar = TypeVar("Scalar", bound=np.generic)

FINE = 2
"""Strokes and polygons are drawn this many times larger, then averaged: Pillow's are jagged."""


@dataclass(frozen=True)
class Hand:
    """One artist's habits; each style reads them in its own way.

    Attributes:
        touch: Size of the marks, about 0.7 to 1.4.
        warmth: Leaning to orange (1) or blue (-1).
        chroma: Saturation, about 0.8 to 1.2.
        turn: Preferred direction, radians in [0, pi).
        palette: Which of a style's palettes, by remainder.
        manner: Which of a style's manners, by remainder.
    """

    touch: float
    warmth: float
    chroma: float
    turn: float
    palette: int
    manner: int


# Colour.


def inks(*names: str) -> FloatArray:
    """Return hexadecimal colours as rows (K, 3)."""
    return np.array([ImageColor.getrgb(f"#{name}")[:3] for name in names]) / 255


def mix(first: FloatArray, second: FloatArray, share: FloatArray | float) -> FloatArray:
    """Return ``first`` with ``share`` of it replaced by ``second``; ``share`` may be (H, W)."""
    amount = np.asarray(share, dtype=np.float64)
    if amount.ndim:
        amount = _tripled(amount)
    return first + (second - first) * amount


def _tripled(field: FloatArray) -> FloatArray:
    """Return a field (..., 3): numpy is far slower where it broadcasts a last axis of 1."""
    return np.repeat(field[..., None], 3, axis=-1)


def grey(colours: FloatArray) -> FloatArray:
    """Return the luma of colours (..., 3)."""
    return colours[..., 0] * 0.299 + colours[..., 1] * 0.587 + colours[..., 2] * 0.114


def saturated(colours: FloatArray, chroma: float) -> FloatArray:
    """Return colours moved away from grey (``chroma`` > 1) or towards it."""
    middle = _tripled(grey(colours))
    return middle + (colours - middle) * chroma


def warmed(colours: FloatArray, warmth: float) -> FloatArray:
    """Return colours leaning to orange, or to blue where ``warmth`` is negative."""
    return colours * (1 + warmth * np.array([0.09, 0.01, -0.11]))


def nearest_inks(colours_S3: FloatArray, palette_K3: FloatArray) -> FloatArray:
    """Return for each colour the closest one of the palette."""
    distance_SK = ((colours_S3[:, None] - palette_K3[None]) ** 2).sum(axis=2)
    chosen_S3: FloatArray = palette_K3[distance_SK.argmin(axis=1)]
    return chosen_S3


def ramp(values: FloatArray, stops_K3: FloatArray) -> FloatArray:
    """Return the colours at ``values`` in [0, 1] on a gradient of evenly spaced stops."""
    at = np.linspace(0, 1, len(stops_K3))
    return np.stack([np.interp(values, at, stops_K3[:, axis]) for axis in range(3)], axis=-1)


# Images and fields.


def to_image(pixels: FloatArray) -> Image.Image:
    """Return pixels as an RGB image."""
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def to_pixels(image: Image.Image) -> FloatArray:
    """Return an image as pixels (or as (H, W), if it has one channel)."""
    return np.asarray(image).astype(np.float64) / 255


def resized(field_HW: FloatArray, size_px: Size) -> FloatArray:
    """Return a field interpolated to another size."""
    image = Image.fromarray(field_HW.astype(np.float32))
    return np.asarray(image.resize(size_px, Image.Resampling.BICUBIC)).astype(np.float64)


def smoothed(field_HW: FloatArray, cell_px: float) -> FloatArray:
    """Return a field without detail finer than ``cell_px``."""
    height, width = field_HW.shape
    coarse = max(2, round(width / cell_px)), max(2, round(height / cell_px))
    image = Image.fromarray(field_HW.astype(np.float32)).resize(coarse, Image.Resampling.BOX)
    return resized(np.asarray(image).astype(np.float64), (width, height))


def blurred(pixels: FloatArray, radius_px: float) -> FloatArray:
    """Return pixels after a Gaussian blur."""
    return to_pixels(to_image(pixels).filter(ImageFilter.GaussianBlur(radius_px)))


def noise(rng: Generator, size_px: Size, cell_px: float) -> FloatArray:
    """Return smooth noise (H, W) of mean 0 and deviation about 1, with blobs of ``cell_px``."""
    return stretched_noise(rng, size_px, (cell_px, cell_px))


def stretched_noise(rng: Generator, size_px: Size, cell_px: tuple[float, float]) -> FloatArray:
    """Return smooth noise whose blobs are ``cell_px`` (width, height): brushed or veined."""
    columns, rows = (
        max(2, round(side / max(1.0, cell))) for side, cell in zip(size_px, cell_px, strict=True)
    )
    # Interpolation lowers the deviation by about a quarter: 1.3 becomes about 1.
    return resized(rng.normal(0, 1.3, (rows, columns)), size_px)


def grain(rng: Generator, size_px: Size, strength: float) -> FloatArray:
    """Return fine grey grain (H, W, 1), to be added to pixels."""
    return rng.normal(0, strength, (size_px[1], size_px[0], 1))


def grid(size_px: Size) -> tuple[FloatArray, FloatArray]:
    """Return x and y of every pixel, in units of the height."""
    width, height = size_px
    x_W, y_H = (np.arange(width) + 0.5) / height, (np.arange(height) + 0.5) / height
    return np.broadcast_to(x_W, (height, width)), np.broadcast_to(y_H[:, None], (height, width))


def unit_px(size_px: Size) -> float:
    """Return the pixel size of a mark that is 1/320 of the short side."""
    return min(size_px) / 320


# The scene as pixels.


@dataclass(frozen=True, eq=False)
class Sketch:
    """A scene laid on a canvas.

    Attributes:
        ids_HW: Index of the shape seen at each pixel.
        flat_HW3: Its colour.
        shade_HW: How far it turns to the lamp: about 0.5 towards, -0.5 away, 0 if flat.
    """

    ids_HW: IntArray
    flat_HW3: FloatArray
    shade_HW: FloatArray

    @property
    def edges(self) -> NDArray[np.bool_]:
        """Return where one shape meets another."""
        edges = np.zeros(self.ids_HW.shape, dtype=bool)
        edges[:, 1:] |= self.ids_HW[:, 1:] != self.ids_HW[:, :-1]
        edges[1:] |= self.ids_HW[1:] != self.ids_HW[:-1]
        return edges


def sketch(scene: Scene, size_px: Size, lamp: tuple[float, float] = (-0.55, -0.6)) -> Sketch:
    """Lay a scene on a canvas, lit from ``lamp`` (x, y; up to the left is negative)."""
    height = size_px[1]
    plan = Image.new("L", size_px)
    draw = ImageDraw.Draw(plan)
    for index, shape in enumerate(scene.shapes):
        draw.polygon((shape.outline * height).ravel().tolist(), fill=index)
    ids_HW = np.asarray(plan).astype(np.intp)
    return Sketch(ids_HW, scene.colours[ids_HW], _shade(scene, ids_HW, size_px, lamp))


def _shade(scene: Scene, ids_HW: IntArray, size_px: Size, lamp: tuple[float, float]) -> FloatArray:
    """Light each shape as the ellipsoid that fills its box (Lambert)."""
    low_S2 = np.array([shape.outline.min(axis=0) for shape in scene.shapes])
    high_S2 = np.array([shape.outline.max(axis=0) for shape in scene.shapes])
    middle_S2, reach_S2 = (low_S2 + high_S2) / 2, np.maximum((high_S2 - low_S2) / 2, 1e-6)
    round_S = np.array([shape.roundness for shape in scene.shapes])
    x_HW, y_HW = grid(size_px)
    u_HW = (x_HW - middle_S2[:, 0][ids_HW]) / reach_S2[:, 0][ids_HW]
    v_HW = (y_HW - middle_S2[:, 1][ids_HW]) / reach_S2[:, 1][ids_HW]
    # u and v span -1 to 1 across the box, so this is the depth component of the unit normal.
    facing_HW = np.sqrt(np.clip(1 - u_HW**2 - v_HW**2, 0, 1))
    # 0.58 is the lamp's depth component; 0.3 darkens what turns away. Both were chosen by eye.
    lit_HW = lamp[0] * u_HW + lamp[1] * v_HW + 0.58 * facing_HW - 0.3
    shade_HW: FloatArray = np.clip(lit_HW, -0.75, 0.75) * round_S[ids_HW]
    return shade_HW


def at_points(field: NDArray[Scalar], points_N2: FloatArray) -> NDArray[Scalar]:
    """Return the values of a field (H, W, ...) at pixel positions x, y; outside, of the border."""
    x_N = np.clip(points_N2[..., 0].astype(np.intp), 0, field.shape[1] - 1)
    y_N = np.clip(points_N2[..., 1].astype(np.intp), 0, field.shape[0] - 1)
    values: NDArray[Scalar] = field[y_N, x_N]
    return values


# Strokes.


def flow_angles(
    pixels: FloatArray, rng: Generator, swirl_px: float, pull: float = 1.0
) -> FloatArray:
    """Return the direction of strokes (H, W): along contours, and swirling where there are none.

    Args:
        pixels: The picture whose contours lead.
        rng: Draws the swirls.
        swirl_px: Size of a swirl.
        pull: How strongly contours lead.
    """
    size_px = pixels.shape[1], pixels.shape[0]
    grey_HW = smoothed(grey(pixels), 3)
    down_HW: FloatArray = np.gradient(grey_HW, axis=0)
    across_HW: FloatArray = np.gradient(grey_HW, axis=1)
    # Doubled angles: a contour has a direction but no sign, so opposite gradients must not cancel.
    cos_HW = smoothed(across_HW**2 - down_HW**2, 8)
    sin_HW = smoothed(2 * across_HW * down_HW, 8)
    strength_HW = np.hypot(cos_HW, sin_HW)
    weight = pull / (float(strength_HW.mean()) * 2 + 1e-9)
    swirl_HW = noise(rng, size_px, swirl_px) * 2
    cos_HW = -cos_HW * weight + np.cos(swirl_HW)
    sin_HW = -sin_HW * weight + np.sin(swirl_HW)
    return np.arctan2(sin_HW, cos_HW) / 2


def scattered(rng: Generator, size_px: Size, count: int) -> FloatArray:
    """Return ``count`` even but irregular positions (N, 2), in random order."""
    width, height = size_px
    columns = max(1, round(np.sqrt(count * width / height)))
    rows = max(1, round(count / columns))
    cells_N2 = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    spots_N2 = (cells_N2 + rng.random(cells_N2.shape)) / [columns, rows] * [width, height]
    return rng.permutation(spots_N2)


def traced(
    points_N2: FloatArray, angles_HW: FloatArray, length_px: float, steps: int
) -> FloatArray:
    """Return paths (N, steps + 1, 2) that follow a field of directions from their starts."""
    path = [points_N2]
    heading_N2 = np.array([[1.0, 0.0]])
    for _ in range(steps):
        angle_N = at_points(angles_HW, path[-1])
        ahead_N2 = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
        # A direction has no sign: keep going forward.
        ahead_N2 *= np.where((ahead_N2 * heading_N2).sum(axis=1) < 0, -1, 1)[:, None]
        path.append(path[-1] + ahead_N2 * (length_px / steps))
        heading_N2 = ahead_N2
    return np.stack(path, axis=1)


def rgb_tuples(colours_N3: FloatArray) -> list[tuple[int, ...]]:
    """Return colours as Pillow wants them."""
    rows = (np.clip(colours_N3, 0, 1) * 255 + 0.5).astype(int).tolist()
    return [tuple(row) for row in rows]


def draw_strokes(
    draw: ImageDraw.ImageDraw,
    paths_NK2: Sequence[FloatArray] | FloatArray,
    widths_N: FloatArray,
    colours_N3: FloatArray,
) -> None:
    """Draw paths, given in final pixels, on a canvas that is ``FINE`` times larger."""
    if isinstance(paths_NK2, np.ndarray):
        lines = (paths_NK2 * FINE).reshape(len(paths_NK2), -1).tolist()
    else:
        lines = [(path_K2 * FINE).ravel().tolist() for path_K2 in paths_NK2]
    widths = np.maximum(1, np.round(widths_N * FINE)).astype(int).tolist()
    for line, width, colour in zip(lines, widths, rgb_tuples(colours_N3), strict=True):
        draw.line(line, fill=colour, width=width)


def fine_canvas(pixels: FloatArray) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return pixels enlarged by ``FINE``, and the means to draw on them."""
    height, width = pixels.shape[:2]
    canvas = to_image(pixels).resize((width * FINE, height * FINE), Image.Resampling.NEAREST)
    return canvas, ImageDraw.Draw(canvas)


def bare_canvas(size_px: Size, colour_3: FloatArray) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a plain ground enlarged by ``FINE``, and the means to draw on it."""
    canvas = Image.new("RGB", (size_px[0] * FINE, size_px[1] * FINE), rgb_tuples(colour_3[None])[0])
    return canvas, ImageDraw.Draw(canvas)


def draw_scene(scene: Scene, size_px: Size, line_px: float, line_3: FloatArray) -> Image.Image:
    """Return the scene as flat areas, each with its outline, ``FINE`` times larger."""
    canvas, draw = bare_canvas(size_px, scene.colours[0])
    line, width = rgb_tuples(line_3[None])[0], max(1, round(line_px * FINE))
    for shape, fill in zip(scene.shapes, rgb_tuples(scene.colours), strict=True):
        points = shape.outline * size_px[1] * FINE
        draw.polygon(points.ravel().tolist(), fill=fill)
        closed = np.concatenate([points, points[:2]])
        draw.line(closed.ravel().tolist(), fill=line, width=width, joint="curve")
    return canvas


def finished(canvas: Image.Image) -> FloatArray:
    """Return a canvas that is ``FINE`` times larger at its final size."""
    return to_pixels(canvas.reduce(FINE))


def impasto(pixels: FloatArray, strength: float) -> FloatArray:
    """Return pixels with light raking over the paint, its thickness taken from their luma."""
    height_HW = grey(pixels)
    relief_HW = np.zeros_like(height_HW)
    relief_HW[1:, 1:] = height_HW[1:, 1:] - height_HW[:-1, :-1]
    return pixels + _tripled(np.clip(relief_HW * strength, -0.16, 0.16))
