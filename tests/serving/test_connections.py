"""Connections: slow ones are closed, too many are refused, and none is kept for ever."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from artstyle.serving.connections import open_file_limit
from artstyle.serving.limits import Limits
from tests import posix
from tests.serving.client import get, predict
from tests.serving.test_api import Pictures
from tests.serving.test_limits import connected
from tests.serving.tiny import service

QUICK = Limits(connections=4, upload_seconds=0.4, head_seconds=0.4, send_seconds=0.4)
_GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def quick(model_file: Path) -> Iterator[str]:
    """The address of a service that is impatient and takes few connections."""
    with service(model_file, QUICK) as address:
        yield address


def seconds_open(connection: socket.socket, trickle: bytes = b"", *, reads: bool = True) -> float:
    """Return how long a connection stays open while one byte follows another, 9 s at most."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < 9:
        try:
            connection.sendall(trickle)
            if not reads:
                time.sleep(0.05)
            elif select.select([connection], [], [], 0.05)[0] and not connection.recv(4096):
                return passed
        except OSError:
            return passed
    return passed


@pytest.mark.parametrize(
    ("start", "trickle"),
    [
        (b"", b""),
        (_GET, b""),
        (_GET, b"a"),
        (_GET + b"\r\n", b"\r\n"),
        # It is answered before its body is there, which then need not come to an end.
        (_GET + b"Content-Length: 999999\r\n\r\n", b"a"),
        (b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n", b"a"),
    ],
    ids=["idle", "half a head", "a slow head", "idle after", "an ignored body", "a slow body"],
)
def test_a_connection_that_is_late_is_closed(quick: str, start: bytes, trickle: bytes) -> None:
    with connected(quick) as connection:
        connection.sendall(start)
        assert seconds_open(connection, trickle) < 3


def test_a_client_that_does_not_read_its_answers_is_closed(quick: str) -> None:
    with connected(quick) as connection:
        connection.sendall(1000 * b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n")
        assert seconds_open(connection, b"a", reads=False) < 6


def test_connections_over_the_limit_are_refused_until_idle_ones_are_closed(
    quick: str, pictures: Pictures
) -> None:
    with ExitStack() as idle:
        for _ in range(QUICK.connections):
            idle.enter_context(connected(quick))
        answer = predict(quick, pictures)
        assert (answer.status_code, list(answer.json())) == (503, ["error"])
        assert int(answer.headers["Retry-After"]) >= 1
        time.sleep(2 * QUICK.head_seconds)
        assert predict(quick, pictures).status_code == 200


def test_connections_far_over_the_limit_are_closed_at_once_and_leave_no_file(quick: str) -> None:
    with ExitStack() as many:
        opened = [many.enter_context(connected(quick)) for _ in range(50)]
        assert sum(seconds_open(each) < 0.3 for each in opened[2 * QUICK.connections + 1 :]) > 30
    time.sleep(2 * QUICK.head_seconds)
    assert get(f"{quick}/healthz").status_code == 200


@posix.only
def test_the_limit_of_open_files_is_raised_as_far_as_it_may() -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (250, hard))
        limit = open_file_limit()
        assert (limit, hard) == resource.getrlimit(resource.RLIMIT_NOFILE)
        assert limit == (4096 if hard == resource.RLIM_INFINITY else min(hard, 4096))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
