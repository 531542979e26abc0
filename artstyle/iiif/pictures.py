"""The pictures of IIIF documents, in order, fetched a few ahead at the size that a model needs."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artstyle.errors import WebError
from artstyle.iiif.cache import Cache, default_folder
from artstyle.iiif.documents import Document, documents, started_ahead
from artstyle.iiif.fetching import canvas_picture, info_picture
from artstyle.iiif.linked_data import Node, address, kind, label, rights
from artstyle.iiif.presentation import canvas_record, canvases, document_kind
from artstyle.iiif.sources import is_address
from artstyle.iiif.web import MANNERS, Manners, Web, opened_web
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.record import Record

Note = Callable[[str], None]

_AHEAD = 8


def iiif_pictures(
    sources: Iterable[str],
    short_side_px: int,
    note: Note = lambda message: None,
    *,
    manners: Manners = MANNERS,
    cache_folder: Path | None = None,
) -> Iterator[PicturePath]:
    """Yield the picture of each canvas in the order of the manifests, with its content.

    Whatever cannot be had is yielded with its problem. No more than a few manifests and pictures
    are in memory.

    Args:
        sources: Addresses of manifests, collections or ``info.json`` files; such files on this
            machine; text files with one address a line.
        short_side_px: The length that the shorter side of a picture needs; image servers are asked
            for no more.
        note: Called with a line for the user.
        manners: How servers are asked.
        cache_folder: Where images are kept for a day; None is the user's own cache.
    """
    cache = Cache(cache_folder or default_folder(), note)
    with opened_web(cache, manners) as web:
        places = (place for source in sources for place in _places(web, source, note))
        fetched = started_ahead(
            places, lambda p: web.start(_picture, web, p, short_side_px), _AHEAD
        )
        for place, content in fetched:
            try:
                yield PicturePath(place.name, content=content.result(), record=place.record)
            except WebError as error:
                yield PicturePath(place.name, str(error), record=place.record)


@dataclass(frozen=True)
class _Place:
    """A picture before it is fetched."""

    name: Path
    record: Record
    document: Document
    canvas: Node | None = None
    """None for the image of an ``info.json``."""


def _places(web: Web, source: str, note: Note) -> Iterator[_Place]:
    """Yield the pictures of one argument."""
    is_here = not is_address(source) and source.lower().endswith(".json")
    for document in documents(web, source, note):
        for place in _places_of(document):
            if is_here and place.document.problem is None:
                note(f"{source} is on this machine, its images are not: they are fetched")
                is_here = False
            yield place


def _places_of(document: Document) -> Iterator[_Place]:
    """Yield the pictures of one document."""
    node, where = document.node, document.address
    found = None if node is None else document_kind(node)
    if node is None:
        yield _failed(document)
    elif found == "manifest":
        yield from _places_of_manifest(document, node)
    elif found == "info":
        own = address(node) or where.removesuffix("/info.json")
        yield _Place(_name(own), Record(own, label(node), None, rights(node)), document)
    else:
        what = f"its type is {kind(node)}" if kind(node) else "it has no type"
        problem = f"neither a manifest, a collection nor an info.json: {what}"
        yield _failed(Document(where, problem=problem))


def _places_of_manifest(document: Document, manifest: Node) -> Iterator[_Place]:
    inside = list(canvases(manifest))
    own = address(manifest) or document.address
    if not inside:
        yield _failed(Document(own, problem="the manifest has no canvas"))
    for number, canvas in enumerate(inside, start=1):
        record = canvas_record(canvas, manifest, own, is_only=len(inside) == 1)
        yield _Place(_name(record.id or f"{own}/canvas/{number}"), record, document, canvas)


def _failed(document: Document) -> _Place:
    return _Place(_name(document.address), Record(None, manifest=document.address), document)


def _name(found: str) -> Path:
    """Return an identifier as a path, which would make one slash of the two after ``https:``."""
    return Path(re.sub(r"^https?://", "", found, flags=re.IGNORECASE).replace("\0", "") or "/")


async def _picture(web: Web, place: _Place, short_side_px: int) -> bytes:
    document = place.document
    if document.problem is not None:
        raise WebError(document.problem)
    if place.canvas is not None:
        return await canvas_picture(web, place.canvas, document.address, short_side_px)
    assert document.node is not None
    return await info_picture(web, document.node, document.address, short_side_px)
