"""``crossval.json``: what a cross-validation folder is for, so that it is resumed only as that."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import PositiveInt

from artstyle.config import Config
from artstyle.errors import RunError
from artstyle.recipes import flatten
from artstyle.storage.documents import Document
from artstyle.storage.locks import is_vacant

PLAN_NAME = "crossval.json"

Group = Literal["artist", "source", "image"]
GROUPS: tuple[Group, ...] = get_args(Group)
Method = Literal["probe", "finetune"]


class CrossvalPlan(Document):
    """What is cross-validated, and how. Two plans with equal values give the same folds."""

    format_version: int = 1
    """Version of this format."""
    dataset: str
    """Fingerprint of the data set."""
    folds: int
    """How many folds; each is the test of one run."""
    group: Group
    """What stays together in one fold: an artist, a source, or an image with its copies."""
    method: Method
    """How each fold's run is trained."""
    seeds: PositiveInt = 1
    """With how many seeds each fold is trained: the configuration's, and those that follow it."""
    config: Config
    """The configuration of each run; its seed also decides the folds."""

    @property
    def run_seeds(self) -> tuple[int, ...]:
        """The seeds that the runs are trained with."""
        return tuple(range(self.config.seed, self.config.seed + self.seeds))

    def run_name(self, seed: int, fold: int) -> str:
        """Return the run's folder within the cross-validation; folds are counted from 0."""
        name = fold_name(fold)
        return name if self.seeds == 1 else f"seed-{seed}/{name}"


def fold_name(fold: int) -> str:
    """Return the name of a fold, counted from 0: of its dataset folder, and within that of runs."""
    return f"fold-{fold + 1}"


def claim(folder: Path, plan: CrossvalPlan) -> None:
    """Write the plan into a new folder, or check that an existing one has the same.

    Raises:
        RunError: The folder holds something else, or another cross-validation.
    """
    path = folder / PLAN_NAME
    if path.is_file():
        found = CrossvalPlan.read(path)
        if differences := list(_differences(found.to_dict(), plan.to_dict())):
            raise RunError(
                f"{folder} holds another cross-validation ({'; '.join(differences[:3])});"
                " choose another folder with --out, or delete this one"
            )
    elif folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file; choose a folder with --out")
    elif not is_vacant(folder):
        raise RunError(f"{folder} is not empty; choose another folder with --out")
    else:
        plan.write(path)


def _differences(found: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an earlier plan has otherwise, in words."""
    before, now = dict(flatten(found)), dict(flatten(asked))
    for key in now:
        if before.get(key) != now[key]:
            if key == "dataset":
                yield "of other data"
            else:
                yield f"{key.removeprefix('config.')} is {before.get(key)} there, not {now[key]}"
