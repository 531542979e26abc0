"""The library in the README's words."""

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import artstyle
from artstyle.runs.folder import RunFolder

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", sorted(artstyle._PUBLIC))
def test_every_public_name_loads_and_is_listed(name: str) -> None:
    assert getattr(artstyle, name) is getattr(import_module(artstyle._PUBLIC[name]), name)
    assert name in dir(artstyle)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="predikt"):
        _ = artstyle.predikt


def test_the_example_of_the_readme_labels_pictures(
    tiny_run: RunFolder, tiny_paintings: Path, tmp_path: Path
) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    shutil.copytree(tiny_run.path, tmp_path / "runs" / "tiny")
    shutil.copytree(tiny_paintings / "Cubism", tmp_path / "more_pictures")
    (tmp_path / "more_pictures" / "damaged.jpg").write_text("no picture")
    done = subprocess.run(
        [sys.executable, "-c", found[1]], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 11
    assert sum("could not be read" in line for line in lines) == 1
