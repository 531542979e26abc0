"""artstyle recognises the style of paintings.

The public names load on first use, so that ``import artstyle`` costs nothing::

    import artstyle

    run = artstyle.find_run("latest")
    model = artstyle.load_model(run)
    for row in artstyle.predict_styles(model, "scans/", top_k=3):
        print(row.path, row.styles or row.error)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # For mypy and editors, which cannot follow `__getattr__`. A test compares it with `_PUBLIC`.
    from artstyle import metrics as metrics
    from artstyle.comparison.compare import compare_runs as compare_runs
    from artstyle.comparison.tables import comparison_table as comparison_table
    from artstyle.confidence.temperature import fit_temperature as fit_temperature
    from artstyle.config import Config as Config
    from artstyle.data.augment import train_transform as train_transform
    from artstyle.data.dataset import DatasetFolder as DatasetFolder
    from artstyle.data.description import DatasetDescription as DatasetDescription
    from artstyle.data.paintings import PaintingDataset as PaintingDataset
    from artstyle.devices import choose_device as choose_device
    from artstyle.eda.document import CollectionReport as CollectionReport
    from artstyle.engines import load_model as load_model
    from artstyle.engines import load_starter as load_starter
    from artstyle.errors import ArtstyleError as ArtstyleError
    from artstyle.evaluation.arrays import LogitScores as LogitScores
    from artstyle.evaluation.arrays import PredictionScores as PredictionScores
    from artstyle.evaluation.arrays import evaluate_logits as evaluate_logits
    from artstyle.evaluation.arrays import evaluate_predictions as evaluate_predictions
    from artstyle.evaluation.document import EvaluationReport as EvaluationReport
    from artstyle.evaluation.evaluate import evaluate as evaluate
    from artstyle.explain.explain import explain_pictures as explain_pictures
    from artstyle.models.checkpoint import load_style_model as load_style_model
    from artstyle.models.factory import build_network as build_network
    from artstyle.models.style_model import StyleModel as StyleModel
    from artstyle.models.zoo import build_preprocessing as build_preprocessing
    from artstyle.pictures.finding import find_pictures as find_pictures
    from artstyle.pictures.image import read_image as read_image
    from artstyle.pictures.preprocessing import Preprocessing as Preprocessing
    from artstyle.pictures.transforms import eval_transform as eval_transform
    from artstyle.prediction.predict import predict_styles as predict_styles
    from artstyle.preparation.prepare import prepare as prepare
    from artstyle.probe.probe import fit_probe as fit_probe
    from artstyle.recipes import resolve_config as resolve_config
    from artstyle.runs.environment import RunEnvironment as RunEnvironment
    from artstyle.runs.finding import find_run as find_run
    from artstyle.runs.folder import RunFolder as RunFolder
    from artstyle.training.fit import fit as fit

    __version__: str

_PUBLIC = {
    "ArtstyleError": "artstyle.errors",
    "CollectionReport": "artstyle.eda.document",
    "Config": "artstyle.config",
    "DatasetDescription": "artstyle.data.description",
    "DatasetFolder": "artstyle.data.dataset",
    "EvaluationReport": "artstyle.evaluation.document",
    "LogitScores": "artstyle.evaluation.arrays",
    "PaintingDataset": "artstyle.data.paintings",
    "PredictionScores": "artstyle.evaluation.arrays",
    "Preprocessing": "artstyle.pictures.preprocessing",
    "RunEnvironment": "artstyle.runs.environment",
    "RunFolder": "artstyle.runs.folder",
    "StyleModel": "artstyle.models.style_model",
    "build_network": "artstyle.models.factory",
    "build_preprocessing": "artstyle.models.zoo",
    "choose_device": "artstyle.devices",
    "compare_runs": "artstyle.comparison.compare",
    "comparison_table": "artstyle.comparison.tables",
    "eval_transform": "artstyle.pictures.transforms",
    "evaluate": "artstyle.evaluation.evaluate",
    "evaluate_logits": "artstyle.evaluation.arrays",
    "evaluate_predictions": "artstyle.evaluation.arrays",
    "explain_pictures": "artstyle.explain.explain",
    "find_pictures": "artstyle.pictures.finding",
    "find_run": "artstyle.runs.finding",
    "fit": "artstyle.training.fit",
    "fit_probe": "artstyle.probe.probe",
    "fit_temperature": "artstyle.confidence.temperature",
    "load_model": "artstyle.engines",
    "load_starter": "artstyle.engines",
    "load_style_model": "artstyle.models.checkpoint",
    "metrics": "artstyle",
    "predict_styles": "artstyle.prediction.predict",
    "prepare": "artstyle.preparation.prepare",
    "read_image": "artstyle.pictures.image",
    "resolve_config": "artstyle.recipes",
    "train_transform": "artstyle.data.augment",
}
"""Name -> the module that it comes from."""

if not TYPE_CHECKING:  # With it, a type checker would take any misspelt name.

    def __getattr__(name: str) -> object:
        """Load a public name, a module or the version on first use (PEP 562)."""
        if name == "__version__":
            return import_module("importlib.metadata").version("artstyle")
        if name == "metrics":
            return import_module("artstyle.metrics")
        if name in _PUBLIC:
            return getattr(import_module(_PUBLIC[name]), name)
        unknown = import_module("artstyle.errors").UnknownNameError("artstyle name", name, _PUBLIC)
        raise AttributeError(unknown.guess)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC, "__version__"])
