"""How Sphinx builds the site: `nox -s docs`."""

from importlib.metadata import version as installed_version

from pydantic import BaseModel
from sphinx.application import Sphinx

project = "artstyle"
author = "the artstyle contributors"
version = release = installed_version("artstyle")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
nb_execution_mode = "off"  # `nox -s notebooks` runs them

html_theme = "furo"
html_title = "artstyle"
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# Only public names have a place in the reference; types of other modules and libraries stay text.
nitpick_ignore_regex = [("py:.*", r"(?!artstyle\.[A-Za-z_]+$).*")]


def setup(app: Sphinx) -> None:
    """Mend two things that autodoc and Napoleon make of our docstrings."""
    app.connect("autodoc-process-signature", _without_model_signature)
    app.connect("autodoc-process-docstring", _with_colons_in_properties, priority=1)


def _without_model_signature(
    app: Sphinx, kind: str, name: str, documented: object, options: object, *signature: str | None
) -> tuple[str, str] | None:
    """Leave out the signature of a model: the configuration reference has its keys."""
    is_model = isinstance(documented, type) and issubclass(documented, BaseModel)
    return ("", "") if is_model else None


def _with_colons_in_properties(
    app: Sphinx, kind: str, name: str, documented: object, options: object, lines: list[str]
) -> None:
    """Keep Napoleon from reading "name: what it is" as a type and a description."""
    if kind == "property" and lines:
        lines[0] = lines[0].replace(": ", " \u2013 ", 1)
