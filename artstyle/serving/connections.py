"""Connections of a service: how many may be open, and how long one may be slow."""

import asyncio
import sys

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from artstyle.serving.limits import Limits
from artstyle.serving.uploads import BUSY

_REFUSAL_SECONDS = 2.0
"""How long a connection over the limit may take to send a request and to read its refusal."""
_FILES_WANTED = 4096


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 503 after the whole request: who is still sending would not read it."""
    while (await receive()).get("more_body"):
        pass
    headers = {**BUSY, "Connection": "close"}
    answer = JSONResponse({"error": "too many connections; try again later"}, 503, headers)
    await answer(scope, receive, send)


def open_file_limit() -> int | None:
    """Raise this process's limit of open files where allowed; return it, or None if none applies.

    The usual limits, 1,024 on Linux and 256 on a Mac, are for programs that wait with ``select``.
    """
    if sys.platform == "win32":
        return None
    else:  # mypy knows the platform in a branch only.
        import resource  # noqa: PLC0415  # Windows lacks it.

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return None
        wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(_FILES_WANTED, hard)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return max(soft, wanted)


def connection_class(limits: Limits, most: int) -> type[H11Protocol]:
    """Return the class of a service's connections.

    Args:
        limits: How long a connection may be slow.
        most: Connections that are answered. As many again may be open, and are answered 503; those
            beyond are closed at once.
    """

    class Connection(H11Protocol):
        """Is closed if its next request is late, or if its answer is not read."""

        _deadline: asyncio.TimerHandle | None = None
        _is_over = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > 2 * most:
                transport.abort()
            elif len(self.connections) > most:
                self.app, self._is_over = _refuse, True
            self._watch()

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before and not self._is_over:
                self._watch()

        def on_response_complete(self) -> None:
            self._watch()
            super().on_response_complete()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._watch()

        def resume_writing(self) -> None:
            super().resume_writing()
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._stop_watching()

        def _watch(self) -> None:
            """Set when the connection ends unless something happens until then."""
            self._stop_watching()
            if (seconds := self._seconds()) is not None:
                # Not close: that would wait for a client that does not read.
                self._deadline = self.loop.call_later(seconds, self.transport.abort)

        def _seconds(self) -> float | None:
            if self._is_over:
                return _REFUSAL_SECONDS
            if self.flow.write_paused:
                return limits.send_seconds
            is_answering = self.cycle is not None and not self.cycle.response_complete
            return None if is_answering else limits.head_seconds

        def _stop_watching(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()

    return Connection
