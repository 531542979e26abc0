"""Fetching the picture of one canvas: its annotations, its image service, and one size of it."""

from collections import deque
from contextlib import suppress
from dataclasses import replace

from artstyle.errors import RefusedError, WebError
from artstyle.iiif.image_api import (
    WHOLE,
    ImageService,
    Part,
    image_addresses,
    is_info,
    read_service,
    service_of_address,
)
from artstyle.iiif.linked_data import Node, address, joined, parsed
from artstyle.iiif.presentation import (
    Painted,
    annotations,
    is_elsewhere,
    next_page,
    painted,
    paints,
)
from artstyle.iiif.web import Web

_MAX_PAGES = 20
_TEXTS = (b"<", b"{", b"[")


async def canvas_picture(web: Web, canvas: Node, base: str, short_side_px: int) -> bytes:
    """Fetch the image that covers most of a canvas; among equals, the first.

    Args:
        web: What fetches.
        canvas: The canvas, as its manifest has it.
        base: The manifest's address, which others may be relative to.
        short_side_px: The length that the shorter side needs.

    Raises:
        WebError: The picture cannot be had.
    """
    image = await _largest(web, canvas, base)
    where = None if image.address is None else joined(base, image.address)
    service = image.service or (service_of_address(where) if where else None)
    if service is not None:
        try:
            service = replace(service, base=joined(base, service.base))
            return await _of_service(web, service, short_side_px, image.part)
        except RefusedError:
            # The manifest's own address is the last resort: it is the whole image.
            if where is None or image.part != WHOLE:
                raise
    if where is None or image.part != WHOLE:
        raise WebError("it shows a part of an image that has no image service")
    return await web.kept(where, _require_image, is_image=True)


async def info_picture(web: Web, info: Node, base: str, short_side_px: int) -> bytes:
    """Fetch the image of an ``info.json``.

    Args:
        web: What fetches.
        info: The document.
        base: Where it is, if it does not say.
        short_side_px: The length that the shorter side needs.

    Raises:
        WebError: The picture cannot be had.
    """
    service = read_service(info, joined(base, address(info) or base))
    return await _served(web, service, short_side_px, WHOLE)


async def _largest(web: Web, canvas: Node, base: str) -> Painted:
    """Return the image that covers most of a canvas; pages of annotations are fetched."""
    best, named, pages = None, "", 0
    waiting = deque(annotations(canvas))
    while waiting:
        annotation = waiting.popleft()
        if is_elsewhere(annotation):
            pages += 1
            if pages > _MAX_PAGES:
                raise WebError(f"the canvas has more than {_MAX_PAGES} pages of annotations")
            page = await _annotation_page(web, annotation, base)
            waiting.extendleft(reversed(page))
            continue
        named = named or paints(annotation)
        image = painted(annotation)
        if image is not None and (best is None or image.area > best.area):
            best = image
    if best is None:
        raise WebError(f"the canvas has no image{f', but {named}' if named else ''}")
    return best


async def _annotation_page(web: Web, reference: Node, base: str) -> list[Node]:
    """Return the annotations of a page that is elsewhere, and the page that follows it."""
    where = joined(base, address(reference) or "")
    page = parsed(await web.document(where), where)
    following = next_page(page)
    return [*annotations(page), *([{"id": joined(where, following)}] if following else [])]


async def _of_service(web: Web, service: ImageService, short_side_px: int, part: Part) -> bytes:
    """Fetch an image from its server, which says what it has unless the manifest does."""
    if service.is_complete:
        with suppress(RefusedError):  # The manifest may be older than the server.
            return await _served(web, service, short_side_px, part)
    where = f"{service.base}/info.json"
    info = parsed(await web.kept(where, _require_info, is_image=False), where)
    return await _served(web, read_service(info, service.base), short_side_px, part)


async def _served(web: Web, service: ImageService, short_side_px: int, part: Part) -> bytes:
    """Fetch an image in the first of the sizes that its server does not refuse."""
    refused: RefusedError | None = None
    for where in image_addresses(service, short_side_px, part):
        try:
            return await web.kept(where, _require_image, is_image=True)
        except RefusedError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _require_info(content: bytes, where: str) -> None:
    info = parsed(content, where)
    if not is_info(info) and "width" not in info:
        raise RefusedError(f"{where}: not an info.json of the Image API")


def _require_image(content: bytes, where: str) -> None:
    """Refuse a text: servers answer so, with a message for people, what they do not give."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_TEXTS):
        raise RefusedError(f"{where}: a text, not an image")
