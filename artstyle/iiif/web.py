"""Fetching from museums' servers: politely, and within limits of time and size."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal

from artstyle.errors import RefusedError, WebError, one_line
from artstyle.iiif.cache import Cache

Value = TypeVar("Value")

_BUSY = frozenset({429, 502, 503, 504})
_MAX_REDIRECTS = 10
_SCHEMES = "only http and https addresses are fetched"
_GIVEN_UP = 10
"""A host that left so many requests in a row without an answer is not asked again."""


@dataclass(frozen=True)
class Manners:
    """How servers are asked."""

    at_a_time: int = 2
    """Requests to one host at the same time."""
    pause_s: float = 0.1
    """Seconds between the starts of two requests to one host."""
    attempts: int = 4
    """Requests for one address, while the server is busy or silent."""
    first_wait_s: float = 1.0
    """Seconds before the second attempt; they double from one attempt to the next."""
    longest_wait_s: float = 60.0
    """A server that asks for a longer wait is not asked again."""
    silence_s: float = 20.0
    """Seconds in which a server must send something."""
    whole_s: float = 60.0
    """Seconds in which an answer must be whole."""
    document_bytes: int = 32 << 20
    """A longer manifest is not read."""
    image_bytes: int = 64 << 20
    """A longer image is not read."""


MANNERS = Manners()


class _Host:
    """When a host may be asked again."""

    def __init__(self, at_a_time: int) -> None:
        self.turns = asyncio.Semaphore(at_a_time)
        self.next_s = 0.0
        self.unanswered = 0


@dataclass(frozen=True)
class _Busy:
    """A server that may answer later."""

    reason: str
    wait_s: float | None = None
    """What it asks for."""


class Web:
    """All servers, asked by one thread; made by `opened_web`."""

    def __init__(
        self,
        portal: BlockingPortal,
        client: httpx2.AsyncClient,
        manners: Manners,
        cache: Cache | None,
    ) -> None:
        self._portal, self._client, self._cache = portal, client, cache
        self.manners = manners
        self._hosts: defaultdict[str, _Host] = defaultdict(lambda: _Host(manners.at_a_time))

    def start(self, work: Callable[..., Awaitable[Value]], *arguments: object) -> Future[Value]:
        """Start a coroutine in the thread that asks."""
        return self._portal.start_task_soon(work, *arguments)

    async def document(self, address: str) -> bytes:
        """Return a document as it is now.

        Raises:
            WebError: It cannot be had, or is longer than ``document_bytes``.
        """
        accept = "application/ld+json, application/json;q=0.9, */*;q=0.1"
        return await self._fetched(address, self.manners.document_bytes, accept)

    async def kept(
        self, address: str, check: Callable[[bytes, str], object], *, is_image: bool
    ) -> bytes:
        """Return an image or its ``info.json``, as it is or was within a day.

        Args:
            address: The address.
            check: Raises WebError for content, at its address, that is not to be kept.
            is_image: Which of the two.

        Raises:
            WebError: It cannot be had, is too long, or does not pass the check.
        """
        content = self._cache.read(address) if self._cache else None
        if content is None:
            if is_image:
                content = await self._fetched(address, self.manners.image_bytes, "image/*")
            else:
                content = await self.document(address)
            check(content, address)
            if self._cache:
                self._cache.write(address, content)
        return content

    async def _fetched(self, address: str, max_bytes: int, accept: str) -> bytes:
        manners, host = self.manners, self._hosts[_host_name(address)]
        busy = _Busy("")
        for attempt in range(manners.attempts):
            if host.unanswered >= _GIVEN_UP:
                raise WebError(
                    f"{address}: not asked: {_GIVEN_UP} requests in a row to its server failed"
                )
            async with self._turn(host):
                answer = await self._asked(address, max_bytes, accept)
            if isinstance(answer, bytes):
                host.unanswered = 0
                return answer
            busy = answer
            wait_s = manners.first_wait_s * 2**attempt if busy.wait_s is None else busy.wait_s
            if wait_s > manners.longest_wait_s:
                raise WebError(f"{address}: {busy.reason}; it asks to wait {wait_s:.0f} seconds")
            # The whole host rests, not this address alone.
            host.next_s = max(host.next_s, time.monotonic() + wait_s)
        host.unanswered += 1
        raise WebError(f"{address}: {busy.reason}, {manners.attempts} times")

    @asynccontextmanager
    async def _turn(self, host: _Host) -> AsyncIterator[None]:
        async with host.turns:
            while (wait_s := host.next_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            host.next_s = time.monotonic() + self.manners.pause_s
            yield

    async def _asked(self, address: str, max_bytes: int, accept: str) -> bytes | _Busy:
        manners = self.manners
        try:
            async with asyncio.timeout(manners.whole_s):
                return await self._redirected(address, max_bytes, accept)
        except TimeoutError:
            raise WebError(
                f"{address}: too slow: not whole after {manners.whole_s:g} seconds"
            ) from None
        except httpx2.TimeoutException:
            return _Busy(f"no answer for {manners.silence_s:g} seconds")
        except httpx2.UnsupportedProtocol:
            raise WebError(f"{address}: {_SCHEMES}") from None
        except httpx2.InvalidURL as error:
            raise WebError(f"{address}: not an address: {one_line(error)}") from None
        except httpx2.NetworkError as error:
            return _Busy(f"the server cannot be reached: {one_line(error)}")
        except httpx2.RemoteProtocolError as error:
            return _Busy(f"the answer broke off: {one_line(error)}")
        except httpx2.HTTPError as error:
            raise WebError(f"{address}: {one_line(error)}") from None

    async def _redirected(self, address: str, max_bytes: int, accept: str) -> bytes | _Busy:
        """Follow redirects here: the library would read what comes with them, however long."""
        place: str | httpx2.URL = address
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._client.stream("GET", place, headers={"Accept": accept}) as response:
                if response.next_request is not None:
                    place = response.next_request.url
                    continue
                if response.status_code in _BUSY:
                    return _Busy(_status(response), _wait_s(response))
                if response.status_code != 200:
                    raise RefusedError(f"{address}: {_status(response)}")
                return await _content(response, address, max_bytes)
        raise WebError(f"{address}: redirected more than {_MAX_REDIRECTS} times")


@contextmanager
def opened_web(cache: Cache | None, manners: Manners = MANNERS) -> Iterator[Web]:
    """Yield the web; when the block ends, what is still being fetched is dropped."""
    client = httpx2.AsyncClient(
        headers={"User-Agent": f"artstyle/{version('artstyle')}"}, timeout=manners.silence_s
    )
    with start_blocking_portal(name="web") as portal, portal.wrap_async_context_manager(client):
        yield Web(portal, client, manners, cache)


def _host_name(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise WebError(f"{address}: not an address: {error}") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise WebError(f"{address}: {_SCHEMES}")
    return parts.netloc.lower()


async def _content(response: httpx2.Response, address: str, max_bytes: int) -> bytes:
    """Read an answer, but no more than the limit."""
    announced = response.headers.get("Content-Length", "")
    too_long = WebError(f"{address}: longer than the limit of {max_bytes >> 20} MiB")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise too_long
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > max_bytes:
            raise too_long
        parts.append(part)
    return b"".join(parts)


def _status(response: httpx2.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}".strip()


def _wait_s(response: httpx2.Response) -> float | None:
    """Return the seconds that a server asks to wait, which it says as a number or as a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
