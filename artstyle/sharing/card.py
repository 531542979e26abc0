"""The model card of a shared model: what it is, how right it is, how to use it."""

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from artstyle.errors import DataError, MissingError
from artstyle.evaluation.document import REPORT_NAME, EvaluationReport
from artstyle.models.torch_model import TorchModel
from artstyle.runs.folder import RunFolder
from artstyle.sharing.plain import PlainNetwork
from artstyle.styles.vocabulary import display_name

_TASK = "image-classification"
_METRICS = (
    ("accuracy", "accuracy", "Accuracy"),
    ("macro_f1", "f1", "Macro F1"),
    ("weighted_f1", "f1", "Weighted F1"),
    ("top3_accuracy", "accuracy", "Top-3 accuracy"),
)
"""Field of the report, type of the metric on Hugging Face, name."""


def model_card(model: TorchModel, plain: PlainNetwork, run: RunFolder) -> str:
    """Return a README in Markdown with the evaluation's figures in its metadata."""
    reports = own_reports(model, run)
    hub = import_module("huggingface_hub")
    data = hub.ModelCardData(
        model_name=run.name,
        library_name="timm",
        pipeline_tag=_TASK,
        tags=[_TASK, "timm", "art", "painting", "artstyle"],
        metrics=["accuracy", "f1"],
        eval_results=[result for report in reports for result in _results(hub, report)] or None,
    )
    parts = [
        f"# {run.name}",
        _what_it_is(model, plain),
        *model.notes,
        "## How right it is",
        *(_figures(reports, run) if reports else [_NO_EVALUATION]),
        "## Use it",
        _USE,
        "## Styles",
        ", ".join(display_name(label) for label in model.labels) + ".",
        "## Training",
        _training(run),
        "## Licence",
        "Not stated yet. Add `license:` to the top of this file before you publish it.",
    ]
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(parts) + "\n"


def own_reports(model: TorchModel, run: RunFolder) -> list[EvaluationReport]:
    """Return the evaluations of these very weights in the run folder, test before val.

    Raises:
        DataError: One is damaged.
    """
    if run.lone:
        return []
    paths = [run.evaluation_path(split) / REPORT_NAME for split in ("test", "val")]
    reports = [EvaluationReport.read(path) for path in paths if path.is_file()]
    return [report for report in reports if report.model == model.fingerprint]


_NO_EVALUATION = "Not measured yet: `artstyle evaluate`, then export again."
_USE = """`python predict.py picture.jpg` prints the probability of each style; it needs timm and
Pillow, not artstyle. It prepares pictures exactly as in training, colours included, and divides the
logits by the temperature.

```python
import timm

network = timm.create_model("hf-hub:USER/NAME", pretrained=True)  # or local-dir:FOLDER
```

timm's own transforms are close, but leave out the shrinking on reading and the colour profile."""


def _what_it_is(model: TorchModel, plain: PlainNetwork) -> str:
    return (
        f"Recognises the style of a painting, out of {len(model.labels)}. It is timm's"
        f" `{plain.architecture}`, trained with artstyle. Model {model.fingerprint}."
    )


def _results(hub: Any, report: EvaluationReport) -> Iterator[Any]:
    for field, kind, name in _METRICS:
        yield hub.EvalResult(
            task_type=_TASK,
            dataset_type="imagefolder",
            dataset_name=_folder_name(report.dataset_path),
            dataset_split=report.split,
            dataset_revision=report.dataset,
            metric_type=kind,
            metric_name=name,
            metric_value=round(float(getattr(report, field)), 6),
        )


def _figures(reports: list[EvaluationReport], run: RunFolder) -> Iterator[str]:
    rows = ["| Split | Pictures | Accuracy | Macro F1 | Top-3 accuracy |", "|---|---|---|---|---|"]
    for report in reports:
        intervals = report.intervals.by_artist or report.intervals
        cells = (
            f"{getattr(report, field):.3f} ({low:.3f} to {high:.3f})"
            for field in ("accuracy", "macro_f1", "top3_accuracy")
            for low, high in [getattr(intervals, field)]
        )
        rows.append(f"| {report.split} | {report.pictures:,} | {' | '.join(cells)} |")
    yield "\n".join(rows)
    whose = "artists" if reports[0].intervals.by_artist else "pictures"
    yield f"Ranges are {reports[0].intervals.level:.0%}, from a bootstrap of {whose}."
    paths = [report.dataset_path for report in reports]
    with suppress(DataError, MissingError):  # `_training` says why it is not known.
        paths.append(run.environment().dataset.path)
    for warning in dict.fromkeys(warning for report in reports for warning in report.warnings):
        yield f"- {_without_folders(warning, paths)}"


def _without_folders(text: str, paths: list[str]) -> str:
    """Return a text that names these folders without saying where they are on this machine."""
    for path in paths:
        if Path(path).is_absolute():
            text = text.replace(path, _folder_name(path))
    return text


def _folder_name(path: str) -> str:
    return Path(path).resolve().name


def _training(run: RunFolder) -> str:
    if run.lone:
        return "Not known: this is a checkpoint without its run."
    try:
        environment, config = run.environment(), run.config()
    except (DataError, MissingError) as error:
        return f"Not known: {error}"
    versions = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    return (
        f"Data set `{_folder_name(environment.dataset.path)}`, fingerprint"
        f" `{environment.dataset.fingerprint}`, split by {config.split.group}, seed"
        f" {config.seed}. With {versions}."
    )
