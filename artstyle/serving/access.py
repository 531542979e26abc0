"""What surrounds every request: the token, headers that keep a page safe, and its measurement."""

import base64
import binascii
import ipaddress
import secrets
import socket
import time

from fastapi import Depends, HTTPException, Request, params
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artstyle.serving.monitoring import Monitor

OPEN_PATHS = ("/healthz", "/readyz")
"""They answer without the token."""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A browser asks for it by itself, so that the page works with a token too.
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="artstyle", charset="UTF-8"'}


class Access:
    """Middleware that lets in who has the token; without a token, everyone.

    Args:
        app: What answers.
        token: None asks for none.
        monitor: Counts the answers.
    """

    def __init__(self, app: ASGIApp, token: str | None, monitor: Monitor) -> None:
        self._app, self._token, self._monitor = app, token, monitor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            if self._is_welcome(scope):
                await self._app(scope, receive, send_with_headers)
            else:
                refusal = JSONResponse({"error": "the token is missing or wrong"}, 401, _CHALLENGE)
                await refusal(scope, receive, send_with_headers)
        finally:
            # A route's pattern, never the path itself: anyone can make up endless paths.
            route = getattr(scope.get("route"), "path", "other")
            self._monitor.requests.labels(route, status).inc()
            self._monitor.seconds.labels(route).observe(time.perf_counter() - began)

    def _is_welcome(self, scope: Scope) -> bool:
        if self._token is None or scope["path"] in OPEN_PATHS:
            return True
        return is_token(Headers(scope=scope).get("authorization", ""), self._token)


def is_token(authorization: str, token: str) -> bool:
    """Return whether a header holds the token, in a time that does not depend on the guess.

    Args:
        authorization: ``Bearer TOKEN``, or ``Basic`` with the token as the password of any user.
        token: The right one.
    """
    scheme, _, given = authorization.partition(" ")
    guess = given.strip().encode("latin-1")  # The bytes as they were sent.
    if scheme.lower() == "basic":
        try:
            guess = base64.b64decode(guess, validate=True).partition(b":")[2]
        except binascii.Error:
            return False
    elif scheme.lower() != "bearer":
        return False
    return secrets.compare_digest(guess, token.encode())


def own_name_guards(*, has_token: bool) -> list[params.Depends]:
    """Return what routes depend on that show files of this computer: none with a token."""
    return [] if has_token else [Depends(_require_own_name)]


def _require_own_name(request: Request) -> None:
    """Refuse a request that was sent to a name that may be another's.

    Without a token, a page of another site could let its name lead to this computer (DNS
    rebinding), and then read or change files. So only addresses, names without a dot, and this
    computer's name are answered.
    """
    name = (request.url.hostname or "").casefold()
    if "." not in name or name == socket.gethostname().casefold():
        return
    try:
        ipaddress.ip_address(name)
    except ValueError:
        raise HTTPException(403, "start the service with ARTSTYLE_TOKEN to use this name") from None
