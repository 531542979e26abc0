"""How fast a service answers single pictures, compared with `predict` and with other servers.

    python -m tests.benchmarks.serve                    # about 6 minutes; prints Markdown
    python -m tests.benchmarks.serve --rounds 2 --seconds 2

All take turns, so that other work on the machine slows each alike: compare within a row of rounds.
The clients run on the same cores. LitServe takes part where it is installed.
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import cycle, takewhile
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from fastapi.responses import JSONResponse

from artstyle.engines import find_model
from artstyle.models.style_model import StyleModel
from artstyle.painter.collection import paint_collection
from artstyle.pictures.finding import PicturePath, find_pictures
from artstyle.pictures.square import square_transform
from artstyle.prediction.predict import predict_styles, read_picture
from tests.benchmarks.load import ask, request

_PER_STYLE, _SHORT_SIDE_PX = 4, 600
_WARM_SECONDS = 1.5
_START_SECONDS = 120
_SERVERS = {
    "artstyle": ("artstyle", "serve", "--api-only", "--run", "{run}", "--port", "{port}"),
    "one at a time": ("tests.benchmarks.one_at_a_time", "{run}", "{port}", "1"),
    "one at a time, network on all cores": (
        "tests.benchmarks.one_at_a_time", "{run}", "{port}", "{cores}",
    ),
    "LitServe": ("tests.benchmarks.peers.litserve_way", "{run}", "{port}"),
}  # fmt: skip
PREDICT = ("predict", 0)
ONE_AT_A_TIME = ("one at a time", 8)
_TURNS = (
    ("artstyle", 1), ("artstyle", 8), ("artstyle", 64), ONE_AT_A_TIME,
    ("one at a time, network on all cores", 8), ("LitServe", 8), ("LitServe", 64),
)  # fmt: skip
_RATIOS = (
    *((("artstyle", clients), PREDICT) for clients in (1, 8, 64)),
    *(
        (turn, ("one at a time", 8))
        for turn in _TURNS
        if turn[1] != 1 and turn[0] != "one at a time"
    ),
    *((("artstyle", clients), ("LitServe", clients)) for clients in (8, 64)),
)

Turn = tuple[str, int]
"""A server and how many clients ask it."""


@dataclass(frozen=True)
class Measured:
    """One turn of one round."""

    rate: float
    """Pictures a second."""
    waits: Sequence[float]
    """Seconds of each request."""
    cpu_ms: float
    """Of the server, for a picture."""
    client_cpu_ms: float
    load: float


def main() -> None:
    """Measure in turns, then print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="starter")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of a turn")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        list(paint_collection(Path(folder), _PER_STYLE, short_side_px=_SHORT_SIDE_PX))
        found = list(find_pictures([folder]))
        pictures = [PicturePath(each.path, content=each.path.read_bytes()) for each in found]
        model = find_model(chosen.run).load()
        parts = _parts(model, pictures)
        seen = _rounds(chosen.run, model, pictures, chosen.rounds, chosen.seconds)
    _print_tables(seen, parts)


def _rounds(
    run: str, model: StyleModel, pictures: list[PicturePath], rounds: int, seconds: float
) -> dict[Turn, list[Measured]]:
    """Let everyone answer in turns, again and again."""
    seen = defaultdict(list)
    requests = [request(picture.path) for picture in pictures]
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(_served(words, run))
            for name, words in _SERVERS.items()
            if name != "LitServe" or find_spec("litserve")
        }
        for number in range(rounds):
            seen[PREDICT].append(_predict(model, pictures, seconds))
            for name, clients in _TURNS:
                if name in servers:
                    seen[name, clients].append(_asked(*servers[name], requests, clients, seconds))
            _say(f"round {number + 1} of {rounds}")
    return seen


@contextmanager
def _served(words: Sequence[str], run: str) -> Iterator[tuple[psutil.Process, str]]:
    """Start a server, wait until it answers, and end all its processes at last."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    values = {"run": run, "port": port, "cores": os.cpu_count()}
    command = [sys.executable, "-m", *(word.format(**values) for word in words)]
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        server = psutil.Process(process.pid)
        try:
            _wait_for(port, process)
            yield server, f"http://127.0.0.1:{port}"
        finally:
            for each in [*server.children(recursive=True), server]:
                each.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server accepts connections.

    Raises:
        SystemExit: It ended first, or takes too long.
    """
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit(f"the server of {process.args!r} did not start")


def _asked(
    server: psutil.Process, url: str, requests: list[bytes], clients: int, seconds: float
) -> Measured:
    server_before, own_before = _cpu_seconds(server), time.process_time()
    answers = asyncio.run(ask(url, requests, clients, seconds, _WARM_SECONDS))
    if not answers.total or answers.unanswered or set(answers.statuses) != {200}:
        raise SystemExit(f"{url} answered {answers.statuses}, not {answers.unanswered}")
    return Measured(
        answers.rate,
        answers.waits,
        1000 * (_cpu_seconds(server) - server_before) / answers.total,
        1000 * (time.process_time() - own_before) / answers.total,
        psutil.getloadavg()[0],
    )


def _cpu_seconds(server: psutil.Process) -> float:
    processes = [server, *server.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def _predict(model: StyleModel, pictures: Sequence[PicturePath], seconds: float) -> Measured:
    """Answer the pictures again and again, as `predict` does."""
    cpu_before, began = time.process_time(), time.perf_counter()
    end = began + seconds
    again = takewhile(lambda _: time.perf_counter() < end, cycle(pictures))
    rows = sum(1 for _ in predict_styles(model, again))
    passed, cpu = time.perf_counter() - began, time.process_time() - cpu_before
    return Measured(rows / passed, (), 1000 * cpu / rows, 0, psutil.getloadavg()[0])


def _parts(model: StyleModel, pictures: list[PicturePath]) -> dict[str, float]:
    """Return the CPU time of each part of an answer, in ms a picture, on one core."""
    square = square_transform(model.preprocessing)
    decoded = [read_picture(picture, model.preprocessing) for picture in pictures]
    pixels = [np.asarray(square(picture)) for picture in decoded]
    kinds = model.outputs_for_confidence
    rows = list(predict_styles(model, pictures, threads=1))

    def network(size: int) -> None:
        for n in range(0, len(pixels), size):
            model.answer(np.stack(pixels[n : n + size]), *kinds)

    works: dict[str, Callable[[], object]] = {
        "decoding": lambda: [read_picture(each, model.preprocessing) for each in pictures],
        "shrinking to the square": lambda: [np.asarray(square(each)) for each in decoded],
        "network, one picture": lambda: network(1),
        "network, four pictures": lambda: network(4),
        "a row as JSON": lambda: [JSONResponse({"results": [row.to_dict()]}) for row in rows],
        "all of it, one core": lambda: list(predict_styles(model, pictures, threads=1)),
    }
    return {name: _least_cpu_ms(work) / len(pictures) for name, work in works.items()}


def _least_cpu_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return 1000 * min(times)


def _print_tables(seen: dict[Turn, list[Measured]], parts: dict[str, float]) -> None:
    loads = [each.load for turns in seen.values() for each in turns]
    lines = [
        f"{psutil.cpu_count()} cores; load {min(loads):.1f} to {max(loads):.1f}.",
        "",
        "| Part of an answer | CPU ms per picture |",
        "|---|---|",
        *(f"| {name} | {ms:.1f} |" for name, ms in parts.items()),
        "",
        "| | Clients | Pictures per second | Rounds | CPU ms per picture, server | Clients' |"
        " p50, ms | p95 | p99 |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(turn, turns) for turn, turns in seen.items()),
        "",
        "| Ratio of pairs of turns | Median | Rounds |",
        "|---|---|---|",
        *(_ratio(over, under, seen) for over, under in _RATIOS if {over, under} <= set(seen)),
        "",
    ]
    print("\n".join(lines))  # noqa: T201


def _row(turn: Turn, turns: list[Measured]) -> str:
    rates = [each.rate for each in turns]
    waits = [1000 * wait for each in turns for wait in each.waits]
    late = [f"{ms:.0f}" for ms in np.percentile(waits, [50, 95, 99])] if waits else [""] * 3
    cells = [
        turn[0],
        str(turn[1] or ""),
        f"{median(rates):.1f}",
        f"{min(rates):.1f} to {max(rates):.1f}",
        f"{median(each.cpu_ms for each in turns):.1f}",
        f"{median(each.client_cpu_ms for each in turns):.1f}",
        *late,
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(over: Turn, under: Turn, seen: dict[Turn, list[Measured]]) -> str:
    pairs = zip(seen[over], seen[under], strict=True)
    ratios = [one.rate / other.rate for one, other in pairs]
    names = " / ".join(f"{name}, {n} clients" if n else name for name, n in (over, under))
    return f"| {names} | {median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |"


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
