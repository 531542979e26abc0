"""Load `artstyle serve` for long, and account for every request, thread, file and byte of memory.

    python -m tests.serving.soak                        # all, about ten minutes and more
    python -m tests.serving.soak overload --seconds 300
    python -m tests.serving.soak requests --count 10000
    python -m tests.serving.soak hostile --seconds 60

Each starts a service of its own and prints JSON. A broken promise ends it with exit code 1.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import psutil

from artstyle.painter.collection import paint_collection
from artstyle.pictures.finding import find_pictures
from tests.benchmarks.load import ask, request, status_of
from tests.reliability.mutations import mutated, originals
from tests.serving.client import get

MOST_GROWTH = 1.1
"""Memory may grow by so much once a service is warm."""
TIMES_CAPACITY = 4
_CLIENTS = 8
_SHARED = Path(__file__).parents[3] / "shared/inputs/pictures"
_HEAD = (
    "POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n"
)


class State(NamedTuple):
    """What a process holds."""

    threads: int = 0
    files: int = 0

    def exceeds(self, other: "State") -> bool:
        """Return whether it is more of anything."""
        return any(mine > theirs for mine, theirs in zip(self, other, strict=True))


@dataclass
class Seen:
    """What a service answered, and what it used meanwhile."""

    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    """Requests whose connection ended without an answer."""
    memory_mb: list[float] = field(default_factory=list)
    """At the beginning, then about ten times a second."""
    before: State = field(default_factory=State)
    after: State = field(default_factory=State)
    load: tuple[float, float] = (0, 0)
    """Of the machine, before and after."""

    def growth(self, warm: float) -> float:
        """Return the most memory after a share of the time, by the most within that share."""
        end = max(1, int(warm * len(self.memory_mb)))
        return max(self.memory_mb[end:]) / max(self.memory_mb[:end])

    def problems(self, allowed: set[int], warm: float) -> list[str]:
        """Return the promises that were broken."""
        checks = {
            f"statuses {dict(self.statuses)}": set(self.statuses) - allowed,
            f"{self.unanswered} requests without an answer": self.unanswered,
            f"threads or files left: {self.before} {self.after}": self.after.exceeds(self.before),
            f"memory grew {self.growth(warm):.2f} times": self.growth(warm) > MOST_GROWTH,
        }
        return [problem for problem, is_broken in checks.items() if is_broken]


class Service:
    """`artstyle serve` in a process of its own.

    Args:
        process: The command's.
        url: Its address.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        self._watched = psutil.Process(process.pid)

    def state(self) -> State:
        """Return how many threads and open files it has."""
        if sys.platform == "win32":
            return State(self._watched.num_threads(), self._watched.num_handles())
        else:  # mypy knows the platform in a branch only.
            return State(self._watched.num_threads(), self._watched.num_fds())

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[Seen]:
        """Yield what is seen while the block runs; then wait for its connections to close."""
        seen = Seen(before=self.state())

        async def watch() -> None:
            while True:
                seen.memory_mb.append(self._watched.memory_info().rss / 2**20)
                await asyncio.sleep(0.1)

        load, watching = psutil.getloadavg()[0], asyncio.create_task(watch())
        try:
            yield seen
        finally:
            watching.cancel()
        deadline = time.monotonic() + 60
        while self.state().exceeds(seen.before) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        seen.after, seen.load = self.state(), (load, psutil.getloadavg()[0])


@contextmanager
def started(run: str) -> Iterator[Service]:
    """Start a service with a run or an ONNX file, without the page."""
    words = ("serve", "--api-only", "--port", "0", "--run", run)
    command = [sys.executable, "-m", "artstyle", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Service(process, process.stdout.readline().strip().rstrip("/"))
        finally:
            process.kill()


async def overloaded(service: Service, requests: Sequence[bytes], seconds: float) -> Seen:
    """Send four times as many requests as it can answer, each on a connection of its own."""
    rate = (await ask(service.url, requests, 4 * _CLIENTS, max(2, seconds / 30), 1)).rate
    async with service.watched() as seen, asyncio.TaskGroup() as tasks:
        began = time.perf_counter()
        for n, content in enumerate(cycle(requests)):
            due = began + n / (TIMES_CAPACITY * rate)
            if due - began > seconds:
                break
            await asyncio.sleep(due - time.perf_counter())
            tasks.create_task(_send(service.url, content, seen))
    return seen


async def at_once(service: Service, requests: Sequence[bytes], count: int) -> Seen:
    """Send so many requests at the same time, each on a connection of its own."""
    await ask(service.url, requests, _CLIENTS, 2)
    async with service.watched() as seen, asyncio.TaskGroup() as tasks:
        for _, content in zip(range(count), cycle(requests), strict=False):
            tasks.create_task(_send(service.url, content, seen))
    return seen


async def many(service: Service, requests: Sequence[bytes], count: int) -> Seen:
    """Send so many requests, a few at a time."""
    await ask(service.url, requests, _CLIENTS, 2)
    source = iter(range(count))
    async with service.watched() as seen, asyncio.TaskGroup() as tasks:

        async def client() -> None:
            for n in source:
                await _send(service.url, requests[n % len(requests)], seen)

        for _ in range(_CLIENTS):
            tasks.create_task(client())
    return seen


async def hostile(service: Service, requests: Sequence[bytes], seconds: float) -> Seen:
    """Send what is slow, aborted, oversized, malformed or hostile, among honest requests.

    Statuses are those of the honest requests and of the hostile pictures.
    """
    await ask(service.url, requests, _CLIENTS, 2)
    end, rng = time.perf_counter() + seconds, np.random.default_rng(8)
    pictures = cycle(hostile_pictures(rng))
    async with service.watched() as seen, asyncio.TaskGroup() as tasks:

        async def client(send: Any) -> None:
            while time.perf_counter() < end:
                await send()

        for content in requests[:2]:
            tasks.create_task(client(lambda content=content: _send(service.url, content, seen)))
        for start in (
            _HEAD.format(9000) + "x",  # Aborted.
            _HEAD.format(10**15),  # Oversized.
            _HEAD.format(-1),
            "GET / HTTP\r\n\r\n",
            "POST " + "a" * 99_999,
            "\x16\x03\x01\x02\0\1",
        ):
            data = start.encode("latin-1")
            tasks.create_task(client(lambda data=data: _abort(service.url, data)))
        for _ in range(10):
            tasks.create_task(client(lambda: _trickle(service.url, end)))
        tasks.create_task(client(lambda: _send(service.url, _raw(next(pictures)), seen)))
    return seen


def hostile_pictures(rng: np.random.Generator) -> list[bytes]:
    """Return damaged pictures, and odd ones where they are."""
    honest = originals()
    damaged = [mutated(one, honest[rng.integers(len(honest))], rng) for one in honest * 8]
    odd = sorted(_SHARED.iterdir()) if _SHARED.is_dir() else []
    return [one for one in damaged if one] + [one.read_bytes() for one in odd if one.is_file()]


async def _send(url: str, content: bytes, seen: Seen) -> None:
    try:
        reader, writer = await _connected(url)
        with closing(writer):
            writer.write(content)
            await writer.drain()
            seen.statuses[await status_of(reader)] += 1
    except (OSError, EOFError):
        seen.unanswered += 1


async def _abort(url: str, content: bytes) -> None:
    """Send a beginning, wait a moment, and go."""
    _, writer = await _connected(url)
    with closing(writer):
        writer.write(content)
        await asyncio.sleep(0.02)


async def _trickle(url: str, end: float) -> None:
    """Send a head and a body byte after byte, until the service has enough."""
    _, writer = await _connected(url)
    with closing(writer):
        for byte in _HEAD.format(9000).encode():
            if writer.is_closing() or time.perf_counter() > end:
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(url)
    return await asyncio.open_connection(address.hostname, address.port)


def _raw(content: bytes) -> bytes:
    return _HEAD.format(len(content)).encode() + content


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["overload", "requests", "hostile"])
    parser.add_argument("--run", default="starter")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--count", type=int, default=10_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        list(paint_collection(Path(folder), 2, short_side_px=600))
        requests = [request(found.path) for found in find_pictures([folder])]
        problems = [problem for what in chosen.what for problem in _soaked(what, chosen, requests)]
    raise SystemExit("; ".join(problems) or 0)


def _soaked(what: str, chosen: argparse.Namespace, requests: list[bytes]) -> list[str]:
    """Do one of them with a service of its own; return the promises that were broken."""
    warm = min(60 / chosen.seconds, 0.5)  # The first minute.
    allowed = {"overload": {200, 503}, "requests": {200}, "hostile": {200, 422}}[what]
    with started(chosen.run) as service:
        healthy = get(f"{service.url}/v1/styles").json()
        if what == "overload":
            seen = asyncio.run(overloaded(service, requests, chosen.seconds))
        elif what == "requests":
            seen = asyncio.run(many(service, requests, chosen.count))
        else:
            seen = asyncio.run(hostile(service, requests, chosen.seconds))
        if get(f"{service.url}/v1/styles").json() != healthy:
            return ["another answer than before"]
    found = {
        "what": what,
        "statuses": seen.statuses,
        "unanswered": seen.unanswered,
        "memory_mb": [seen.memory_mb[0], max(seen.memory_mb), seen.memory_mb[-1]],
        "growth": seen.growth(warm),
        "before": seen.before._asdict(),
        "after": seen.after._asdict(),
        "load": seen.load,
    }
    print(json.dumps(found))  # noqa: T201
    return seen.problems(allowed, warm)


if __name__ == "__main__":
    main()
