"""The page of an evaluation: every score leads to the pictures behind it."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, zip_longest
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np

from artstyle.evaluation.figures import ERRORS_SHOWN
from artstyle.evaluation.outcome import Outcome, ReadPicture, percent
from artstyle.evaluation.words import headline, how_far_to_trust, how_measured, style_table
from artstyle.labels import display_name
from artstyle.pages import (
    Block,
    Cell,
    Folded,
    Gallery,
    Picture,
    Prose,
    Section,
    Table,
    embed,
    thumbnail,
    write_page,
)
from artstyle.progress import Progress, silent

CELL_PICTURES = 12
"""At most so many thumbnails stand behind one cell of the confusion matrix."""
PAGE_PICTURES = 800
"""At most so many stand on the page: every cell gets its first before any gets its second."""
_THUMBNAIL_PX = 128
_PAIRS_SHOWN = 12

Pair = tuple[int, int]
"""Labels of a true and a predicted style."""


@dataclass(frozen=True)
class _Behind:
    """The pictures behind one cell of the confusion matrix."""

    count: int
    pictures: tuple[Picture, ...]


def write_evaluation_page(
    folder: Path,
    outcome: Outcome,
    report: Mapping[str, Any],
    read: ReadPicture,
    progress: Progress = silent,
) -> None:
    """Write ``report.html`` beside the figures, which it holds.

    Args:
        folder: Of the evaluation, where the figures lie.
        outcome: What the model said.
        report: The content of ``report.json``.
        read: Gives the pictures for the thumbnails.
        progress: Told of each thumbnail.
    """
    cells = _pictures_behind(outcome, read, progress)
    sections = [
        Section("In short", headline(report)),
        Section("How far to trust it", how_far_to_trust(report)),
        Section("Style by style", [_figure(folder, "per_style.png"), style_table(report)]),
        Section("What is taken for what", _confusion_blocks(folder, outcome, cells)),
        Section("The surest errors", list(_surest_errors(outcome, read))),
        Section("How sure it is", _reliability_blocks(folder)),
        Section("The pictures", list(_galleries(outcome, cells))),
        Section("How this was measured", how_measured(report)),
    ]
    subtitle = (
        f"{report['architecture']} on the {report['split']} split of {report['dataset_path']}"
    )
    title = f"Evaluation of {report['run']}"
    write_page(folder / "report.html", title, subtitle, sections)


def _pictures_behind(
    outcome: Outcome, read: ReadPicture, progress: Progress
) -> dict[Pair, _Behind]:
    """Choose and shrink the pictures of each cell that has any, the surest first."""
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
        pair: _Behind(len(positions), tuple(ready[p] for p in positions if p in ready))
        for pair, positions in members.items()
    }


def _take_in_turns(queues: Sequence[Sequence[int]]) -> list[int]:
    """Return the first of each queue, then the second of each, up to what the page may hold."""
    turns = chain.from_iterable(zip_longest(*queues))
    return [position for position in turns if position is not None][:PAGE_PICTURES]


def _thumbnail(outcome: Outcome, position: int, read: ReadPicture) -> Picture:
    row = outcome.rows[position]
    true, predicted = outcome.targets_N[position], outcome.predictions_N[position]
    said, sure = display_name(outcome.labels[predicted]), percent(outcome.confidence_N[position])
    lines = [f"is {display_name(row.style)}, said {said} ({sure})"]
    if true != predicted:
        share = percent(outcome.probabilities_NC[position, true])
        lines.append(f"true style in place {outcome.ranks_N[position]} ({share})")
    lines += [row.artist, row.path] if row.artist else [row.path]
    source = thumbnail(read(row, _THUMBNAIL_PX), _THUMBNAIL_PX)
    alt = f"{row.title or row.path}, {display_name(row.style)}"
    return Picture(source, alt, "\n".join(lines))


def _confusion_blocks(folder: Path, outcome: Outcome, cells: Mapping[Pair, _Behind]) -> list[Block]:
    return [
        Prose(
            "Rows are true styles, columns what the model said. Each number leads to the pictures"
            " behind it; the colour is the share of the row."
        ),
        _confusion_table(outcome, cells),
        *_worst_pairs(outcome),
        Folded("The same in per cent", [_figure(folder, "confusion_normalised.png")]),
    ]


def _confusion_table(outcome: Outcome, cells: Mapping[Pair, _Behind]) -> Table:
    support_C = outcome.confusion_CC.sum(axis=1)
    names = [display_name(label) for label in outcome.labels]

    def cell(true: int, predicted: int) -> Cell | str:
        if (true, predicted) not in cells:
            return ""
        count = cells[true, predicted].count
        share = count / int(support_C[true])
        hint = f"{count} of {support_C[true]} {names[true]} said to be {names[predicted]}"
        return Cell(count, f"#{_anchor(true, predicted)}", share, f"{hint} ({share:.0%})")

    columns = range(len(names))
    rows = [
        [f"{names[true]}  {support_C[true]:,}", *(cell(true, predicted) for predicted in columns)]
        for true in columns
    ]
    return Table(["true style, pictures", *names], rows, matrix=True)


def _worst_pairs(outcome: Outcome) -> Iterator[Block]:
    """Name the pairs of styles that are mistaken for each other most often."""
    mistaken_CC = outcome.confusion_CC * ~np.eye(len(outcome.labels), dtype=np.bool_)
    order = np.argsort(-mistaken_CC, axis=None, kind="stable")[:_PAIRS_SHOWN]
    support_C = outcome.confusion_CC.sum(axis=1)
    rows: list[list[Any]] = []
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
        columns = ["true style", "said to be", "pictures", "of the style"]
        yield Table(columns, rows, caption="The most frequent mistakes")


def _galleries(outcome: Outcome, cells: Mapping[Pair, _Behind]) -> Iterator[Block]:
    yield Prose(
        f"The surest answers of each cell, at most {CELL_PICTURES} a cell and {PAGE_PICTURES}"
        " in all; predictions.csv beside this page lists every picture."
    )
    for true, style in enumerate(outcome.labels):
        row = {pair: behind for pair, behind in cells.items() if pair[0] == true}
        if row:
            total = sum(behind.count for behind in row.values())
            galleries = [_gallery(outcome, pair, behind) for pair, behind in row.items()]
            yield Folded(f"{display_name(style)}: {_count(total)}", galleries)


def _gallery(outcome: Outcome, pair: Pair, behind: _Behind) -> Gallery:
    true, predicted = (display_name(outcome.labels[label]) for label in pair)
    said = "rightly recognised" if pair[0] == pair[1] else f"said to be {predicted}"
    hidden = behind.count - len(behind.pictures)
    more = f", {hidden:,} of them not shown" if hidden else ""
    title = f"{true} {said}: {_count(behind.count)}{more}"
    return Gallery(title, behind.pictures, anchor=_anchor(*pair))


def _surest_errors(outcome: Outcome, read: ReadPicture) -> Iterator[Block]:
    chosen = outcome.most_confident(~outcome.correct_N)[:ERRORS_SHOWN]
    if not chosen:
        yield Prose("There is none.")
        return
    yield Prose(
        "Wrong answers of the highest confidence. Look here first: some show what the model has"
        " not understood, others a wrong label in the collection."
    )
    pictures = [_thumbnail(outcome, position, read) for position in chosen]
    yield Gallery(f"The {_count(len(chosen))} of which it was surest", pictures, open=True)


def _reliability_blocks(folder: Path) -> list[Block]:
    return [
        Prose(
            "Of the answers given with 80% confidence, 80% should be right. Bars below the dashed"
            " line mean that the model is surer than it should be."
        ),
        _figure(folder, "reliability.png"),
    ]


_FIGURES = {
    "per_style.png": "F1, precision and recall of each style",
    "confusion_normalised.png": "Confusion matrix in per cent of each true style",
    "reliability.png": "Accuracy over confidence",
}


def _figure(folder: Path, name: str) -> Picture:
    return Picture(embed(folder / name), _FIGURES[name], href=name)


def _anchor(true: int, predicted: int) -> str:
    return f"cell-{true}-{predicted}"


def _count(number: int) -> str:
    return f"{number:,} picture{'s' * (number != 1)}"
