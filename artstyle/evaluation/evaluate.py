"""`evaluate` from start to end: predict a split with a run's best model, score it, write it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from artstyle.confidence.answers import thresholds
from artstyle.confidence.calibration import majority_doubt
from artstyle.confidence.familiarity import Features
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import CACHE_RULES
from artstyle.data.manifest import ManifestRow, Split
from artstyle.devices import choose_device
from artstyle.errors import DataError, RunError
from artstyle.evaluation.bias.measure import measure_bias, painted_flips, wants_bias
from artstyle.evaluation.document import (
    MACRO_AVERAGE,
    REPORT_NAME,
    WEIGHTED_AVERAGE,
    Evaluated,
    EvaluationReport,
    ReportHeader,
)
from artstyle.evaluation.figures import write_figures
from artstyle.evaluation.logits import LOGITS_NAME, write_label_logits, write_logits
from artstyle.evaluation.outcome import PREDICTION_COLUMNS, Outcome, ReadPicture, Unreadable
from artstyle.evaluation.page import write_evaluation_page
from artstyle.evaluation.provenance import artists_seen, find_doubts, training_rows
from artstyle.evaluation.several_labels.document import LabelReport
from artstyle.evaluation.several_labels.page import write_labels_page
from artstyle.evaluation.several_labels.scores import LabelOutcome, label_columns, summarise_labels
from artstyle.evaluation.summary import summarise
from artstyle.inference import predict_logits
from artstyle.metrics import FloatArray
from artstyle.models.checkpoint import load_style_model
from artstyle.models.style_model import SYNTHETIC_NOTE, Output, StyleModel
from artstyle.pictures.image import read_image
from artstyle.progress import Progress, silent
from artstyle.runs.finding import find_run
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_csv
from artstyle.storage.locks import is_vacant, sole_writer
from artstyle.styles.targets import Targets, refused_several
from artstyle.styles.vocabulary import styles_named_by
from artstyle.tracking.trackers import add_scores

_TRACKED = (
    "accuracy", "macro_f1", "weighted_f1", "top3_accuracy", "expected_calibration_error",
    "mean_average_precision", "micro_f1", "pictures",
)  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """An evaluation that was written."""

    path: Path
    """The folder that holds it."""
    scores: EvaluationReport | LabelReport
    """The content of ``report.json``; the second kind is that of several labels a picture."""
    replaced: bool
    """Whether the folder held the same evaluation before."""

    @property
    def report(self) -> EvaluationReport:
        """The scores where a picture has one label.

        Raises:
            UsageError: It may have several: ``scores`` has theirs.
        """
        if isinstance(self.scores, LabelReport):
            raise refused_several("this report is of pictures", "see Evaluation.scores")
        return self.scores


def evaluate(
    run: RunFolder | str | Path,
    dataset: DatasetFolder | str | Path,
    split: Split = "test",
    *,
    out: str | Path | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    bias: bool | None = None,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> Evaluation:
    """Evaluate the best checkpoint of a run and write report, predictions, figures and page.

    Styles are matched by name. Unreadable pictures are listed and take part in no score.

    Args:
        run: The run, or its name or path as `find_run` takes them.
        dataset: The data set; it may be another than the one that the run was trained on.
        split: Which of its splits.
        out: The folder to write to; None takes the one in the run folder. An evaluation of the
            same model on the same split of the same data is replaced; other content is refused.
        batch_size: Pictures in a forward pass; None takes what suits the device.
        device: As `choose_device` takes it.
        bias: Whether content bias is measured, on synthetic pairs too; None measures it without
            the pairs where the genre of 100 pictures is known.
        progress: Called after each picture.
        warn: Called with a line if a tracker of the run fails.

    Raises:
        DataError: The split is empty, has styles that the model does not know, or has no
            readable picture.
        RunError: The folder to write to holds something else.
        BusyError: Another process writes to it.

    Examples:
        >>> evaluation = artstyle.evaluate("tiny", "data/processed", device="cpu")
        >>> evaluation.report.split, evaluation.report.pictures
        ('test', 4)
    """
    run = run if isinstance(run, RunFolder) else find_run(run)
    dataset = dataset if isinstance(dataset, DatasetFolder) else DatasetFolder(dataset)
    rows = dataset.rows(split)
    model = load_style_model(run.best_path, choose_device(device))
    _require_known_styles(rows, model, dataset, split)
    with_bias = wants_bias(bias, rows, model, split, dataset.description.config.labels.target)
    folder = run.evaluation_path(split) if out is None else Path(out)
    this = Evaluated(model=model.fingerprint, dataset=dataset.fingerprint, split=split)
    replaced = _claim(folder, this)
    # The folder is made before the work, so that a place without write access fails at once.
    with sole_writer(folder), styles_named_by(run.vocabulary()):
        training, read = training_rows(run, dataset), _reader(dataset)
        doubts = find_doubts(run, dataset, split, rows, training)
        doubts += [SYNTHETIC_NOTE] if model.synthetic else []
        doubts += filter(None, [majority_doubt(model.calibration)])
        features: tuple[Output, ...] = ("features",) if with_bias else ()
        outputs = features or model.outputs_for_confidence
        answers = _predict(model, rows, read, outputs, batch_size, progress)
        header = _header(this, run, model, dataset, doubts)
        report: EvaluationReport | LabelReport
        if model.multi:
            report = _write_labels(folder, header, model, answers)
        else:
            outcome = _outcome(model, answers, training)
            report = summarise(header, outcome, training)
            if with_bias:
                painted = painted_flips(model, progress) if bias else None
                found = measure_bias(outcome, training, painted)
                report = report.model_copy(update={"content_bias": found})
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
    write_logits(folder / LOGITS_NAME, outcome, report.model)
    write_figures(folder, outcome, read, progress)
    write_evaluation_page(folder, outcome, report, read, progress)


def _add_to_trackers(
    run: RunFolder, report: EvaluationReport | LabelReport, warn: Callable[[str], None]
) -> None:
    """Add the test scores on the run's own data set to the run at its trackers."""
    if run.lone or report.split != "test":
        return
    if report.dataset == run.environment().dataset.fingerprint:
        scores = {f"test_{n}": getattr(report, n) for n in _TRACKED if hasattr(report, n)}
        add_scores(run, scores, warn)


def _write_labels(
    folder: Path, header: ReportHeader, model: StyleModel, answers: "_Answers"
) -> LabelReport:
    """Score and write the evaluation of a model whose pictures may have several labels."""
    outcome = LabelOutcome(
        labels=model.labels,
        rows=answers.rows,
        logits_NC=answers.logits_NC,
        thresholds_C=thresholds(model.calibration, model.labels),
        unreadable=answers.unreadable,
    )
    report = summarise_labels(header, outcome)
    report.write(folder / REPORT_NAME)
    write_csv(folder / "predictions.csv", label_columns(model.labels), outcome.prediction_rows())
    write_label_logits(folder / LOGITS_NAME, outcome, report.model)
    write_labels_page(folder, report)
    return report


def _reader(dataset: DatasetFolder) -> ReadPicture:
    def read(row: ManifestRow, short_side_px: int) -> Image.Image:
        path = dataset.image_path(row)
        return read_image(path, short_side_px=short_side_px, rules=CACHE_RULES).pixels

    return read


@dataclass(frozen=True)
class _Answers:
    """What the model answered to the pictures that could be read."""

    rows: tuple[ManifestRow, ...]
    logits_NC: FloatArray
    features_ND: Features | None
    unreadable: tuple[Unreadable, ...]


def _predict(
    model: StyleModel,
    rows: Sequence[ManifestRow],
    read: ReadPicture,
    outputs: Sequence[Output],
    batch_size: int | None,
    progress: Progress,
) -> _Answers:
    def read_for_model(row: ManifestRow) -> Image.Image:
        return read(row, model.preprocessing.read_size)

    answered, logits, features, unreadable = [], [], [], []
    predictions = predict_logits(
        model,
        rows,
        read_for_model,
        outputs=outputs,
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
    return _Answers(
        rows=tuple(answered),
        logits_NC=np.stack(logits).astype(np.float64),
        features_ND=np.stack(features) if features else None,
        unreadable=tuple(unreadable),
    )


def _outcome(
    model: StyleModel, answers: _Answers, training: Sequence[ManifestRow] | None
) -> Outcome:
    return Outcome(
        labels=model.labels,
        rows=answers.rows,
        logits_NC=answers.logits_NC,
        artist_seen=artists_seen(answers.rows, training),
        unreadable=answers.unreadable,
        features_ND=answers.features_ND,
        calibration=model.calibration,
    )


def _require_known_styles(
    rows: Sequence[ManifestRow], model: StyleModel, dataset: DatasetFolder, split: Split
) -> None:
    labels = model.labels
    if dataset.targets.multi and not model.multi:
        raise DataError(
            f"paintings of {dataset.path} have several labels (labels.multi), and the model answers"
            " with one; train on this data, or name other data with --data"
        )
    if taken := sorted({"accuracy", MACRO_AVERAGE, WEIGHTED_AVERAGE} & set(labels)):
        raise DataError(
            f"a style cannot be called '{taken[0]}': report.json has a score of that name;"
            " rename the style and train again"
        )
    unknown = Targets(labels, model.multi).unknown(row.style for row in rows)
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
