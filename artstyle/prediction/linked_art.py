"""Answers as Linked Art: one object for each picture, one line for each object.

The style is not said of the object itself. It is what an ``AttributeAssignment`` assigned, which
names the software, the model and the time, and can be taken back.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from artstyle.prediction.origin import AAT, WIKIDATA, Origin, confidence_words, named_styles
from artstyle.prediction.rows import PredictionRow
from artstyle.styles.vocabulary import display_name, read_vocabulary

Thing = dict[str, Any]

_CONTEXT = "https://linked.art/ns/v1/linked-art.json"
_STYLE = {"id": f"{AAT}300015646", "type": "Type", "_label": "Style"}
_DESCRIPTION = {"id": f"{AAT}300435416", "type": "Type", "_label": "Description"}
_SOFTWARE_AGENT = {
    "id": "http://www.w3.org/ns/prov#SoftwareAgent",
    "type": "Type",
    "_label": "software agent",
}
_PRESENTATION_API = {
    "id": "http://iiif.io/api/presentation/",
    "type": "InformationObject",
}


def write_linked_art(
    rows: Iterable[PredictionRow], stream: TextIO, origin: Origin
) -> Iterator[PredictionRow]:
    """Write each row as it comes, then yield it; a row that names no style is not written.

    Args:
        rows: Consumed one by one.
        stream: Gets one line of JSON-LD for each row.
        origin: What made the answers.
    """
    for row in rows:
        if named_styles(row):
            stream.write(json.dumps(_object(row, origin), ensure_ascii=False, allow_nan=False))
            stream.write("\n")
        yield row


def _object(row: PredictionRow, origin: Origin) -> Thing:
    record = row.record
    found: Thing = {"@context": _CONTEXT, "type": "HumanMadeObject"}
    if record and record.label:
        found["_label"] = record.label
    found["identified_by"] = [_identifier((record and record.id) or str(row.path))]
    if record and record.manifest:
        found["subject_of"] = [_manifest(record.manifest)]
    return found | {"shows": [{"type": "VisualItem", "attributed_by": [_assignment(row, origin)]}]}


def _assignment(row: PredictionRow, origin: Origin) -> Thing:
    """Return what says who assigned the style: CIDOC CRM's E13."""
    software = f"artstyle {origin.release}"
    return {
        "type": "AttributeAssignment",
        "_label": "Style named by software, not by a curator",
        "carried_out_by": [
            {
                # Linked Art knows persons and groups as agents, no software.
                "type": "Group",
                "_label": f"{software} (software)",
                "classified_as": [_SOFTWARE_AGENT],
            }
        ],
        "used_specific_object": [
            {
                "type": "DigitalObject",
                "_label": f"Model {row.model} of {software}",
                "identified_by": [_identifier(row.model)],
            }
        ],
        "timespan": {
            "type": "TimeSpan",
            "begin_of_the_begin": origin.moment,
            "end_of_the_end": origin.moment,
        },
        "assigned_property": "classified_as",
        "assigned": [_style(style) for style in named_styles(row)],
        "referred_to_by": [
            {
                "type": "LinguisticObject",
                "classified_as": [_DESCRIPTION],
                "content": f"Confidence: {confidence_words(row)}",
            }
        ],
    }


def _style(style: str) -> Thing:
    """Return a style as a type; with the identifier of the Getty AAT where it is known."""
    entry = read_vocabulary().entry(style)
    aat, wikidata = (entry.aat_id, entry.wikidata_id) if entry else (None, None)
    found: Thing = {"id": f"{AAT}{aat}"} if aat else {}
    found |= {"type": "Type", "_label": display_name(style), "classified_as": [_STYLE]}
    if wikidata:
        found["equivalent"] = [{"id": f"{WIKIDATA}{wikidata}", "type": "Type"}]
    return found


def _manifest(address: str) -> Thing:
    carrier = {
        "type": "DigitalObject",
        "conforms_to": [_PRESENTATION_API],
        "access_point": [{"id": address, "type": "DigitalObject"}],
    }
    return {"type": "LinguisticObject", "digitally_carried_by": [carrier]}


def _identifier(content: str) -> Thing:
    return {"type": "Identifier", "content": content}
