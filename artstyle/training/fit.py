"""A training run, as a story: seed, data and model, resume, epochs, and why it ends."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from artstyle import interrupts
from artstyle.config import Config, TrainConfig
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import RunError, TrainingError, WeightsError
from artstyle.files import remove_unfinished
from artstyle.locks import sole_writer
from artstyle.models.checkpoint import write_checkpoint
from artstyle.models.unfreeze import count_parameters, unfreeze
from artstyle.progress import Progress, silent
from artstyle.runs import RunFolder
from artstyle.training.bad_batch import keep_bad_batch
from artstyle.training.curves import plot_curves
from artstyle.training.engine import BadLossError, BatchResult, EpochResult, train_epoch
from artstyle.training.environment import describe_environment, set_seed
from artstyle.training.faults import OutOfMemoryError, halved, told_faults
from artstyle.training.features import Features, reused_features
from artstyle.training.processes import Processes, joined_processes
from artstyle.training.saving import Saver, Standing, require_finite, restore
from artstyle.training.setup import Setup, build_setup
from artstyle.training.telling import Meter, epoch_line
from artstyle.training.tracking import Tracker
from artstyle.training.validation import Validation, validate


@dataclass(frozen=True)
class FitResult:
    """What a run came to."""

    run: RunFolder
    standing: Standing
    stopped: str
    """Why it ended, in words."""
    leads: bool
    """Whether this process, of several, is the one that wrote the run folder."""


def fit(
    config: Config,
    data: DatasetFolder,
    run: RunFolder,
    *,
    resume: bool = False,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda message: None,
) -> FitResult:
    """Train a model and write its run folder.

    Args:
        config: Decides the run.
        data: What is learnt from.
        run: Written: configuration, labels, environment, history, checkpoints, curves.
        resume: Go on from where ``run`` was saved last, within an epoch or between two.
        progress: Told of batches.
        warn: Told of what fails without stopping the run.

    Where an accelerator's memory runs out, the run goes on from where it was saved last, with half
    the batch and twice the accumulation.

    Raises:
        ArtstyleError: The data set, the weights or the run folder cannot serve.
        OutOfMemoryError: Not even a smaller batch would do.
        TrainingError: A loss or a weight is no finite number; the checkpoints are those of before.
        BusyError: Another process writes to the run folder.
    """
    while True:
        try:
            return _fit(config, data, run, resume, progress, warn)
        except OutOfMemoryError as error:
            smaller = halved(config) if error.on_accelerator else None
            if smaller is None or not run.config_path.is_file():
                raise
        warn(run.adapt(smaller))
        config, resume = smaller, True


def _fit(
    config: Config,
    data: DatasetFolder,
    run: RunFolder,
    resume: bool,
    progress: Progress,
    warn: Callable[[str], None],
) -> FitResult:
    with told_faults(config), joined_processes(config.train.device) as processes:
        set_seed(config.seed, deterministic=config.deterministic)
        recorded = run.environment().get("numerics") if resume else None
        saved = resume and run.last_path.is_file()
        setup = build_setup(config, data, processes, recorded, saved=saved)
        with _begun(config, data, setup, run, resume) as standing:
            if processes.leads and not resume and (doubt := _doubt(config, setup)):
                warn(doubt)
            saver = Saver(setup, run, config.train.save_minutes)
            tracker = Tracker(config, run, warn) if processes.leads else None
            if tracker:
                tracker.watch(setup.learner.network)
            features: Features | None = None
            while not (stopped := _why_stop(config, standing, processes)):
                features = reused_features(
                    config, setup, standing.epochs, run.path, features, progress
                )
                trained = _train(config, setup, standing, features, saver, run, progress)
                started = time.perf_counter()
                validated = _validate(config, setup, standing, features)
                score = validated.score(config.train.monitor)
                setup.learner.schedule.after_epoch(score)
                seconds = time.perf_counter() - started + (trained.seconds if trained else 0.0)
                standing = standing.after(score, seconds)
                if tracker:
                    _record(config, setup, run, standing, trained, validated, saver, tracker)
                    progress(*epoch_line(config, standing, trained, validated))
            if tracker:
                tracker.finish()
                plot_curves(run.history_path, run.curves_path)
        return FitResult(run, standing, stopped, processes.leads)


@contextmanager
def _begun(
    config: Config, data: DatasetFolder, setup: Setup, run: RunFolder, resume: bool
) -> Iterator[Standing]:
    """Hold the run folder, if this process leads, and yield where the run stands."""
    if not setup.processes.leads:
        yield restore(setup, run) if resume and run.last_path.is_file() else Standing()
        return
    if not resume:
        run.require_new()
    with sole_writer(run.path):
        yield _restore(setup, data, run) if resume else _begin(config, data, setup, run)


def _begin(config: Config, data: DatasetFolder, setup: Setup, run: RunFolder) -> Standing:
    """Write what does not change during the run."""
    now = datetime.now(UTC)
    environment = describe_environment(config, data, setup.processes, now)
    unfreeze(setup.learner.network, setup.spec, config.unfreeze, config.train.epochs - 1)
    total, learning = count_parameters(setup.learner.network)
    environment["parameters"] = {"total": total, "learning": learning}
    environment["numerics"] = setup.choice.to_dict()
    run.begin(config, setup.header.labels, environment)
    return Standing()


def _restore(setup: Setup, data: DatasetFolder, run: RunFolder) -> Standing:
    """Return to where the run was saved last: at its beginning if it never was.

    Raises:
        RunError: The data set is not the one that the run began with.
        WeightsError: The checkpoint is damaged.
    """
    if run.environment()["dataset"]["fingerprint"] != data.fingerprint:
        raise RunError(
            f"{data.path} has changed since {run.path} began (its fingerprint differs);"
            " prepare it as it was, or begin a new run"
        )
    standing = restore(setup, run) if run.last_path.is_file() else Standing()
    # A line may have been written for an epoch whose checkpoint was not.
    run.write_history(run.history()[: standing.epochs])
    remove_unfinished(run.last_path.parent)
    return standing


def _doubt(config: Config, setup: Setup) -> str:
    """Return why validation may choose the best epoch badly; empty if nothing speaks for that."""
    styles = set(setup.training.labels_N.tolist())
    unseen = styles - set(setup.validation.labels_N.tolist())
    if not unseen or config.train.keep == "last":
        return ""
    return (
        f"validation has no picture of {len(unseen)} of the {len(styles)} styles, so the best epoch"
        " is chosen without them; --set train.keep=last keeps the last one"
    )


def _why_stop(config: Config, standing: Standing, processes: Processes) -> str:
    """Return why no further epoch starts; empty if one does."""
    limits = config.train
    planned = 1 if config.unfreeze.mode == "none" else limits.epochs
    if standing.epochs >= planned:
        return "all epochs are done"
    patience, stale = limits.early_stopping, standing.epochs - standing.best_epoch
    if patience and stale >= patience:
        return f"no better {limits.monitor} for {stale} epochs"
    # Clocks differ from process to process: the leading one's decides.
    if limits.max_minutes and processes.agree(_time_is_up(limits, standing)):
        return f"another epoch would end after train.max_minutes = {limits.max_minutes:g}"
    return ""


def _time_is_up(limits: TrainConfig, standing: Standing) -> bool:
    assert limits.max_minutes is not None
    return standing.seconds + standing.last_seconds > 60 * limits.max_minutes


def _train(
    config: Config,
    setup: Setup,
    standing: Standing,
    features: Features | None,
    saver: Saver,
    run: RunFolder,
    progress: Progress,
) -> EpochResult | None:
    """Train for one epoch, or for what is left of it; None where nothing learns."""
    epoch, processes, batches = standing.epochs, setup.processes, setup.batches
    unfreeze(setup.learner.network, setup.spec, config.unfreeze, epoch)
    if config.unfreeze.mode == "none":
        return None
    batches.set_epoch(epoch, -(-standing.images // config.train.batch_size))
    tally = standing.tally(processes.rank, processes.world)
    stage = f"epoch {epoch + 1} of {config.train.epochs}"
    meter = Meter(setup.learner, processes.device)

    def after_batch(batch: BatchResult) -> None:
        detail = meter.after(batch)
        # The last one is told with the validation's scores.
        if processes.leads and batch.done < len(batches):
            progress(stage, batch.done, len(batches), detail)
        if batch.moved:
            saver.after_move(standing, tally)

    feed = setup.pictures if features is None else features.feed(setup)
    try:
        with interrupts.deferred():
            return train_epoch(
                setup.learner, feed, batches, config.train, processes, tally, after_batch
            )
    except BadLossError as error:
        raise keep_bad_batch(error, setup, run) from None


def _validate(
    config: Config, setup: Setup, standing: Standing, features: Features | None
) -> Validation:
    try:
        return validate(setup, config.train.batch_size, features)
    except WeightsError:
        raise TrainingError(
            f"the answers to the validation split are no numbers in epoch {standing.epochs + 1};"
            " the checkpoints are those of before; lower optim.lr in a new run"
        ) from None


def _record(
    config: Config,
    setup: Setup,
    run: RunFolder,
    standing: Standing,
    trained: EpochResult | None,
    validated: Validation,
    saver: Saver,
    tracker: Tracker,
) -> None:
    """Write an epoch to disk: best first, last at the end.

    A run that dies in between is resumed from the last checkpoint before, and does the epoch
    again to the same result.
    """
    row = _history_row(standing.epochs, trained, validated)
    about = {"epoch": standing.epochs, "val_accuracy": validated.accuracy}
    about |= {"val_macro_f1": validated.macro_f1}
    learner = setup.learner
    if config.train.keep == "last" or standing.best_epoch == standing.epochs:
        require_finite(setup, standing)
        header = replace(setup.header, about=about)
        write_checkpoint(run.best_path, learner.answering, header)
        tracker.confusion(
            validated.targets_N.tolist(), validated.predictions_N.tolist(), header.labels
        )
    run.write_history([*run.history(), row])
    saver.save(standing, about)
    tracker.log({key: value for key, value in row.items() if isinstance(value, (int, float))})


def _history_row(
    epoch: int, trained: EpochResult | None, validated: Validation
) -> Mapping[str, float | int | str]:
    values = {
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
