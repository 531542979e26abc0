"""The notebooks hold code that can run and nothing of a machine; `nox -s notebooks` runs them."""

import ast
import json
import re
from typing import Any

import pytest

import artstyle
from tests.docs.pages import ROOT

NOTEBOOKS = sorted(path for path in (ROOT / "docs").rglob("*.ipynb") if "_build" not in path.parts)
NAMES = [path.relative_to(ROOT / "docs").as_posix() for path in NOTEBOOKS]
WITH_A_PICTURE = {"tutorials/first-steps.ipynb"}
"""One heatmap on a synthetic painting."""
OF_A_MACHINE = re.compile(r"/(?:home|work|tmp|root|private|Users)/|[A-Z]:\\\\|\\\\Users")
LONGEST_OUTPUT = 2000
"""In characters, of a cell."""


def cells(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "docs" / name).read_text("utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def test_there_are_the_notebooks_that_the_docs_promise() -> None:
    assert set(NAMES) == {
        "notebooks/features-to-scikit-learn.ipynb",
        "notebooks/own-training-loop.ipynb",
        "notebooks/wikiart-to-table.ipynb",
        "tutorials/first-steps.ipynb",
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_a_machine_is_in_a_notebook(name: str) -> None:
    text = (ROOT / "docs" / name).read_text("utf-8")
    assert OF_A_MACHINE.findall(text) == []


@pytest.mark.parametrize("name", NAMES)
def test_output_is_short_text_and_no_cell_failed(name: str) -> None:
    for cell in cells(name):
        outputs = cell["outputs"]
        kinds = {kind for output in outputs for kind in output.get("data", {})}
        assert kinds <= {"text/plain"} | ({"image/png"} if name in WITH_A_PICTURE else set())
        assert {output["output_type"] for output in outputs} <= {"stream", "execute_result"}
        assert {output.get("name", "stdout") for output in outputs} <= {"stdout"}
        text = "".join("".join(output.get("text", "")) for output in outputs)
        assert len(text) <= LONGEST_OUTPUT


@pytest.mark.parametrize("name", NAMES)
def test_each_artstyle_name_in_a_notebook_exists(name: str) -> None:
    code = "\n".join("".join(cell["source"]) for cell in cells(name))
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "artstyle"
    }
    assert used
    assert used <= set(artstyle._PUBLIC)


def test_a_path_of_a_machine_is_found() -> None:
    assert OF_A_MACHINE.search("runs in /home/anna/runs")
    assert OF_A_MACHINE.search(json.dumps({"text": "C:\\Users\\anna"}))
    assert not OF_A_MACHINE.search("runs/one and https://example.org/works/1")
