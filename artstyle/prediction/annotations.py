"""Answers as IIIF annotations: one page for each manifest, one line for each page.

A page follows the W3C Web Annotation Data Model and IIIF Presentation API 3. Each annotation names
the software that made it, so that it can be found and taken back.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from typing import Any, TextIO

from artstyle.errors import UsageError
from artstyle.pictures.finding import printable
from artstyle.prediction.origin import AAT, Origin, confidence_words, named_styles
from artstyle.prediction.rows import PredictionRow
from artstyle.storage.files import digest
from artstyle.styles.vocabulary import display_name, read_vocabulary

_CONTEXT = "http://iiif.io/api/presentation/3/context.json"
"""It holds the terms of the Web Annotation Data Model too."""


def write_annotations(
    rows: Iterable[PredictionRow], stream: TextIO, origin: Origin
) -> Iterator[PredictionRow]:
    """Write each row as it comes, then yield it; a row that names no style is not written.

    Args:
        rows: Consumed one by one; those of one manifest follow each other.
        stream: Gets one line of JSON for each manifest: an annotation page.
        origin: What made the answers.

    Raises:
        UsageError: A row comes from no manifest.
    """
    for manifest, of_manifest in groupby(rows, _manifest):
        first = next(of_manifest)
        stream.write(_page_start(manifest, first.model, origin))
        separator = ""
        for row in chain([first], of_manifest):
            if named_styles(row):
                stream.write(f"{separator}{_json(_annotation(row, manifest, origin))}")
                separator = ", "
            yield row
        stream.write("]}\n")


def _manifest(row: PredictionRow) -> str:
    record = row.record
    found = record and (record.manifest or record.id)
    if not found:
        raise UsageError(
            f"{printable(row.path)} comes from no manifest, so that an annotation has no target;"
            " leave out --format iiif"
        )
    return found


def _page_start(manifest: str, model: str, origin: Origin) -> str:
    page = {
        "@context": _CONTEXT,
        "id": _page_id(manifest, model),
        "type": "AnnotationPage",
        "label": {"en": [f"Styles named by artstyle {origin.release}, not by a curator"]},
    }
    return f'{_json(page)[:-1]}, "items": ['


def _annotation(row: PredictionRow, manifest: str, origin: Origin) -> dict[str, Any]:
    assert row.styles is not None
    best, several = row.styles[0], {}
    if row.labels is not None:
        several = {"urn:artstyle:labels": list(row.labels)}
    target = (row.record and row.record.id) or manifest
    return {
        "id": f"{_page_id(manifest, row.model)}-{digest(target)[:12]}",
        "type": "Annotation",
        "motivation": ["classifying", "tagging"],
        "created": origin.moment,
        "creator": {
            "id": f"urn:artstyle:model:{row.model}",
            "type": "Software",
            "name": f"artstyle {origin.release}, model {row.model}",
        },
        "body": list(_bodies(row)),
        "target": target,
        # The context has no words for these; a key that is a URI needs none.
        "urn:artstyle:style": best.style,
        "urn:artstyle:probability": best.probability,
        **several,
        "urn:artstyle:verdict": row.verdict,
        "urn:artstyle:likely": None if row.likely is None else list(row.likely),
        "urn:artstyle:model": row.model,
        "urn:artstyle:version": origin.release,
    }


def _bodies(row: PredictionRow) -> Iterator[dict[str, Any]]:
    """Yield each style as a term of the Getty AAT and as a tag; then how sure, in words."""
    text = {"type": "TextualBody", "format": "text/plain", "language": "en"}
    for style in named_styles(row):
        entry = read_vocabulary().entry(style)
        if entry and entry.aat_id:
            source = f"{AAT}{entry.aat_id}"
            yield {"type": "SpecificResource", "source": source, "purpose": "classifying"}
        yield text | {"value": display_name(style), "purpose": "tagging"}
    words = f"Style named by software, not by a curator: {confidence_words(row)}"
    yield text | {"value": words, "purpose": "describing"}


def _page_id(manifest: str, model: str) -> str:
    # A fragment of the manifest: the page has no address of its own before it is published.
    return f"{manifest}#artstyle-{model}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
