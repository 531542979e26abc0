"""A cross-validation as one story: divide, train and evaluate each fold, report over all."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artstyle.config import Config
from artstyle.crossval.answers import FoldAnswers, read_answers
from artstyle.crossval.document import REPORT_NAME, CrossvalReport
from artstyle.crossval.folds import divide, write_fold
from artstyle.crossval.page import PAGE_NAME, write_crossval_page
from artstyle.crossval.plan import CrossvalPlan, Group, Method, claim
from artstyle.crossval.summary import summarise
from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.evaluate import evaluate
from artstyle.evaluation.outcome import PREDICTION_COLUMNS
from artstyle.models.zoo import require_single
from artstyle.probe.probe import fit_probe
from artstyle.probe.settings import require_pretrained
from artstyle.progress import Progress, silent
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_csv
from artstyle.storage.locks import sole_writer
from artstyle.styles.vocabulary import styles_named_by
from artstyle.training.fit import fit
from artstyle.training.setup import require_two_styles

PREDICTIONS_NAME = "predictions.csv"


@dataclass(frozen=True)
class Crossval:
    """A cross-validation that was written."""

    path: Path
    """The folder that holds it."""
    report: CrossvalReport


def cross_validate(
    config: Config,
    data: DatasetFolder,
    out: Path,
    *,
    folds: int = 5,
    group: Group = "artist",
    method: Method = "probe",
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> Crossval:
    """Test every painting once, by a run that has seen nothing of its group.

    All paintings of the data set's splits are divided into folds again. Each fold is a dataset
    folder in ``out/data`` and an ordinary run in ``out``. Interrupted anywhere, the same call
    resumes: finished folds are kept, and an unfinished one goes on from its last checkpoint.

    Args:
        config: The configuration of each run; its seed also decides the folds.
        data: The data set.
        out: The folder to write: new, or an unfinished cross-validation with the same arguments.
        folds: How many.
        group: What is never in two folds.
        method: How each run is trained.
        progress: Called as in training and evaluation, with the fold before the stage.
        warn: Called with a message when something fails but the work continues.

    Raises:
        UsageError: There are too few paintings or groups for so many folds.
        DataError: The data set has one style, or is damaged.
        RunError: ``out`` holds something else.
        BusyError: Another process writes to it.
        ArtstyleError: A run cannot be trained or evaluated.
    """
    require_two_styles(data)
    if method == "probe":
        require_pretrained(config.model)
    else:
        require_single(config.model.name)
    divided = divide(data, group, folds, config.seed)
    # A fold's run answers only here, where torch does.
    train = config.train.model_copy(update={"export": False})
    plan = CrossvalPlan(
        dataset=data.fingerprint,
        folds=folds,
        group=group,
        method=method,
        config=config.model_copy(update={"train": train}),
    )
    claim(out, plan)
    with sole_writer(out), styles_named_by(data.vocabulary()):
        answered, runs = [], []
        for fold in range(folds):
            name = f"fold-{fold + 1}"
            part = write_fold(out / "data" / name, data, divided, fold)
            run = RunFolder(out / name)
            shown = _numbered(progress, f"fold {fold + 1} of {folds}")
            answered.append(_test(plan, part, run, shown, warn))
            runs.append(name)
        report = summarise(plan, data, divided, answered, runs)
        _write(out, report, answered, runs)
    return Crossval(out, report)


def _test(
    plan: CrossvalPlan,
    data: DatasetFolder,
    run: RunFolder,
    progress: Progress,
    warn: Callable[[str], None],
) -> FoldAnswers:
    """Train and evaluate one fold, or what is missing of it, and return its answers."""
    evaluation = run.evaluation_path("test")
    # Its page is the last that an evaluation writes.
    if not (evaluation / "report.html").is_file():
        _train(plan, data, run, progress, warn)
        evaluate(run, data, "test", device=plan.config.train.device, progress=progress)
    return read_answers(evaluation / PREDICTIONS_NAME, data)


def _train(
    plan: CrossvalPlan,
    data: DatasetFolder,
    run: RunFolder,
    progress: Progress,
    warn: Callable[[str], None],
) -> None:
    if plan.method == "finetune":
        resume = run.config_path.is_file()
        fit(plan.config, data, run, resume=resume, progress=progress, warn=warn)
    elif not run.history_path.is_file():  # The last that a probe needs to write.
        if run.path.is_dir():
            shutil.rmtree(run.path)  # A probe that was killed while it wrote its files.
        fit_probe(plan.config, data, run, progress=progress, warn=warn)


def _numbered(progress: Progress, fold: str) -> Progress:
    def report(stage: str, done: int, total: int | None, detail: str = "") -> None:
        progress(f"{fold}: {stage}", done, total, detail)

    return report


def _write(out: Path, report: CrossvalReport, answered: list[FoldAnswers], runs: list[str]) -> None:
    columns = ("fold", *PREDICTION_COLUMNS)
    lines = (
        {"fold": run} | {name: line.get(name, "") for name in PREDICTION_COLUMNS}
        for run, fold in zip(runs, answered, strict=True)
        for line in fold.table
    )
    write_csv(out / PREDICTIONS_NAME, columns, lines)
    report.write(out / REPORT_NAME)
    write_crossval_page(out / PAGE_NAME, report)
