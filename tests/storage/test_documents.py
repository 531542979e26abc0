"""The typed models of our JSON files."""

import json
from pathlib import Path
from typing import Any

import pytest

import artstyle
from artstyle.errors import DataError
from artstyle.storage.documents import Document

DOCUMENTS = ("CollectionReport", "DatasetDescription", "EvaluationReport", "RunEnvironment")


class Portrait(Document):
    painter: str
    likeness: float


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_field_of_a_public_document_has_a_sentence(name: str) -> None:
    schema = getattr(artstyle, name).model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for key, field in part["properties"].items():
            # A part that has the same sentence as its field states it once, where it is defined.
            said = field.get("description") or _defined(schema, field)["description"]
            assert said.endswith("."), f"{part['title']}.{key}"


def _defined(schema: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][field["$ref"].removeprefix("#/$defs/")]
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_cannot_be_changed(name: str) -> None:
    assert getattr(artstyle, name).model_config["frozen"]


def test_a_document_is_read_as_it_was_written_whatever_bytes_its_names_have(tmp_path: Path) -> None:
    portrait = Portrait(painter="Kōrin", likeness=0.1)
    portrait.write(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text("utf-8") == (
        '{\n  "painter": "Kōrin",\n  "likeness": 0.1\n}\n'
    )
    assert Portrait.read(tmp_path / "a.json") == portrait
    # A file name that is not UTF-8 keeps its bytes.
    Portrait(painter="\udcff", likeness=0).write(tmp_path / "b.json")
    assert b'"\xff"' in (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"likeness": "high"}, "'likeness' is 'high'"),
        ({"likeness": float("nan")}, "'likeness' is nan"),
        ({"painter": 3}, "'painter' is 3"),
        ({"format_version": 2}, "written by a later version of artstyle"),
    ],
)
def test_a_damaged_document_is_refused_with_its_key(
    change: dict[str, object], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"painter": "Goya", "likeness": 1} | change))
    with pytest.raises(DataError, match=rf"a\.json.*{reason}"):
        Portrait.read(path)


def test_keys_that_a_document_does_not_know_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"painter": "Goya", "likeness": 1, "frame": "gilt"}')
    assert Portrait.read(path) == Portrait(painter="Goya", likeness=1)
