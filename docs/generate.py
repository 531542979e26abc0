"""Write the reference pages from the code: `python -m docs.generate`.

The pages are committed, so that GitHub shows them too. A test fails when one is out of date.
"""

import inspect
from pathlib import Path

from pydantic import BaseModel

import artstyle
from docs.command_line import command_line_page
from docs.markdown import page, table
from docs.schemas import configuration_page, schemas_page

REFERENCE = Path(__file__).parent / "reference"
GROUPS = {
    "Data": (
        "prepare", "DatasetFolder", "PaintingDataset", "find_pictures", "read_image",
        "DatasetDescription", "CollectionReport",
    ),
    "Models": (
        "build_network", "build_preprocessing", "Preprocessing", "eval_transform",
        "train_transform", "load_starter", "load_model", "load_style_model", "StyleModel",
        "choose_device",
    ),
    "Training": (
        "Config", "resolve_config", "fit", "fit_probe", "find_run", "RunFolder", "RunEnvironment",
    ),
    "Answers": ("predict_styles", "explain_pictures"),
    "Scores": (
        "evaluate", "EvaluationReport", "evaluate_logits", "LogitScores", "evaluate_predictions",
        "PredictionScores", "fit_temperature", "metrics", "compare_runs", "comparison_table",
    ),
    "Errors": ("ArtstyleError",),
}  # fmt: skip
"""Every public name, in the order in which a reader needs it; the examples run in this order."""


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8", newline="\n")


def pages() -> dict[str, str]:
    """Return the file name and the text of every generated page."""
    return {
        "command-line.md": command_line_page(),
        "configuration.md": configuration_page(),
        "python.md": python_page(),
        "schemas.md": schemas_page(),
    }


def python_page() -> str:
    """Return the page of the public names; the site fills in their docstrings."""
    parts = [
        "# Python",
        "The same steps as on the command line, and the parts for loops of your own. The names load"
        " on first use, so `import artstyle` costs nothing. Types reach mypy and editors.",
        "- A path is a text or a `Path`; one picture, folder or pattern needs no list around it.\n"
        "- Arrays of answers may be lists, NumPy arrays, or torch tensors on the CPU.\n"
        "- What goes wrong with the request or the data is an `ArtstyleError`, with one line that"
        " names the remedy.\n"
        "- `artstyle.__version__` is the installed version.",
        "The [notebooks](../notebooks/index.md) use them in whole experiments. The examples below"
        " begin with `import artstyle`.",
    ]
    for group, names in GROUPS.items():
        rows = [(f"[`{name}`](#{name.lower()})", _first(name)) for name in names]
        parts += [f"## {group}", table(("Name", "What it is"), rows)]
        for name in names:
            parts += [f"### {name}", f"```{{eval-rst}}\n{_directive(name)}\n```"]
            if name == "Config":
                parts.append("The [configuration reference](configuration.md) has all its keys.")
    return page(parts)


def _first(name: str) -> str:
    """Return the first sentence of a public name's docstring."""
    return (inspect.getdoc(getattr(artstyle, name)) or "").split("\n\n")[0].replace("\n", " ")


def _directive(name: str) -> str:
    if inspect.ismodule(getattr(artstyle, name)):
        return f".. automodule:: artstyle.{name}\n   :members:"
    if not inspect.isclass(getattr(artstyle, name)):
        return f".. autofunction:: artstyle.{name}"
    members = "" if issubclass(getattr(artstyle, name), BaseModel) else "\n   :members:"
    return f".. autoclass:: artstyle.{name}{members}"


if __name__ == "__main__":
    main()
