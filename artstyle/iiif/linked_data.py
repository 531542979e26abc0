"""Reading JSON-LD as museums write it: one value or many, with or without ``@``, any prefix."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urldefrag, urljoin

from artstyle.errors import RefusedError, WebError
from artstyle.styles.names import visible

Node = Mapping[str, Any]

_TAG = re.compile(r"<[^<>]*>")


def parsed(content: bytes, where: str) -> Node:
    """Return the JSON object of a document.

    Args:
        content: The document.
        where: Its address or file, for the error.

    Raises:
        RefusedError: It is not a JSON object.
    """
    try:
        value = json.loads(content)
    except RecursionError:
        raise RefusedError(f"{where}: its JSON is nested too deeply") from None
    except ValueError as error:
        start = content[:200].lstrip().lower()
        what = "a web page" if start.startswith((b"<!doctype html", b"<html")) else str(error)
        raise RefusedError(f"{where}: not JSON: {what}") from None
    if not isinstance(value, dict):
        raise RefusedError(f"{where}: not a IIIF document: its JSON is not an object")
    return value


def values(node: Node, *keys: str) -> list[Any]:
    """Return all values of some keys; a single one counts as a list of one."""
    found = []
    for key in keys:
        value = node.get(key)
        found += value if isinstance(value, list) else [] if value is None else [value]
    return found


def nodes(node: Node, *keys: str) -> Iterator[Node]:
    """Yield the objects among the values of some keys; a text is the address of one."""
    for value in values(node, *keys):
        if isinstance(value, dict):
            yield value
        elif isinstance(value, str):
            yield {"id": value}


def address(node: Node) -> str | None:
    """Return a node's identifier, ``id`` or ``@id``; None if it has none."""
    found = next((v for v in values(node, "id", "@id") if isinstance(v, str)), "")
    return visible(found.strip()) or None


def joined(base: str, found: str) -> str:
    """Return an address that may be relative to the document that names it, without fragment.

    Raises:
        WebError: It cannot be an address.
    """
    try:
        return urldefrag(urljoin(base, found)).url
    except ValueError as error:
        raise WebError(f"{visible(found)}: not an address: {error}") from None


def kind(node: Node) -> str:
    """Return a node's type in small letters, without a prefix: ``sc:Manifest`` -> ``manifest``."""
    found = next((v for v in values(node, "type", "@type") if isinstance(v, str)), "")
    return re.split(r"[:/#]", found)[-1].strip().lower()


def text(value: Any) -> str | None:
    """Return a label as one line: a text, several, or a language map, whose first language counts.

    Tags of HTML are dropped.
    """
    if isinstance(value, list):
        return "; ".join(filter(None, map(text, value))) or None
    if isinstance(value, dict):
        if "@value" in value:
            return text(value["@value"])
        return next(filter(None, map(text, value.values())), None)
    if not isinstance(value, str | int | float):
        return None
    plain = html.unescape(_TAG.sub("", value)) if isinstance(value, str) else str(value)
    return visible(" ".join(plain.split())) or None


def label(node: Node) -> str | None:
    """Return a node's label as one line."""
    found = node.get("label")
    if isinstance(found, list) and all(isinstance(part, dict) for part in found):
        found = found[:1]  # One text in several languages, as Presentation API 2 has it.
    return text(found)


def rights(node: Node) -> str | None:
    """Return a node's licence and the statement that must be shown with it, as one line."""
    statements = [text(s.get("value")) for s in nodes(node, "requiredStatement")]
    licences = [text(value) for value in values(node, "rights", "license")]
    parts = [*licences, *statements, text(node.get("attribution"))]
    return "; ".join(dict.fromkeys(filter(None, parts))) or None
