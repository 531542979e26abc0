"""Answers as annotations and as Linked Art: a machine's word says that it is one."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from artstyle.errors import UsageError
from artstyle.pictures.record import Record
from artstyle.prediction.annotations import write_annotations
from artstyle.prediction.linked_art import write_linked_art
from artstyle.prediction.origin import Origin
from artstyle.prediction.rows import PredictionRow, RankedStyle

ORIGIN = Origin("9.8.7", "2026-11-27T01:02:03Z")
MODEL = "48da3bb76670"
URL = "https://museum.example"


def row(style: str | None, canvas: str | None, manifest: str | None = f"{URL}/1") -> PredictionRow:
    return PredictionRow(
        Path(f"museum.example/{canvas}"),
        (RankedStyle(style, 0.75), RankedStyle("Rococo", 0.25)) if style else None,
        None if style else "404 Not Found",
        MODEL,
        "sure" if style else None,
        likely=(style,) if style else None,
        record=Record(canvas and f"{URL}/{canvas}", "A work", manifest, "cc0"),
    )


ROWS = [
    row(None, "a"),
    row("Cubism", "b"),
    row("New_Realism", "c"),
    row("Baroque", "d", f"{URL}/2"),
    row(None, "e", f"{URL}/3"),
    row("Cubism", "info", None),
]


def pages() -> list[dict[str, Any]]:
    stream = io.StringIO()
    assert list(write_annotations(ROWS, stream, ORIGIN)) == ROWS
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_manifest_has_a_page_with_an_annotation_for_each_answer() -> None:
    found = [(page["id"], [a["target"] for a in page["items"]]) for page in pages()]
    assert found == [
        (f"{URL}/1#artstyle-{MODEL}", [f"{URL}/b", f"{URL}/c"]),
        (f"{URL}/2#artstyle-{MODEL}", [f"{URL}/d"]),
        (f"{URL}/3#artstyle-{MODEL}", []),
        (f"{URL}/info#artstyle-{MODEL}", [f"{URL}/info"]),
    ]
    for page in pages():
        assert page["@context"] == "http://iiif.io/api/presentation/3/context.json"
        assert page["type"] == "AnnotationPage"
    ids = [a["id"] for page in pages() for a in page["items"]]
    assert len(set(ids)) == len(ids)


def test_an_annotation_names_the_style_and_the_software() -> None:
    cubism, new_realism = pages()[0]["items"]
    assert [body.get("source") or body["value"] for body in cubism["body"]] == [
        "http://vocab.getty.edu/aat/300021495",
        "Cubism",
        "Style named by software, not by a curator: 75.0%, sure",
    ]
    # The Getty's identifier of this style is not known.
    assert [body["purpose"] for body in new_realism["body"]] == ["tagging", "describing"]
    assert cubism["creator"]["type"] == "Software"
    assert cubism["creator"]["id"] == f"urn:artstyle:model:{MODEL}"
    assert "9.8.7" in cubism["creator"]["name"]
    assert cubism["created"] == "2026-11-27T01:02:03Z"
    assert "painting" not in cubism["motivation"]
    own = {k.removeprefix("urn:artstyle:"): v for k, v in cubism.items() if k.startswith("urn:")}
    assert own == {
        "style": "Cubism", "probability": 0.75, "verdict": "sure", "likely": ["Cubism"],
        "model": MODEL, "version": "9.8.7",
    }  # fmt: skip


def test_a_picture_of_no_manifest_cannot_be_annotated() -> None:
    plain = PredictionRow(Path("a.jpg"), (RankedStyle("Cubism", 1.0),), None, MODEL)
    with pytest.raises(UsageError, match=r"a\.jpg comes from no manifest"):
        list(write_annotations([plain], io.StringIO(), ORIGIN))


def objects(rows: list[PredictionRow]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    assert list(write_linked_art(rows, stream, ORIGIN)) == rows
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_linked_art_has_an_object_for_each_answer_that_is_not_classified_itself() -> None:
    found = objects(ROWS)
    names = [thing["identified_by"][0]["content"] for thing in found]
    assert names == [f"{URL}/{name}" for name in ("b", "c", "d", "info")]
    for thing in found:
        assert thing["type"] == "HumanMadeObject"
        assert "classified_as" not in thing
        (shown,) = thing["shows"]
        assert shown.keys() == {"type", "attributed_by"}
    carrier = found[0]["subject_of"][0]["digitally_carried_by"][0]
    assert carrier["access_point"] == [{"id": f"{URL}/1", "type": "DigitalObject"}]
    assert "subject_of" not in found[3]


def test_the_assignment_says_what_was_assigned_by_which_software_and_when() -> None:
    (assignment,) = objects(ROWS)[0]["shows"][0]["attributed_by"]
    assert assignment["type"] == "AttributeAssignment"
    assert assignment["assigned_property"] == "classified_as"
    (style,) = assignment["assigned"]
    assert (style["id"], style["type"]) == ("http://vocab.getty.edu/aat/300021495", "Type")
    assert style["classified_as"][0]["id"] == "http://vocab.getty.edu/aat/300015646"
    assert style["equivalent"][0]["id"].startswith("http://www.wikidata.org/entity/Q")
    (agent,) = assignment["carried_out_by"]
    assert "9.8.7" in agent["_label"]
    assert agent["classified_as"][0]["id"] == "http://www.w3.org/ns/prov#SoftwareAgent"
    (model,) = assignment["used_specific_object"]
    assert model["identified_by"] == [{"type": "Identifier", "content": MODEL}]
    assert assignment["timespan"]["end_of_the_end"] == "2026-11-27T01:02:03Z"
    assert assignment["referred_to_by"][0]["content"] == "Confidence: 75.0%, sure"
    unknown = objects(ROWS)[1]["shows"][0]["attributed_by"][0]["assigned"][0]
    assert "id" not in unknown
    assert unknown["_label"] == "New Realism"


def test_a_file_without_a_record_is_identified_by_its_path() -> None:
    plain = PredictionRow(Path("scans/a.jpg"), (RankedStyle("Cubism", 1.0),), None, MODEL)
    (found,) = objects([plain])
    assert found["identified_by"][0]["content"] == str(Path("scans/a.jpg"))


def test_of_several_labels_those_that_are_given_are_said_and_no_other() -> None:
    ranked = tuple(map(RankedStyle, ("Cubism", "New_Realism", "Rococo"), (0.8, 0.61, 0.2)))
    record = Record(f"{URL}/a", "A work", f"{URL}/1", "cc0")
    given, none = (
        PredictionRow(Path("a"), ranked, None, MODEL, labels=labels, record=record)
        for labels in (("Cubism", "New_Realism"), ())
    )
    stream = io.StringIO()
    assert list(write_annotations([given, none], stream, ORIGIN)) == [given, none]
    (annotation,) = json.loads(stream.getvalue())["items"]
    assert annotation["urn:artstyle:labels"] == ["Cubism", "New_Realism"]
    words = [body["value"] for body in annotation["body"] if "value" in body]
    assert words[:2] == ["Cubism", "New Realism"]
    assert words[2].endswith("Cubism 80.0%, New Realism 61.0%")
    stream = io.StringIO()
    assert list(write_linked_art([given, none], stream, ORIGIN)) == [given, none]
    (line,) = stream.getvalue().splitlines()
    (assignment,) = json.loads(line)["shows"][0]["attributed_by"]
    assert [style["_label"] for style in assignment["assigned"]] == ["Cubism", "New Realism"]
