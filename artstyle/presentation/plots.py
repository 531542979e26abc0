"""The house style of figures: one look, one palette, drawn without a screen.

Figures use matplotlib's object interface, never pyplot: there is no global state, and nothing
stays in memory after a figure is written. Functions that draw are decorated with
``@house_style``.
"""

import io
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from matplotlib.typing import ColorType
from PIL import Image

from artstyle.storage.files import write_bytes
from artstyle.styles.vocabulary import display_name

INK = "#211f1c"
QUIET = "#625d55"
LINE = "#d9d4ca"
FAINT = "#c9c3b6"
"""For what is left out."""
PAPER = "#fffefb"
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7a6f5d", "#f0e442")
"""Okabe and Ito's colours, distinct with any kind of colour vision; a brown for black."""
HEAT = LinearSegmentedColormap.from_list("heat", [PAPER, "#9cc4de", "#2a6ca0", "#0b2d4d"])
"""For counts and shares: paper colour is zero, dark blue is the highest."""
TITLE_POINTS = 11
WIDTH_IN = 4.4
"""A figure's: its text, of 9 points, can be read on a phone of 360 pixels."""
FIGURE_DPI = 216
DPI = 144
"""For sheets of pictures and for panels, which count in pixels."""

_HOUSE = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.labelcolor": QUIET,
    "axes.prop_cycle": f"cycler(color={list(PALETTE)})",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TITLE_POINTS,
    "axes.titlepad": 10,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.dpi": FIGURE_DPI,
    "figure.facecolor": PAPER,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a style's name is a dollar sign
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
house_style = matplotlib.rc_context(matplotlib.RcParams(_HOUSE))
"""Decorator of functions that draw: it sets the house style while they run."""

_LABEL_CHARACTERS = 32
_GAP_PX, _LABEL_PX, _CAPTION_PX = 10, 30, 18


@dataclass(frozen=True)
class Tile:
    """One picture in a sheet."""

    image: Image.Image
    caption: str = ""


def plot_label(name: str) -> str:
    """Return a style's or a file's name as it fits a figure: one line, shortened, drawable."""
    text = " ".join(display_name(name).encode("utf-8", "replace").decode().split())
    return text if len(text) <= _LABEL_CHARACTERS else f"{text[: _LABEL_CHARACTERS - 1]}…"


@house_style
def new_figure(width_in: float = WIDTH_IN, height_in: float = 3.4) -> tuple[Figure, Axes]:
    """Return an empty figure in the house style and its axes."""
    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def set_title(figure: Figure, title: str) -> None:
    """Write a title above a whole figure, in as many lines as its width needs."""
    width_points = 72 * figure.get_figwidth() - 16
    # A character of the font is about 0.6 of its size wide; capitals are wider.
    lines = textwrap.wrap(title, int(width_points / (0.62 * TITLE_POINTS)))
    left = 8 / (72 * figure.get_figwidth())
    figure.suptitle("\n".join(lines), x=left, ha="left", fontsize=TITLE_POINTS)


@house_style
def render(figure: Figure) -> Image.Image:
    """Return a figure as an RGB picture; equal figures give equal pixels."""
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib states no types of it
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph")
        # Not through savefig, which lays out and draws everything twice.
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as a PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    render(figure).save(buffer, "PNG", dpi=(figure.dpi, figure.dpi))
    return buffer.getvalue()


def luminance(colour: ColorType) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    linear = [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(first: ColorType, second: ColorType) -> float:
    """Return the contrast of two colours, 1 to 21; text needs 4.5 (WCAG 2.2)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def text_on(background: ColorType) -> str:
    """Return black or white: on any background, one of them has a contrast of at least 4.5."""
    return max(("black", "white"), key=lambda text: contrast(text, background))


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as a PNG, whole or not at all."""
    write_bytes(path, png_bytes(figure))


@house_style
def plot_bars(
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    stacked: bool = True,
    number_format: str = "{:,.0f}",
    colours: Sequence[str] = PALETTE,
) -> Figure:
    """Draw horizontal bars, the first name on top.

    Args:
        names: One for each bar; styles are shown as people read them.
        series: Legend -> one value for each name. Several are stacked, or drawn one below another.
        title: Above the figure.
        xlabel: What the values are.
        stacked: Whether several series add up.
        number_format: Of the number at the end of each bar.
        colours: One for each series.
    """
    figure, axes = new_figure(height_in=1.3 + 0.25 * max(3, len(names)))
    ends = _draw_bars(axes, series, colours, stacked=stacked)
    if stacked:
        _number_bars(axes, ends, number_format)
    axes.set_yticks(np.arange(len(names)), [plot_label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    longest = max([*ends, *(value for values in series.values() for value in values), 0])
    axes.set_xlim(0, 1.12 * longest or 1)  # room for the numbers
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(xlabel)
    set_title(figure, title)
    if len(series) > 1:
        _legend_below(figure, axes, len(series))
    return figure


def _draw_bars(
    axes: Axes, series: Mapping[str, Sequence[float]], colours: Sequence[str], *, stacked: bool
) -> np.ndarray:
    """Draw the bars and return where the stacked ones end; zeros if they are not stacked."""
    thickness = 0.72 if stacked else 0.8 / len(series)
    rows = np.arange(max(map(len, series.values()), default=0))
    ends = np.zeros(len(rows))
    for index, (legend, values) in enumerate(series.items()):
        shift = 0 if stacked else (index - (len(series) - 1) / 2) * thickness
        axes.barh(rows + shift, values, thickness, left=ends, label=legend, color=colours[index])
        if stacked:
            ends = ends + np.asarray(values, dtype=float)
    return ends


@house_style
def plot_pictures(
    rows: Sequence[tuple[str, Sequence[Tile]]], *, title: str = "", row_height_px: int = 170
) -> Figure:
    """Draw a sheet of pictures: one row after the other, aspect ratios kept.

    Args:
        rows: The label above the row (or nothing), and its pictures from left to right. Captions
            are below the pictures, shortened to their width.
        title: Above the sheet.
        row_height_px: Of the pictures, on the sheet.
    """
    widths_px = [sum(_tile_width(tile, row_height_px) + _GAP_PX for tile in ts) for _, ts in rows]
    heights_px = [_row_height(label, tiles, row_height_px) for label, tiles in rows]
    title_px = 50 if title else _GAP_PX
    figure, axes = _pixel_canvas(max(600, *widths_px, 0) + _GAP_PX, title_px + sum(heights_px))
    if title:
        axes.text(_GAP_PX, title_px - 18, title, fontsize=11)
    top_px = title_px
    for (label, tiles), height_px in zip(rows, heights_px, strict=True):
        if label:
            axes.text(_GAP_PX, top_px + _LABEL_PX - 9, plot_label(label), fontsize=8, color=QUIET)
        _draw_row(axes, tiles, top_px + bool(label) * _LABEL_PX, row_height_px)
        top_px += height_px
    return figure


def _row_height(label: str, tiles: Sequence[Tile], picture_px: int) -> int:
    lines = max((len(tile.caption.splitlines()) for tile in tiles), default=0)
    return bool(label) * _LABEL_PX + picture_px + lines * _CAPTION_PX + 2 * _GAP_PX


def _draw_row(axes: Axes, tiles: Sequence[Tile], top_px: int, height_px: int) -> None:
    left_px = _GAP_PX
    for tile in tiles:
        width_px = _tile_width(tile, height_px)
        axes.imshow(
            np.asarray(tile.image.convert("RGB")),
            extent=(left_px, left_px + width_px, top_px + height_px, top_px),
            aspect="auto",
        )
        for number, line in enumerate(tile.caption.splitlines(), start=1):
            baseline_px = top_px + height_px + number * _CAPTION_PX
            axes.text(left_px, baseline_px, _fit(line, width_px), fontsize=6)
        left_px += width_px + _GAP_PX


def _tile_width(tile: Tile, height_px: int) -> int:
    width, height = tile.image.size
    # A limit, so that a panorama does not push everything else off the sheet.
    return min(max(height_px // 3, round(height_px * width / height)), 3 * height_px)


def _fit(caption: str, width_px: int) -> str:
    """Shorten a caption of 6-point type to the width of its picture."""
    characters = max(4, int(width_px / 7.2))
    text = " ".join(caption.encode("utf-8", "replace").decode().split())
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _pixel_canvas(width_px: int, height_px: int) -> tuple[Figure, Axes]:
    """Return a figure whose axes fill it and count pixels from the top left corner."""
    figure = Figure(figsize=(width_px / DPI, height_px / DPI), dpi=DPI)
    figure.set_layout_engine("none")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width_px)
    axes.set_ylim(height_px, 0)
    axes.set_autoscale_on(False)
    return figure, axes


def _number_bars(axes: Axes, ends: np.ndarray, number_format: str) -> None:
    for row, end in enumerate(ends):
        axes.annotate(
            number_format.format(end),
            (end, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=QUIET,
        )


def _legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=min(columns, 4))
