"""artstyle recognises the style of paintings.

The public names load on first use, so that ``import artstyle`` costs nothing::

    import artstyle

    model = artstyle.load_model("latest")
    for row in artstyle.predict(model, ["scans/"], top_k=3):
        print(row.path, row.styles)
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "ArtstyleError": "artstyle.errors",
    "Config": "artstyle.config",
    "DatasetFolder": "artstyle.data.dataset",
    "RunFolder": "artstyle.runs",
    "find_run": "artstyle.runs",
    "fit": "artstyle.training.fit",
    "load_style_model": "artstyle.models.checkpoint",
    "prepare": "artstyle.data.prepare",
    "read_image": "artstyle.images",
    "resolve_config": "artstyle.recipes",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'artstyle' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
