"""Fact sheets: one page to print for each picture, with its answer and its heatmap."""

from collections.abc import Iterable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

from artstyle.explain.explain import Explained, Explanation
from artstyle.explain.folder import doubt, file_stem
from artstyle.explain.overlay import display_picture, draw_overlay, seen_region
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import printable
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.presentation.pages import (
    Block,
    Facts,
    Picture,
    Prose,
    Row,
    Section,
    Table,
    thumbnail,
    write_page,
)
from artstyle.styles.vocabulary import display_name

_PICTURE_PX = 900
_BY_A_MACHINE = "This answer was made by a program and has not been checked by a person."
_HEAT = (
    "The brighter a region, the more it speaks for {style}. A line surrounds the regions"
    " that are at least half as warm as the warmest."
)


def write_factsheets(
    folder: Path,
    answers: Iterable[tuple[PredictionRow, Explanation, Section | None]],
    model: StyleModel,
    *,
    about_model: str,
    on: date,
) -> Iterator[tuple[PredictionRow, Path | None]]:
    """Write a page for each picture and yield its answer with the page's path.

    Args:
        folder: Pages are written to it; the page of the same picture and model is replaced.
        answers: Each picture's answer, its heatmap, and what else its page shows.
        model: The model that answered.
        about_model: The name of its run, and how right it is where that is known.
        on: The date on the page.

    Yields:
        The row, and None for a picture that could not be read.
    """
    for row, explanation, further in answers:
        if explanation.explained is None:
            yield row, None
            continue
        path = folder / f"{file_stem(row.path, row.model)}.html"
        sections = [
            Section("The picture", [_pictures(row, explanation.explained, model)]),
            Section("Its style", list(_answer(row, explanation.explained))),
            *filter(None, [further]),
            Section("How this was made", list(_origin(row, model, about_model, on))),
        ]
        write_page(path, row.path.stem, _subtitle(row, explanation.explained), sections)
        yield row, path


def _subtitle(row: PredictionRow, explained: Explained) -> str:
    words, best = verdict_words(row), explained.ranked[0]
    if row.labels is not None:
        return words
    share = f"{display_name(best.style)}, {best.probability:.0%}"
    return f"{share}; {words}" if words else share


def _pictures(row: PredictionRow, explained: Explained, model: StyleModel) -> Row:
    picture, subject = display_picture(explained.picture), explained.subject
    overlay = draw_overlay(
        picture,
        explained.heat_SS,
        seen_region(picture.size, model.preprocessing),
        unsure=bool(doubt(explained.verdict, subject.probability)),
    )
    name, style = printable(row.path), display_name(subject.style)
    return Row(
        [
            Picture(thumbnail(picture, _PICTURE_PX), f"The picture {name}", name),
            Picture(
                thumbnail(overlay, _PICTURE_PX),
                f"The same picture with the heat for {style}",
                _HEAT.format(style=style),
            ),
        ]
    )


def _answer(row: PredictionRow, explained: Explained) -> Iterator[Block]:
    shares = [[display_name(s.style), f"{s.probability:.1%}"] for s in explained.ranked]
    yield Table(["style", "share"], shares)
    if row.labels is not None:
        yield Prose(
            "A picture may have several styles here. Each share is of that style by itself."
        )
    if row.likely:
        names = ", ".join(map(display_name, row.likely))
        yield Prose(f"In 90% of cases the true style is one of these: {names}.")
    if row.familiarity is not None:
        yield Prose(
            f"Familiarity {row.familiarity:.2f}: the share of new paintings that are less like the"
            " training pictures than this one."
        )


def _origin(row: PredictionRow, model: StyleModel, about_model: str, on: date) -> Iterator[Block]:
    yield Prose(_BY_A_MACHINE)
    yield Facts(
        {
            "model": f"{about_model} ({model.name})",
            "fingerprint": row.model[:12],
            "made": f"{on.isoformat()}, artstyle {version('artstyle')}",
        }
    )
