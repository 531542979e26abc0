"""What is said of a wrong command line: one line, as of every other error."""

import os
from collections.abc import Sequence

import typer

from artstyle.errors import UsageError


def require_no_dashed_path(words: Sequence[str]) -> None:
    """Refuse a path that would be read as options: ``-hiroshige.jpg`` would print the help.

    Raises:
        UsageError: A word that begins with a dash names a file or folder.
    """
    before_separator = words[: words.index("--")] if "--" in words else words
    for word in before_separator:
        if len(word) > 2 and word.startswith("-") and os.path.lexists(word):
            raise UsageError(f"{word} begins with a dash, as options do; write ./{word}")


def usage_message(error: typer.TyperException, words: Sequence[str]) -> str:
    """Return Typer's message of a wrong command line, with what to do.

    Args:
        error: What Typer raised.
        words: The command line, without the program's name.
    """
    message = error.format_message().rstrip(".")
    message = f"{message[:1].lower()}{message[1:]}"
    option = getattr(error, "option_name", "")
    word = next((word for word in words if word.startswith(option)), "") if option else ""
    if len(word) > 2 and not word.startswith("--"):
        message += f"; if {word} is a path, write ./{word}"
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    end = " " if message.endswith("?") else "; "
    return f"{message}{end}'{context.command_path} --help' shows the usage"
