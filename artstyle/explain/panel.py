"""Panels: a painting, the heat on it and the most probable styles in one picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from artstyle.explain.overlay import colour_scale
from artstyle.prediction.rows import RankedStyle
from artstyle.presentation.plots import (
    DPI,
    INK,
    LINE,
    PALETTE,
    QUIET,
    house_style,
    plot_label,
    render,
)

_WIDTH_PX, _PICTURE_HEIGHT_PX, _GAP_PX = 1120, 640, 24
_HEAD_PX, _SCALE_PX, _BAR_PX = 104, 64, 50
_NAMES_PX, _PER_CENT_PX, _LEAST_BARS_PX = 330, 110, 620


@dataclass(frozen=True)
class _Layout:
    """Where things are in a panel, in pixels from its top left corner."""

    picture: tuple[int, int]
    """Width and height of each of the two pictures."""
    bars: tuple[int, int, int]
    """Left, top and width of the list of styles."""
    size: tuple[int, int]


@house_style
def draw_panel(
    picture: Image.Image,
    overlay: Image.Image,
    ranked: Sequence[RankedStyle],
    *,
    title: str,
    note: str = "",
    unsure: bool = False,
) -> Image.Image:
    """Return the picture and the overlay side by side with the most probable styles, RGB.

    The styles are below the pictures, or to the right of narrow ones, so that no part is empty.

    Args:
        picture: RGB.
        overlay: From ``draw_overlay``, of the same size.
        ranked: The most probable style first.
        title: Says what the heat is for.
        note: A quieter line below the title.
        unsure: As the overlay was drawn.
    """
    layout = _layout(picture.size, len(ranked))
    total_width_px, total_height_px = layout.size
    figure = Figure(figsize=(total_width_px / DPI, total_height_px / DPI), dpi=DPI)
    figure.set_layout_engine("none")

    def place(left_px: float, top_px: float, width_px: float, height_px: float) -> Axes:
        left, bottom = left_px / total_width_px, 1 - (top_px + height_px) / total_height_px
        return figure.add_axes(
            (left, bottom, width_px / total_width_px, height_px / total_height_px)
        )

    left = _GAP_PX / total_width_px
    figure.text(left, 1 - 46 / total_height_px, title, fontsize=14, color=INK)
    figure.text(left, 1 - 82 / total_height_px, note, fontsize=9.5, color=QUIET)
    width_px, height_px = layout.picture
    second_px = 2 * _GAP_PX + width_px
    _draw_picture(place(_GAP_PX, _HEAD_PX, width_px, height_px), picture)
    _draw_picture(place(second_px, _HEAD_PX, width_px, height_px), overlay)
    scale_top_px = _HEAD_PX + height_px + 18
    _draw_scale(place(_GAP_PX + 190, scale_top_px, 150, 16), unsure)
    bars_left_px, bars_top_px, bars_px = layout.bars
    bars_width_px = bars_px - _NAMES_PX - _PER_CENT_PX
    bars_height_px = _BAR_PX * len(ranked)
    _draw_bars(place(bars_left_px + _NAMES_PX, bars_top_px, bars_width_px, bars_height_px), ranked)
    return render(figure)


def _layout(size: tuple[int, int], styles: int) -> _Layout:
    """Arrange a panel for a picture of that width and height."""
    width, height = size
    each_px = (_WIDTH_PX - 3 * _GAP_PX) // 2
    scale = min(each_px / width, _PICTURE_HEIGHT_PX / height)
    picture = max(120, round(width * scale)), max(120, round(height * scale))
    right_px = 3 * _GAP_PX + 2 * picture[0]
    below_px = _HEAD_PX + picture[1] + _SCALE_PX
    bars_px = styles * _BAR_PX
    if right_px + _LEAST_BARS_PX <= _WIDTH_PX and picture[1] >= bars_px:
        bars = right_px, _HEAD_PX, _WIDTH_PX - _GAP_PX - right_px
        return _Layout(picture, bars, (_WIDTH_PX, below_px))
    total_px = max(right_px, _GAP_PX + _LEAST_BARS_PX)
    return _Layout(
        picture,
        (_GAP_PX, below_px, total_px - 2 * _GAP_PX),
        (total_px, below_px + bars_px + _GAP_PX),
    )


def _draw_picture(axes: Axes, picture: Image.Image) -> None:
    axes.imshow(np.asarray(picture), aspect="auto")
    axes.set_axis_off()


def _draw_scale(axes: Axes, unsure: bool) -> None:
    axes.imshow(np.asarray(colour_scale(128, unsure=unsure)), aspect="auto")
    axes.set_axis_off()
    for x, text, side in ((-0.06, "grey: no support", "right"), (1.06, "bright: most", "left")):
        axes.text(
            x, 0.5, text, transform=axes.transAxes, ha=side, va="center", fontsize=9, color=QUIET
        )


def _draw_bars(axes: Axes, ranked: Sequence[RankedStyle]) -> None:
    rows = np.arange(len(ranked))
    shares = [style.probability for style in ranked]
    axes.barh(rows, np.ones(len(ranked)), 0.5, color=LINE)
    axes.barh(rows, shares, 0.5, color=PALETTE[0])
    for row, share in enumerate(shares):
        axes.text(1.02, row, f"{share:.1%}", va="center", fontsize=11, color=INK)
    axes.set_yticks(rows, [plot_label(style.style) for style in ranked])
    axes.tick_params(axis="y", labelcolor=INK, labelsize=11)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(ranked) - 0.5, -0.5)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
