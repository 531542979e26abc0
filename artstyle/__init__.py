"""artstyle recognises the style of paintings.

The public names load on first use, so that ``import artstyle`` costs nothing::

    import artstyle

    run = artstyle.find_run("latest")
    model = artstyle.load_style_model(run.best_path, artstyle.choose_device())
    for row in artstyle.predict_styles(model, artstyle.find_pictures(["scans/"]), top_k=3):
        print(row.path, row.styles or row.error)
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "ArtstyleError": "artstyle.errors",
    "CollectionReport": "artstyle.eda.document",
    "Config": "artstyle.config",
    "DatasetDescription": "artstyle.data.description",
    "DatasetFolder": "artstyle.data.dataset",
    "EvaluationReport": "artstyle.evaluation.document",
    "RunEnvironment": "artstyle.runs.environment",
    "RunFolder": "artstyle.runs.folder",
    "choose_device": "artstyle.devices",
    "embed_pictures": "artstyle.search.embeddings",
    "evaluate": "artstyle.evaluation.evaluate",
    "explain_pictures": "artstyle.explain.explain",
    "find_pictures": "artstyle.pictures.finding",
    "find_run": "artstyle.runs.finding",
    "fit": "artstyle.training.fit",
    "load_starter": "artstyle.engines",
    "load_style_model": "artstyle.models.checkpoint",
    "predict_styles": "artstyle.prediction.predict",
    "prepare": "artstyle.preparation.prepare",
    "read_image": "artstyle.pictures.image",
    "resolve_config": "artstyle.recipes",
}
"""Name -> the module that it comes from."""


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'artstyle' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
