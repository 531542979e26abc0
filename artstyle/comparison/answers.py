"""The rows that are compared, with their answers to the same pictures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artstyle.comparison.scored import CrossvalFolder, Scored, read_scored
from artstyle.data.manifest import Split
from artstyle.errors import RunError, UnknownNameError, UsageError
from artstyle.evaluation.intervals import Answers
from artstyle.evaluation.predictions import PictureAnswer, as_answers
from artstyle.evaluation.several_labels.answers import LabelAnswers
from artstyle.metrics import BoolArray
from artstyle.recipes import config_values
from artstyle.runs.folder import RunFolder
from artstyle.styles.names import label_order

SHORT_KEYS = {"model": "model.name"}
"""Short names of the configuration keys that runs are grouped by."""
FOLDER = "folder"
"""Groups runs by the folder that they are in, whatever their configuration."""


@dataclass(frozen=True)
class ComparedRun:
    """One run and its answers to the N pictures, in the order of their paths."""

    scored: Scored
    answers: Answers | LabelAnswers
    """With styles numbered as in `Compared.labels`."""


@dataclass(frozen=True)
class Row:
    """A row of the comparison: one run, or the runs that share a setting."""

    name: str
    runs: tuple[ComparedRun, ...]

    @property
    def right_N(self) -> BoolArray:
        """Whether more than half of the runs are right about each picture: of all its labels."""
        return _majority([run.answers.correct_N for run in self.runs])

    def recognised_N(self, label: int) -> BoolArray:
        """Return whether more than half of the runs recognise each picture's label."""
        return _majority([run.answers.recognised_N(label) for run in self.runs])

    @property
    def predicted(self) -> list[str]:
        """The answer that most runs give to each picture; among equals, the earliest run's."""
        answers = zip(
            *([p.predicted for p in run.scored.pictures] for run in self.runs), strict=True
        )
        return [Counter(styles).most_common(1)[0][0] for styles in answers]

    @property
    def differing_keys(self) -> list[str]:
        """The configuration keys, other than the seed, that are not the same in all runs."""
        values = [config_values(run.scored.config) for run in self.runs]
        return [
            key
            for key in values[0]
            if key != "seed" and any(other[key] != values[0][key] for other in values[1:])
        ]


@dataclass(frozen=True)
class Compared:
    """All rows, over the same pictures."""

    split: Split
    labels: tuple[str, ...]
    """All styles that a run knows."""
    rows: tuple[Row, ...]

    @property
    def multi(self) -> bool:
        """Whether a picture may have several labels."""
        return self.rows[0].runs[0].scored.multi

    @property
    def pictures(self) -> tuple[PictureAnswer, ...]:
        """The pictures, as the first run answers them."""
        return self.rows[0].runs[0].scored.pictures


def read_compared(
    named: Sequence[RunFolder | CrossvalFolder], split: Split, group_by: str | None
) -> Compared:
    """Read the answers of runs and of cross-validations.

    Args:
        named: Runs and cross-validations. One with several seeds counts as several runs.
        split: Whose evaluations.
        group_by: A configuration key, such as ``model``, or ``folder``: runs with the same value
            are one row. None: each of ``named`` is a row.

    Raises:
        UsageError: Fewer than two rows, a run named twice, or an unknown key.
        MissingError: A run is not evaluated on the split.
        RunError: Two runs were not evaluated on the same pictures.
    """
    if twice := [path for path, n in Counter(one.path.resolve() for one in named).items() if n > 1]:
        raise UsageError(f"{twice[0]} is named twice")
    if not named or (len(named) == 1 and isinstance(named[0], RunFolder)):
        raise UsageError("name two runs or more to compare")
    scored = [run for one in named for run in read_scored(one, split)]
    if len(scored) < 2:
        raise UsageError(f"{named[0].path} has one seed; name two runs or more to compare")
    for run in scored[1:]:
        _require_same(scored[0], run)
    labels = label_order({style for run in scored for style in run.styles})
    runs = [ComparedRun(run, as_answers(run.pictures, labels)) for run in scored]
    rows = _rows(runs, group_by)
    if len(rows) < 2:
        group_by = group_by or "folder"
        raise UsageError(f"all runs have {group_by} {rows[0].name}: there is nothing to compare")
    return Compared(split, labels, rows)


def _majority(votes: Sequence[BoolArray]) -> BoolArray:
    majority_N: BoolArray = np.mean(votes, axis=0) > 0.5
    return majority_N


def _require_same(first: Scored, other: Scored) -> None:
    """Refuse two evaluations that are not of the same pictures with the same true styles."""
    if first.multi != other.multi:
        raise RunError(
            f"{first.path} and {other.path} cannot be compared: one answers with one label for each"
            " picture, the other with several (labels.multi); name runs of one kind"
        )
    theirs, ours = ({p.path: p.style for p in scored.pictures} for scored in (first, other))
    if different := sorted(path for path in theirs | ours if theirs.get(path) != ours.get(path)):
        raise RunError(
            f"{first.path} and {other.path} were evaluated on different pictures:"
            f" {len(different):,} of {len(theirs | ours):,} differ, such as {different[0]};"
            f" {_way_out(first, other)}"
        )


def _way_out(first: Scored, other: Scored) -> str:
    if crossed := [scored.whole for scored in (first, other) if scored.crossvalidated]:
        return f"compare {crossed[0]} with another cross-validation of the same data set"
    return (
        "evaluate both on one data set:"
        f" artstyle evaluate --run {other.path} --data {first.dataset_path}"
    )


def _rows(runs: Sequence[ComparedRun], group_by: str | None) -> tuple[Row, ...]:
    groups: dict[str | Path, list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault(_group(run.scored, group_by), []).append(run)
    names = _names(list(groups))
    return tuple(Row(name, tuple(of)) for name, of in zip(names, groups.values(), strict=True))


def _group(scored: Scored, group_by: str | None) -> str | Path:
    """Return what the runs of a row have in common: a value, or a folder."""
    if group_by is None:
        return scored.whole
    if group_by == FOLDER:
        return scored.folder
    values, key = config_values(scored.config), SHORT_KEYS.get(group_by, group_by)
    if key not in values:
        raise UnknownNameError("key", group_by, [*SHORT_KEYS, FOLDER, *values])
    return str(values[key])


def _names(groups: Sequence[str | Path]) -> list[str]:
    """Return values as they are, and folders by their names, or paths where two have one name."""
    names = [group.name if isinstance(group, Path) else group for group in groups]
    return names if len(set(names)) == len(names) else [str(group) for group in groups]
