"""What is compared: a run's answers to a split, or a cross-validation's to every picture."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from artstyle.config import Config
from artstyle.crossval.answers import PREDICTIONS_NAME
from artstyle.crossval.document import REPORT_NAME as CROSSVAL_REPORT
from artstyle.crossval.document import read_report
from artstyle.crossval.plan import PLAN_NAME, CrossvalPlan
from artstyle.data.manifest import Split
from artstyle.errors import MissingError, UsageError
from artstyle.evaluation.document import REPORT_NAME, EvaluationReport
from artstyle.evaluation.predictions import LabelledPicture, PictureAnswer, read_predictions
from artstyle.evaluation.several_labels.document import LabelReport
from artstyle.runs.finding import find_run
from artstyle.runs.folder import RunFolder


@dataclass(frozen=True)
class Scored:
    """The answers of one training with one seed, in the order of the pictures' paths."""

    path: Path
    """The run folder, or the folder of a cross-validation's runs with one seed."""
    whole: Path
    """The run folder, or the folder of the cross-validation: what was named."""
    crossvalidated: bool
    config: Config
    dataset: str
    """Fingerprint of the data set."""
    dataset_path: str
    styles: tuple[str, ...]
    """All styles that it knows."""
    pictures: tuple[PictureAnswer, ...]

    @property
    def multi(self) -> bool:
        """Whether a picture may have several labels."""
        return any(isinstance(picture, LabelledPicture) for picture in self.pictures)

    @property
    def folder(self) -> Path:
        """What ``--group-by folder`` goes by: a run's parent, or the cross-validation."""
        return self.whole if self.crossvalidated else self.whole.absolute().parent


@dataclass(frozen=True)
class CrossvalFolder:
    """A finished cross-validation, of which each seed is compared as a run is."""

    path: Path


def find_scored(name: str, root: Path = Path("runs")) -> RunFolder | CrossvalFolder:
    """Return a run or a cross-validation by its path, or by its name in ``root``.

    Raises:
        UsageError: The name is that of a lone checkpoint.
        MissingError, UnknownNameError, RunError: As of `find_run`.
    """
    for path in (Path(name), root / name):
        if (path / PLAN_NAME).is_file():
            return CrossvalFolder(path)
    run = find_run(name, root)
    if run.lone:
        raise UsageError(f"{run.lone} is a file; name the folder of its run")
    return run


def first_run(named: RunFolder | CrossvalFolder) -> RunFolder:
    """Return a run, or the first run of a cross-validation."""
    if isinstance(named, RunFolder):
        return named
    plan = CrossvalPlan.read(named.path / PLAN_NAME)
    return RunFolder(named.path / plan.run_name(plan.config.seed, 0))


def read_scored(named: RunFolder | CrossvalFolder, split: Split) -> list[Scored]:
    """Read a run's evaluation, or the answers of a cross-validation with each of its seeds.

    Raises:
        MissingError: The run is not evaluated on the split, or the cross-validation not finished.
        UsageError: ``split`` is not test, and a cross-validation has no other.
    """
    if isinstance(named, CrossvalFolder):
        return list(_of_crossval(named.path, split))
    return [_of_run(named, split)]


def _of_run(run: RunFolder, split: Split) -> Scored:
    folder = run.evaluation_path(split)
    if not (folder / REPORT_NAME).is_file():
        raise MissingError(
            f"{run.path} is not evaluated on {split};"
            f" run 'artstyle evaluate --run {run.path} --split {split}' first"
        )
    multi = run.config().labels.multi
    report = (LabelReport if multi else EvaluationReport).read(folder / REPORT_NAME)
    _, pictures = read_predictions(folder / PREDICTIONS_NAME, multi=multi)
    return Scored(
        path=run.path,
        whole=run.path,
        crossvalidated=False,
        config=run.config(),
        dataset=report.dataset,
        dataset_path=report.dataset_path,
        styles=report.styles,
        pictures=_in_order(pictures),
    )


def _of_crossval(folder: Path, split: Split) -> Iterator[Scored]:
    if split != "test":
        raise UsageError(
            f"{folder} is a cross-validation, which tests every picture; leave out --split"
        )
    if not (folder / CROSSVAL_REPORT).is_file():
        raise MissingError(
            f"{folder} is not finished; run its 'artstyle crossval' command again first"
        )
    plan = CrossvalPlan.read(folder / PLAN_NAME)
    multi = plan.config.labels.multi
    report = read_report(folder / CROSSVAL_REPORT, multi=multi)
    table, pictures = read_predictions(folder / PREDICTIONS_NAME, multi=multi)
    seeds = [line["seed"] for line in table if not line.get("error")]
    answered = list(zip(seeds, pictures, strict=True))
    for seed in report.seeds:
        yield Scored(
            path=folder / f"seed-{seed}" if len(report.seeds) > 1 else folder,
            whole=folder,
            crossvalidated=True,
            config=plan.config.model_copy(update={"seed": seed}),
            dataset=report.dataset,
            dataset_path=report.dataset_path,
            styles=tuple(report.styles),
            pictures=_in_order(picture for of, picture in answered if of == str(seed)),
        )


def _in_order(pictures: Iterable[PictureAnswer]) -> tuple[PictureAnswer, ...]:
    return tuple(sorted(pictures, key=lambda picture: picture.path))
