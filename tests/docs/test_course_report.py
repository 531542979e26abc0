"""The page on the course report's recipe says what the recipe and the defaults are."""

import re
from pathlib import Path

import pytest
import yaml

from artstyle.recipes import config_values, recipes, resolve_config
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "explanation" / "course-report.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([\w.]+)` \| `(\S+)` \| `(\S+)` \|", PAGE, re.MULTILINE)


def test_the_yaml_of_the_page_is_the_recipe(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    file = tmp_path / "shown.yaml"
    file.write_text(shown, "utf-8")
    assert resolve_config(None, str(file)).config == resolve_config("course-report").config
    assert yaml.safe_load(shown) == yaml.safe_load(recipes()["course-report"].read_text("utf-8"))


@pytest.mark.parametrize(("key", "report", "default"), ROWS)
def test_a_row_has_the_values_of_the_recipe_and_of_finetune(
    key: str, report: str, default: str
) -> None:
    ours = resolve_config("finetune")
    reported = resolve_config("finetune", "course-report")
    assert config_values(reported.config)[key] == yaml.safe_load(report)
    assert config_values(ours.config)[key] == yaml.safe_load(default)


def test_every_key_in_which_the_recipe_differs_from_finetune_is_in_a_row() -> None:
    ours = config_values(resolve_config("finetune").config)
    reported = config_values(resolve_config("finetune", "course-report").config)
    assert {key for key in ours if ours[key] != reported[key]} == {row[0] for row in ROWS}
