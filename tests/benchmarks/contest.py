"""Contests: artstyle, its peers and its bounds, each in a process of its own, in turns.

A contender is the name of a function that builds a round: ``module:function``, called once with
the contender's arguments, returns a function without arguments that does the whole work once and
returns what came of it. Only that second function is timed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context, set_start_method
from multiprocessing.connection import Connection
from pkgutil import resolve_name
from typing import Any, Literal

import psutil

Role = Literal["artstyle", "peer", "part", "aside"]
Compare = Callable[[Mapping[str, Any]], Mapping[str, str]]

_CONTEXT = get_context("spawn")


@dataclass(frozen=True)
class Contender:
    """One way to do the work of a contest."""

    name: str
    build: str
    """``module:function``; imported in the contender's own process only."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Must be picklable."""
    role: Role = "peer"
    """``part``: a part of the work that cannot be avoided, on all cores; the parts add up to the
    bound. ``aside``: told for comparison only."""
    units: int | None = None
    """How many units a round does; None: as many as the contest says."""


@dataclass(frozen=True)
class Contest:
    """The same work, done in several ways."""

    stage: str
    """The command that it is about."""
    what: str
    """The work: model, pictures, sizes."""
    unit: str
    """What is counted: ``picture``."""
    units: int
    """How many of them a round does."""
    contenders: Sequence[Contender]
    """artstyle first."""
    compare: Compare | None = None
    """From the answers by name to words on how they agree with artstyle's, by name; raises
    AssertionError where they differ too much. Called before anything is timed."""


@dataclass(frozen=True)
class Measured:
    """What was seen of one contender."""

    contender: Contender
    seconds: tuple[float, ...]
    """Of each round."""
    peak_bytes: int
    """Of memory that no other process shares, over the contender's processes, in its first, untimed
    round; sampled."""
    agreement: str


class NotInstalledError(Exception):
    """A contender's packages are not there."""


def hold(contest: Contest, rounds: int, say: Callable[[str], None]) -> list[Measured]:
    """Let everyone do the work once untimed, compare the answers, then time them in turns.

    Args:
        contest: The work; contenders whose packages are missing are told of and left out.
        rounds: Timed rounds: A B C, A B C, ...
        say: Told of progress.
    """
    # All begin to build before the first is waited for.
    lanes = {contender.name: _Lane(contender) for contender in contest.contenders}
    try:
        _leave_out_missing(lanes, say)
        answers, peaks = {}, {}
        for name, lane in lanes.items():
            answers[name], peaks[name] = lane.first_round()
        agreement = contest.compare(answers) if contest.compare else {}
        del answers
        seconds: dict[str, list[float]] = {name: [] for name in lanes}
        for number in range(rounds):
            for name, lane in lanes.items():
                seconds[name].append(lane.timed_round())
            last = ", ".join(f"{name} {times[-1]:.2f}" for name, times in seconds.items())
            say(f"  round {number + 1} of {rounds}, seconds: {last}")
    finally:
        for lane in lanes.values():
            lane.close()
    return [
        Measured(lane.contender, tuple(seconds[name]), peaks[name], agreement.get(name, ""))
        for name, lane in lanes.items()
    ]


def _leave_out_missing(lanes: dict[str, "_Lane"], say: Callable[[str], None]) -> None:
    for name, lane in list(lanes.items()):
        try:
            lane.require_ready()
        except NotInstalledError as error:
            say(f"  {name} takes no part: {error}")
            del lanes[name]


class _Lane:
    """A contender's process, waiting for the word to begin."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self._connection, far_end = _CONTEXT.Pipe()
        # Not a daemon: contenders may have processes of their own.
        self._process = _CONTEXT.Process(target=_contend, args=(far_end, contender))
        self._process.start()
        far_end.close()

    def require_ready(self) -> None:
        """Wait until the contender is built.

        Raises:
            NotInstalledError: Its packages are missing.
        """
        missing = self._receive()
        if missing:
            self.close()
            raise NotInstalledError(missing)

    def first_round(self) -> tuple[Any, int]:
        """Return the answer and the peak of memory."""
        self._connection.send("answer")
        peak = 0
        while not self._connection.poll(0.5):
            peak = max(peak, _unshared_bytes(self._process.pid))
        return self._receive(), peak

    def timed_round(self) -> float:
        """Return the seconds of one round."""
        self._connection.send("time")
        return float(self._receive())

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join()

    def _receive(self) -> Any:
        try:
            return self._connection.recv()
        except EOFError:
            raise RuntimeError(f"{self.contender.name} failed; see above") from None


def _contend(connection: Connection, contender: Contender) -> None:
    """Build, then do a round each time the word comes; end when there is no one left to say it."""
    # Or the workers of a contender would be spawned too, whatever is usual here.
    set_start_method(None, force=True)
    try:
        work = resolve_name(contender.build)(**contender.arguments)
    except ImportError as error:
        connection.send(str(error))
        return
    connection.send("")
    while True:
        try:
            word = connection.recv()
        except EOFError:
            return
        begun = time.perf_counter()
        answer = work()
        seconds = time.perf_counter() - begun
        connection.send(answer if word == "answer" else seconds)


def _unshared_bytes(pid: int | None) -> int:
    total = 0
    try:
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            total += each.memory_full_info().uss
    except psutil.Error:
        pass  # A worker that has just ended.
    return total
