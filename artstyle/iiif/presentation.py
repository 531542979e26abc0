"""Reading manifests and collections of the IIIF Presentation API, versions 2 and 3."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from artstyle.iiif.image_api import WHOLE, ImageService, Part, image_service, is_info
from artstyle.iiif.linked_data import Node, address, kind, label, nodes, rights, values
from artstyle.pictures.record import Record

Document = Literal["manifest", "collection", "info"]

_MEMBERS = ("collections", "manifests", "members")
_XYWH = re.compile(r"xywh=(?:pixel:)?(\d+,\d+,(\d{1,9}),(\d{1,9}))\b")


@dataclass(frozen=True)
class Painted:
    """An image that is painted on a canvas."""

    address: str | None
    """Of the image itself."""
    service: ImageService | None
    part: Part
    area: float
    """How much of the canvas it covers, in the canvas's units; infinite for all of it."""


def document_kind(document: Node) -> Document | None:
    """Return what a document is; None if it is none of them."""
    named = kind(document)
    if named.startswith("collection") or any(key in document for key in _MEMBERS):
        return "collection"
    if named == "manifest" or any(True for _ in canvases(document)):
        return "manifest"
    return "info" if is_info(document) else None


def has_content(document: Node) -> bool:
    """Return whether a manifest or a collection is here as a whole, and not only named."""
    return any(document.get(key) for key in ("sequences", "items", *_MEMBERS, "first"))


def members(collection: Node) -> Iterator[Node]:
    """Yield the manifests and collections in a collection, or in a page of one, in order."""
    return nodes(collection, "members", "collections", "manifests", "items")


def next_page(document: Node) -> str | None:
    """Return the address of the page that continues a collection or an annotation page."""
    return next(
        (found for page in nodes(document, "first", "next") if (found := address(page))), None
    )


def canvases(manifest: Node) -> Iterator[Node]:
    """Yield the canvases of a manifest in their order; of several sequences the first counts."""
    for sequence in list(nodes(manifest, "sequences"))[:1]:
        yield from nodes(sequence, "canvases")
    for item in nodes(manifest, "items"):
        if kind(item) == "canvas" or (not kind(item) and "items" in item):
            yield item


def canvas_record(canvas: Node, manifest: Node, manifest_address: str, *, is_only: bool) -> Record:
    """Return what identifies a canvas.

    Args:
        canvas: The canvas.
        manifest: Its manifest.
        manifest_address: Where the manifest came from, if it does not say.
        is_only: Whether the manifest has no other: its label then names the picture.
    """
    whole, own = label(manifest), label(canvas)
    parts = [whole or own] if is_only else [whole, own]
    return Record(
        id=address(canvas),
        label=", ".join(filter(None, parts)) or None,
        manifest=address(manifest) or manifest_address,
        rights=rights(canvas) or rights(manifest),
    )


def annotations(canvas_or_page: Node) -> Iterator[Node]:
    """Yield the painting annotations that are here; and pages of them that are elsewhere."""
    for item in nodes(canvas_or_page, "images", "items"):
        if kind(item) in ("annotationpage", "") and "items" in item:
            yield from annotations(item)
        elif is_elsewhere(item) or _paints(item):
            yield item


def is_elsewhere(item: Node) -> bool:
    """Return whether an item is only the address of an annotation page."""
    return kind(item) in ("annotationpage", "annotationlist", "") and not (
        item.keys() & {"items", "resources", "body", "resource"}
    )


def painted(annotation: Node) -> Painted | None:
    """Return the image of an annotation, of a choice the first; None if it paints no image."""
    for body in nodes(annotation, "body", "resource"):
        found = _image(body, WHOLE)
        if found is not None:
            where, service, part = found
            return Painted(where, service, part, _area(annotation))
    return None


def paints(annotation: Node) -> str:
    """Return in a word what an annotation paints: ``video``, ``sound``, ``choice``, ..."""
    return next((kind(body) for body in nodes(annotation, "body", "resource") if kind(body)), "")


_Found = tuple[str | None, ImageService | None, Part]


def _image(body: Node, part: Part) -> _Found | None:
    named = kind(body)
    if named in ("choice", "list", "composite", "independents"):
        choices = nodes(body, "default", "items", "item", "members")
        return next((found for c in choices if (found := _image(c, part)) is not None), None)
    if named == "specificresource":
        sources = nodes(body, "source", "full")
        inner = _part(body)
        return next((found for s in sources if (found := _image(s, inner)) is not None), None)
    if not _is_image(body):
        return None
    service = image_service(body)
    where, _, fragment = (address(body) or "").partition("#")
    region = _XYWH.search(fragment)
    if region:
        part = Part(region[1], part.rotation)
    return (where or None, service, part) if where or service else None


def _is_image(body: Node) -> bool:
    """Return whether a body is an image; one without a type may say so in its format."""
    media = str(body.get("format") or "image/")
    return kind(body) in ("image", "stillimage") or (not kind(body) and media.startswith("image/"))


def _part(specific: Node) -> Part:
    """Read the selectors of a part of an image."""
    region, rotation = "full", "0"
    for selector in nodes(specific, "selector"):
        region = str(selector.get("region") or region).removeprefix("xywh=")
        rotation = str(selector.get("rotation") or rotation)
        if found := _XYWH.search(str(selector.get("value") or "")):
            region = found[1]
    return Part(region, rotation)


def _paints(annotation: Node) -> bool:
    motivations = values(annotation, "motivation")
    is_painting = any(str(m).lower().endswith("painting") for m in motivations)
    return is_painting or not motivations


def _area(annotation: Node) -> float:
    """Return the area of the canvas that an annotation covers."""
    target = str(values(annotation, "target", "on"))
    found = _XYWH.search(target)
    return int(found[2]) * int(found[3]) if found else math.inf
