"""The first and the resumed beginning of a run: its folder is locked, then written or restored."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from artstyle.errors import RunError
from artstyle.models.unfreeze import count_parameters, unfreeze
from artstyle.runs.environment import ParameterCount
from artstyle.storage.files import remove_unfinished
from artstyle.storage.locks import sole_writer
from artstyle.training.environment import describe_environment
from artstyle.training.run_state import RunState, restore_state
from artstyle.training.setup import Session, Setup


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
    environment = describe_environment(
        config, session.data, session.group, datetime.now(UTC)
    ).model_copy(
        update={
            "parameters": ParameterCount(total=total, learning=learning),
            "numerics": setup.choice.record(),
        }
    )
    session.run.begin(config, setup.header.labels, environment)
    for stage, words in setup.notes.items():
        session.progress(stage, 1, 1, words)
    _warn_of_unseen_styles(session, setup)
    return RunState()


def _restore(session: Session, setup: Setup) -> RunState:
    """Return to the last checkpoint, or to the beginning if there is none."""
    run, data = session.run, session.data
    if run.environment().dataset.fingerprint != data.fingerprint:
        raise RunError(
            f"{data.path} has changed since {run.path} began (its fingerprint differs);"
            " prepare it as it was, or begin a new run"
        )
    state = _last_state(session, setup)
    # The history may have a line of an epoch whose checkpoint was not written.
    run.write_history(run.history()[: state.epochs])
    remove_unfinished(run.last_path.parent)
    return state


def _last_state(session: Session, setup: Setup) -> RunState:
    saved = session.run.last_path.is_file()
    return restore_state(setup.learner, session.run) if saved else RunState()


def _warn_of_unseen_styles(session: Session, setup: Setup) -> None:
    """Warn if the validation split, which chooses the best epoch, lacks some styles."""
    styles = set(setup.training.all_labels.tolist())
    unseen = styles - set(setup.validation.all_labels.tolist())
    if unseen and session.config.train.keep == "best":
        session.warn(
            f"validation has no image of {len(unseen)} of the {len(styles)} styles, so the best"
            " epoch is chosen without them; --set train.keep=last keeps the last one"
        )
