"""Interruption by SIGTERM or Ctrl-C: the process ends within two seconds and loses nothing.

The command line handles both signals through this module. Work that can stop anywhere gets an
`Interrupted` at once. Inside ``deferred`` the signal waits until the work checks ``asked``. After a
grace period the process is killed in any case. That is safe: every file that artstyle writes is
whole at every moment. A program that only uses the library is not affected.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from types import FrameType
from typing import NoReturn

GRACE_SECONDS = 1.5
_ENDING = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """The process was asked to end; like KeyboardInterrupt, not an error of the work.

    Args:
        number: The signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class _State:
    """Which signal arrived, whether it must wait, and what the user can do next."""

    active = False
    asked: int | None = None
    deferred = False
    resume_hint: Callable[[], str] = staticmethod(lambda: "run the same command again")


_state = _State()


def set_resume_hint(hint: Callable[[], str]) -> None:
    """Set the function whose text says how to resume if the process is interrupted."""
    _state.resume_hint = hint


def resume_hint() -> str:
    """Return how to resume the work, as part of a one-line message."""
    return _state.resume_hint()


def asked() -> int | None:
    """Return the signal that asked this process to end; None if none did."""
    return _state.asked


@contextmanager
def deferred() -> Iterator[None]:
    """Let signals wait while the block runs; it checks ``asked`` where its work is whole."""
    _state.deferred = True
    try:
        yield
    finally:
        _state.deferred = False
    if _state.asked:
        raise Interrupted(_state.asked)


@contextmanager
def handled(report: Callable[[], None]) -> Iterator[None]:
    """Handle SIGTERM and SIGINT while the block runs; call it from the main thread.

    Args:
        report: Called from another thread just before the process is killed.
    """
    # A blocked C++ call delays Python's own handlers, but not the byte that C writes to a pipe.
    reading, writing = os.pipe()
    if sys.platform != "win32":  # There a pipe may block, and Python 3.11 cannot change that.
        os.set_blocking(writing, False)
    before = [signal.signal(number, _raise) for number in _ENDING]
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    _state.active = True
    threading.Thread(target=_kill_after_grace, args=(reading, report), daemon=True).start()
    try:
        yield
    finally:
        _state.active = False
        signal.set_wakeup_fd(-1)
        for number, handler in zip(_ENDING, before, strict=True):
            signal.signal(number, handler)
        os.close(writing)


def _raise(number: int, frame: FrameType | None) -> None:
    _state.asked = number
    if not _state.deferred:
        raise Interrupted(number)


def _kill_after_grace(reading: int, report: Callable[[], None]) -> None:
    """Wait for a signal, give the process time to end by itself, then kill it."""
    while number := os.read(reading, 1):
        if number[0] in _ENDING:
            time.sleep(GRACE_SECONDS)
            if _state.active:  # Otherwise the user was told, and the interpreter hangs.
                report()
            end_now(128 + number[0])
    os.close(reading)


def end_now(code: int) -> NoReturn:
    """End this process and its workers at once; the interpreter's own shutdown takes seconds."""
    for child in active_children():
        child.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _leave_to_parent() -> None:
    """In a forked worker, ignore Ctrl-C: the parent handles it and ends its workers."""
    if _state.active:
        _state.active = False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
