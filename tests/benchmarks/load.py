"""Clients that ask a service as fast as it answers: each waits for its answer and asks again."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

_BUSY_SECONDS = 1.0
"""As Retry-After asks."""


@dataclass
class Answers:
    """What clients were answered within the time that was measured."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    """Seconds from a request to its answer, where it was 200."""
    total: int = 0
    """Pictures that were answered, with those before and after that time."""
    unanswered: int = 0
    """Requests whose connection ended first, at any time."""

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.statuses[200] / self.seconds


def request(path: Path) -> bytes:
    """Return a request for the styles of one picture, as a browser's form."""
    part = f'--b\r\nContent-Disposition: form-data; name="images"; filename="{path.name}"\r\n\r\n'
    body = part.encode() + path.read_bytes() + b"\r\n--b--\r\n"
    head = ("POST /v1/predict HTTP/1.1", "Host: a", "Content-Type: multipart/form-data; boundary=b")
    return "\r\n".join([*head, f"Content-Length: {len(body)}\r\n\r\n"]).encode() + body


async def ask(
    url: str, requests: Iterable[bytes], clients: int, seconds: float, warm_seconds: float = 0
) -> Answers:
    """Ask with so many clients at once, and return what they were answered.

    Args:
        url: Of the service.
        requests: Sent in turn, by whoever is free.
        clients: Each has one connection.
        seconds: Answers that arrive within them count; afterwards nobody asks again.
        warm_seconds: Before them, not measured.
    """
    source = cycle(requests)
    began = time.perf_counter() + warm_seconds
    answers = Answers(seconds)
    await asyncio.gather(*(_ask(url, source, began, answers) for _ in range(clients)))
    return answers


async def _ask(url: str, source: Iterable[bytes], began: float, answers: Answers) -> None:
    end = began + answers.seconds
    address = urlsplit(url)
    requests = iter(source)
    while time.perf_counter() < end:
        try:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            try:
                while (sent := time.perf_counter()) < end:
                    writer.write(next(requests))
                    await writer.drain()
                    status = await status_of(reader)
                    now = time.perf_counter()
                    answers.total += status == 200
                    if began <= now <= end:
                        answers.statuses[status] += 1
                        answers.waits.extend([now - sent] if status == 200 else [])
                    if status == 503:
                        await asyncio.sleep(_BUSY_SECONDS)
            finally:
                writer.close()
        except (OSError, EOFError):
            answers.unanswered += 1
            await asyncio.sleep(_BUSY_SECONDS)


async def status_of(reader: asyncio.StreamReader) -> int:
    """Read a whole answer and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
    return int(head.split()[1])
