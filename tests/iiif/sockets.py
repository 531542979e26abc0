"""Bad servers: real sockets that answer with what a test says."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

Behaviour = Callable[[socket.socket], object]
"""Called with each connection after its request was read; the connection is closed after it."""


@contextmanager
def serving(behave: Behaviour) -> Iterator[str]:
    """Yield the address of a server that behaves so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=_accept, args=(listening, behave), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/manifest.json"
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def answering(status: str, *headers: str, body: bytes = b"") -> Behaviour:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return lambda connection: connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def sending(*parts: bytes, forever: Callable[[], bytes] | None = None) -> Behaviour:
    """Return a behaviour that sends the parts, then more without end."""

    def behave(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
        while forever is not None:
            connection.sendall(forever())

    return behave


def _accept(listening: socket.socket, behave: Behaviour) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            Thread(target=_answer, args=(connection, behave), daemon=True).start()


def _answer(connection: socket.socket, behave: Behaviour) -> None:
    with suppress(OSError), connection:
        request = b""
        while b"\r\n\r\n" not in request:
            received = connection.recv(1 << 16)
            if not received:
                return
            request += received
        behave(connection)
