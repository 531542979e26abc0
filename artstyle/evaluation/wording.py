"""The scores of an evaluation in sentences and tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from artstyle.evaluation.document import (
    MACRO_AVERAGE,
    WEIGHTED_AVERAGE,
    Bounds,
    Confidence,
    EvaluationReport,
)
from artstyle.presentation.pages import Block, Cell, Content, Facts, Prose, Table
from artstyle.styles.vocabulary import display_name

SMALL_SUPPORT = 20
"""With fewer pictures than this, chance decides the scores of a style or a group of artists."""


@dataclass(frozen=True)
class ScoreRow:
    """The scores of one style, or an average of them, as a table shows them."""

    name: str
    precision: float
    recall: float
    f1: float
    pictures: int


SCORE_COLUMNS = ("style", "precision", "recall", "F1", "pictures")


def with_interval(value: float, bounds: Bounds) -> str:
    """Return ``0.731 (0.712 to 0.750)``."""
    return f"{value:.3f} ({bounds[0]:.3f} to {bounds[1]:.3f})"


def by_artist_line(report: EvaluationReport) -> str:
    """Return the ranges for other artists in a line; "" if no artist is known."""
    found = report.intervals.by_artist
    if found is None:
        return ""
    return for_other_artists(
        {"accuracy": found.accuracy, "macro F1": found.macro_f1, "top-3": found.top3_accuracy}
    )


def for_other_artists(ranges: Mapping[str, Bounds]) -> str:
    """Return the ranges of scores for other artists in a line."""
    named = (f"{name} {low:.3f} to {high:.3f}" for name, (low, high) in ranges.items())
    return f"for other artists: {', '.join(named)}"


def as_sentence(line: str) -> str:
    """Return a line of the terminal as a sentence of a page."""
    return f"{line[0].upper()}{line[1:]}."


def in_short(report: EvaluationReport) -> str:
    """Return the result in a sentence or two, before any score."""
    style, most = _largest_style(report)
    return (
        f"{_right(report):,} of {report.pictures:,} right; always saying {display_name(style)}"
        f" would get {most:,}."
    )


def weakness(report: EvaluationReport) -> str:
    """Return why the model's answers are not worth reading; "" where they may be."""
    right, (style, most) = _right(report), _largest_style(report)
    named, guessed = display_name(style), report.pictures / len(report.styles)
    if right <= guessed:
        return (
            "This model does no better than guessing: a random answer would get about"
            f" {guessed:.0f} of {report.pictures:,}. Do not use its answers."
        )
    if right <= most:
        how = "worse" if right < most else "no better"
        return f"This model does {how} than always saying {named}. Do not use its answers."
    if report.intervals.accuracy[0] <= most / report.pictures:
        return (
            "With so few pictures, this may be chance: it is not certain that the model does better"
            f" than always saying {named}."
        )
    return ""


def headline(report: EvaluationReport) -> list[Block]:
    """Return the result in words, the reasons to doubt it, then the main scores."""
    ranges = report.intervals
    facts: dict[str, Content] = {
        "accuracy": with_interval(report.accuracy, ranges.accuracy),
        "macro F1": with_interval(report.macro_f1, ranges.macro_f1),
        "top-3 accuracy": with_interval(report.top3_accuracy, ranges.top3_accuracy),
        "weighted F1": report.weighted_f1,
        "calibration error": report.expected_calibration_error,
        "pictures": report.pictures,
    }
    if report.unreadable:
        facts["unreadable"] = report.unreadable
    weak, by_artists = weakness(report), by_artist_line(report)
    return [
        Prose(in_short(report), strong=True),
        *([Prose(weak, strong=True)] if weak else []),
        *(Prose(f"Warning: {warning}") for warning in report.warnings),
        Prose(_on_another(report)),
        Facts(facts),
        *([Prose(as_sentence(by_artists))] if by_artists else []),
    ]


def confidence_line(confidence: Confidence) -> str:
    """Return in one line how often each verdict was given, and how right it was."""
    parts = [
        f"{row.verdict} {row.share:.0%}"
        + ("" if row.accuracy is None else f" ({row.accuracy:.0%} right)")
        for row in confidence.verdicts
    ]
    return (
        f"{', '.join(parts)}; the true style is among the likely ones in"
        f" {confidence.coverage:.0%} (meant: {confidence.coverage_wanted:.0%}), on average"
        f" {confidence.mean_likely:.1f} styles"
    )


def confidence_blocks(report: EvaluationReport) -> list[Block]:
    """Return what a calibrated model says of its own answers, and how right that is."""
    confidence = report.confidence
    if confidence is None:
        return [Prose(f"This model does not say how sure it is: {report.not_calibrated}.")]
    rows: list[list[Content]] = [
        [row.verdict, row.support, "" if row.accuracy is None else f"{row.accuracy:.3f}"]
        for row in confidence.verdicts
    ]
    return [
        Prose(
            f"A temperature of {confidence.temperature:.2f}, fitted on validation pictures, changed"
            f" the calibration error from {confidence.error_before:.3f} to"
            f" {report.expected_calibration_error:.3f}."
        ),
        Table(["verdict", "pictures", "accuracy"], rows),
        Prose(
            "The likely styles hold the true one in"
            f" {confidence.coverage:.1%} of cases; {confidence.coverage_wanted:.0%} were meant."
            f" On average a picture has {confidence.mean_likely:.1f} likely styles."
        ),
    ]


def score_rows(report: EvaluationReport) -> list[ScoreRow]:
    """Return a row for each style, then one for the macro and one for the weighted average."""
    names = {style: display_name(style) for style in report.styles}
    names |= {MACRO_AVERAGE: "macro average", WEIGHTED_AVERAGE: "weighted average"}
    return [
        ScoreRow(name, scores.precision, scores.recall, scores.f1, scores.support)
        for entry, name in names.items()
        for scores in [report.scores(entry)]
    ]


def style_table(report: EvaluationReport) -> Table:
    """Return precision, recall, F1 and support of each style, and their averages."""
    *styles, macro, weighted = score_rows(report)
    rows: list[list[Content]] = [
        [row.name, _shaded(row.precision), _shaded(row.recall), _shaded(row.f1), row.pictures]
        for row in styles
    ]
    rows += [
        [row.name, row.precision, row.recall, row.f1, row.pictures] for row in (macro, weighted)
    ]
    caption = "The averages are over the styles that have pictures in this split."
    return Table(SCORE_COLUMNS, rows, caption=caption)


def how_measured(report: EvaluationReport) -> list[Block]:
    """Say which model, data and definitions the scores come from."""
    intervals = report.intervals
    return [
        Facts(
            {
                "run": report.run,
                "model": f"{report.architecture}, {report.model}",
                "data set": f"{report.dataset_path}, {report.dataset[:12]}",
                "split": report.split,
                "mean confidence": report.mean_confidence,
                "negative log likelihood": report.negative_log_likelihood,
                "Brier score (0 to 2)": report.brier_score,
            }
        ),
        Prose(
            f"Each interval holds {intervals.level:.0%} of {intervals.resamples:,} bootstrap draws"
            f" of the pictures (percentiles, not stratified, seed {intervals.seed}). The draws"
            " treat pictures as independent. Works by one artist are not: for other artists, whole"
            " artists are drawn, which gives wider ranges. Where all draws score 1, or 0, the"
            " interval is that of Clopper and Pearson."
        ),
        Prose(
            "The macro average gives each style that has pictures the same weight; the weighted"
            " average gives each picture the same weight. The calibration error is the mean gap"
            " between confidence and accuracy over 15 bins of equal width (Guo et al. 2017)."
        ),
    ]


def _right(report: EvaluationReport) -> int:
    counts = report.confusion_matrix.counts
    return sum(row[label] for label, row in enumerate(counts))


def _largest_style(report: EvaluationReport) -> tuple[str, int]:
    """Return the style with the most pictures in the split, and how many it has."""
    style = max(report.styles, key=lambda name: report.scores(name).support)
    return style, report.scores(style).support


def _on_another(report: EvaluationReport) -> str:
    low, high = report.intervals.accuracy
    if report.accuracy == 1:
        return (
            f"All of these are right; of other pictures of the same kind, up to {1 - low:.0%} may"
            f" be wrong. In brackets below: {report.intervals.level:.0%} intervals."
        )
    return (
        f"On another {report.pictures:,} pictures of the same kind, this model might get"
        f" {_from_to(low, high)} right. In brackets below:"
        f" {report.intervals.level:.0%} intervals."
    )


def _from_to(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {high:.0%}"


def _shaded(score: float) -> Cell:
    return Cell(score, shade=0.5 * score)
