"""Being asked to end: by SIGTERM or Ctrl-C, within two seconds and with nothing lost.

The command line answers both signals through this module. Where work can stop, an `Interrupted`
is raised at once; inside ``held`` it waits for the work to look at ``asked``. Whatever the process
is busy with, it ends after a grace period: everything that artstyle writes is whole at every
moment, so ending hard is safe. In a program that only uses the library nothing of this is active.
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
    """The process was asked to end; like KeyboardInterrupt, no error of the work.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class _State:
    """What this process was asked, and what a person should do next."""

    active = False
    asked: int | None = None
    held = False
    way_on: Callable[[], str] = staticmethod(lambda: "run the same command again")


_state = _State()


def go_on_with(way_on: Callable[[], str]) -> None:
    """Set what tells, when the process has to end, how its work is gone on with."""
    _state.way_on = way_on


def way_on() -> str:
    """Return how the work is gone on with, for one line of a message."""
    return _state.way_on()


def asked() -> int | None:
    """Return the signal that this process was asked to end by, if it was."""
    return _state.asked


@contextmanager
def held() -> Iterator[None]:
    """Let signals wait: the block looks at ``asked`` where its work is whole."""
    _state.held = True
    try:
        yield
    finally:
        _state.held = False
    if _state.asked:
        raise Interrupted(_state.asked)


@contextmanager
def answered(tell: Callable[[], None]) -> Iterator[None]:
    """Answer SIGTERM and SIGINT while the block runs; the main thread's to call.

    Args:
        tell: Called, from another thread, where the process must be ended hard.
    """
    # A blocked C++ call keeps Python's own handlers waiting; what C writes to a pipe does not.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = [signal.signal(number, _raise) for number in _ENDING]
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    _state.active = True
    threading.Thread(target=_end_hard, args=(reading, tell), daemon=True).start()
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
    if not _state.held:
        raise Interrupted(number)


def _end_hard(reading: int, tell: Callable[[], None]) -> None:
    """Wait for a signal, then for the process to end by itself, then end it."""
    while number := os.read(reading, 1):
        if number[0] in _ENDING:
            time.sleep(GRACE_SECONDS)
            if _state.active:  # Otherwise it was told already, and the interpreter hangs.
                tell()
            end_now(128 + number[0])
    os.close(reading)


def end_now(code: int) -> NoReturn:
    """End this process and its workers without the interpreter's farewell, which takes seconds."""
    for child in active_children():
        child.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _leave_to_parent() -> None:
    """In a forked worker: the parent answers Ctrl-C and ends its workers."""
    if _state.active:
        _state.active = False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
