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
    names = public_names()
    parts = [
        "# Python",
        "The same steps as on the command line. The names load on first use, so `import artstyle`"
        " costs nothing.",
        table(("Name", "What it is"), [(f"`artstyle.{name}`", _first(name)) for name in names]),
    ]
    for name in names:
        parts += [f"## {name}", f"```{{eval-rst}}\n{_directive(name)}\n```"]
        if name == "Config":
            parts.append("The [configuration reference](configuration.md) has all its keys.")
    return page(parts)


def public_names() -> list[str]:
    """Return the names that `import artstyle` offers."""
    return [name for name in dir(artstyle) if not name.startswith("_") and _is_public(name)]


def _is_public(name: str) -> bool:
    return getattr(getattr(artstyle, name), "__module__", "").startswith("artstyle.")


def _first(name: str) -> str:
    """Return the first sentence of a public name's docstring."""
    return (inspect.getdoc(getattr(artstyle, name)) or "").split("\n\n")[0].replace("\n", " ")


def _directive(name: str) -> str:
    if not inspect.isclass(getattr(artstyle, name)):
        return f".. autofunction:: artstyle.{name}"
    members = "" if issubclass(getattr(artstyle, name), BaseModel) else "\n   :members:"
    return f".. autoclass:: artstyle.{name}{members}"


if __name__ == "__main__":
    main()
