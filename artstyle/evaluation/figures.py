"""The figures of an evaluation."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import ImageOps

from artstyle.evaluation.outcome import Outcome, ReadPicture, percent, sure_errors
from artstyle.metrics import IntArray, Reliability, StyleScores, style_scores
from artstyle.presentation.plots import (
    HEAT,
    INK,
    LINE,
    PALETTE,
    PAPER,
    QUIET,
    WIDTH_IN,
    Tile,
    house_style,
    new_figure,
    plot_label,
    plot_pictures,
    set_title,
    text_on,
    write_figure,
)
from artstyle.progress import Progress, silent
from artstyle.styles.vocabulary import display_name

ERRORS_SHOWN = 24
_ERRORS_A_ROW = 6
_ERROR_SIDE_PX = 230


def write_figures(
    folder: Path, outcome: Outcome, read: ReadPicture, progress: Progress = silent
) -> None:
    """Write the figures of an evaluation as PNG files.

    ``errors.png`` is written only if there are errors that the model was sure of.
    """
    confusion_CC, labels = outcome.confusion_CC, outcome.labels
    figures: dict[str, Callable[[], Figure]] = {
        "confusion.png": lambda: plot_confusion(confusion_CC, labels),
        "confusion_normalised.png": lambda: plot_confusion(confusion_CC, labels, normalised=True),
        "per_style.png": lambda: plot_style_scores(style_scores(confusion_CC), labels),
        "reliability.png": lambda: plot_reliability(outcome.reliability),
        "errors.png": lambda: plot_errors(outcome, read),
    }
    if not sure_errors(outcome):
        del figures["errors.png"]
        (folder / "errors.png").unlink(missing_ok=True)
    for done, (name, draw) in enumerate(figures.items(), start=1):
        write_figure(folder / name, draw())
        progress("drawing figures", done, len(figures))


@house_style
def plot_confusion(
    confusion_CC: IntArray, labels: Sequence[str], *, normalised: bool = False
) -> Figure:
    """Draw a confusion matrix; true styles are rows.

    Args:
        confusion_CC: Counts.
        labels: Names of the C styles.
        normalised: Show the shares of each row in per cent instead of counts. The colours show
            shares in both cases, so that rare styles are as visible as common ones.

    A frame marks the right answers.
    """
    support_C = confusion_CC.sum(axis=1)
    shares_CC = confusion_CC / np.maximum(support_C, 1)[:, None]
    side_in = 2.6 + max(0.31 * len(labels), 2.4)
    figure, axes = new_figure(side_in, side_in)
    axes.imshow(shares_CC, cmap=HEAT, vmin=0, vmax=1)
    values_CC = np.rint(100 * shares_CC).astype(int) if normalised else confusion_CC
    _number_cells(axes, values_CC, shares_CC, confusion_CC)
    for label in range(len(labels)):
        corner = (label - 0.5, label - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=INK, linewidth=0.9))
    _name_axes(axes, labels, support_C)
    set_title(
        figure,
        "Share of each true style's pictures, in % (framed: right; blank: none)"
        if normalised
        else "Pictures of each true style, by predicted style (framed: right)",
    )
    return figure


def _number_cells(
    axes: Axes, values_CC: IntArray, shares_CC: np.ndarray, confusion_CC: IntArray
) -> None:
    size = 6.5 if len(values_CC) > 15 else 8
    for row, column in np.argwhere(confusion_CC > 0):
        number = axes.text(
            column,
            row,
            str(values_CC[row, column]),
            ha="center",
            va="center",
            fontsize=size,
            color=text_on(HEAT(shares_CC[row, column])),
        )
        # Measuring hundreds of numbers for the layout would take most of the time.
        number.set_in_layout(False)


def _name_axes(axes: Axes, labels: Sequence[str], support_C: IntArray) -> None:
    places = np.arange(len(labels))
    axes.set_xticks(places, [plot_label(label) for label in labels], rotation=90, fontsize=7.5)
    rows = [
        f"{plot_label(label)}  {support:,}"
        for label, support in zip(labels, support_C, strict=True)
    ]
    axes.set_yticks(places, rows, fontsize=7.5)
    axes.set_xlabel("predicted style")
    axes.set_ylabel("true style, and how many pictures it has")
    axes.grid(visible=False)
    axes.set_xticks(places[1:] - 0.5, minor=True)
    axes.set_yticks(places[1:] - 0.5, minor=True)
    axes.grid(visible=True, which="minor", color=LINE, linewidth=0.4)
    axes.tick_params(which="minor", length=0)


@house_style
def plot_style_scores(scores: StyleScores, labels: Sequence[str]) -> Figure:
    """Draw F1 as bars, the best on top, and precision and recall as marks on them."""
    order = np.argsort(-scores.f1_C, kind="stable")
    rows = np.arange(len(labels))
    figure, axes = new_figure(height_in=1.7 + 0.22 * max(3, len(labels)))
    axes.barh(rows, scores.f1_C[order], 0.62, color=PALETTE[5], label="F1")
    axes.plot(
        scores.precision_C[order],
        rows,
        "|",
        color=PALETTE[4],
        markersize=9,
        markeredgewidth=2,
        label="precision: right among those predicted so",
    )
    axes.plot(
        scores.recall_C[order],
        rows,
        "o",
        color=PALETTE[0],
        markersize=5,
        label="recall: found among those that are so",
    )
    names = [f"{plot_label(labels[label])}  {scores.support_C[label]:,}" for label in order]
    axes.set_yticks(rows, names)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.02)
    axes.grid(visible=False, axis="y")
    set_title(figure, "How well each style is recognised, with its number of pictures")
    figure.legend(loc="outside lower left")
    return figure


@house_style
def plot_reliability(
    reliability: Reliability, title: str = "How often the model is right when it is so sure"
) -> Figure:
    """Draw accuracy over confidence, and below it the number of predictions."""
    figure = Figure(figsize=(WIDTH_IN, 5.2))
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    edges, filled = reliability.edges, reliability.counts > 0
    left, width = edges[:-1][filled], np.diff(edges)[filled]
    accuracy, confidence = reliability.accuracy[filled], reliability.confidence[filled]
    upper.bar(left, accuracy, width, align="edge", color=PALETTE[5], edgecolor=PAPER)
    upper.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1)
    upper.plot(confidence, accuracy, "o", color=PALETTE[0], markersize=4)
    upper.set_ylim(0, 1.03)
    upper.set_ylabel("share that is right (accuracy)")
    set_title(figure, title)
    upper.text(0.03, 0.93, "above: too unsure", fontsize=8, color=QUIET, va="top")
    upper.text(0.97, 0.05, "below: too sure", fontsize=8, color=QUIET, ha="right")
    lower.bar(left, reliability.counts[filled], width, align="edge", color=LINE, edgecolor=PAPER)
    lower.set_xlim(0, 1)
    lower.set_ylabel("pictures")
    lower.set_xlabel("confidence: probability of the predicted style")
    return figure


def plot_errors(outcome: Outcome, read: ReadPicture) -> Figure:
    """Draw the wrong answers that the model was surest of, with true and predicted style."""
    chosen = sure_errors(outcome)[:ERRORS_SHOWN]
    tiles = [_error_tile(outcome, read, position) for position in chosen]
    starts = range(0, len(tiles), _ERRORS_A_ROW)
    rows = [("", tiles[start : start + _ERRORS_A_ROW]) for start in starts]
    return plot_pictures(
        rows,
        title="Surest errors: what each picture is, and what the model said",
        row_height_px=_ERROR_SIDE_PX,
    )


def _error_tile(outcome: Outcome, read: ReadPicture, position: int) -> Tile:
    row = outcome.rows[position]
    predicted = display_name(outcome.labels[outcome.predictions_N[position]])
    caption = (
        f"is {display_name(row.style)}\nsaid {predicted}\n"
        f"{percent(outcome.confidence_N[position])} confident"
    )
    # In squares, every caption has the same width, whatever the shape of the picture.
    picture, square = read(row, _ERROR_SIDE_PX), (_ERROR_SIDE_PX, _ERROR_SIDE_PX)
    return Tile(ImageOps.pad(picture, square, color=PAPER, centering=(0, 1)), caption)
