"""The first and the resumed beginning of a run: its folder is locked, then written or restored."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from torch import nn

from artstyle.errors import RunError
from artstyle.models.unfreeze import count_parameters, unfreeze
from artstyle.runs.environment import ParameterCount
from artstyle.storage.files import remove_unfinished
from artstyle.storage.locks import sole_writer
from artstyle.training.environment import describe_environment
from artstyle.training.run_state import RunState, restore_state
from artstyle.training.setup import Session, Setup
from artstyle.training.start.changes import record_changes


@contextmanager
def begun_or_restored(session: Session, setup: Setup, *, resume: bool) -> Iterator[RunState]:
    """Begin the run or restore it, and yield its state; the main process locks the run folder.

    Raises:
        RunError: The folder of a new run is not empty, or the data set of a resumed run changed.
        WeightsError: The checkpoint is damaged.
        BusyError: Another process writes to the run folder.
    """
    if not session.group.is_main:
        yield _last_state(session, setup) if resume else RunState()
        return
    if not resume:
        session.run.require_new()
    with sole_writer(session.run.path):
        yield _restore(session, setup) if resume else _begin(session, setup)


def _begin(session: Session, setup: Setup) -> RunState:
    """Write the files that do not change during the run."""
    config, network = session.config, setup.learner.network
    unfreeze(network, setup.spec, config.unfreeze, config.train.epochs - 1)
    total, learning = count_parameters(network)
    environment = describe_environment(config, session.data, session.group, datetime.now(UTC))
    built: dict[str, object] = {
        "parameters": ParameterCount(total=total, learning=learning),
        "numerics": setup.choice.record(),
    }
    if session.parent is not None:
        built["parent"] = session.parent
    session.run.begin(config, setup.header.labels, environment.model_copy(update=built))
    for stage, words in setup.notes.items():
        session.progress(stage, 1, 1, words)
    _warn_of_unseen_styles(session, setup)
    _warn_of_batch_norm(session, network)
    _warn_of_streams(session, setup)
    return RunState()


def _restore(session: Session, setup: Setup) -> RunState:
    """Return to the last checkpoint, or to the beginning if there is none."""
    run, data = session.run, session.data
    if run.environment().dataset.fingerprint != data.fingerprint:
        raise RunError(
            f"{data.path} has changed since {run.path} began (its fingerprint differs);"
            " prepare it as it was, name a copy of it with --data, or begin a new run"
        )
    record_changes(session)
    state = _last_state(session, setup)
    # The history may have a line of an epoch whose checkpoint was not written.
    run.write_history(run.history()[: state.epochs])
    remove_unfinished(run.last_path.parent)
    return state


def _last_state(session: Session, setup: Setup) -> RunState:
    saved = session.run.last_path.is_file()
    return restore_state(setup.learner, session.run) if saved else RunState()


def _warn_of_batch_norm(session: Session, network: nn.Module) -> None:
    """Warn if several processes give another result than one: each normalises its own images."""
    learning = any(
        isinstance(module, nn.BatchNorm2d) and any(p.requires_grad for p in module.parameters())
        for module in network.modules()
    )
    processes, batch = session.group.world_size, session.config.train.batch_size
    if processes > 1 and learning:
        session.warn(
            f"batch norm: each of the {processes} processes normalises its own"
            f" {batch // processes} of {batch} images, so the result is not that of one process"
        )


def _warn_of_streams(session: Session, setup: Setup) -> None:
    """Warn if two streams have no genre to learn, or do not see all images of a batch at once."""
    genres_N, processes = setup.training.genres_N, session.group.world_size
    if genres_N is None:
        return
    if not (genres_N >= 0).any():
        session.warn(
            "the genre of none of the training images is known, so the content embedding learns"
            " without genres; give the manifest a column genre and run 'artstyle prepare' again"
        )
    if processes > 1:
        session.warn(
            f"two streams: each of the {processes} processes compares its own images of a batch"
            " with each other, so the result is not that of one process"
        )


def _warn_of_unseen_styles(session: Session, setup: Setup) -> None:
    """Warn if the validation split, which chooses the best epoch, lacks some styles."""
    styles = set(setup.training.all_labels.tolist())
    unseen = styles - set(setup.validation.all_labels.tolist())
    if unseen and session.config.train.keep == "best":
        session.warn(
            f"validation has no image of {len(unseen)} of the {len(styles)} styles, so the best"
            " epoch is chosen without them; --set train.keep=last keeps the last one"
        )
