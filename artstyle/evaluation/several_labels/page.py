"""The evaluation of several labels for people: in sentences, a table, and a page."""

from pathlib import Path

import numpy as np

from artstyle.evaluation.figures import plot_style_scores
from artstyle.evaluation.several_labels.document import LabelReport
from artstyle.evaluation.several_labels.scores import label_rows
from artstyle.evaluation.wording import as_sentence, for_other_artists, with_interval
from artstyle.metrics import StyleScores
from artstyle.presentation.drawings import svg
from artstyle.presentation.pages import (
    Block,
    Cell,
    Content,
    Drawing,
    Facts,
    Prose,
    Section,
    Table,
    write_page,
)
from artstyle.styles.vocabulary import display_name

LABEL_COLUMNS = (
    "label", "average precision", "threshold", "precision", "recall", "F1", "pictures",
)  # fmt: skip


def label_cells(report: LabelReport) -> list[list[str]]:
    """Return a row of `LABEL_COLUMNS` for each label."""
    return [
        [
            display_name(label),
            "" if row.average_precision is None else f"{row.average_precision:.3f}",
            *(f"{value:.3f}" for value in (row.threshold, row.precision, row.recall, row.f1)),
            f"{row.support:,}",
        ]
        for label, row in label_rows(report)
    ]


def label_totals(report: LabelReport) -> dict[str, str]:
    """Return the main scores with their intervals."""
    ranges = report.intervals
    return {
        "mAP": with_interval(report.mean_average_precision, ranges.mean_average_precision),
        "micro F1": with_interval(report.micro_f1, ranges.micro_f1),
        "macro F1": with_interval(report.macro_f1, ranges.macro_f1),
    }


def labels_by_artist_line(report: LabelReport) -> str:
    """Return the ranges for other artists in a line; "" if no artist is known."""
    found = report.intervals.by_artist
    if found is None:
        return ""
    return for_other_artists(
        {
            "mAP": found.mean_average_precision,
            "micro F1": found.micro_f1,
            "macro F1": found.macro_f1,
        }
    )


def labels_in_short(report: LabelReport) -> str:
    """Return the result in a sentence or two, before any score."""
    return (
        f"{report.all_labels_right:.0%} of {report.pictures:,} pictures have exactly the right"
        f" labels. A picture has {report.mean_labels:.2f} labels and is given"
        f" {report.mean_given:.2f}."
    )


def labels_weakness(report: LabelReport) -> str:
    """Return why the answers are not worth reading; "" where they may be."""
    if report.intervals.mean_average_precision[0] > report.chance_average_precision:
        return ""
    return (
        "This model is not clearly better than chance: a random order would get a mean average"
        f" precision of about {report.chance_average_precision:.3f}. Do not use its answers."
    )


def write_labels_page(folder: Path, report: LabelReport) -> None:
    """Write ``report.html``."""
    sections = [
        Section("Summary", labels_headline(report)),
        Section("Scores by label", label_scores(report)),
        Section("How this was measured", labels_measured(report)),
    ]
    subtitle = f"{report.architecture} on the {report.split} split of {report.dataset_path}"
    write_page(folder / "report.html", f"Evaluation of {report.run}", subtitle, sections)


def labels_headline(report: LabelReport) -> list[Block]:
    """Return the result in short: a sentence, warnings, the main scores."""
    weak, by_artists = labels_weakness(report), labels_by_artist_line(report)
    return [
        Prose(labels_in_short(report), strong=True),
        *([Prose(weak, strong=True)] if weak else []),
        *(Prose(f"Warning: {warning}") for warning in report.warnings),
        Facts({**label_totals(report), **_counts(report)}),
        *([Prose(as_sentence(by_artists))] if by_artists else []),
    ]


def label_scores(report: LabelReport) -> list[Block]:
    """Return the scores of each label, drawn and as a table."""
    labels = list(report.labels.values())
    scores = StyleScores(
        precision_C=np.array([label.precision for label in labels]),
        recall_C=np.array([label.recall for label in labels]),
        f1_C=np.array([label.f1 for label in labels]),
        support_C=np.array([label.support for label in labels]),
    )
    bars = svg(plot_style_scores(scores, report.styles), f"labels{report.split}")
    return [Drawing(bars, "F1, precision and recall of each label"), _table(report)]


def _counts(report: LabelReport) -> dict[str, Content]:
    counts: dict[str, Content] = {"pictures": report.pictures}
    return counts | ({"unreadable": report.unreadable} if report.unreadable else {})


def _table(report: LabelReport) -> Table:
    rows: list[list[Content]] = []
    for (label, scores), cells in zip(label_rows(report), label_cells(report), strict=True):
        shade = 0.5 * (scores.average_precision or 0)
        rows.append([display_name(label), Cell(cells[1], shade=shade), *cells[2:]])
    return Table(LABEL_COLUMNS, rows)


def labels_measured(report: LabelReport) -> list[Block]:
    """Return how the scores were computed."""
    absent = [display_name(label) for label, row in report.labels.items() if not row.support]
    sentences = [
        "A picture may have several labels, and each is answered by itself: a label is given where"
        " its probability reaches its threshold. No confusion matrix is drawn: with several labels"
        " a wrong one takes the place of no other.",
        "The thresholds were fitted on the validation split of the training, for the highest F1 of"
        " each label; these pictures took no part.",
        "Average precision is the area under a label's precision-recall curve, without"
        " interpolation; mAP is its mean over the labels that have pictures here. A random order"
        f" would get {report.chance_average_precision:.3f}.",
        "Micro F1 counts every answer to every label alike; macro F1 is the mean over labels.",
        f"In brackets are {report.intervals.level:.0%} intervals: {report.intervals.method},"
        f" {report.intervals.resamples:,} draws.",
    ]
    if absent:
        sentences.append(f"These labels have no pictures here: {', '.join(absent)}.")
    return [Prose(sentence) for sentence in sentences]
