"""The pages of the configuration and of the JSON files, from their pydantic models."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import artstyle
from artstyle.comparison.document import Comparison
from artstyle.config import Config
from artstyle.crossval.document import CrossvalReport, LabelCrossvalReport
from artstyle.evaluation.several_labels.document import LabelReport
from artstyle.search.document import IndexDocument
from docs.markdown import Row, page, table

RECIPES = Path(__file__).parents[1] / "configs"
SCHEMAS: dict[str, type[BaseModel]] = {
    "report.json": artstyle.EvaluationReport,
    "report.json with several labels": LabelReport,
    "report.json of a cross-validation": CrossvalReport,
    "report.json of a cross-validation with several labels": LabelCrossvalReport,
    "comparison.json": Comparison,
    "dataset.json": artstyle.DatasetDescription,
    "environment.json": artstyle.RunEnvironment,
    "eda.json": artstyle.CollectionReport,
    "index.json": IndexDocument,
}
"""JSON file -> the model that describes it."""


def configuration_page() -> str:
    """Return every key of the configuration: type, bound, default, sentence."""
    parts = [
        "# Configuration",
        "Every value that decides a run is a key in one YAML file. `artstyle config show` prints"
        " all keys, their values, and where each value came from. `--set section.key=value`"
        " changes one key, and `--config FILE` puts a file over the command's recipe.",
        "Later layers win: the defaults below, the recipe, the file, then flags and `--set`.",
        "## Recipes",
        table(("Recipe", "What it is"), list(_recipe_rows())),
        "## Top level",
        _key_table(Config, skip_sections=True),
    ]
    for name, section in config_sections().items():
        parts += [f"## {name}", inspect.getdoc(section) or "", _key_table(section, f"{name}.")]
    return page(parts)


def config_sections() -> dict[str, type[BaseModel]]:
    """Return the sections of the configuration by name, in the order of the schema."""
    annotations = {name: field.annotation for name, field in Config.model_fields.items()}
    return {
        name: section
        for name, section in annotations.items()
        if isinstance(section, type) and issubclass(section, BaseModel)
    }


def _recipe_rows() -> Iterator[Row]:
    for path in sorted(RECIPES.glob("*.yaml")):
        opening = path.read_text("utf-8").split("\n#\n")[0]
        yield f"`{path.stem}`", " ".join(opening.replace("#", "").split())


def _key_table(section: type[BaseModel], prefix: str = "", skip_sections: bool = False) -> str:
    schema = section.model_json_schema()
    rows = [
        _key_row(prefix + key, field)
        for key, field in schema["properties"].items()
        if not (skip_sections and key in config_sections())
    ]
    return table(("Key", "Value", "Default", "Meaning"), rows)


def _key_row(key: str, field: Mapping[str, Any]) -> Row:
    meaning = " ".join(field.get("description", "").split())
    return f"`{key}`", _schema_value(field), f"`{_yaml(field.get('default'))}`", meaning


def _schema_value(field: Mapping[str, Any]) -> str:
    """Return type and bounds of a JSON schema in words."""
    if "anyOf" in field:
        return " or ".join(_schema_value(choice) for choice in field["anyOf"])
    if choices := field.get("enum", [field["const"]] if "const" in field else []):
        return ", ".join(f"`{_yaml(choice)}`" for choice in choices)
    if field.get("type") == "array":
        if "prefixItems" not in field:
            return f"a list, each {_schema_value(field.get('items', {}))}"
        items = field["prefixItems"]
        return f"{len(items)} values, each {_schema_value(items[0])}"
    names = {"integer": "whole number", "number": "number", "string": "text", "null": "`null`"}
    names["boolean"] = "`true`, `false`"
    return names[field["type"]] + _bounds(field)


def _bounds(field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if field["type"] == "integer" and "exclusiveMinimum" in field:
        return f", at least {field['exclusiveMinimum'] + 1}"
    if low is not None and high is not None:
        return f", {low:g} to {high:,}"
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    return "".join(f", {word} {field[key]:g}" for key, word in words.items() if key in field)


def _yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    return str(value)


def schemas_page() -> str:
    """Return the schemas of the JSON files."""
    parts = ["# JSON files", "What is in the files that artstyle writes and reads."]
    for file, model in SCHEMAS.items():
        parts += [f"## {file}", (inspect.getdoc(model) or "").partition("\n\nExamples:")[0]]
        for title, rows in model_tables(model):
            parts += [f"**{title}**", rows]
    return page(parts)


def model_tables(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield name and table of a model, then of each model inside it."""
    schema = model.model_json_schema()
    for title, inner in {model.__name__: schema, **schema.get("$defs", {})}.items():
        if keys := inner.get("properties"):
            rows = [_schema_row(key, field) for key, field in keys.items()]
            yield title, table(("Key", "Value", "Meaning"), rows)


def _schema_row(key: str, field: Mapping[str, Any]) -> Row:
    return f"`{key}`", _json_value(field), " ".join(field.get("description", "").split())


def _json_value(field: Mapping[str, Any]) -> str:
    """Return the type of a value in a JSON file; models that it refers to by name."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_json_value(choice) for choice in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_json_value(field.get('items', {}))}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")  # True where any value may follow.
        return f"mapping of text to {_json_value(values if isinstance(values, dict) else {})}"
    return _schema_value(field) if field.keys() & {"type", "enum", "const"} else "anything"
