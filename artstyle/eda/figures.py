"""The figures of `eda`, drawn from the numbers in ``eda.json``."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from artstyle.eda.document import (
    USED,
    Light,
    Quantiles,
    Scale,
    Sizes,
    StyleNumbers,
)
from artstyle.presentation.plots import (
    FAINT,
    INK,
    PALETTE,
    QUIET,
    house_style,
    new_figure,
    plot_bars,
    plot_label,
    set_title,
)

_FATE_COLOURS = dict(zip(USED, (*PALETTE[:3], PALETTE[0]), strict=True))


def plot_styles(styles: Mapping[str, StyleNumbers]) -> Figure:
    """Draw how many paintings of each style take part and how many are left out."""
    fates = [fate for fate in USED if any(fate in numbers.used for numbers in styles.values())]
    series = {fate: [numbers.used.get(fate, 0) for numbers in styles.values()] for fate in fates}
    left_out = [sum(numbers.left_out.values()) for numbers in styles.values()]
    if any(left_out):
        series["left out"] = left_out
    return plot_bars(
        list(styles),
        series,
        title="Paintings of each style",
        xlabel="paintings",
        colours=[*(_FATE_COLOURS[fate] for fate in fates), FAINT],
    )


def plot_artists(styles: Mapping[str, StyleNumbers]) -> Figure:
    """Draw the number of artists of each style."""
    return plot_bars(
        list(styles),
        {"artists": [numbers.artists for numbers in styles.values()]},
        title="Artists of each style",
        xlabel="artists",
    )


@house_style
def plot_sizes(sizes: Sizes) -> Figure:
    """Draw how many paintings have which width and height."""
    figure, plane = new_figure(height_in=4.2)
    edges = np.array(sizes.size_histogram.edges_px)
    counts = np.array(sizes.size_histogram.counts)
    _draw_cells(plane, edges, counts)
    plane.plot(edges[[0, -1]], edges[[0, -1]], color=QUIET, linewidth=0.8, linestyle=":")
    for axis, set_scale in ((plane.xaxis, plane.set_xscale), (plane.yaxis, plane.set_yscale)):
        set_scale("log")
        axis.set_major_locator(FixedLocator(_round_sides(edges[0], edges[-1])))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    plane.set(xlim=edges[[0, -1]], ylim=edges[[0, -1]])
    plane.set(xlabel="width, pixels", ylabel="height, pixels")
    most = counts.max()
    shades = f"strongest colour: {most:,} paintings" if most > 1 else "each cell: 1 painting"
    set_title(figure, f"Size of the originals ({shades}; dotted: squares)")
    return figure


@house_style
def plot_aspects(sizes: Sizes) -> Figure:
    """Draw how many paintings have which width over height."""
    figure, axes = new_figure()
    histogram = sizes.aspect_histogram
    edges = np.array(histogram.edges)
    axes.bar(edges[:-1], histogram.counts, np.diff(edges), align="edge", color=PALETTE[0])
    axes.set_xscale("log")
    ticks = {0.25: "1:4 or\nnarrower", 0.5: "1:2", 1.0: "1:1", 2.0: "2:1", 4.0: "4:1 or\nwider"}
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(ylabel="paintings", xlabel="width to height")
    set_title(figure, "Shape of the originals")
    return figure


@house_style
def plot_brightness(light: Light) -> Figure:
    """Draw how bright the whole collection is."""
    return _plot_shares("Brightness", "0 black, 255 white", light.brightness, PALETTE[1])


@house_style
def plot_saturation(light: Light) -> Figure:
    """Draw how colourful the whole collection is."""
    return _plot_shares("Saturation", "0 grey, 1 pure colour", light.saturation, PALETTE[3])


def _plot_shares(name: str, ends: str, scale: Scale, colour: str) -> Figure:
    figure, axes = new_figure()
    edges = np.array(scale.histogram.edges)
    shares = 100 * np.array(scale.histogram.shares)
    axes.bar(edges[:-1], shares, np.diff(edges), align="edge", color=colour)
    axes.axvline(scale.mean, color=INK, linewidth=1)
    axes.set(xlim=(edges[0], edges[-1]), ylabel="% of paintings", xlabel=ends)
    set_title(figure, f"{name} of the paintings (line: the mean)")
    return figure


@house_style
def plot_light_by_style(name: str, scale: Scale, limit: float) -> Figure:
    """Draw one box for each style: half of its paintings in the box, 90% between the whiskers.

    Args:
        name: "brightness" or "saturation".
        scale: Its numbers.
        limit: The upper end of its scale.
    """
    styles = scale.by_style
    figure, axes = new_figure(height_in=1.3 + 0.25 * max(3, len(styles)))
    axes.bxp(
        [_box(numbers) for numbers in styles.values()],
        positions=range(len(styles)),
        orientation="horizontal",
        widths=0.6,
        showfliers=False,
        showcaps=False,
        patch_artist=True,
        boxprops={"facecolor": PALETTE[5], "edgecolor": "none"},
        medianprops={"color": INK, "linewidth": 1.6},
        whiskerprops={"color": QUIET, "linewidth": 1},
    )
    axes.axvline(scale.mean, color=QUIET, linewidth=1, linestyle=":")
    axes.set_yticks(range(len(styles)), [plot_label(style) for style in styles])
    axes.set_ylim(len(styles) - 0.4, -0.6)
    axes.set_xlim(0, limit)
    axes.grid(visible=False, axis="y")
    set_title(figure, f"{name.capitalize()} by style: median, middle half, 5% to 95%")
    axes.set_xlabel(f"{name}; dotted: mean of all paintings")
    return figure


def _draw_cells(axes: Axes, edges: np.ndarray, counts: np.ndarray) -> None:
    """Draw a square for each cell that has paintings; the more there are, the less shows through.

    Opacity, not a colour map: it suits a light page and a dark one.
    """
    across, up = np.nonzero(counts)
    left, right, bottom, top = edges[across], edges[across + 1], edges[up], edges[up + 1]
    corners = np.stack(
        [np.stack(point, axis=-1) for point in
         ((left, bottom), (right, bottom), (right, top), (left, top))], axis=1
    )  # fmt: skip
    opacity = 0.3 + 0.7 * np.log(counts[across, up]) / max(np.log(counts.max()), 1)
    axes.add_collection(
        PolyCollection(list(corners), facecolors=PALETTE[0], alpha=opacity.clip(0, 1))
    )


def _round_sides(low: float, high: float) -> list[float]:
    """Return round lengths in pixels for the ticks of an axis: 100, 200, 500, 1000, ..."""
    sides = [step * 10.0**power for power in range(1, 6) for step in (1, 2, 5)]
    within = [side for side in sides if low <= side <= high]
    return within if len(within) > 1 else [round(low), round(high)]


def _box(numbers: Quantiles) -> dict[str, float]:
    return {
        "med": numbers.median,
        "q1": numbers.p25,
        "q3": numbers.p75,
        "whislo": numbers.p05,
        "whishi": numbers.p95,
    }
