"""What a run must remember to go on exactly where it was, and when that is written."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from artstyle import interrupts
from artstyle.errors import TrainingError, WeightsError
from artstyle.models.checkpoint import read_state, write_checkpoint
from artstyle.runs import RunFolder
from artstyle.training.engine import Tally
from artstyle.training.setup import Setup


@dataclass(frozen=True)
class Standing:
    """Where a run stands; kept in its last checkpoint."""

    epochs: int = 0
    """Finished."""
    best_epoch: int = 0
    """Counted from 1."""
    best_score: float = -1.0
    seconds: float = 0.0
    """Spent on all finished epochs."""
    last_seconds: float = 0.0
    """Spent on the last one."""
    tallies: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """Of the epoch that was not finished, by process; none between epochs."""

    def after(self, score: float, seconds: float) -> "Standing":
        """Return where the run stands after one more epoch."""
        epoch = self.epochs + 1
        best = (epoch, score) if score > self.best_score else (self.best_epoch, self.best_score)
        return Standing(epoch, *best, self.seconds + seconds, seconds)

    @property
    def images(self) -> int:
        """Pictures that the unfinished epoch has gone through, in all processes."""
        return sum(tally["images"] for tally in self.tallies)

    def tally(self, rank: int, world: int) -> Tally:
        """Return what the unfinished epoch came to so far, one process's share of it."""
        tally = Tally()
        for part in self.tallies[rank::world]:
            tally.add(**part)
        return tally


class Saver:
    """Writes the last checkpoint within an epoch: from time to time, and when asked to end.

    Only where the weights have just moved, so that no gradients need keeping.
    """

    def __init__(self, setup: Setup, run: RunFolder, minutes: float) -> None:
        self._setup, self._run = setup, run
        self._seconds, self._saved = 60 * minutes, time.monotonic()

    def after_move(self, standing: Standing, tally: Tally) -> None:
        """Save if it is time.

        Raises:
            Interrupted: The process was asked to end; the run is saved.
            TrainingError: A weight is no finite number; nothing is written.
        """
        processes = self._setup.processes
        due = time.monotonic() - self._saved >= self._seconds
        # Clocks and signals differ from process to process: the leading one's decide.
        due, ending = processes.agree((due, interrupts.asked()))
        if due or ending:
            tallies = tuple(processes.gather([asdict(tally)]))
            self.save(replace(standing, tallies=tallies), {"epoch": standing.epochs})
        if ending:
            raise interrupts.Interrupted(ending)

    def save(self, standing: Standing, about: Mapping[str, Any]) -> None:
        """Write the last checkpoint.

        Args:
            standing: Where the run stands.
            about: What the checkpoint's header says, beside the model.

        Raises:
            TrainingError: A weight is no finite number; nothing is written.
        """
        if self._setup.processes.leads:
            learner = self._setup.learner
            require_finite(self._setup, standing)
            state = {
                "optimizer": learner.optimizer.state_dict(),
                "schedule": learner.schedule.state_dict(),
                "scaler": learner.scaler.state_dict(),
                "ema": learner.ema.state_dict() if learner.ema is not None else {},
                "standing": asdict(standing),
            }
            header = replace(self._setup.header, about=dict(about))
            write_checkpoint(self._run.last_path, learner.network, header, state)
        self._saved = time.monotonic()


def require_finite(setup: Setup, standing: Standing) -> None:
    """Refuse weights that are no numbers, before they take the place of good ones.

    Raises:
        TrainingError: There is one.
    """
    for network in (setup.learner.network, setup.learner.answering):
        for name, value in network.state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise TrainingError(
                    f"weights are no longer finite numbers in epoch {standing.epochs + 1}:"
                    f" {name}; lower optim.lr, or set train.precision=fp32"
                )


def restore(setup: Setup, run: RunFolder) -> Standing:
    """Put the learner where it stood when the last checkpoint was written.

    Raises:
        WeightsError: The checkpoint is damaged.
    """
    weights, state = read_state(run.last_path)
    learner = setup.learner
    try:
        learner.network.load_state_dict(weights)
        learner.optimizer.load_state_dict(state["optimizer"])
        learner.schedule.load_state_dict(state["schedule"])
        learner.scaler.load_state_dict(state["scaler"])
        if learner.ema is not None:
            learner.ema.load_state_dict(state["ema"])
        return Standing(**state["standing"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(f"{run.last_path} cannot be gone on from: {reason}") from None
