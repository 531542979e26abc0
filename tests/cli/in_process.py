"""The command line in this process, through its real entrance: another process imports torch."""

import sys
from contextlib import chdir
from io import BytesIO, TextIOWrapper
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from artstyle.__main__ import main


def artstyle(
    *words: object, cwd: Path, stdin: bytes = b"", joined: bool = False
) -> CompletedProcess[bytes]:
    """Run a command; an error that artstyle does not turn into a message fails the test.

    Args:
        words: The words of the command.
        cwd: Where it runs.
        stdin: What it is given.
        joined: Whether stdout also has stderr, in the order of a terminal.
    """
    line = ["artstyle", *map(str, words)]
    given, out = BytesIO(stdin), BytesIO()
    err = out if joined else BytesIO()
    streams = {"stdin": given, "stdout": out, "stderr": err}
    wrapped = {name: TextIOWrapper(s, "utf-8", write_through=True) for name, s in streams.items()}
    with pytest.MonkeyPatch.context() as patch, chdir(cwd):
        patch.setenv("COLUMNS", "120")
        patch.setattr(sys, "argv", line)
        for name, wrapper in wrapped.items():
            patch.setattr(sys, name, wrapper)
        with pytest.raises(SystemExit) as ended:
            main()
    for wrapper in wrapped.values():
        wrapper.detach()  # Otherwise it closes what is read below.
    return CompletedProcess(line, int(ended.value.code or 0), out.getvalue(), err.getvalue())


def artstyle_text(*words: object, cwd: Path) -> CompletedProcess[str]:
    """Run a command whose output is text."""
    done = artstyle(*words, cwd=cwd)
    return CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
