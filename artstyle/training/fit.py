"""Training as one story: begin or restore, train, validate, record, stop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artstyle import interrupts
from artstyle.config import Config
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import RunError, TrainingError, WeightsError
from artstyle.models.onnx_export import export_run
from artstyle.models.unfreeze import unfreeze
from artstyle.progress import Progress, silent
from artstyle.runs.environment import ParentRun
from artstyle.runs.folder import RunFolder
from artstyle.training.engine import BatchResult, EpochResult, NonfiniteLossError, train_epoch
from artstyle.training.environment import set_seed
from artstyle.training.faults import OutOfMemoryError, halved, translated_errors
from artstyle.training.features import Features, reused_features
from artstyle.training.process_group import process_group
from artstyle.training.recording import Recorder
from artstyle.training.reporting import Meter
from artstyle.training.run_state import RunState, finished_state
from artstyle.training.setup import Session, Setup, build_setup, planned_session
from artstyle.training.start.begin import begun_or_restored
from artstyle.training.start.changes import require_same_settings
from artstyle.training.validation import Validation, calibrate, validate


@dataclass(frozen=True)
class FitResult:
    """The result of a run."""

    run: RunFolder
    state: RunState
    stopped: str
    """Why it stopped, in words."""
    is_main: bool
    """Whether this process, of several, wrote the run folder."""


def fit(
    config: Config,
    data: DatasetFolder | str | Path,
    run: RunFolder | str | Path,
    *,
    resume: bool = False,
    parent: ParentRun | None = None,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> FitResult:
    """Train a model and write its run folder.

    If an accelerator runs out of memory, the run continues from its last checkpoint with half the
    batch size and twice the accumulation.

    Args:
        config: The configuration of the run.
        data: The prepared data set.
        run: The folder to write: configuration, labels, environment, history, checkpoints, curves.
        resume: Continue from the last checkpoint in ``run``, within an epoch or between two.
        parent: The run that a new one branches off, as `branch_of` returns it.
        progress: Called after each batch.
        warn: Called with a message when something fails but the run continues.

    Raises:
        ArtstyleError: The data set, the weights or the run folder cannot be used.
        OutOfMemoryError: Memory ran out, and a smaller batch does not help.
        TrainingError: A loss or a weight is NaN or infinite; the checkpoints are from before it.
        BusyError: Another process writes to the run folder.

    Examples:
        >>> config = artstyle.resolve_config("finetune", overrides=[
        ...     "model.name=simple_cnn", "model.weights=none", "unfreeze.mode=all",
        ...     "data.image_size=32", "train.epochs=1", "train.precision=fp32",
        ...     "train.channels_last=true", "train.device=cpu", "train.export=false",
        ... ]).config
        >>> fitted = artstyle.fit(config, "data/processed", "runs/first")
        >>> fitted.stopped, fitted.run.best_path.is_file()
        ('all epochs are done', True)
    """
    data = data if isinstance(data, DatasetFolder) else DatasetFolder(data)
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    while True:
        try:
            with translated_errors(config), process_group(config.train.device) as group:
                branched = run.environment().parent if resume else parent
                session = planned_session(
                    Session(config, data, run, group, progress, warn, branched)
                )
                config = session.config
                return _fit(session, resume=resume)
        except OutOfMemoryError as error:
            smaller = halved(config) if error.on_accelerator else None
            if smaller is None or not run.config_path.is_file():
                raise
        warn(run.adapt(smaller))
        config, resume = smaller, True


def _fit(session: Session, *, resume: bool) -> FitResult:
    config = session.config
    if resume:
        require_same_settings(session)
    if resume and (done := finished_state(session.run)):
        return _finished(session, done)
    set_seed(config.seed, deterministic=config.deterministic)
    setup = build_setup(session, resume=resume)
    features: Features | None = None
    with begun_or_restored(session, setup, resume=resume) as state:
        recorder = Recorder(session, setup)
        while not (stopped := _reason_to_stop(session, state)):
            features = reused_features(session, setup, state.epochs, features)
            trained = _train(session, setup, state, features, recorder)
            validated = _validate(session, setup, state, features)
            score = validated.score(config.train.monitor)
            setup.learner.schedule.after_epoch(score)
            state = state.after(score, validated.seconds + (trained.seconds if trained else 0.0))
            recorder.after_epoch(state, trained, validated)
        calibrate(session, setup)
        if config.train.export and session.group.is_main:
            export_run(session.run, session.progress)
        # Last of all: without its state, a run cannot be resumed to make up for the rest.
        recorder.finish(state, stopped)
    return FitResult(session.run, state, stopped, session.group.is_main)


def _finished(session: Session, state: RunState) -> FitResult:
    """Return the result of a run that is done; nothing is left to train it further.

    Raises:
        RunError: Its configuration was changed and asks for another epoch.
    """
    if stopped := _reason_to_stop(session, state):
        return FitResult(session.run, state, stopped, session.group.is_main)
    raise RunError(
        f"{session.run.path} is done, and its last checkpoint was removed: more epochs need"
        " train.keep_state=true from the start; or begin a branch from its weights with"
        f" 'artstyle finetune --from {session.run.path}'"
    )


def _reason_to_stop(session: Session, state: RunState) -> str:
    """Return why no further epoch starts; empty if one does."""
    config, limits = session.config, session.config.train
    planned = 1 if config.unfreeze.mode == "none" else limits.epochs
    if state.epochs >= planned:
        return "all epochs are done"
    patience, stale = limits.early_stopping, state.epochs - state.best_epoch
    if patience and stale >= patience:
        return f"no better {limits.monitor} for {stale} epochs"
    if limits.max_minutes:
        late = state.seconds + state.last_seconds > 60 * limits.max_minutes
        # Clocks differ between processes: that of the main process decides.
        if session.group.broadcast(late):
            return f"another epoch would end after train.max_minutes = {limits.max_minutes:g}"
    return ""


def _train(
    session: Session,
    setup: Setup,
    state: RunState,
    features: Features | None,
    recorder: Recorder,
) -> EpochResult | None:
    """Train for one epoch, or for the rest of it; return None if no layer is trained."""
    config, group, learner = session.config, session.group, setup.learner
    unfreeze(learner.network, setup.spec, config.unfreeze, state.epochs)
    if config.unfreeze.mode == "none":
        return None
    feed = setup.feed if features is None else features.feed(setup)
    feed.batches.set_epoch(state.epochs, first=-(-state.images // config.train.batch_size))
    tally = state.tally(group.rank, group.world_size)
    stage, total = f"epoch {state.epochs + 1} of {config.train.epochs}", len(feed.batches)
    meter = Meter(learner, group.device)
    if group.is_main and feed.batches.first < total:
        session.progress(stage, feed.batches.first, total)

    def after_batch(batch: BatchResult) -> None:
        detail = meter.after(batch)
        # The last batch is reported with the validation scores.
        if group.is_main and batch.done < total:
            session.progress(stage, batch.done, total, detail)
        if batch.updated:
            recorder.after_update(state, tally)

    try:
        with interrupts.deferred():
            return train_epoch(
                learner, feed, config.train, group, tally=tally, after_batch=after_batch
            )
    except NonfiniteLossError as error:
        raise recorder.keep_bad_batch(error) from None


def _validate(
    session: Session, setup: Setup, state: RunState, features: Features | None
) -> Validation:
    try:
        return validate(session, setup, features)
    except WeightsError:
        raise TrainingError(
            f"the logits of the validation split are NaN or infinite in epoch {state.epochs + 1};"
            " the checkpoints are from before it; lower optim.lr in a new run"
        ) from None
