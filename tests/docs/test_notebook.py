"""The notebook runs from top to bottom."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

NOTEBOOK = ROOT / "docs" / "tutorials" / "first-steps.ipynb"


def test_the_notebook_runs_and_recognises_most_of_what_it_has_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shown: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), shown)
    assert shown["report"]["accuracy"] >= 0.5  # by chance: 0.25
    assert shown["explained"].subject.style in shown["styles"]
