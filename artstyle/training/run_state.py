"""The state of a run: how far training is, and what a checkpoint stores to resume it exactly."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from artstyle.errors import TrainingError, WeightsError, one_line
from artstyle.models.checkpoint import read_state
from artstyle.runs.environment import FinishedRun
from artstyle.runs.folder import RunFolder
from artstyle.training.engine import Learner, Tally

# The key in the file; earlier versions wrote it, and their checkpoints must stay readable.
_RUN_STATE = "standing"
_KEPT = ("epochs", "best_epoch", "best_score", "seconds", "last_seconds")


@dataclass(frozen=True)
class RunState:
    """How far a run is; the last checkpoint stores it."""

    epochs: int = 0
    """Finished epochs."""
    best_epoch: int = 0
    """Counted from 1."""
    best_score: float = -1.0
    seconds: float = 0.0
    """Spent on all finished epochs."""
    last_seconds: float = 0.0
    """Spent on the last finished epoch."""
    tallies: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """The unfinished epoch's `Tally` of each process; empty between epochs."""

    def after(self, score: float, seconds: float) -> "RunState":
        """Return the state after one more epoch."""
        epoch = self.epochs + 1
        best = (epoch, score) if score > self.best_score else (self.best_epoch, self.best_score)
        return RunState(epoch, *best, self.seconds + seconds, seconds)

    @property
    def images(self) -> int:
        """Images of the unfinished epoch that all processes have trained on."""
        return sum(tally["images"] for tally in self.tallies)

    def tally(self, rank: int, world_size: int) -> Tally:
        """Return one process's share of the unfinished epoch's sums."""
        tally = Tally()
        for part in self.tallies[rank::world_size]:
            tally.add(**part)
        return tally


def finished_run(state: RunState, reason: str) -> FinishedRun:
    """Return what the run folder keeps of the state of a run that is done."""
    return FinishedRun(reason=reason, **{name: getattr(state, name) for name in _KEPT})


def finished_state(run: RunFolder) -> RunState | None:
    """Return the state of a run that is done and whose training state was removed; else None."""
    finished = None if run.last_path.is_file() else run.environment().finished
    return RunState(**{name: getattr(finished, name) for name in _KEPT}) if finished else None


def checkpoint_state(learner: Learner, state: RunState) -> dict[str, object]:
    """Return what a checkpoint stores besides the network's weights."""
    return {
        "optimizer": learner.optimizer.state_dict(),
        "schedule": learner.schedule.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "ema": learner.ema.state_dict() if learner.ema is not None else {},
        **({"heads": learner.heads.state_dict()} if learner.heads is not None else {}),
        _RUN_STATE: asdict(state),
    }


def restore_state(learner: Learner, run: RunFolder) -> RunState:
    """Load the last checkpoint into the learner and return the run's state.

    Raises:
        WeightsError: The checkpoint is damaged.
    """
    weights, stored = read_state(run.last_path)
    try:
        learner.network.load_state_dict(weights)
        learner.optimizer.load_state_dict(stored["optimizer"])
        learner.schedule.load_state_dict(stored["schedule"])
        learner.scaler.load_state_dict(stored["scaler"])
        if learner.ema is not None:
            learner.ema.load_state_dict(stored["ema"])
        if learner.heads is not None:
            learner.heads.load_state_dict(stored["heads"])
        return RunState(**stored[_RUN_STATE])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{run.last_path} cannot be resumed from: {one_line(error)}") from None


def require_finite_weights(learner: Learner, state: RunState) -> None:
    """Refuse nonfinite weights before they replace good ones.

    Raises:
        TrainingError: A weight is NaN or infinite.
    """
    for network in (learner.network, learner.eval_network):
        for name, value in network.state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise TrainingError(
                    f"weights are NaN or infinite in epoch {state.epochs + 1}: {name};"
                    " lower optim.lr, or set train.precision=fp32"
                )
