"""Settings that were changed after a run began: some are taken over, all others are refused."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from artstyle.config import Config
from artstyle.data.dataset import is_decided
from artstyle.errors import ConfigError
from artstyle.recipes import config_values, flatten
from artstyle.training.setup import Session

# These change no weight of any epoch.
_FREE = (
    "data.workers", "train.device", "train.save_minutes", "train.keep_state", "train.export",
    "tracking.",
)  # fmt: skip
# These change how many epochs there are, and with most schedules nothing else.
_END = ("train.epochs", "train.min_steps", "train.max_minutes", "train.early_stopping")


@dataclass(frozen=True)
class Change:
    """A key with another value than the run was begun with."""

    key: str
    before: object
    now: object

    def __str__(self) -> str:
        return f"{self.key} {_text(self.before)} -> {_text(self.now)}"


def require_same_settings(session: Session) -> None:
    """Refuse to resume a run with settings that it was not begun with.

    Raises:
        ConfigError: ``config.yaml`` was edited, or the configuration is another one. Keys that
            change no weight, such as ``data.workers``, and keys that only end the run sooner or
            later are allowed.
    """
    refused = [change for change in _changes(session) if not _is_allowed(change, session.config)]
    if not refused:
        return
    branched = [change for change in refused if not is_decided(change.key)]
    way_out = "put back what it began with in config.yaml"
    if branched:
        words = ["artstyle", "finetune", "--from", str(session.run.path)]
        for change in branched:
            words += ["--set", f"{change.key}={_text(change.now)}"]
        way_out += f", or begin a branch of the run with '{shlex.join(words)}'"
    raise ConfigError(
        f"{session.run.path} was begun with other settings ({', '.join(map(str, refused))});"
        f" a resumed run keeps those that it began with: {way_out}"
    )


def record_changes(session: Session) -> None:
    """Record another end of a resumed run, and where its data set is now.

    ``config.yaml`` and ``environment.json`` then say what holds from here on.
    """
    run, environment = session.run, session.run.environment()
    if environment.settings is None:  # An earlier version began it; from here on they are known.
        known = {"settings": session.config.model_dump(mode="json")}
        environment = environment.model_copy(update=known)
        environment.write(run.environment_path)
    folder = str(session.data.path.resolve())
    if environment.dataset.path != folder:
        moved = environment.dataset.model_copy(update={"path": folder})
        environment.model_copy(update={"dataset": moved}).write(run.environment_path)
    if ends := [change for change in _changes(session) if change.key in _END]:
        line = f"resumed after epoch {len(run.history())} with {', '.join(map(str, ends))}"
        run.record_change(session.config, line)
        session.progress("settings", 1, 1, line)


def _changes(session: Session) -> Iterator[Change]:
    """Yield what differs from the settings that the run was begun with, by key.

    The file is compared as well as the configuration in use: an edited key that `prepare` has
    decided would otherwise be ignored in silence.
    """
    begun = dict(flatten(session.run.environment().settings or {}))
    now, file = config_values(session.config), config_values(session.run.config())
    for key, before in begun.items():
        values = [values[key] for values in (now, file) if key in values]
        if others := [value for value in values if value != before]:
            yield Change(key, before, others[0])


def _is_allowed(change: Change, config: Config) -> bool:
    if change.key in ("train.epochs", "train.min_steps") and config.optim.schedule == "cosine":
        return False  # Its rate falls towards the last epoch: it would have been another one.
    return change.key in _END or change.key.startswith(_FREE)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
