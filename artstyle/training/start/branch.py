"""A branch: a new run that begins from the weights of another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import RunError, UsageError, WeightsError, one_line
from artstyle.models.checkpoint import read_state
from artstyle.models.header import checkpoint_fingerprint, read_header
from artstyle.runs.environment import ParentRun
from artstyle.runs.folder import RunFolder
from artstyle.training.engine import Learner


def branch_of(
    parent: RunFolder, config: Config, data: DatasetFolder, *, keep_optimiser: bool = False
) -> tuple[Config, ParentRun]:
    """Return the configuration of a branch, and the record of where it began.

    The weights are the parent's best ones; with its optimiser's state, the last ones, which that
    state belongs to.

    Args:
        parent: The run to branch off.
        config: The settings of the branch; `model.weights` is set here.
        data: What the branch learns from.
        keep_optimiser: Begin from the optimiser's state too: its moments, not its learning rates.

    Raises:
        UsageError: The branch is another model, or another optimiser with ``keep_optimiser``.
        RunError: The styles differ, or the training state was removed.
        WeightsError: The checkpoint is damaged.
    """
    path = parent.last_path if keep_optimiser else parent.best_path
    if keep_optimiser and not path.is_file():
        raise RunError(
            f"{parent.path} has no optimiser state: it is removed once a run is done, unless it"
            " began with train.keep_state=true; leave out --keep-optimiser"
        )
    begun = parent.config()
    header = read_header(path)
    if config.model.name != header.name:
        raise UsageError(
            f"{parent.path} is a run of {header.name}, and a branch of it cannot be"
            f" {config.model.name}: leave out model.name"
        )
    if keep_optimiser and config.optim.name != begun.optim.name:
        raise UsageError(
            f"{parent.path} has the state of {begun.optim.name}, which {config.optim.name} cannot"
            " use: leave out optim.name or --keep-optimiser"
        )
    _require_same_styles(parent, header.labels, data)
    if header.multi != data.targets.multi:
        raise RunError(
            f"{parent.path} and {data.path} differ in labels.multi; begin a new run with"
            f" --set model.weights={parent.best_path}"
        )
    model = config.model.model_copy(update={"weights": str(path.resolve())})
    record = ParentRun(
        path=str(parent.path.resolve()),
        checkpoint=str(path.resolve()),
        weights=checkpoint_fingerprint(path),
        optimiser=keep_optimiser,
    )
    return config.model_copy(update={"model": model}), record


def _require_same_styles(parent: RunFolder, labels: tuple[str, ...], data: DatasetFolder) -> None:
    """Refuse other styles: the head's rows, and the optimiser's state of them, are in their order.

    Raises:
        RunError: The styles differ, or their order does.
    """
    if labels == data.labels:
        return
    missing, new = sorted(set(labels) - set(data.labels)), sorted(set(data.labels) - set(labels))
    differences = [
        *([f"{data.path} lacks {', '.join(missing)}"] if missing else []),
        *([f"{parent.path} does not know {', '.join(new)}"] if new else []),
    ]
    found = "; ".join(differences) or "they are the same styles in another order"
    raise RunError(
        f"a branch has the styles of its run: {found}; to keep the rows of the head that both"
        f" know, begin a new run with --set model.weights={parent.best_path}"
    )


def take_optimiser(learner: Learner, record: ParentRun) -> None:
    """Give a new learner the parent's moments; learning rates and weight decay stay its own.

    Raises:
        WeightsError: The checkpoint is damaged or was replaced.
        UsageError: The parent learnt other parameters, such as those of other losses.
    """
    path, optimizer = Path(record.checkpoint), learner.optimizer
    if checkpoint_fingerprint(path) != record.weights:
        raise WeightsError(f"{path} has changed since this run began from it; begin the run again")
    own = optimizer.state_dict()
    try:
        moments = read_state(path)[1]["optimizer"]["state"]
        optimizer.load_state_dict({"state": moments, "param_groups": own["param_groups"]})
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path} has no optimiser state to use: {one_line(error)}") from None
    if not _fits(optimizer):
        raise UsageError(
            f"{path} has the optimiser state of other parameters; leave out --keep-optimiser"
        )


def _fits(optimizer: Optimizer) -> bool:
    """Return whether each parameter has moments of its own shape, and no moments are left over."""

    def has_its_own(parameter: object, moments: Mapping[str, Any]) -> bool:
        if not isinstance(parameter, Tensor):
            return False
        per_number = (m for m in moments.values() if isinstance(m, Tensor) and m.ndim)
        return all(moment.shape == parameter.shape for moment in per_number)

    return all(has_its_own(parameter, moments) for parameter, moments in optimizer.state.items())
