"""Finding a run by its name or as the newest, and naming a new one."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from artstyle.errors import DataError, MissingError, RunError, UnknownNameError, UsageError
from artstyle.runs.folder import RunFolder
from artstyle.storage.documents import Document
from artstyle.storage.nearby import did_you_mean

STARTER = "starter"
"""The name of the run that comes with artstyle; its results are written to ``runs/starter``."""

_PACKAGED = Path(__file__).resolve().parent.parent / STARTER
_HOW_TO_GET_ONE = "make one with 'artstyle finetune' or name one by its folder"


def new_run_path(root: Path, model: str, now: datetime) -> Path:
    """Return a path that does not exist yet: ``root/20261122-143000-resnet50``."""
    stem = f"{now:%Y%m%d-%H%M%S}-{model.replace('/', '-')}"
    candidates = (root / (stem if n == 1 else f"{stem}-{n}") for n in range(1, 1000))
    return next(path for path in candidates if not path.exists())


def find_run(
    name: str | Path,
    root: str | Path = "runs",
    *,
    needs: Literal["best", "own", "nothing"] = "best",
) -> RunFolder:
    """Return a run by its path, by its name in ``root``, or the newest one as ``latest``.

    Args:
        name: Path, name, ``latest`` or ``starter``; or the path of a checkpoint that is copied out
            of its run, FILE.safetensors: its results are then written here.
        root: The folder of named runs.
        needs: ``best``: the run must have a best checkpoint, and where there is none, ``latest`` is
            the starter; ``own``: the same without the starter; ``nothing``: a folder is enough, and
            a lone file is not.

    Raises:
        MissingError: There is no run at all.
        UnknownNameError: No run has that name.
        RunError: The run has no best checkpoint yet.

    Examples:
        >>> artstyle.find_run("tiny").best_path.name
        'best.safetensors'
    """
    name, root = os.fspath(name), Path(root)
    if name == "latest":
        return _latest(root, needs)
    if name.endswith(".safetensors"):
        return _lone(Path(name), needs)
    for path in (Path(name), root / name):
        run = RunFolder(path)
        if run.config_path.is_file():
            if needs != "nothing" and not run.best_path.is_file():
                raise RunError(
                    f"{run.path} has no best checkpoint: no epoch is finished yet;"
                    f" resume with 'artstyle finetune --resume {run.path}'"
                )
            return _require_own_folders(run)
    if name == STARTER and needs == "best":
        return starter_run(root)
    if Path(name).is_dir():
        raise RunError(f"{name} is not a run folder: it has no config.yaml")
    known = [run.name for run in _runs(root)]
    if not known:
        raise MissingError(f"unknown run '{name}': {root}/ has no runs; {_HOW_TO_GET_ONE}")
    raise UnknownNameError("run", name, known)


def _lone(path: Path, needs: str) -> RunFolder:
    if not path.is_file():
        raise MissingError(f"no file {path}.{did_you_mean(path)}")
    if needs == "nothing":
        raise UsageError(f"{path} is a file; name the folder of its run")
    return RunFolder(Path(), lone=path)


def starter_run(root: Path = Path("runs")) -> RunFolder:
    """Return the run that comes with artstyle; nothing is ever written to its folder."""
    return RunFolder(_PACKAGED, root / STARTER)


def is_starter(run: RunFolder) -> bool:
    """Return whether a run is the one that comes with artstyle."""
    return run.path == _PACKAGED


def starter_note(run: RunFolder | None) -> str:
    """Return how right the model that comes with artstyle is; "" for any other."""
    if run is None or not is_starter(run):
        return ""
    accuracy = float(run.history()[-1]["val_accuracy"])
    return (
        f"The starter model answers; it is right for {accuracy:.0%} of paintings from"
        " collections that it has not seen. Train your own: artstyle probe"
    )


def _latest(root: Path, needs: str) -> RunFolder:
    # To resume, the newest run counts even without a checkpoint: an older one would surprise.
    ready = [run for run in _runs(root) if needs == "nothing" or run.best_path.is_file()]
    newest = max(ready, key=_started, default=None)
    if newest is None:
        if needs == "best":
            return starter_run(root)
        state = "run" if needs == "nothing" else "run with a finished epoch"
        raise MissingError(f"no {state} in {root}/; {_HOW_TO_GET_ONE}")
    return _require_own_folders(newest)


def _require_own_folders(run: RunFolder) -> RunFolder:
    if links := [path for path in run.folders() if path.is_symlink()]:
        raise RunError(
            f"{links[0]} is a link: results would be written outside the run;"
            " replace it with a real folder"
        )
    return run


def _runs(root: Path) -> list[RunFolder]:
    runs = [RunFolder(path) for path in sorted(root.iterdir())] if root.is_dir() else []
    return [run for run in runs if run.config_path.is_file()]


class _Started(Document):
    """All that the choice of the newest run needs: a damaged record still says when it began."""

    started: str
    """UTC, ISO 8601."""
    newest_format: ClassVar[int] = sys.maxsize


def _started(run: RunFolder) -> tuple[str, str]:
    """Return when the run began; a run with a damaged record counts as the oldest."""
    try:
        return _Started.read(run.environment_path).started, run.name
    except (OSError, MissingError, DataError):
        return "", run.name
