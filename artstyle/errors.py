"""Every error that artstyle raises on purpose, in one tree.

A message names the offender, the reason and the way out. The command line prints it as one
line and ends with the error's exit code; anything else that is raised is a defect of ours.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ArtstyleError(Exception):
    """The root of the tree: the work failed."""

    exit_code = 1


class UsageError(ArtstyleError):
    """What was asked for cannot be done as asked."""

    exit_code = 2


class ConfigError(UsageError):
    """A key or a value of the configuration is wrong."""


class UnknownNameError(UsageError):
    """A name stands in none of the places where it was looked up.

    Args:
        kind: What was named: "model", "style", "key".
        name: The name as it was given.
        choices: The names that exist, listed in the message.
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        known = list(choices)
        folded = {choice.casefold(): choice for choice in reversed(known)}
        near = get_close_matches(name.casefold(), folded, n=1)
        hint = f" Did you mean '{folded[near[0]]}'?" if near else ""
        listing = f" Choose from: {', '.join(known)}." if known else ""
        super().__init__(f"unknown {kind} '{name}'.{hint}{listing}")


class MissingError(UsageError):
    """A file or folder that a command needs is not there."""


class DataError(ArtstyleError):
    """A data set cannot serve as it is."""


class ImageError(ArtstyleError):
    """A file cannot be read as a picture; the message is the reason, without the path."""


class WeightsError(ArtstyleError):
    """Weights cannot be had, or do not fit the model."""


class RunError(ArtstyleError):
    """A run folder is incomplete or does not fit what is asked of it."""


class TrainingError(ArtstyleError):
    """Training cannot go on."""


class BusyError(ArtstyleError):
    """Another process writes to the same place."""


def one_line(error: BaseException) -> str:
    """Return what an exception says on one line, or its type's name if it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
