"""The charts of an evaluation on a page, from ``report.json``: light or dark as the page is."""

from collections.abc import Callable

import numpy as np

from artstyle.evaluation.document import EvaluationReport, ReliabilityBins
from artstyle.evaluation.figures import plot_reliability, plot_style_scores
from artstyle.evaluation.wording import confidence_blocks
from artstyle.metrics import IntArray, Reliability, style_scores
from artstyle.presentation.drawings import svg
from artstyle.presentation.pages import Block, Cell, Content, Drawing, Prose, Row, Table
from artstyle.styles.vocabulary import display_name

Href = Callable[[int, int], str]
"""Returns where the number of a true and a predicted label leads; "" for nowhere."""


def confusion_table(report: EvaluationReport, href: Href = lambda true, predicted: "") -> Table:
    """Return the confusion matrix as a table; the colour shows the share of the row."""
    counts_CC = _counts(report)
    support_C = counts_CC.sum(axis=1)
    names = [display_name(style) for style in report.styles]

    def cell(true: int, predicted: int) -> Content:
        framed, count = true == predicted, int(counts_CC[true, predicted])
        if not count:
            return Cell("", framed=framed)
        share = count / int(support_C[true])
        hint = f"{count} of {support_C[true]} {names[true]} predicted as {names[predicted]}"
        return Cell(count, href(true, predicted), share, f"{hint} ({share:.0%})", framed)

    labels = range(len(names))
    rows = [
        [f"{names[true]}  {support_C[true]:,}", *(cell(true, predicted) for predicted in labels)]
        for true in labels
    ]
    caption = "Rows: true styles, with their pictures. Columns: predicted styles. Framed: right."
    return Table(["true style, pictures", *names], rows, caption=caption, matrix=True)


def style_drawing(report: EvaluationReport) -> Drawing:
    """Return F1, precision and recall of each style as bars and marks."""
    figure = plot_style_scores(style_scores(_counts(report)), report.styles)
    return Drawing(svg(figure, f"styles{report.split}"), "F1, precision and recall of each style")


def calibration_blocks(report: EvaluationReport) -> list[Block]:
    """Return how often the model is right at each confidence, and what it says of its answers."""
    if report.reliability is None:
        return confidence_blocks(report)
    drawings = [_reliability(report.reliability, "How often the model is right when it is so sure")]
    if report.confidence is not None:
        before = report.confidence.reliability_before
        drawings.append(_reliability(before, "The same before the temperature was applied"))
    return [
        Prose(
            "Of the answers with a probability of 80%, 80% should be right. Bars below the dashed"
            " line mean that the model is too sure, bars above it that it is too unsure."
        ),
        Row(drawings),
        *confidence_blocks(report),
    ]


def _reliability(bins: ReliabilityBins, title: str) -> Drawing:
    figure = plot_reliability(
        Reliability(
            edges=np.array(bins.edges),
            counts=np.array(bins.counts),
            confidence=np.array(bins.confidence),
            accuracy=np.array(bins.accuracy),
        ),
        title,
    )
    name = "".join(filter(str.isalnum, title))
    return Drawing(svg(figure, name), f"{title}: accuracy over confidence")


def _counts(report: EvaluationReport) -> IntArray:
    return np.array(report.confusion_matrix.counts, dtype=np.int64)
