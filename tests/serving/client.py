"""Requests to a service on this machine."""

import ssl
from functools import partial

import httpx

# One for all: without it, each request would read the certificates of the whole web.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

delete = partial(httpx.delete, verify=_NO_CERTIFICATES, timeout=60)
get = partial(httpx.get, verify=_NO_CERTIFICATES, timeout=60)
post = partial(httpx.post, verify=_NO_CERTIFICATES, timeout=60)


def predict(url: str, pictures: dict[str, bytes], **query: str | int) -> httpx.Response:
    """Send pictures as a form."""
    return post(f"{url}/v1/predict", files=form(pictures), params=query)


def form(pictures: dict[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    """Return a form with pictures by their names."""
    return [("images", (name, content)) for name, content in pictures.items()]
