"""`evaluate` from start to end: predict a split with a run's best model, score it, write it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.confidence.calibration import majority_doubt
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import CACHE_RULES
from artstyle.data.manifest import ManifestRow, Split
from artstyle.devices import choose_device
from artstyle.errors import DataError, RunError
from artstyle.evaluation.document import (
    MACRO_AVERAGE,
    REPORT_NAME,
    WEIGHTED_AVERAGE,
    Evaluated,
    EvaluationReport,
    ReportHeader,
)
from artstyle.evaluation.figures import write_figures
from artstyle.evaluation.logits import write_logits
from artstyle.evaluation.outcome import PREDICTION_COLUMNS, Outcome, ReadPicture, Unreadable
from artstyle.evaluation.page import write_evaluation_page
from artstyle.evaluation.provenance import artists_seen, find_doubts, training_rows
from artstyle.evaluation.summary import summarise
from artstyle.inference import predict_logits
from artstyle.models.checkpoint import load_style_model
from artstyle.models.style_model import SYNTHETIC_NOTE, StyleModel
from artstyle.pictures.image import read_image
from artstyle.progress import Progress, silent
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_csv
from artstyle.storage.locks import is_vacant, sole_writer
from artstyle.styles.vocabulary import styles_named_by
from artstyle.tracking.trackers import add_scores

_TRACKED = (
    "accuracy", "macro_f1", "weighted_f1", "top3_accuracy", "expected_calibration_error",
    "pictures",
)  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that was written."""

    path: Path
    """The folder that holds it."""
    report: EvaluationReport
    """The content of ``report.json``."""
    replaced: bool
    """Whether the folder held the same evaluation before."""


def evaluate(
    run: RunFolder,
    dataset: DatasetFolder,
    split: Split = "test",
    *,
    out: Path | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> Evaluation:
    """Evaluate the best checkpoint of a run and write report, predictions, figures and page.

    Styles are matched by name. Unreadable pictures are listed and take part in no score.

    Args:
        run: The run.
        dataset: The data set; it may be another than the one that the run was trained on.
        split: Which of its splits.
        out: The folder to write to; None takes the one in the run folder. An evaluation of the
            same model on the same split of the same data is replaced; other content is refused.
        batch_size: Pictures in a forward pass; None takes what suits the device.
        device: As `choose_device` takes it.
        progress: Called after each picture.
        warn: Called with a line if a tracker of the run fails.

    Raises:
        DataError: The split is empty, has styles that the model does not know, or has no
            readable picture.
        RunError: The folder to write to holds something else.
        BusyError: Another process writes to it.
    """
    rows = dataset.rows(split)
    model = load_style_model(run.best_path, choose_device(device))
    _require_known_styles(rows, model.labels, dataset, split)
    folder = out or run.evaluation_path(split)
    this = Evaluated(model=model.fingerprint, dataset=dataset.fingerprint, split=split)
    replaced = _claim(folder, this)
    # The folder is made before the work, so that a place without write access fails at once.
    with sole_writer(folder), styles_named_by(run.vocabulary()):
        training, read = training_rows(run, dataset), _reader(dataset)
        doubts = find_doubts(run, dataset, split, rows, training)
        doubts += [SYNTHETIC_NOTE] if model.synthetic else []
        doubts += filter(None, [majority_doubt(model.calibration)])
        outcome = _predict(model, rows, read, training, batch_size, progress)
        header = _header(this, run, model, dataset, doubts)
        report = summarise(header, outcome, training)
        _write(folder, outcome, report, read, progress)
    _add_to_trackers(run, report, warn)
    return Evaluation(folder, report, replaced)


def _header(
    this: Evaluated, run: RunFolder, model: StyleModel, dataset: DatasetFolder, doubts: list[str]
) -> ReportHeader:
    return ReportHeader(
        **this.to_dict(),
        run=run.name,
        architecture=model.name,
        dataset_path=str(dataset.path),
        warnings=doubts,
    )


def _write(
    folder: Path, outcome: Outcome, report: EvaluationReport, read: ReadPicture, progress: Progress
) -> None:
    report.write(folder / REPORT_NAME)
    write_csv(folder / "predictions.csv", PREDICTION_COLUMNS, outcome.prediction_rows())
    write_logits(folder / "logits.npz", outcome, report.model)
    write_figures(folder, outcome, read, progress)
    write_evaluation_page(folder, outcome, report, read, progress)


def _add_to_trackers(run: RunFolder, report: EvaluationReport, warn: Callable[[str], None]) -> None:
    """Add the test scores on the run's own data set to the run at its trackers."""
    if run.lone or report.split != "test":
        return
    if report.dataset == run.environment().dataset.fingerprint:
        add_scores(run, {f"test_{name}": getattr(report, name) for name in _TRACKED}, warn)


def _reader(dataset: DatasetFolder) -> ReadPicture:
    def read(row: ManifestRow, short_side_px: int) -> Image.Image:
        path = dataset.image_path(row)
        return read_image(path, short_side_px=short_side_px, rules=CACHE_RULES).pixels

    return read


def _predict(
    model: StyleModel,
    rows: Sequence[ManifestRow],
    read: ReadPicture,
    training: Sequence[ManifestRow] | None,
    batch_size: int | None,
    progress: Progress,
) -> Outcome:
    def read_for_model(row: ManifestRow) -> Image.Image:
        return read(row, model.preprocessing.read_size)

    answered, logits, features, unreadable = [], [], [], []
    predictions = predict_logits(
        model,
        rows,
        read_for_model,
        outputs=model.outputs_for_confidence,
        batch_size=batch_size,
    )
    for done, prediction in enumerate(predictions, start=1):
        if prediction.logits_C is None:
            unreadable.append(Unreadable(prediction.item, prediction.error or ""))
        else:
            answered.append(prediction.item)
            logits.append(prediction.logits_C)
            if prediction.features_D is not None:
                features.append(prediction.features_D)
        progress("evaluating", done, len(rows))
    if not answered:
        first = unreadable[0]
        raise DataError(
            f"none of the {len(rows)} pictures could be read; the first, {first.row.cached}:"
            f" {first.reason}; run 'artstyle prepare' again to rebuild the cache"
        )
    return Outcome(
        labels=model.labels,
        rows=tuple(answered),
        logits_NC=np.stack(logits).astype(np.float64),
        artist_seen=artists_seen(answered, training),
        unreadable=tuple(unreadable),
        features_ND=np.stack(features) if features else None,
        calibration=model.calibration,
    )


def _require_known_styles(
    rows: Sequence[ManifestRow], labels: Sequence[str], dataset: DatasetFolder, split: Split
) -> None:
    if taken := sorted({"accuracy", MACRO_AVERAGE, WEIGHTED_AVERAGE} & set(labels)):
        raise DataError(
            f"a style cannot be called '{taken[0]}': report.json has a score of that name;"
            " rename the style and train again"
        )
    unknown = sorted({row.style for row in rows} - set(labels))
    if unknown:
        raise DataError(
            f"the {split} split of {dataset.path} has styles that the model does not know:"
            f" {', '.join(unknown)}; it knows {', '.join(labels)}."
            " Train on this data, or prepare it without these styles"
        )


def _claim(folder: Path, this: Evaluated) -> bool:
    """Return whether ``folder`` holds the same evaluation; refuse if it holds anything else."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; name another folder with --out")
    if is_vacant(folder):
        return False
    path = folder / REPORT_NAME
    if not path.is_file():
        raise RunError(f"{folder} is not empty; name another folder with --out")
    try:
        found = Evaluated.read(path)
    except DataError as error:
        raise RunError(f"{error}; delete {folder}, or name another folder with --out") from None
    for same, name in (
        (found.model == this.model, "model"),
        (found.dataset == this.dataset, "data set"),
        (found.split == this.split, "split"),
    ):
        if not same:
            raise RunError(
                f"{folder} holds the evaluation of another {name};"
                " delete it, or name another folder with --out"
            )
    return True
