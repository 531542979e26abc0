"""The page of a cross-validation: scores over all answers, each with two intervals."""

from collections.abc import Iterator
from pathlib import Path

from artstyle.crossval.document import (
    CrossvalHeader,
    CrossvalReport,
    Estimate,
    LabelCrossvalReport,
    Reference,
)
from artstyle.evaluation.document import Bounds
from artstyle.presentation.pages import Block, Cell, Content, Prose, Section, Table, write_page
from artstyle.styles.vocabulary import display_name

PAGE_NAME = "report.html"
_SMALL = 20
_GROUPS = {
    "artist": "All pictures of an artist are in one fold: every answer is for an artist that the"
    " run has never seen.",
    "source": "All pictures of a source are in one fold: every answer is for a collection that the"
    " run has never seen. Its artists may be known from other collections.",
    "image": "Pictures are divided one by one: the artists of nearly all pictures are known from"
    " training. Expect lower scores for new artists; --group artist measures them.",
}


def write_crossval_page(path: Path, report: CrossvalReport | LabelCrossvalReport) -> None:
    """Write ``report.html``; it links to the pages of the folds."""
    sections = [
        Section("Summary", [*_opening(report), Prose(_GROUPS[report.group]), _scores(report)]),
        Section("How far to trust it", [*_trust(report), *_intervals(report)]),
        *_of_labels(report),
        Section("Folds", [_folds(report)]),
    ]
    title = f"Cross-validation of {report.architecture}"
    subtitle = f"{folds_in_words(report)} of {report.dataset_path}, {report.method}"
    write_page(path, title, subtitle, sections)


def _of_labels(report: CrossvalReport | LabelCrossvalReport) -> list[Section]:
    if isinstance(report, LabelCrossvalReport):
        return [Section("Scores by label", [_labels(report)])]
    return [
        Section("Scores by style", [_styles(report)]),
        Section("Which styles are confused", [_confusions(report)]),
        Section("Calibration", _calibration(report)),
    ]


def folds_in_words(report: CrossvalHeader) -> str:
    """Return how the pictures were divided, and with how many seeds: "5 folds by artist"."""
    seeds = len(report.seeds)
    folds = f"{len(report.folds) // seeds} folds by {report.group}"
    return folds if seeds == 1 else f"{folds}, each with {seeds} seeds,"


def score_columns(report: CrossvalHeader) -> list[str]:
    """Return the names of the columns of `score_rows`."""
    seeds = ["over seeds"] if len(report.seeds) > 1 else []
    return ["score", "value", *seeds, "for other pictures", "for other artists"]


def score_rows(report: CrossvalReport | LabelCrossvalReport) -> list[list[str]]:
    """Return name, value, the range over several seeds, and both intervals of each score."""
    several = len(report.seeds) > 1
    return [
        [
            name,
            f"{score.value:.3f}",
            *([_range(score.seeds)] if several else []),
            _range(score.pictures),
            _range(score.artists),
        ]
        for name, score in _estimates(report).items()
    ]


def _estimates(report: CrossvalReport | LabelCrossvalReport) -> dict[str, Estimate]:
    if isinstance(report, LabelCrossvalReport):
        return {
            "mAP": report.mean_average_precision,
            "micro F1": report.micro_f1,
            "macro F1": report.macro_f1,
            "all labels right": report.accuracy,
        }
    return {
        "accuracy": report.accuracy,
        "macro F1": report.macro_f1,
        "top-3 accuracy": report.top3_accuracy,
        "calibration error": report.expected_calibration_error,
    }


def reference_rows(report: CrossvalReport) -> list[list[str]]:
    """Return name, accuracy and macro F1 of the model and of answers that see no pixels."""
    rows = [["this model", f"{report.accuracy.value:.3f}", f"{report.macro_f1.value:.3f}"]]
    if report.artist_oracle is not None:
        rows.append(_reference("artist's name alone", report.artist_oracle))
    return [*rows, _reference("always the most frequent style", report.majority)]


def _reference(name: str, reference: Reference) -> list[str]:
    return [name, f"{reference.accuracy:.3f}", f"{reference.macro_f1:.3f}"]


def _range(bounds: Bounds) -> str:
    # With spaces at which a narrow table does not break it over three lines.
    return f"{bounds[0]:.3f}\u00a0to\u00a0{bounds[1]:.3f}"


def _opening(report: CrossvalReport | LabelCrossvalReport) -> Iterator[Block]:
    right = round(report.accuracy.value * report.pictures)
    if isinstance(report, LabelCrossvalReport):
        of_all = f"{right:,} of {report.pictures:,} pictures were given exactly their labels"
        known = ""
    else:
        majority = round(report.majority.accuracy * report.pictures)
        of_all = f"{right:,} of {report.pictures:,} pictures were recognised"
        known = f" Always naming the most frequent style would get {majority:,}."
    if len(report.seeds) > 1:
        of_all = f"On average over {len(report.seeds)} seeds, {of_all}"
    yield Prose(f"{of_all}, each by a run that had not seen it.{known}")


def _scores(report: CrossvalReport | LabelCrossvalReport) -> Table:
    columns = score_columns(report)
    rows = [_right_aligned(row) for row in score_rows(report)]
    return Table(columns, rows, caption=f"With {report.interval_level:.0%} intervals")


def _right_aligned(row: list[str]) -> list[Content]:
    return [row[0], float(row[1]), *row[2:]]


def _trust(report: CrossvalReport | LabelCrossvalReport) -> Iterator[Block]:
    for warning in report.warnings:
        yield Prose(warning)
    if report.unreadable:
        yield Prose(f"{report.unreadable:,} pictures could not be read. They are not counted.")
    if isinstance(report, LabelCrossvalReport):
        yield Prose(chance_line(report))
        return
    rows: list[list[Content]] = [
        [name, float(accuracy), float(f1)] for name, accuracy, f1 in reference_rows(report)
    ]
    yield Table(["answer", "accuracy", "macro F1"], rows, caption="Compared with no pixels at all")
    if report.artist_oracle is not None:
        yield Prose(
            "An answer that knows only the artist's name gives the artist's most frequent style in"
            " training, or the most frequent of all for an artist who is not there."
        )


def chance_line(report: LabelCrossvalReport) -> str:
    """Return what the scores are to be compared with."""
    chance = report.chance_average_precision
    return (
        f"A random order would get a mean average precision of {chance:.3f}. F1 counts the"
        " answers at the thresholds that each run fitted on its validation pictures."
    )


def _intervals(report: CrossvalHeader) -> Iterator[Block]:
    yield Prose(
        f"Each interval holds {report.interval_level:.0%} of {report.interval_draws:,} bootstrap"
        f" draws (percentiles, seed {report.interval_seed}). 'For other pictures' draws pictures."
        f" 'For other artists' draws the {report.artists:,} artists with all their pictures, each"
        " unknown artist by itself. Works by one artist are alike, so it is the safer one. Where"
        " all draws score 1, or 0, the interval is that of Clopper and Pearson."
    )
    if len(report.seeds) > 1:
        yield Prose(
            "The intervals are of the mean over the seeds. What another seed changes is the range"
            " over seeds. All seeds have the same folds; neither covers other choices of them."
        )
    else:
        yield Prose(
            "Neither interval covers other choices of the folds, nor another seed of the training."
            " --seeds 3 trains each fold with three."
        )


def _labels(report: LabelCrossvalReport) -> Table:
    columns = ["label", "average precision", "for other pictures", "for other artists", "F1"]
    rows: list[list[Content]] = [
        [
            display_name(label),
            Cell(score.average_precision.value, shade=0.5 * score.average_precision.value),
            _interval(score.average_precision, score.pictures, by_artist=False),
            _interval(score.average_precision, score.pictures, by_artist=True),
            score.f1.value,
            score.precision,
            score.recall,
            score.pictures,
        ]
        for label, score in report.styles.items()
    ]
    return Table([*columns, "precision", "recall", "pictures"], rows)


def _styles(report: CrossvalReport) -> Table:
    columns = ["style", "F1", "for other pictures", "for other artists", "precision", "recall"]
    rows: list[list[Content]] = []
    for style, score in report.styles.items():
        rows.append(
            [
                display_name(style),
                Cell(score.f1.value, shade=0.5 * score.f1.value),
                _interval(score.f1, score.pictures, by_artist=False),
                _interval(score.f1, score.pictures, by_artist=True),
                score.precision,
                score.recall,
                score.pictures,
                score.artists,
            ]
        )
    return Table([*columns, "pictures", "artists"], rows)


def _interval(score: Estimate, pictures: int, *, by_artist: bool) -> str:
    if pictures < _SMALL:
        return "too few to judge"
    return _range(score.artists if by_artist else score.pictures)


def _confusions(report: CrossvalReport) -> Table:
    matrix = report.confusion_matrix
    names = [display_name(label) for label in matrix.labels]
    rows: list[list[Content]] = []
    for name, counts in zip(names, matrix.counts, strict=True):
        support = max(sum(counts), 1)
        cells = [
            Cell(count, shade=count / support, hint=f"{name} predicted as {other}") if count else ""
            for other, count in zip(names, counts, strict=True)
        ]
        rows.append([f"{name}  {sum(counts):,}", *cells])
    return Table(
        ["true style, pictures", *names],
        rows,
        caption="Rows are true styles, columns are predicted styles",
        matrix=True,
    )


def _calibration(report: CrossvalReport) -> list[Block]:
    bins = report.reliability
    parts = zip(
        bins.edges[:-1], bins.edges[1:], bins.counts, bins.confidence, bins.accuracy, strict=True
    )
    rows: list[list[Content]] = [
        [f"{low:.2f} to {high:.2f}", count, confidence, accuracy]
        for low, high, count, confidence, accuracy in parts
        if count
    ]
    return [
        Prose(
            f"On average the runs were {report.mean_confidence:.1%} sure and"
            f" {report.accuracy.value:.1%} right. Of predictions with 80% confidence, 80% should be"
            " right."
        ),
        Table(["confidence", "pictures", "mean confidence", "share that is right"], rows),
    ]


def _folds(report: CrossvalHeader) -> Table:
    rows: list[list[Content]] = [
        [
            Cell(
                fold.run.replace("-", "\u00a0").replace("/", ", "),
                href=f"{fold.run}/evaluation/test/report.html",
            ),
            fold.accuracy,
            fold.macro_f1,
            fold.test,
            fold.train,
            fold.val,
        ]
        for fold in report.folds
    ]
    several = isinstance(report, LabelCrossvalReport)
    right = "all labels right" if several else "accuracy"
    columns = ["run", right, "macro F1", "tested", "trained on", "validation"]
    return Table(columns, rows, caption="Each fold's own page shows its pictures")
