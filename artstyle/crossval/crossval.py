"""A cross-validation as one story: divide, train and evaluate each fold, report over all."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artstyle.config import Config
from artstyle.crossval.answers import PREDICTIONS_NAME, FoldAnswers, read_answers
from artstyle.crossval.document import REPORT_NAME, CrossvalReport, LabelCrossvalReport
from artstyle.crossval.folds import Folds, divide, write_fold
from artstyle.crossval.label_issues import (
    LabelIssues,
    find_label_issues,
    import_cleanlab,
    write_label_issues,
)
from artstyle.crossval.label_page import write_label_page
from artstyle.crossval.page import PAGE_NAME, write_crossval_page
from artstyle.crossval.plan import CrossvalPlan, Group, Method, claim, fold_name
from artstyle.crossval.summary import summarise
from artstyle.data.dataset import DatasetFolder
from artstyle.evaluation.evaluate import evaluate
from artstyle.evaluation.outcome import PREDICTION_COLUMNS
from artstyle.evaluation.several_labels.scores import label_columns
from artstyle.models.zoo import require_single
from artstyle.probe.probe import fit_probe
from artstyle.probe.settings import require_pretrained
from artstyle.progress import Progress, silent
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_csv
from artstyle.storage.locks import sole_writer
from artstyle.styles.targets import refused_several
from artstyle.styles.vocabulary import styles_named_by
from artstyle.training.fit import fit
from artstyle.training.setup import require_two_styles


@dataclass(frozen=True)
class Crossval:
    """A cross-validation that was written."""

    path: Path
    """The folder that holds it."""
    report: CrossvalReport | LabelCrossvalReport
    label_issues: LabelIssues | None = None
    """None if nobody asked for them."""


def cross_validate(
    config: Config,
    data: DatasetFolder,
    out: Path,
    *,
    folds: int = 5,
    group: Group = "artist",
    method: Method = "probe",
    seeds: int = 1,
    label_issues: bool = False,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> Crossval:
    """Test every painting once, by a run that has seen nothing of its group.

    All paintings of the data set's splits are divided into folds again. Each fold is a dataset
    folder in ``out/data`` and an ordinary run in ``out``. With several seeds the folds stay the
    same, each is trained once with every seed, and scores are the means over the seeds.
    Interrupted anywhere, the same call resumes: finished runs are kept, and an unfinished one goes
    on from its last checkpoint.

    Args:
        config: The configuration of each run; its seed also decides the folds.
        data: The data set.
        out: The folder to write: new, or an unfinished cross-validation with the same arguments.
        folds: How many.
        group: What is never in two folds.
        method: How each run is trained.
        seeds: How many: the configuration's seed, and those that follow it.
        label_issues: Whether to list the labels that are probably wrong. The same call can ask for
            them once the runs are finished.
        progress: Called as in training and evaluation, with the fold before the stage.
        warn: Called with a message when something fails but the work continues.

    Raises:
        UsageError: There are too few paintings or groups for so many folds, or ``label_issues`` are
            asked for where a picture may have several labels.
        DataError: The data set has one style, or is damaged.
        MissingError: ``label_issues`` needs cleanlab, which is not installed.
        RunError: ``out`` holds something else.
        BusyError: Another process writes to it.
        ArtstyleError: A run cannot be trained or evaluated.
    """
    require_two_styles(data)
    if label_issues:
        if data.targets.multi:
            raise refused_several("label issues are found", "leave --label-issues out")
        import_cleanlab()  # Says so before the work if there is none.
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
        seeds=seeds,
        config=config.model_copy(update={"train": train, "labels": data.description.config.labels}),
    )
    claim(out, plan)
    with sole_writer(out), styles_named_by(data.vocabulary()):
        answered = [
            _test(plan, out, seed, fold, divided, data, progress, warn)
            for seed in plan.run_seeds
            for fold in range(folds)
        ]
        report = summarise(plan, data, divided, answered)
        _write(out, report, answered)
        found = find_label_issues(out, data, answered) if label_issues else None
        if found is not None:
            write_label_issues(out, found)
            write_label_page(out, data, report, found, progress)
    return Crossval(out, report, found)


def _test(
    plan: CrossvalPlan,
    out: Path,
    seed: int,
    fold: int,
    divided: Folds,
    data: DatasetFolder,
    progress: Progress,
    warn: Callable[[str], None],
) -> FoldAnswers:
    """Train and evaluate one fold with one seed, or what is missing, and return its answers."""
    name = plan.run_name(seed, fold)
    part = write_fold(out / "data" / fold_name(fold), data, divided, fold)
    run = RunFolder(out / name)
    evaluation = run.evaluation_path("test")
    # Its page is the last that an evaluation writes.
    if not (evaluation / "report.html").is_file():
        shown = _numbered(progress, plan, seed, fold)
        config = plan.config.model_copy(update={"seed": seed})
        _train(plan.method, config, part, run, shown, warn)
        evaluate(run, part, "test", device=config.train.device, progress=shown)
    return read_answers(name, seed, evaluation / PREDICTIONS_NAME, part)


def _train(
    method: Method,
    config: Config,
    data: DatasetFolder,
    run: RunFolder,
    progress: Progress,
    warn: Callable[[str], None],
) -> None:
    if method == "finetune":
        resume = run.config_path.is_file()
        # Memory may have run out in an earlier try: the run then has smaller batches.
        own = run.config() if resume else config
        fit(own, data, run, resume=resume, progress=progress, warn=warn)
    elif not run.history_path.is_file():  # The last that a probe needs to write.
        if run.path.is_dir():
            shutil.rmtree(run.path)  # A probe that was killed while it wrote its files.
        fit_probe(config, data, run, progress=progress, warn=warn)


def _numbered(progress: Progress, plan: CrossvalPlan, seed: int, fold: int) -> Progress:
    place = f"fold {fold + 1} of {plan.folds}"
    if plan.seeds > 1:
        place = f"seed {seed}, {place}"

    def report(stage: str, done: int, total: int | None, detail: str = "") -> None:
        progress(f"{place}: {stage}", done, total, detail)

    return report


def _write(
    out: Path, report: CrossvalReport | LabelCrossvalReport, answered: list[FoldAnswers]
) -> None:
    several = isinstance(report, LabelCrossvalReport)
    answers = label_columns(list(report.styles)) if several else PREDICTION_COLUMNS
    lines = (
        {"seed": fold.seed, "fold": Path(fold.run).name}
        | {name: line.get(name, "") for name in answers}
        for fold in answered
        for line in fold.table
    )
    write_csv(out / PREDICTIONS_NAME, ("seed", "fold", *answers), lines)
    report.write(out / REPORT_NAME)
    write_crossval_page(out / PAGE_NAME, report)
