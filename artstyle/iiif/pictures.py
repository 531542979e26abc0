"""The pictures of IIIF documents, in order, fetched a few ahead at the size that a model needs."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urldefrag, urljoin, urlsplit

from artstyle.errors import WebError
from artstyle.iiif.cache import Cache, default_folder
from artstyle.iiif.image_api import ImageService, Part, image_addresses, is_info, read_service
from artstyle.iiif.linked_data import Node, address, kind, label, parsed, rights
from artstyle.iiif.presentation import (
    Painted,
    annotations,
    canvas_record,
    canvases,
    document_kind,
    has_content,
    is_elsewhere,
    members,
    next_page,
    painted,
    paints,
)
from artstyle.iiif.sources import is_address, listed_addresses
from artstyle.iiif.web import Manners, Web, opened_web
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.record import Record

Item = TypeVar("Item")
Value = TypeVar("Value")
Note = Callable[[str], None]

_DOCUMENTS_AHEAD, _PICTURES_AHEAD = 4, 8
_MAX_PAGES, _MAX_DEPTH = 10_000, 50


def iiif_pictures(
    sources: Iterable[str],
    short_side_px: int,
    note: Note = lambda message: None,
    *,
    manners: Manners = Manners(),
    cache_folder: Path | None = None,
) -> Iterator[PicturePath]:
    """Yield the picture of each canvas in the order of the manifests, with its content.

    Whatever cannot be had is yielded with its problem. No more than the present manifests and a
    few pictures are in memory.

    Args:
        sources: Addresses of manifests, collections or ``info.json`` files; such files on this
            machine; or text files with one address a line.
        short_side_px: The length that the shorter side of a picture needs; image servers are asked
            for no more.
        note: Called with a line for the user.
        manners: How servers are asked.
        cache_folder: Where images are kept for a day; None is the user's own cache.
    """
    with opened_web(Cache(cache_folder or default_folder(), note), manners) as web:
        reader = _Reader(web, short_side_px, note)
        places = (place for source in sources for place in reader.places(source))
        for place, content in _ahead(places, reader.start_picture, _PICTURES_AHEAD):
            try:
                yield PicturePath(place.name, content=content.result(), record=place.record)
            except WebError as error:
                yield PicturePath(place.name, str(error), record=place.record)


@dataclass(frozen=True)
class _Place:
    """A picture before it is fetched."""

    record: Record
    name: Path
    base: str
    """The address of its document, which other addresses may be relative to."""
    canvas: Node | None = None
    info: Node | None = None
    problem: str | None = None


@dataclass(frozen=True)
class _Document:
    """A document, or why there is none."""

    address: str
    """Where it is, or its file."""
    node: Node | None = None
    problem: str | None = None


class _Reader:
    """Reads the documents of one command."""

    def __init__(self, web: Web, short_side_px: int, note: Note) -> None:
        self._web, self._short_side_px, self._note = web, short_side_px, note
        self._seen: set[str] = set()
        """Collections and pages: one that leads back to itself is read once."""

    def places(self, source: str) -> Iterator[_Place]:
        """Yield the pictures of one argument."""
        self._seen.clear()
        if not is_address(source) and source.lower().endswith(".json"):
            yield from self._places_of_file(source)
            return
        listed = [source] if is_address(source) else listed_addresses(Path(source))
        for document in self._documents({"id": address} for address in listed):
            yield from self._places_of(document)

    def start_picture(self, place: _Place) -> Future[bytes]:
        """Begin to fetch a picture."""
        return self._web.start(self._picture, place)

    def _places_of_file(self, source: str) -> Iterator[_Place]:
        document = self._read_file(Path(source))
        places = self._documents_of(document, 0)
        told = False
        for inner in places:
            for place in self._places_of(inner):
                if place.problem is None and not told:
                    self._note(f"{source} is here, its images are not: they are fetched")
                    told = True
                yield place

    def _read_file(self, path: Path) -> _Document:
        limit = self._web.manners.document_bytes
        try:
            with path.open("rb") as file:
                content = file.read(limit + 1)
        except FileNotFoundError:
            return _Document(str(path), problem="no such file")
        except OSError as error:
            return _Document(str(path), problem=f"cannot be read: {error.strerror}")
        if len(content) > limit:
            return _Document(str(path), problem=f"longer than the limit of {limit >> 20} MiB")
        try:
            return _Document(str(path), parsed(content))
        except WebError as error:
            return _Document(str(path), problem=str(error))

    def _documents(self, references: Iterable[Node], base: str = "", depth: int = 0) -> Iterator[_Document]:
        """Yield the manifests and ``info.json`` files that references lead to, in order."""
        whole = ((reference, base) for reference in references)
        for _, future in _ahead(whole, self._start_document, _DOCUMENTS_AHEAD):
            yield from self._documents_of(future.result(), depth)

    def _documents_of(self, document: _Document, depth: int) -> Iterator[_Document]:
        """Yield a document itself, or those of a collection."""
        if document.node is None or document_kind(document.node) != "collection":
            yield document
        elif document.address in self._seen and has_content(document.node):
            yield _Document(document.address, problem="a collection that contains itself")
        elif depth >= _MAX_DEPTH:
            yield _Document(document.address, problem=f"more than {_MAX_DEPTH} collections deep")
        else:
            self._seen.add(document.address)
            for page in self._pages(document):
                if page.node is None:
                    yield page
                else:
                    yield from self._documents(members(page.node), page.address, depth + 1)

    def _pages(self, collection: _Document) -> Iterator[_Document]:
        """Yield a collection and the pages that continue it."""
        page = collection
        for _ in range(_MAX_PAGES):
            yield page
            following = page.node and next_page(page.node)
            if not following:
                return
            where = urljoin(page.address, following)
            if where in self._seen:
                yield _Document(where, problem="a page that follows itself")
                return
            self._seen.add(where)
            page = self._start_document(({"id": where}, "")).result()
        yield _Document(page.address, problem=f"a collection of more than {_MAX_PAGES} pages")

    def _start_document(self, reference: tuple[Node, str]) -> Future[_Document]:
        return self._web.start(self._document, *reference)

    async def _document(self, reference: Node, base: str) -> _Document:
        """Fetch a document, unless it is whole where it is named."""
        found = address(reference)
        where = urljoin(base, found or "")
        if kind(reference) in ("manifest", "collection") and has_content(reference):
            return _Document(where or base, reference)
        if found is None:
            return _Document(base, problem="it lists a document without an address")
        try:
            return _Document(where, parsed(await self._web.document(urldefrag(where)[0])))
        except WebError as error:
            return _Document(where, problem=_reason(error, where))

    def _places_of(self, document: _Document) -> Iterator[_Place]:
        """Yield the pictures of a manifest or an ``info.json``."""
        node, where = document.node, document.address
        if node is None:
            yield _failed(where, document.problem or "")
            return
        found = document_kind(node)
        if found == "info":
            own = address(node) or where.removesuffix("/info.json")
            record = Record(own, label(node), None, rights(node))
            yield _Place(record, _name(own), where, info=node)
        elif found == "manifest":
            yield from self._places_of_manifest(node, where)
        else:
            what = kind(node) or "unknown"
            problem = f"neither a manifest, a collection nor an info.json; its type is {what}"
            yield _failed(where, problem)

    def _places_of_manifest(self, manifest: Node, where: str) -> Iterator[_Place]:
        inside = list(canvases(manifest))
        if not inside:
            yield _failed(where, "the manifest has no canvas")
        for number, canvas in enumerate(inside, start=1):
            record = canvas_record(canvas, manifest, where, is_only=len(inside) == 1)
            name = _name(record.id or f"{where}/canvas/{number}")
            yield _Place(record, name, where, canvas=canvas)

    async def _picture(self, place: _Place) -> bytes:
        """Fetch the picture of a place.

        Raises:
            WebError: It cannot be had.
        """
        if place.problem is not None:
            raise WebError(place.problem)
        if place.info is not None:
            base = urljoin(place.base, address(place.info) or place.base.removesuffix("/info.json"))
            return await self._served(read_service(place.info, base), Part())
        assert place.canvas is not None
        image = await self._largest(place)
        if image.service is not None:
            service = await self._complete(image.service, place.base)
            return await self._served(service, image.part)
        if not image.part.is_whole:
            raise WebError("a part of an image that has no image service")
        where = urljoin(place.base, image.address or "")
        return await self._web.kept(where, _require_image, is_image=True)

    async def _largest(self, place: _Place) -> Painted:
        """Return the image that covers most of a canvas; among equals, the first."""
        assert place.canvas is not None
        best: Painted | None = None
        named = ""
        queue = deque(annotations(place.canvas))
        pages = 0
        while queue:
            annotation = queue.popleft()
            if is_elsewhere(annotation):
                pages += 1
                if pages > _PAGES_OF_A_CANVAS:
                    raise WebError(f"more than {_PAGES_OF_A_CANVAS} pages of annotations")
                queue.extendleft(reversed(await self._annotation_page(annotation, place.base)))
                continue
            named = named or paints(annotation)
            image = painted(annotation)
            if image is not None and (best is None or image.area > best.area):
                best = image
        if best is None:
            raise WebError("the canvas has no image" + (f", but {named}" if named else ""))
        return best

    async def _annotation_page(self, reference: Node, base: str) -> list[Node]:
        where = urljoin(base, address(reference) or "")
        page = parsed(await self._web.document(where))
        following = next_page(page)
        return [*annotations(page), *([{"id": urljoin(where, following)}] if following else [])]

    async def _complete(self, service: ImageService, base: str) -> ImageService:
        """Ask an image server what it has of an image, unless the manifest says it."""
        where = urljoin(base, service.base)
        if service.is_complete:
            return service
        content = await self._web.kept(f"{where}/info.json", _require_info, is_image=False)
        return read_service(parsed(content), where)

    async def _served(self, service: ImageService, part: Part) -> bytes:
        """Fetch an image in the first of the sizes that its server gives."""
        first: WebError | None = None
        for where in image_addresses(service, self._short_side_px, part):
            try:
                return await self._web.kept(where, _require_image, is_image=True)
            except WebError as error:
                first = first or error
        assert first is not None
        raise first


_PAGES_OF_A_CANVAS = 20
