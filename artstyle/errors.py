"""Every error that artstyle raises on purpose, in one tree.

A message names the offender, the reason and the remedy. The command line prints it as one
line and ends with the error's exit code; any other exception is a defect of artstyle.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ArtstyleError(Exception):
    """The root of the tree: the work failed.

    Examples:
        >>> try:
        ...     artstyle.load_model("tinny")
        ... except artstyle.ArtstyleError as error:
        ...     print(error)
        unknown run 'tinny'. Did you mean 'tiny'? Choose from: first, probe, tiny.
    """

    exit_code = 1


class UsageError(ArtstyleError):
    """The request cannot be carried out as given."""

    exit_code = 2


class ConfigError(UsageError):
    """A key or a value of the configuration is wrong."""


class UnknownNameError(UsageError):
    """A name is unknown.

    Args:
        kind: What was named: "model", "style", "key".
        name: The name as it was given.
        choices: The names that exist, listed in the message.
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        known = list(choices)
        self.guess = f"unknown {kind} '{name}'.{_near(name, known)}"
        """The message without the list of choices."""
        listing = f" Choose from: {', '.join(known)}." if known else ""
        super().__init__(f"{self.guess}{listing}")


def _near(name: str, known: list[str]) -> str:
    folded = {choice.casefold(): choice for choice in reversed(known)}
    near = get_close_matches(name.casefold(), folded, n=1)
    return f" Did you mean '{folded[near[0]]}'?" if near else ""


class MissingError(UsageError):
    """A file or folder that a command needs does not exist."""


class DataError(ArtstyleError):
    """A data set cannot be used as it is."""


class ImageError(ArtstyleError):
    """A file cannot be read as a picture; the message is the reason, without the path."""


class WebError(ArtstyleError):
    """An address gives nothing that can be used; the message is the reason."""


class RefusedError(WebError):
    """A server answers, and does not give what it was asked for."""


class WeightsError(ArtstyleError):
    """Weights cannot be loaded, or do not fit the model."""


class RunError(ArtstyleError):
    """A run folder is incomplete, or does not fit the request."""


class TrainingError(ArtstyleError):
    """Training cannot continue."""


class BusyError(ArtstyleError):
    """Another process writes to the same place."""


def one_line(error: BaseException) -> str:
    """Return what an exception says on one line, or its type's name if it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
