"""The reference is complete and up to date: every command, option, key and public name."""

import inspect
import re
from functools import cache
from typing import Any

import pytest
import typer
from typer.models import ArgumentInfo

import artstyle
from artstyle.cli.app import app
from artstyle.config import Config
from docs.command_line import all_commands, command_help, parameters
from docs.generate import GROUPS, REFERENCE, pages
from docs.schemas import config_sections, model_tables

GENERATED = sorted(path.name for path in REFERENCE.glob("*.md") if path.name != "index.md")


@cache
def generated() -> dict[str, str]:
    return pages()


def test_the_pages_are_those_that_the_code_would_write() -> None:
    assert sorted(generated()) == GENERATED


@pytest.mark.parametrize("name", GENERATED)
def test_a_page_is_as_the_code_would_write_it_now(name: str) -> None:
    written = (REFERENCE / name).read_text("utf-8")
    assert written == generated()[name], "out of date; write it with: python -m docs.generate"


@pytest.mark.parametrize("name", sorted(all_commands()))
def test_every_command_and_each_of_its_options_has_a_sentence(name: str) -> None:
    info = all_commands()[name]
    assert command_help(info).endswith(".")
    assert [p.name for p, extra in parameters(info) if not (extra.help or "").endswith(".")] == []


def flags(command: Any) -> list[str]:
    """What the command line itself takes: the truth that the page is compared with."""
    return [flag for parameter in command.params for flag in parameter.opts if flag[:1] == "-"]


@pytest.mark.parametrize("name", sorted(all_commands()))
def test_every_flag_of_a_command_is_in_its_section_of_the_reference(name: str) -> None:
    command: Any = typer.main.get_command(app)
    for word in name.split():
        command = command.commands[word]
    page = (REFERENCE / "command-line.md").read_text("utf-8")
    (section,) = re.findall(rf"^## {name}$.*?(?=^## |\Z)", page, re.M | re.S)
    assert [flag for flag in flags(command) if f"`{flag}`" not in section] == []


@pytest.mark.parametrize("section", ["", *config_sections()])
def test_every_key_of_the_configuration_has_a_sentence(section: str) -> None:
    model = config_sections()[section] if section else Config
    assert inspect.getdoc(model)
    keys = model.model_json_schema()["properties"]
    assert [key for key in keys if not model.model_fields[key].description] == []


@pytest.mark.parametrize("name", sorted(artstyle._PUBLIC))
def test_every_public_name_says_what_it_is_and_what_it_takes(name: str) -> None:
    public = getattr(artstyle, name)
    text = inspect.getdoc(public) or ""
    assert text.split("\n\n")[0].endswith((".", "::", ":"))
    if inspect.isfunction(public):
        undescribed = [p for p in inspect.signature(public).parameters if f"{p}:" not in text]
        assert undescribed == []


def test_the_page_has_each_public_name_in_one_group() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(artstyle._PUBLIC)


def test_a_model_of_a_json_file_is_described_with_the_models_inside_it() -> None:
    tables = dict(model_tables(Config))
    assert list(tables) == ["Config", *sorted(type(s).__name__ for s in _sections())]
    assert "| `seed` | whole number, at least 0 |" in tables["Config"]
    assert "| `optim` | OptimConfig |" in tables["Config"]


def _sections() -> list[object]:
    return [getattr(Config(), name) for name in config_sections()]


def test_an_argument_is_told_from_an_option() -> None:
    kinds = {p.name: type(extra) for p, extra in parameters(all_commands()["predict"])}
    assert [name for name, kind in kinds.items() if kind is ArgumentInfo] == ["paths"]
