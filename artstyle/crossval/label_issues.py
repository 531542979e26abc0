"""Labels that are probably wrong: those that cross-validated answers contradict most confidently.

Axes: N pictures, C styles.
"""

import importlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from artstyle.crossval.answers import FoldAnswers
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import MissingError
from artstyle.evaluation.logits import LOGITS_NAME, read_logits
from artstyle.metrics import FloatArray
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_csv

ISSUES_NAME = "label_issues.csv"


@dataclass(frozen=True)
class LabelIssue:
    """A picture whose label the answers contradict; the fields are the columns of the table."""

    path: str
    style: str
    """The label that it has."""
    style_probability: float
    predicted: str
    """The most probable style."""
    predicted_probability: float
    artist: str


@dataclass(frozen=True)
class LabelIssues:
    """What was found, the most confident contradiction first."""

    issues: tuple[LabelIssue, ...]
    judged: int
    """Pictures whose label was judged."""
    unlearnt: int
    """Pictures of a style that their fold could not learn: their answers say nothing."""


def import_cleanlab() -> Any:
    """Return ``cleanlab.filter``.

    Raises:
        MissingError: cleanlab is not installed.
    """
    try:
        return importlib.import_module("cleanlab.filter")
    except ModuleNotFoundError:
        raise MissingError(
            'label issues need cleanlab, which is not installed: pip install "artstyle[labels]"'
        ) from None


def find_label_issues(
    out: Path, data: DatasetFolder, answered: Sequence[FoldAnswers]
) -> LabelIssues:
    """Find them by confident learning (Northcutt et al. 2021, sections 3.1 and 3.2).

    A picture is listed if another style reaches the mean probability that this style has for the
    pictures labelled so, and is the most probable. With several seeds the probabilities are the
    mean over them. Sorted by the probability of the label minus that of the other style.

    Args:
        out: The folder of the cross-validation.
        data: The data set.
        answered: The answers of each fold with each seed.

    Raises:
        MissingError: cleanlab, or the logits of a run, are missing.
        DataError: The logits of a run are damaged.
    """
    confident = import_cleanlab()
    found, unlearnt = _mean_probabilities(out, answered)
    rows = {row.path: row for fold in answered for row in fold.rows if row.path in found}
    paths = sorted(rows)
    probabilities_NC = np.stack([found[path] for path in paths])
    position = {label: n for n, label in enumerate(data.labels)}
    labels_N = np.array([position[rows[path].style] for path in paths], dtype=np.int64)
    ranked = confident.find_label_issues(
        labels_N,
        probabilities_NC,
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,
    )
    issues = [
        _issue(paths[n], rows[paths[n]].artist, labels_N[n], probabilities_NC[n], data.labels)
        for n in ranked
    ]
    return LabelIssues(tuple(issues), len(paths), unlearnt)


def write_label_issues(out: Path, found: LabelIssues) -> None:
    """Write the table, with a header even where nothing was found."""
    columns = [field.name for field in fields(LabelIssue)]
    write_csv(out / ISSUES_NAME, columns, map(_line, found.issues))


def _mean_probabilities(
    out: Path, answered: Sequence[FoldAnswers]
) -> tuple[dict[str, FloatArray], int]:
    """Return the mean over the seeds for each picture, and how many pictures had no chance."""
    sums: dict[str, FloatArray] = {}
    unlearnt = set()
    seeds = len({fold.seed for fold in answered})
    for fold in answered:
        kept = read_logits(RunFolder(out / fold.run).evaluation_path("test") / LOGITS_NAME)
        of_path = dict(zip(kept.paths, kept.probabilities_NC, strict=True))
        for row in fold.rows:
            if row.style in fold.learnt:
                sums[row.path] = sums.get(row.path, 0.0) + of_path[row.path] / seeds
            else:
                unlearnt.add(row.path)
    return sums, len(unlearnt)


def _issue(
    path: str, artist: str, label: int, probabilities_C: FloatArray, labels: Sequence[str]
) -> LabelIssue:
    predicted = int(probabilities_C.argmax())
    return LabelIssue(
        path=path,
        style=labels[label],
        style_probability=float(probabilities_C[label]),
        predicted=labels[predicted],
        predicted_probability=float(probabilities_C[predicted]),
        artist=artist,
    )


def _line(issue: LabelIssue) -> dict[str, object]:
    line = asdict(issue)
    for name in ("style_probability", "predicted_probability"):
        line[name] = f"{line[name]:.6f}"
    return line
