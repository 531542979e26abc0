"""Short forms of the long runs of soak.py: what a service promises under load."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import posix
from tests.benchmarks.load import request
from tests.serving.client import get
from tests.serving.soak import Service, at_once, hostile, many, started
from tests.serving.test_limits import connected


@pytest.fixture(scope="module")
def loaded(model_file: Path) -> Iterator[Service]:
    """A service in a process of its own."""
    with started(str(model_file)) as service:
        yield service


@pytest.fixture(scope="module")
def requests(pictures: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Requests for one picture each."""
    path = tmp_path_factory.mktemp("asked") / "a.jpg"
    made = []
    for content in pictures.values():
        path.write_bytes(content)
        made.append(request(path))
    return made


def test_more_than_it_can_answer_at_once_is_answered_or_refused(
    loaded: Service, requests: list[bytes]
) -> None:
    # More than may wait, and fewer than the connections that it takes.
    seen = asyncio.run(at_once(loaded, requests, 400))
    assert seen.problems({200, 503}, warm=0.5) == []
    assert seen.statuses[200] > 0


def test_many_requests_leave_nothing_behind(loaded: Service, requests: list[bytes]) -> None:
    seen = asyncio.run(many(loaded, requests, 100))
    assert seen.problems({200}, warm=0.5) == []
    assert seen.statuses == {200: 100}


def test_hostile_requests_leave_it_healthy(loaded: Service, requests: list[bytes]) -> None:
    seen = asyncio.run(hostile(loaded, requests, seconds=2))
    assert seen.problems({200, 422}, warm=0.5) == []


@posix.only
def test_ctrl_c_under_load_answers_all_that_is_in_flight(
    model_file: Path, requests: list[bytes]
) -> None:
    asked = requests * 3
    with started(str(model_file)) as service, ExitStack() as stack:
        connections = [stack.enter_context(connected(service.url)) for _ in asked]
        for connection, content in zip(connections, asked, strict=True):
            connection.sendall(content[:-1])
        head = len(asked) * 400  # Of a request, at most.
        while _uploaded(service.url) < sum(map(len, asked)) - head:
            time.sleep(0.05)
        service.process.send_signal(signal.SIGINT)
        for connection, content in zip(connections, asked, strict=True):
            connection.sendall(content[-1:])
        assert {connection.recv(12) for connection in connections} == {b"HTTP/1.1 200"}
        answered = time.monotonic()
        assert service.process.wait(timeout=20) == 0
        # Two seconds on an idle machine; this one may be busy.
        assert time.monotonic() - answered < 5


def _uploaded(url: str) -> float:
    metrics = get(f"{url}/metrics").text
    return float(metrics.partition("\nartstyle_upload_bytes ")[2].split()[0])
