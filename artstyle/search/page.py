"""The page of similar works: each picture, and the thumbnails of its neighbours."""

from collections.abc import Sequence
from pathlib import Path

from artstyle.errors import ImageError
from artstyle.pictures.finding import printable
from artstyle.presentation.pages import (
    Block,
    Facts,
    Gallery,
    Picture,
    Prose,
    Row,
    Section,
    thumbnail,
    write_page,
)
from artstyle.search.document import IndexDocument
from artstyle.search.neighbours import SimilarRow, SimilarWork, Wanted
from artstyle.search.writers import about

_QUERY_PX, _NEIGHBOUR_PX = 360, 240
# A page shows a work whose file is gone as a plain square, with its name below.
_GONE = (
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSIxMjA"
    "iIGhlaWdodD0iMTIwIj48cmVjdCB3aWR0aD0iMTIwIiBoZWlnaHQ9IjEyMCIgZmlsbD0iIzhhODU3ZCIvPjwvc3ZnPg=="
)


def write_similar_page(
    path: Path, rows: Sequence[SimilarRow], document: IndexDocument, wanted: Wanted
) -> None:
    """Write one self-contained page, whole or not at all.

    Args:
        path: The page.
        rows: Pictures with their neighbours.
        document: Of the index.
        wanted: Which neighbours these are.
    """
    sections = [Section(f"{n}. {row.path.name}", _blocks(row)) for n, row in enumerate(rows, 1)]
    masked = "left out" if wanted.mask_artist else "included"
    facts = {
        "works in the index": document.works,
        "compared by": "style and content" if wanted.by == "both" else wanted.by,
        "works by the same artist": masked,
        "model": f"{document.network} {document.model}",
    }
    score = (
        "the mean of two cosines, one of style and one of content"
        if wanted.by == "both"
        else "the cosine of two embeddings"
    )
    how = Prose(
        f"The score is {score}: 1 is equal. It has no scale of its own, so"
        " compare scores only with others of the same model. A style with (model) is the model's"
        " answer; the collection does not name one."
    )
    sections.append(Section("How to read it", [how, Facts(facts)]))
    pictures = "picture" if len(rows) == 1 else "pictures"
    write_page(path, "Similar works", f"{len(rows)} {pictures}", sections)


def similar_section(row: SimilarRow, document: IndexDocument) -> Section:
    """Return a picture's neighbours as a part of another page."""
    if row.error is not None:
        return Section("Similar works", [Prose(_missing(row))])
    among = (
        f"The nearest of {document.works:,} works, each with the cosine of the two embeddings; 1 is"
        " equal."
    )
    nearest = [_neighbour(work) for work in row.similar]
    return Section("Similar works", [Prose(among), Gallery("", nearest)])


def _missing(row: SimilarRow) -> str:
    return f"No similar works: {row.error}."


def _blocks(row: SimilarRow) -> list[Block]:
    query = Row([_picture(row.path, "", _QUERY_PX)])
    if row.error is not None:
        return [query, Prose(_missing(row))]
    nearest = [_neighbour(work) for work in row.similar]
    return [query, Gallery(f"The {len(nearest)} nearest", nearest, open=True)]


def _neighbour(work: SimilarWork) -> Picture:
    return _picture(Path(work.path), f"{work.score:.3f} · {about(work)}\n", _NEIGHBOUR_PX)


def _picture(path: Path, before: str, max_side_px: int) -> Picture:
    name = printable(Path(path.name))
    try:
        return Picture(thumbnail(path, max_side_px), printable(path), f"{before}{name}")
    except (ImageError, OSError):
        return Picture(_GONE, f"{printable(path)}, which cannot be read", f"{before}{name}")
