"""Heatmaps as pictures: drawn on the painting, and side by side with it in a panel."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from artstyle.pictures.preprocessing import Preprocessing
from artstyle.prediction.rows import RankedStyle
from artstyle.presentation.plots import (
    DPI,
    INK,
    LINE,
    PALETTE,
    QUIET,
    house_style,
    plot_label,
    png_bytes,
)

_SHORT_PX, _LONG_PX = 512, 1536
# Inferno's luminance rises evenly, so it shows no edge where the heat has none.
_COLOURS = matplotlib.colormaps["inferno"]
# Inferno's black end would darken weak heat; its white end would vanish on pale paint.
_COLDEST_COLOUR, _HOTTEST_COLOUR = 0.25, 0.9
_OPACITY = 0.75
_UNSEEN_LIGHT = 0.35


@dataclass(frozen=True)
class Region:
    """A part of a picture, its edges as fractions of width and height, from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return the edges in pixels of a picture of that width and height."""
        width, height = size
        left, right = round(self.left * width), round(self.right * width)
        top, bottom = round(self.top * height), round(self.bottom * height)
        return left, top, max(right, left + 1), max(bottom, top + 1)


WHOLE = Region(0, 0, 1, 1)


def seen_region(size: tuple[int, int], preprocessing: Preprocessing) -> Region:
    """Return the part of a picture of that width and height that reaches the model.

    The same arithmetic as torchvision's Resize and CenterCrop: the longer side is cut to whole
    pixels after scaling, and half of the excess is cut on each side.
    """
    if preprocessing.fit == "squash":
        return WHOLE
    side = preprocessing.image_size
    long = int(side * max(size) / min(size))
    start = round((long - side) / 2)
    first, last = start / long, (start + side) / long
    width, height = size
    return Region(first, 0, last, 1) if width > height else Region(0, first, 1, last)


def display_picture(picture: Image.Image) -> Image.Image:
    """Return a picture at the size at which it is drawn: 512 pixels on the shorter side."""
    width, height = picture.size
    scale = min(_SHORT_PX / min(picture.size), _LONG_PX / max(picture.size))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)


def draw_overlay(picture: Image.Image, heat_SS: NDArray[np.float32], region: Region) -> Image.Image:
    """Return the picture with the heat on it: the hotter a region, the less shows through.

    A white line surrounds the regions that are at least half as hot as the hottest. What the
    model did not see is darkened and grey.

    Args:
        picture: RGB.
        heat_SS: In 0 to 1, for the square that the model saw.
        region: The part of the picture that the square shows.
    """
    box = region.box(picture.size)
    left, top, right, bottom = box
    heat = Image.fromarray(heat_SS).resize((right - left, bottom - top), Image.Resampling.BILINEAR)
    canvas = _unseen(picture)
    canvas.paste(_blend(picture.crop(box), np.asarray(heat)), box)
    if box != (0, 0, *picture.size):
        ImageDraw.Draw(canvas).rectangle((left, top, right - 1, bottom - 1), outline="white")
    return canvas


@house_style
def draw_panel(
    picture: Image.Image,
    overlay: Image.Image,
    ranked: Sequence[RankedStyle],
    *,
    title: str,
    note: str = "",
) -> bytes:
    """Return a PNG: the picture, the overlay, and the most probable styles, side by side.

    Args:
        picture: RGB.
        overlay: From ``draw_overlay``, of the same size.
        ranked: The most probable style first.
        title: Says what the heat is for.
        note: A quieter line below the title.
    """
    width_px, height_px = _panel_picture_px(picture.size)
    total_px = 3 * _GAP_PX + 2 * width_px + _BARS_PX, _HEAD_PX + height_px + _FOOT_PX
    figure = Figure(figsize=(total_px[0] / DPI, total_px[1] / DPI))
    figure.set_layout_engine("none")

    def place(left_px: float, top_px: float, width_px: float, height_px: float) -> Axes:
        fractions = left_px / total_px[0], 1 - (top_px + height_px) / total_px[1]
        return figure.add_axes((*fractions, width_px / total_px[0], height_px / total_px[1]))

    figure.text(_GAP_PX / total_px[0], 1 - 34 / total_px[1], title, fontsize=11, color=INK)
    figure.text(_GAP_PX / total_px[0], 1 - 62 / total_px[1], note, fontsize=8, color=QUIET)
    second_px = 2 * _GAP_PX + width_px
    _draw_picture(place(_GAP_PX, _HEAD_PX, width_px, height_px), picture)
    _draw_picture(place(second_px, _HEAD_PX, width_px, height_px), overlay)
    _draw_scale(place(second_px + 55, _HEAD_PX + height_px + 14, 110, 10))
    bars_left_px = second_px + width_px + _GAP_PX + _NAMES_PX
    bars_px = min(height_px, 54 * len(ranked))
    _draw_bars(place(bars_left_px, _HEAD_PX, _BARS_PX - _NAMES_PX - 80, bars_px), ranked)
    return png_bytes(figure)


_HEAD_PX, _FOOT_PX, _GAP_PX = 80, 44, 20
_BARS_PX, _NAMES_PX = 560, 290
_PANEL_HEIGHT_PX, _PANEL_WIDTH_PX = 480, 640


def _panel_picture_px(size: tuple[int, int]) -> tuple[int, int]:
    """Return width and height in a panel; wide and tall pictures are shrunk to fit."""
    width, height = size
    scale = min(_PANEL_WIDTH_PX / width, _PANEL_HEIGHT_PX / height)
    return max(160, round(width * scale)), max(160, round(height * scale))


def _unseen(picture: Image.Image) -> Image.Image:
    return picture.convert("L").point(lambda value: value * _UNSEEN_LIGHT).convert("RGB")


def _blend(picture: Image.Image, heat_HW: NDArray[np.float32]) -> Image.Image:
    colour_HW3 = _heat_colours(heat_HW)
    opacity_HW1 = (_OPACITY * heat_HW)[..., None]
    pixels_HW3 = np.asarray(picture, np.float32) / 255
    blended_HW3 = (1 - opacity_HW1) * pixels_HW3 + opacity_HW1 * colour_HW3
    # On a golden painting, warm colours alone do not show where the heat is.
    blended_HW3[_half_heat_line(heat_HW)] = 1
    return Image.fromarray(np.rint(255 * blended_HW3).astype(np.uint8))


def _half_heat_line(heat_HW: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the pixels just outside the regions that are at least half as hot as the hottest."""
    hot_HW = np.pad(heat_HW >= 0.5, 1, mode="edge")
    neighbours_HW = hot_HW[:-2, 1:-1] | hot_HW[2:, 1:-1] | hot_HW[1:-1, :-2] | hot_HW[1:-1, 2:]
    return neighbours_HW & ~hot_HW[1:-1, 1:-1]


def _heat_colours(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    rgba = _COLOURS(_COLDEST_COLOUR + (_HOTTEST_COLOUR - _COLDEST_COLOUR) * heat)
    return np.asarray(rgba, np.float32)[..., :3]


def _draw_picture(axes: Axes, picture: Image.Image) -> None:
    axes.imshow(np.asarray(picture), aspect="equal")
    axes.set_axis_off()


def _draw_scale(axes: Axes) -> None:
    steps = np.linspace(0, 1, 128, dtype=np.float32)[None]
    white = Image.new("RGB", (128, 1), "white")
    axes.imshow(np.asarray(_blend(white, steps)), aspect="auto")
    axes.set_axis_off()
    for x, text, side in ((-0.06, "cold", "right"), (1.06, "hot", "left")):
        axes.text(
            x, 0.5, text, transform=axes.transAxes, ha=side, va="center", fontsize=7, color=QUIET
        )


def _draw_bars(axes: Axes, ranked: Sequence[RankedStyle]) -> None:
    rows = np.arange(len(ranked))
    shares = [style.probability for style in ranked]
    axes.barh(rows, np.ones(len(ranked)), 0.5, color=LINE)
    axes.barh(rows, shares, 0.5, color=PALETTE[0])
    for row, share in enumerate(shares):
        axes.text(1.04, row, f"{share:.1%}", va="center", fontsize=9, color=INK)
    axes.set_yticks(rows, [plot_label(style.style) for style in ranked])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(ranked) - 0.5, -0.5)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
