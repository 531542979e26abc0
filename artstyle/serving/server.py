"""Running a service: its socket, its signals, and its end."""

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from artstyle.errors import ArtstyleError, BusyError, MissingError, UsageError
from artstyle.serving.connections import connection_class, open_file_limit
from artstyle.serving.limits import Limits
from artstyle.serving.served import Models

PAGE = Path(__file__).resolve().parent / "page"
"""The page in the browser: plain files."""
_BACKLOG = 1024


def require_page() -> Path:
    """Return the folder of the page.

    Raises:
        MissingError: This installation lacks it.
    """
    if not (PAGE / "index.html").is_file():
        raise MissingError(
            f"no page: {PAGE / 'index.html'} is missing; install artstyle again, or use --api-only"
        )
    return PAGE


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any free one.

    Raises:
        BusyError: The port is in use.
        UsageError: This machine does not have the address, or the port is reserved.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except PermissionError:
        raise UsageError(f"port {port} needs an administrator's rights; use --port 5000") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise BusyError(
                f"port {port} of {host} is in use; choose another with --port {port + 1}"
            ) from None
        reason = error.strerror or str(error)
        raise UsageError(
            f"--host {host}: {reason.lower()}; use an address of this machine"
        ) from None


def address(listening: socket.socket) -> str:
    """Return the address for a browser on this machine."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(app: FastAPI, listening: socket.socket, models: Models, say: Callable[[str], None]) -> None:
    """Answer until Ctrl-C or SIGTERM; requests in flight are finished first.

    Args:
        app: What `build_app` returned.
        listening: What `open_socket` returned.
        models: SIGHUP loads the model's name again.
        say: Called with a line for people.
    """
    asyncio.run(_run(_Server(settings(app, Limits())), listening, models, say))


def settings(app: FastAPI, limits: Limits) -> uvicorn.Config:
    """Return how uvicorn runs the application within the limits."""
    files = open_file_limit()
    # So many connections are accepted at once, before one of them can be refused.
    backlog = min(_BACKLOG, files // 4) if files else _BACKLOG
    most = min(limits.connections, files // 4) if files else limits.connections
    return uvicorn.Config(
        app,
        http=connection_class(limits, most),
        ws="none",
        backlog=backlog,
        log_config=None,
        log_level="error",  # Whoever sends what is not HTTP could fill a log with warnings.
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=limits.stop_seconds,
    )


class _Server(uvicorn.Server):
    """Uvicorn's server with our signals: its own would end the process as interrupted."""

    if sys.platform != "win32":

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave signals to the loop, which `run` sets up."""
            yield


async def _run(
    server: _Server, listening: socket.socket, models: Models, say: Callable[[str], None]
) -> None:
    tasks: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        try:
            served = await asyncio.to_thread(models.swap)
        except (ArtstyleError, OSError) as error:
            say(f"error: {error}; the former model answers")
        else:
            say(f"model {served.model.fingerprint} answers now")

    def hang_up() -> None:
        task = asyncio.create_task(reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.handle_exit, number, None)
        loop.add_signal_handler(signal.SIGHUP, hang_up)
    await server.serve([listening])
