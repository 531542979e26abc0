"""The runs that are compared, with their answers to the same pictures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artstyle.data.manifest import Split
from artstyle.errors import MissingError, RunError, UnknownNameError, UsageError
from artstyle.evaluation.document import REPORT_NAME, EvaluationReport
from artstyle.evaluation.intervals import Answers
from artstyle.evaluation.predictions import AnsweredPicture, as_answers, read_predictions
from artstyle.metrics import BoolArray
from artstyle.recipes import config_values
from artstyle.runs.folder import RunFolder
from artstyle.styles.names import label_order
from artstyle.styles.targets import refused_several

SHORT_KEYS = {"model": "model.name"}
"""Short names of the configuration keys that runs are grouped by."""


@dataclass(frozen=True)
class ComparedRun:
    """One run and its answers to the N pictures, in the order of their paths."""

    run: RunFolder
    report: EvaluationReport
    pictures: tuple[AnsweredPicture, ...]
    answers: Answers
    """With styles numbered as in `Compared.labels`."""


@dataclass(frozen=True)
class Row:
    """A row of the comparison: one run, or the runs that share a setting."""

    name: str
    runs: tuple[ComparedRun, ...]

    @property
    def right_N(self) -> BoolArray:
        """Whether more than half of the runs are right about each picture."""
        votes_N = np.mean([run.answers.correct_N for run in self.runs], axis=0)
        right_N: BoolArray = votes_N > 0.5
        return right_N

    @property
    def predicted(self) -> list[str]:
        """The style that most runs predict for each picture; among equals, the earliest run's."""
        answers = zip(*([p.predicted for p in run.pictures] for run in self.runs), strict=True)
        return [Counter(styles).most_common(1)[0][0] for styles in answers]


@dataclass(frozen=True)
class Compared:
    """All rows, over the same pictures."""

    split: Split
    labels: tuple[str, ...]
    """All styles that a run knows."""
    rows: tuple[Row, ...]

    @property
    def pictures(self) -> tuple[AnsweredPicture, ...]:
        """The pictures, as the first run answers them."""
        return self.rows[0].runs[0].pictures


def read_compared(runs: Sequence[RunFolder], split: Split, group_by: str | None) -> Compared:
    """Read the evaluations of the runs.

    Args:
        runs: Two or more.
        split: Whose evaluations.
        group_by: A configuration key, such as ``model``: runs with the same value are one row.

    Raises:
        UsageError: Fewer than two rows, a run named twice, or an unknown key.
        MissingError: A run is not evaluated on the split.
        RunError: Two runs were not evaluated on the same pictures.
    """
    if len(runs) < 2:
        raise UsageError("name two runs or more to compare")
    if twice := [path for path, n in Counter(run.path.resolve() for run in runs).items() if n > 1]:
        raise UsageError(f"{twice[0]} is named twice")
    read = [_read(run, split) for run in runs]
    for report, pictures, run in read[1:]:
        _require_same(read[0], (report, pictures, run))
    labels = label_order({style for report, _, _ in read for style in report.styles})
    compared = [
        ComparedRun(run, report, pictures, as_answers(pictures, labels))
        for report, pictures, run in read
    ]
    rows = _rows(compared, group_by)
    if len(rows) < 2:
        raise UsageError(f"all runs have {group_by} {rows[0].name}: there is nothing to compare")
    return Compared(split, labels, rows)


_Read = tuple[EvaluationReport, tuple[AnsweredPicture, ...], RunFolder]


def _read(run: RunFolder, split: Split) -> _Read:
    folder = run.evaluation_path(split)
    if not (folder / REPORT_NAME).is_file():
        raise MissingError(
            f"{run.path} is not evaluated on {split};"
            f" run 'artstyle evaluate --run {run.path} --split {split}' first"
        )
    if run.config().labels.multi:
        raise refused_several(
            "compare works", "the scores of each run are in its evaluation's report.json"
        )
    report = EvaluationReport.read(folder / REPORT_NAME)
    _, pictures = read_predictions(folder / "predictions.csv")
    return report, tuple(sorted(pictures, key=lambda picture: picture.path)), run


def _require_same(first: _Read, other: _Read) -> None:
    """Refuse two evaluations that are not of the same pictures with the same true styles."""
    theirs, ours = ({picture.path: picture.style for picture in read[1]} for read in (first, other))
    if different := sorted(path for path in theirs | ours if theirs.get(path) != ours.get(path)):
        raise RunError(
            f"{first[2].path} and {other[2].path} were evaluated on different pictures:"
            f" {len(different):,} of {len(theirs | ours):,} differ, such as {different[0]};"
            f" evaluate both on one data set:"
            f" artstyle evaluate --run {other[2].path} --data {first[0].dataset_path}"
        )


def _rows(runs: Sequence[ComparedRun], group_by: str | None) -> tuple[Row, ...]:
    if group_by is None:
        return tuple(Row(name, (run,)) for name, run in zip(_names(runs), runs, strict=True))
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault(_value(config_values(run.run.config()), group_by), []).append(run)
    return tuple(Row(name, tuple(members)) for name, members in groups.items())


def _value(values: Mapping[str, object], key: str) -> str:
    full = SHORT_KEYS.get(key, key)
    if full not in values:
        raise UnknownNameError("key", key, [*SHORT_KEYS, *values])
    return str(values[full])


def _names(runs: Sequence[ComparedRun]) -> list[str]:
    """Return the runs' names, or their paths where two have one name."""
    names = [run.run.name for run in runs]
    if len(set(names)) == len(names):
        return names
    return [str(Path(run.run.path)) for run in runs]
