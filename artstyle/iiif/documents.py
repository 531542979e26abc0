"""Finding the manifests and ``info.json`` files that addresses, files and collections lead to."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from artstyle.errors import WebError
from artstyle.iiif.linked_data import Node, address, joined, kind, parsed
from artstyle.iiif.presentation import document_kind, has_content, members, next_page
from artstyle.iiif.sources import is_address, listed_addresses
from artstyle.iiif.web import Web

Item = TypeVar("Item")
Value = TypeVar("Value")
Note = Callable[[str], None]

_AHEAD = 4
_MAX_DEPTH = 50
_MAX_PAGES = 10_000


@dataclass(frozen=True)
class Document:
    """A document, or why there is none."""

    address: str
    """Where it is, or its file; what it names may be relative to it."""
    node: Node | None = None
    problem: str | None = None
    is_own: bool = True
    """Whether it came from this address; otherwise it is part of the document there."""


def documents(web: Web, source: str, note: Note) -> Iterator[Document]:
    """Yield the manifests and ``info.json`` files of one argument, in order, a few ahead.

    Args:
        web: What fetches.
        source: An address, a JSON file, or a text file with one address a line.
        note: Called with a line for the user.
    """
    finder = _Finder(web, note)
    if is_address(source):
        yield from finder.found([{"id": source}])
    elif source.lower().endswith(".json"):
        yield from finder.inside(_read_file(Path(source), web.manners.document_bytes))
    else:
        yield from finder.found({"id": line} for line in listed_addresses(Path(source)))


def started_ahead(
    items: Iterable[Item], start: Callable[[Item], Future[Value]], ahead: int
) -> Iterator[tuple[Item, Future[Value]]]:
    """Yield each item with its work, which is started while up to ``ahead`` items wait."""
    source = iter(items)
    waiting = deque((item, start(item)) for item in islice(source, ahead))
    while waiting:
        item, future = waiting.popleft()
        yield item, future
        waiting.extend((item, start(item)) for item in islice(source, 1))


class _Finder:
    """Follows collections; remembers which it has read."""

    def __init__(self, web: Web, note: Note) -> None:
        self._web, self._note = web, note
        self._read: set[str] = set()

    def found(
        self, references: Iterable[Node], base: str = "", depth: int = 0
    ) -> Iterator[Document]:
        """Yield the documents that references lead to."""
        for _, future in started_ahead(references, lambda r: self._start(r, base), _AHEAD):
            yield from self.inside(future.result(), depth)

    def inside(self, document: Document, depth: int = 0) -> Iterator[Document]:
        """Yield a document itself, or those of a collection."""
        if document.node is None or document_kind(document.node) != "collection":
            yield document
        elif depth >= _MAX_DEPTH:
            yield Document(document.address, problem=f"more than {_MAX_DEPTH} collections deep")
        elif self._is_new(document):
            found = self._inside_collection(document, depth)
            yield next(found, Document(document.address, problem="it leads to no manifest"))
            yield from found

    def _inside_collection(self, collection: Document, depth: int) -> Iterator[Document]:
        for page in self._pages(collection):
            if page.node is None:
                yield page
            else:
                yield from self.found(members(page.node), page.address, depth + 1)

    def _pages(self, page: Document) -> Iterator[Document]:
        """Yield a collection and the pages that continue it."""
        for _ in range(_MAX_PAGES):
            yield page
            following = page.node and next_page(page.node)
            if not following:
                return
            page = self._start({"id": following}, page.address).result()
            if not self._is_new(page):
                return
        yield Document(page.address, problem=f"a collection of more than {_MAX_PAGES} pages")

    def _is_new(self, collection: Document) -> bool:
        """Return whether a collection, or a page of one, was not read before."""
        if collection.is_own and collection.address in self._read:
            self._note(f"{collection.address} is listed again; it is read once")
            return False
        self._read.add(collection.address)
        return True

    def _start(self, reference: Node, base: str) -> Future[Document]:
        return self._web.start(self._document, reference, base)

    async def _document(self, reference: Node, base: str) -> Document:
        """Fetch a document, unless it is whole where it is named."""
        named = address(reference)
        if kind(reference) in ("manifest", "collection") and has_content(reference):
            return Document(base, reference, is_own=False)
        if named is None:
            return Document(base, problem="a document without an address is listed")
        try:
            where = joined(base, named)
            return Document(where, parsed(await self._web.document(where), where))
        except WebError as error:
            return Document(named, problem=str(error))


def _read_file(path: Path, max_bytes: int) -> Document:
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise WebError(f"{path}: longer than the limit of {max_bytes >> 20} MiB")
        return Document(str(path), parsed(content, str(path)))
    except OSError as error:
        return Document(str(path), problem=f"{path}: {(error.strerror or '').lower()}")
    except WebError as error:
        return Document(str(path), problem=str(error))
