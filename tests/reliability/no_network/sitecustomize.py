"""Loaded by every Python that starts with this folder on its path: no socket leaves the machine.

Whatever is tried is written to the file that ``ARTSTYLE_TRIED`` names, and fails.
"""

import os
import socket
import sys
from typing import Any

_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    address: Any = None
    if event in ("socket.connect", "socket.sendto"):
        found, address = arguments[0], arguments[1]
        if found.family not in (socket.AF_INET, socket.AF_INET6):
            return
        address = address[0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        address = arguments[0]
    if address is None or str(address).startswith(_LOOPBACK):
        return
    with open(os.environ["ARTSTYLE_TRIED"], "a", encoding="utf-8") as tried:  # noqa: PTH123
        tried.write(f"{event} {address} by {sys.argv}\n")
    raise OSError(101, "network is blocked by a test")


sys.addaudithook(_hook)
