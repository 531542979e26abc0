"""The page of an evaluation: every number of the confusion matrix links to its pictures."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, zip_longest
from os import cpu_count
from pathlib import Path

import numpy as np

from artstyle.evaluation.bias.wording import bias_blocks
from artstyle.evaluation.charts import calibration_blocks, confusion_table, style_drawing
from artstyle.evaluation.document import EvaluationReport
from artstyle.evaluation.figures import ERRORS_SHOWN
from artstyle.evaluation.outcome import Outcome, ReadPicture, percent, sure_errors, sure_rule
from artstyle.evaluation.trust import how_far_to_trust
from artstyle.evaluation.wording import (
    headline,
    how_measured,
    style_table,
)
from artstyle.presentation.pages import (
    Block,
    Cell,
    Content,
    Folded,
    Gallery,
    Picture,
    Prose,
    Section,
    Table,
    thumbnail,
    write_page,
)
from artstyle.progress import Progress, silent
from artstyle.styles.vocabulary import display_name

CELL_PICTURES = 12
"""Most thumbnails for one cell of the confusion matrix."""
PAGE_PICTURES = 800
"""Most thumbnails on the page. Every cell gets its first before any cell gets its second."""
_THUMBNAIL_PX = 128
_PAIRS_SHOWN = 12

Pair = tuple[int, int]
"""Labels of a true and a predicted style."""


@dataclass(frozen=True)
class _CellPictures:
    """The pictures of one cell of the confusion matrix."""

    count: int
    pictures: tuple[Picture, ...]


def write_evaluation_page(
    folder: Path,
    outcome: Outcome,
    report: EvaluationReport,
    read: ReadPicture,
    progress: Progress = silent,
) -> None:
    """Write ``report.html``.

    Args:
        folder: The evaluation's folder.
        outcome: The model's predictions.
        report: The scores.
        read: Reads the pictures for the thumbnails.
        progress: Called after each thumbnail.
    """
    cells = _cell_pictures(outcome, read, progress)
    sections = [
        Section("Summary", headline(report)),
        Section("How far to trust it", how_far_to_trust(report)),
        Section("Scores by style", [style_drawing(report), style_table(report)]),
        Section("Which styles are confused", _confusion_blocks(report, outcome)),
        Section("Surest errors", list(_surest_errors(outcome, read))),
        Section("How sure, how often right", calibration_blocks(report)),
        *_bias_section(report, outcome, read),
        Section("Pictures", list(_galleries(outcome, cells))),
        Section("How this was measured", how_measured(report)),
    ]
    subtitle = f"{report.architecture} on the {report.split} split of {report.dataset_path}"
    write_page(folder / "report.html", f"Evaluation of {report.run}", subtitle, sections)


def _bias_section(
    report: EvaluationReport, outcome: Outcome, read: ReadPicture
) -> Iterator[Section]:
    if report.content_bias is not None:

        def picture(position: int) -> Picture:
            return _thumbnail(outcome, position, read)

        blocks = list(bias_blocks(report.content_bias, outcome, picture))
        yield Section("Style or content", blocks)


def _cell_pictures(
    outcome: Outcome, read: ReadPicture, progress: Progress
) -> dict[Pair, _CellPictures]:
    """Choose and shrink the pictures of each cell that has any, the most confident first."""
    members = {
        (int(true), int(predicted)): outcome.most_confident(
            (outcome.targets_N == true) & (outcome.predictions_N == predicted)
        )
        for true, predicted in np.argwhere(outcome.confusion_CC)
    }
    chosen = _take_in_turns([positions[:CELL_PICTURES] for positions in members.values()])

    def picture(position: int) -> tuple[int, Picture]:
        return position, _thumbnail(outcome, position, read)

    ready: dict[int, Picture] = {}
    with ThreadPoolExecutor(cpu_count()) as pool:
        for done, (position, made) in enumerate(pool.map(picture, chosen), start=1):
            ready[position] = made
            progress("shrinking pictures", done, len(chosen))
    return {
        pair: _CellPictures(len(positions), tuple(ready[p] for p in positions if p in ready))
        for pair, positions in members.items()
    }


def _take_in_turns(queues: Sequence[Sequence[int]]) -> list[int]:
    """Return the first of each queue, then the second of each, at most `PAGE_PICTURES`."""
    turns = chain.from_iterable(zip_longest(*queues))
    return [position for position in turns if position is not None][:PAGE_PICTURES]


def _thumbnail(outcome: Outcome, position: int, read: ReadPicture) -> Picture:
    row = outcome.rows[position]
    true, predicted = outcome.targets_N[position], outcome.predictions_N[position]
    said, sure = display_name(outcome.labels[predicted]), percent(outcome.confidence_N[position])
    lines = [f"true {display_name(row.style)}, predicted {said} ({sure})"]
    if true != predicted:
        share = percent(outcome.probabilities_NC[position, true])
        lines.append(f"true style at rank {outcome.ranks_N[position]} ({share})")
    lines += [row.artist, row.path] if row.artist else [row.path]
    source = thumbnail(read(row, _THUMBNAIL_PX), _THUMBNAIL_PX)
    alt = f"{row.title or row.path}, {display_name(row.style)}"
    return Picture(source, alt, "\n".join(lines))


def _confusion_blocks(report: EvaluationReport, outcome: Outcome) -> list[Block]:
    return [
        Prose(
            "Click an underlined number to see its pictures. The colour is the share of the row."
        ),
        confusion_table(report, lambda true, predicted: f"#{_anchor(true, predicted)}"),
        *_worst_pairs(outcome),
    ]


def _worst_pairs(outcome: Outcome) -> Iterator[Block]:
    """Name the pairs of styles that are confused most often."""
    mistaken_CC = outcome.confusion_CC * ~np.eye(len(outcome.labels), dtype=np.bool_)
    order = np.argsort(-mistaken_CC, axis=None, kind="stable")[:_PAIRS_SHOWN]
    support_C = outcome.confusion_CC.sum(axis=1)
    rows: list[list[Content]] = []
    for flat in order:
        true, predicted = divmod(int(flat), len(outcome.labels))
        if count := int(mistaken_CC[true, predicted]):
            rows.append(
                [
                    display_name(outcome.labels[true]),
                    display_name(outcome.labels[predicted]),
                    Cell(count, f"#{_anchor(true, predicted)}"),
                    Cell(f"{count / int(support_C[true]):.0%}"),
                ]
            )
    if rows:
        columns = ["true style", "predicted as", "pictures", "share of the style"]
        yield Table(columns, rows, caption="The most frequent mistakes")


def _galleries(outcome: Outcome, cells: Mapping[Pair, _CellPictures]) -> Iterator[Block]:
    yield Prose(
        f"The most confident predictions of each cell, at most {CELL_PICTURES} for a cell and"
        f" {PAGE_PICTURES} in all. predictions.csv in this folder lists every picture."
    )
    for true, style in enumerate(outcome.labels):
        row = {pair: found for pair, found in cells.items() if pair[0] == true}
        if row:
            total = sum(found.count for found in row.values())
            galleries = [_gallery(outcome, pair, found) for pair, found in row.items()]
            yield Folded(f"{display_name(style)}: {_count(total)}", galleries)


def _gallery(outcome: Outcome, pair: Pair, found: _CellPictures) -> Gallery:
    true, predicted = (display_name(outcome.labels[label]) for label in pair)
    said = "correctly recognised" if pair[0] == pair[1] else f"predicted as {predicted}"
    hidden = found.count - len(found.pictures)
    more = f", {hidden:,} of them not shown" if hidden else ""
    title = f"{true} {said}: {_count(found.count)}{more}"
    return Gallery(title, found.pictures, anchor=_anchor(*pair))


def _surest_errors(outcome: Outcome, read: ReadPicture) -> Iterator[Block]:
    wrong = int((~outcome.correct_N).sum())
    chosen = sure_errors(outcome)
    if not wrong:
        yield Prose("There are no errors.")
        return
    if not chosen:
        yield Prose(
            f"The model was not sure of any of its {_count(wrong, 'wrong answer')}: none"
            f" {sure_rule(outcome)}. See them under Pictures."
        )
        return
    yield Prose(
        f"{_count(len(chosen), 'wrong answer')} {sure_rule(outcome)}. Look here first: some show"
        " what the model has not learned, others a wrong label in the collection."
    )
    shown = [_thumbnail(outcome, position, read) for position in chosen[:ERRORS_SHOWN]]
    yield Gallery(f"The {_count(len(shown))} with the highest probability", shown, open=True)


def _anchor(true: int, predicted: int) -> str:
    return f"cell-{true}-{predicted}"


def _count(number: int, thing: str = "picture") -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"
