"""The record of a run: checkpoints, history, trackers, and the batch that broke it."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace

from artstyle import interrupts
from artstyle.errors import TrainingError
from artstyle.models.checkpoint import write_checkpoint, write_tensors
from artstyle.presentation.curves import plot_curves
from artstyle.runs.folder import RunFolder
from artstyle.tracking.kept import kept_epoch
from artstyle.tracking.tracker import KeptEpoch
from artstyle.tracking.trackers import Trackers
from artstyle.training.engine import EpochResult, NonfiniteLossError, Tally
from artstyle.training.gradients import log_gradients
from artstyle.training.reporting import epoch_line
from artstyle.training.run_state import (
    RunState,
    checkpoint_state,
    finished_run,
    require_finite_weights,
)
from artstyle.training.setup import Session, Setup
from artstyle.training.validation import Validation


class Recorder:
    """Writes a run to disk and to its trackers.

    Only the main process writes, except a batch with a NaN or infinite loss: the process that has
    it writes it.

    Within an epoch it saves from time to time and when the process is asked to end. It saves only
    right after an update, so that no gradients need to be stored.
    """

    def __init__(self, session: Session, setup: Setup) -> None:
        self._session, self._setup = session, setup
        self._interval, self._saved = 60 * session.config.train.save_minutes, time.monotonic()
        self._trackers: Trackers | None = None
        if session.group.is_main:
            self._trackers = Trackers(session.config, session.run, session.warn)
            log_gradients(self._trackers, session.config, setup)

    def after_update(self, state: RunState, tally: Tally) -> None:
        """Save if it is time to, within an epoch.

        Raises:
            Interrupted: The process was asked to end; the run is saved.
            TrainingError: A weight is NaN or infinite; nothing is written.
        """
        group = self._session.group
        due = time.monotonic() - self._saved >= self._interval
        # Clocks and signals differ between processes: those of the main process decide.
        due, signal = group.broadcast((due, interrupts.asked()))
        if due or signal:
            tallies = tuple(group.gather([asdict(tally)]))
            self._save(replace(state, tallies=tallies), {"epoch": state.epochs})
        if signal:
            raise interrupts.Interrupted(signal)

    def after_epoch(
        self, state: RunState, trained: EpochResult | None, validated: Validation
    ) -> None:
        """Write an epoch: the best checkpoint first, the last checkpoint at the end.

        A run that is killed in between resumes from the earlier last checkpoint. It then trains
        this epoch again, with the same result.

        Raises:
            TrainingError: A weight is NaN or infinite; nothing is written.
        """
        if self._trackers is None:
            return
        run, train = self._session.run, self._session.config.train
        row = _history_row(state.epochs, trained, validated)
        scores = {"val_accuracy": validated.accuracy, "val_macro_f1": validated.macro_f1}
        about: dict[str, object] = {"epoch": state.epochs, **scores}
        kept = train.keep == "last" or state.best_epoch == state.epochs
        if kept:
            self._keep(state, about)
        run.write_history([*run.history(), row])
        self._save(state, about)
        if self._trackers:
            self._trackers.log_epoch(row, self._answers(validated) if kept else None)
        self._session.progress(*epoch_line(train, state, trained, validated))

    def finish(self, state: RunState, reason: str) -> None:
        """End the trackers' records, plot the learning curves, and drop the training state."""
        # Each process has read the state of a resumed run before the main one removes it.
        self._session.group.gather([])
        if self._trackers is not None:
            run = self._session.run
            if self._trackers:
                stored = run.best_path if self._session.config.tracking.model else None
                self._trackers.finish(_best_values(run, state), stored)
            plot_curves(run.history_path, run.curves_path)
            finished = finished_run(state, reason)
            run.finish(finished, keep_state=self._session.config.train.keep_state)

    def keep_bad_batch(self, error: NonfiniteLossError) -> TrainingError:
        """Write ``bad_batch.safetensors`` and return an error that names it.

        It holds ``inputs`` (N x S x S x 3 augmented pixels, before normalisation, mixup and CutMix;
        or N x F features) and ``labels``. Its metadata are the epoch and batch (from 1), the loss,
        and the paths of the images.
        """
        setup, run = self._setup, self._session.run
        batches = setup.feed.batches
        batches.set_epoch(batches.epoch, error.batch)
        paths = [str(setup.training.paths[draw.index]) for draw in next(iter(batches))]
        position = {"epoch": batches.epoch + 1, "batch": error.batch + 1}
        metadata = {key: json.dumps(value) for key, value in {**position, "paths": paths}.items()}
        write_tensors(
            run.bad_batch_path,
            {"inputs": error.inputs.cpu().contiguous(), "labels": error.labels.cpu()},
            {**metadata, "loss": str(error.loss)},
        )
        remedy = "lower optim.lr"
        if setup.learner.precision is not None:
            remedy += " or set train.precision=fp32"
        return TrainingError(
            f"the loss is {error.loss} in epoch {position['epoch']}, batch {position['batch']};"
            f" {run.bad_batch_path} holds the batch; the checkpoints are from before it;"
            f" {remedy} in a new run"
        )

    def _keep(self, state: RunState, about: dict[str, object]) -> None:
        """Write the weights as the best checkpoint."""
        learner = self._setup.learner
        require_finite_weights(learner, state)
        header = replace(self._setup.header, about=about)
        write_checkpoint(self._session.run.best_path, learner.eval_network, header)

    def _answers(self, validated: Validation) -> KeptEpoch | None:
        """Return the epoch's answers for the trackers; None where a picture has several labels."""
        if self._setup.header.multi:
            return None
        rows = self._session.data.rows("val")
        return kept_epoch(
            self._setup.header.labels,
            validated.targets_N.tolist(),
            validated.predictions_N.tolist(),
            list(zip(rows, self._setup.validation.paths, strict=True)),
            self._session.config.tracking.samples,
        )

    def _save(self, state: RunState, about: dict[str, object]) -> None:
        """Write the last checkpoint, with ``about`` in its header."""
        if self._session.group.is_main:
            learner = self._setup.learner
            require_finite_weights(learner, state)
            header = replace(self._setup.header, about=about)
            stored = checkpoint_state(learner, state)
            write_checkpoint(self._session.run.last_path, learner.network, header, stored)
        self._saved = time.monotonic()


def _best_values(run: RunFolder, state: RunState) -> dict[str, float]:
    """Return what a run's summary at a tracker says of its best epoch."""
    row = run.history()[state.best_epoch - 1]
    scores = {f"best_{key}": float(row[key]) for key in row if key.startswith("val_")}
    return {"best_epoch": state.best_epoch, **scores}


def _history_row(
    epoch: int, trained: EpochResult | None, validated: Validation
) -> Mapping[str, float]:
    values = {
        "plain_train_loss": validated.plain_train_loss,
        "val_loss": validated.loss,
        "val_accuracy": validated.accuracy,
        "val_macro_f1": validated.macro_f1,
    }
    if trained:
        values |= {
            "train_loss": trained.loss,
            "train_accuracy": trained.accuracy,
            "lr": trained.lr,
            "seconds": trained.seconds,
            "images_per_second": trained.images / trained.seconds,
        }
    return {"epoch": epoch} | {key: float(f"{value:.6g}") for key, value in values.items()}
