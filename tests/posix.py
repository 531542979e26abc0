"""What only POSIX systems have: a test that asks for it is skipped on Windows."""

import os
import sys
from pathlib import Path

import pytest

only = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")
"""Marks a test, or as ``pytestmark`` a module."""


def require() -> None:
    """Skip the test on Windows."""
    if sys.platform == "win32":
        pytest.skip("needs a POSIX system")


def make_pipe(path: Path) -> None:
    """Make a named pipe."""
    if sys.platform == "win32":
        pytest.skip("folders of Windows have no pipes")
    else:
        os.mkfifo(path)


def signal_group(group: int, number: int) -> None:
    """Send a signal to all processes of a group."""
    if sys.platform == "win32":
        pytest.skip("Windows has no process groups")
    else:
        os.killpg(group, number)


def fork() -> int:
    """Fork this process; return 0 in the child."""
    if sys.platform == "win32":
        pytest.skip("Windows cannot fork")
    else:
        return os.fork()
