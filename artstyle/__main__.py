"""Run the command line; turn deliberate errors and signals into one line and an exit code."""

import errno
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from artstyle import interrupts
from artstyle.cli.app import app
from artstyle.cli.terminal.console import end_stdout, erase_bar, open_closed_streams, say
from artstyle.errors import ArtstyleError, UsageError
from artstyle.styles.names import visible

_REMEDIES = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your quota",
    errno.EFBIG: "raise the limit of 'ulimit -f'",
    errno.EMFILE: "raise the limit with 'ulimit -n 4096'",
    errno.ENFILE: "close other programs",
    errno.EBADF: "it is closed; send it somewhere, as in '> FILE'",
    errno.EIO: "the disk fails, and dmesg says how",
    errno.EROFS: "choose another place with --out",
    errno.EACCES: "ask for the permission, or choose another place with --out",
}


def main() -> None:
    """Run ``artstyle`` with the arguments of the process."""
    # Otherwise pydantic looks for plugins in every installed package before the first answer.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    open_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # A terminal may lack the letters of a name; the command must not fail for that.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with interrupts.handled(_say_interrupted):
            try:
                _require_no_dashed_path(sys.argv[1:])
                code = app(prog_name="artstyle", standalone_mode=False)
            finally:
                end_stdout()
    except interrupts.Interrupted as interrupted:
        _end_interrupted(interrupted.exit_code)
    except typer.TyperException as error:
        _end_interrupted()
        say(f"error: {visible(_usage_message(error, sys.argv[1:]))}")
        sys.exit(error.exit_code)
    except ArtstyleError as error:
        _end_interrupted()
        say(f"error: {visible(str(error))}")
        sys.exit(error.exit_code)
    except OSError as error:
        # A full disk, a folder that may not be written, a share that has gone away.
        _end_interrupted()
        say(f"error: {visible(_described(error))}")
        sys.exit(ArtstyleError.exit_code)
    except (Exception, SystemExit):
        # A command may have ended well: in a weakref callback Python swallows what is raised.
        _end_interrupted()
        raise
    _end_interrupted()
    sys.exit(code)


def _require_no_dashed_path(words: Sequence[str]) -> None:
    """Refuse a path that would be read as options: ``-hiroshige.jpg`` would print the help.

    Raises:
        UsageError: A word that begins with a dash names a file or folder.
    """
    before_separator = words[: words.index("--")] if "--" in words else words
    for word in before_separator:
        if len(word) > 2 and word.startswith("-") and os.path.lexists(word):
            raise UsageError(f"{word} begins with a dash, as options do; write ./{word}")


def _usage_message(error: typer.TyperException, words: Sequence[str]) -> str:
    """Return Typer's message of a wrong command line, with what to do.

    Args:
        error: What Typer raised.
        words: The command line, without the program's name.
    """
    message = error.format_message().rstrip(".").replace("Value error, ", "")
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


def _say_interrupted() -> None:
    # torchrun's other processes end for the same reason; one line is enough.
    if os.environ.get("RANK", "0") == "0":
        erase_bar()
        say(f"interrupted; {interrupts.resume_hint()}")


def _end_interrupted(code: int | None = None) -> None:
    """End the process if a signal asked for it; other errors meanwhile came from that."""
    asked = interrupts.asked()
    if code or asked:
        _say_interrupted()
        interrupts.end_now(code or 128 + (asked or 0))


def _described(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    parts = [f"{place}{error.strerror or error}", remedy]
    if error.errno not in (errno.EROFS, errno.EACCES, errno.EBADF):
        parts.append(interrupts.resume_hint())
    return "; ".join(part for part in parts if part)


if __name__ == "__main__":
    main()
