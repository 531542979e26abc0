"""Plots of a run's learning curves, from its history."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from artstyle.presentation.plots import (
    DPI,
    PALETTE,
    QUIET,
    house_style,
    new_figure,
    write_figure,
)
from artstyle.storage.files import read_csv

_LINES = {
    "loss": {
        "train_loss": "training, as optimised",
        "plain_train_loss": "training",
        "val_loss": "validation",
    },
    "score": {
        "train_accuracy": "training accuracy",
        "val_accuracy": "validation accuracy",
        "val_macro_f1": "validation macro F1",
    },
    "learning rate": {"lr": "learning rate"},
}
_PANEL_WIDTH_IN = 3.9
_COLOURS = {
    "train_loss": QUIET,
    "plain_train_loss": PALETTE[4],
    "train_accuracy": QUIET,
    "val_loss": PALETTE[0],
    "val_accuracy": PALETTE[0],
    "val_macro_f1": PALETTE[4],
    "lr": PALETTE[2],
}


def plot_curves(history_path: Path, out_path: Path) -> None:
    """Plot loss, scores and learning rate over epochs as a PNG, written whole or not at all.

    Empty fields, as in an epoch without training, are left out.

    Raises:
        MissingError: The history is missing.
    """
    write_figure(out_path, draw_curves(list(read_csv(history_path))))


@house_style
def draw_curves(history: Sequence[Mapping[str, str]]) -> Figure:
    """Return the figure of `plot_curves` from the rows of ``history.csv``."""
    figure = Figure(figsize=(10, 3.8), dpi=DPI)
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(_LINES))
    for axes, title in zip(panels, _LINES, strict=True):
        _draw_panel(axes, title, history)
    return figure


@house_style
def draw_panels(history: Sequence[Mapping[str, str]]) -> dict[str, Figure]:
    """Return the panels of `draw_curves` as figures of their own, by title; none without a line."""
    titles = [t for t, lines in _LINES.items() if any(row.get(c) for row in history for c in lines)]
    figures = {title: new_figure(_PANEL_WIDTH_IN, 3.1) for title in titles}
    for title, (_, axes) in figures.items():
        _draw_panel(axes, title, history)
    return {title: figure for title, (figure, _) in figures.items()}


def _draw_panel(axes: Axes, title: str, history: Sequence[Mapping[str, str]]) -> None:
    lines = _LINES[title]
    for column, label in lines.items():
        _draw_line(axes, history, column, label)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if axes.lines:
        axes.set_ylim(0, 1.08 * axes.dataLim.y1 or 1)  # a loss may be 0 throughout
    if title == "score":
        axes.set_ylim(0, 1.03)
    if len(lines) > 1:
        # Below the axes, where it hides no line.
        axes.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    else:
        axes.yaxis.set_major_formatter("{x:g}")


def _draw_line(axes: Axes, history: Sequence[Mapping[str, str]], column: str, label: str) -> None:
    points = [(int(row["epoch"]), float(row[column])) for row in history if row.get(column)]
    if not points:
        return
    epochs, values = np.array(points).T
    marker = "o" if len(points) <= 30 else None
    # What was optimised can be compared with neither of the other two losses.
    style = ":" if column == "train_loss" else "-"
    axes.plot(
        epochs, values, style, marker=marker, markersize=3, color=_COLOURS[column], label=label
    )
