"""A museum's server on this machine: documents, and images by the Image API, made as asked for."""

import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from PIL import Image

Size = tuple[int, int]

_IMAGE = re.compile(
    r"/iiif/(?P<version>[123])/level(?P<level>[012])(-max(?P<longest>\d+))?"
    r"/(?P<width>\d+)x(?P<height>\d+)-(?P<colour>[0-9a-f]{6})"
)
_REQUEST = re.compile(r"/(?P<region>[^/]+)/(?P<size>[^/]+)/(?P<turn>[^/]+)/(?P<quality>\w+)\.jpg")
_STATIC = re.compile(r"/static/(\d+)x(\d+)-([0-9a-f]{6})\.jpg")
_CONTEXTS = {
    1: "http://library.stanford.edu/iiif/image-api/1.1/context.json",
    2: "http://iiif.io/api/image/2/context.json",
    3: "http://iiif.io/api/image/3/context.json",
}
_PROFILES = {
    1: "http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level{}",
    2: "http://iiif.io/api/image/2/level{}.json",
    3: "level{}",
}


@dataclass
class Museum:
    """What the server holds, and what it was asked for."""

    url: str
    documents: dict[str, Any] = field(default_factory=dict)
    """Path -> a JSON value, or bytes."""
    asked: list[str] = field(default_factory=list)
    """The paths of all requests, in order."""
    agents: set[str] = field(default_factory=set)
    answer_s: float = 0.0
    """How long each answer takes."""
    at_once: int = 0
    """How many requests are being answered."""
    most_at_once: int = 0
    served: list[Size] = field(default_factory=list)
    """The size of each image that the Image API gave."""

    def put(self, path: str, document: Any) -> str:
        """Hold a document; return its address."""
        self.documents[path] = document
        return f"{self.url}{path}"


@contextmanager
def open_museum() -> Iterator[Museum]:
    server = _Server(("127.0.0.1", 0), _Handler)
    museum = Museum(f"http://127.0.0.1:{server.server_address[1]}")
    server.museum = museum  # type: ignore[attr-defined]
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield museum
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def profile(version: int, level: int) -> str:
    return _PROFILES[version].format(level)


def ready_sizes(width: int, height: int) -> list[Size]:
    """Return the sizes that an image of level 0 has, the smallest first."""
    return [(-(-width // part), -(-height // part)) for part in (8, 4, 2, 1)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        museum: Museum = self.server.museum  # type: ignore[attr-defined]
        museum.asked.append(self.path)
        museum.agents.add(self.headers["User-Agent"])
        museum.at_once += 1
        museum.most_at_once = max(museum.most_at_once, museum.at_once)
        try:
            time.sleep(museum.answer_s)
            self._answer_path(museum)
        finally:
            museum.at_once -= 1

    def _answer_path(self, museum: Museum) -> None:
        if self.path in museum.documents:
            document = museum.documents[self.path]
            is_raw = isinstance(document, bytes)
            self._answer(200, document if is_raw else json.dumps(document).encode())
        elif found := _STATIC.fullmatch(self.path):
            self._answer(200, _jpeg((int(found[1]), int(found[2])), found[3]), "image/jpeg")
        elif found := _IMAGE.match(self.path):
            self._image(museum, found, self.path[found.end() :])
        else:
            self._answer(404, b"nothing here")

    def _image(self, museum: Museum, image: re.Match[str], rest: str) -> None:
        if rest == "/info.json":
            self._answer(200, json.dumps(_info(museum.url, image)).encode())
            return
        request = _REQUEST.fullmatch(rest)
        size = request and _asked_size(image, request)
        if size is None:
            self._answer(400, b"the service does not do that")
            return
        museum.served.append(size)
        self._answer(200, _jpeg(size, image["colour"]), "image/jpeg")

    def _answer(self, status: int, content: bytes, media: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _info(url: str, image: re.Match[str]) -> dict[str, Any]:
    version, level = int(image["version"]), int(image["level"])
    width, height = int(image["width"]), int(image["height"])
    longest = image["longest"] and int(image["longest"])
    sizes = [{"width": w, "height": h} for w, h in ready_sizes(width, height)]
    own = f"{url}{image[0]}"
    info: dict[str, Any] = {"@context": _CONTEXTS[version], "width": width, "height": height}
    if version == 3:
        info |= {"id": own, "type": "ImageService3", "protocol": "http://iiif.io/api/image"}
        info |= {"profile": profile(3, level)} | ({"maxWidth": longest} if longest else {})
    elif version == 2:
        limits = [{"maxWidth": longest, "formats": ["jpg"]}] if longest else []
        info |= {"@id": own, "protocol": "http://iiif.io/api/image"}
        info |= {"profile": [profile(2, level), *limits]}
    else:
        info |= {"@id": own, "profile": profile(1, level)}
    return info | ({"sizes": sizes} if level == 0 else {})


def _asked_size(image: re.Match[str], request: re.Match[str]) -> Size | None:
    """Return the size of the answer; None for what the level does not have."""
    version, level = int(image["version"]), int(image["level"])
    if request["quality"] != ("native" if version == 1 else "default"):
        return None
    width, height = int(image["width"]), int(image["height"])
    if request["region"] != "full":
        region = re.fullmatch(r"(\d+),(\d+),(\d+),(\d+)", request["region"])
        if region is None or level == 0:
            return None
        width, height = min(int(region[3]), width), min(int(region[4]), height)
    turn = request["turn"]
    if turn not in ("0", "90", "180", "270") or (turn != "0" and level < 2):
        return None
    size = _scaled(request["size"], (width, height), version, level)
    longest = int(image["longest"] or 0)
    if size is not None and longest and max(size) > longest:
        if request["size"] != "max":
            return None
        size = (
            round(width * longest / max(width, height)),
            round(height * longest / max(width, height)),
        )
    return size and (size[::-1] if turn in ("90", "270") else size)


def _scaled(asked: str, size: Size, version: int, level: int) -> Size | None:
    width, height = size
    if (asked == "max" and version > 1) or (asked == "full" and version < 3):
        return size
    if level == 0:
        spelled = "{},{}" if version == 3 else "{},"
        return next((s for s in ready_sizes(*size) if spelled.format(*s) == asked), None)
    if found := re.fullmatch(r"(\d+),", asked):
        scaled = int(found[1]), round(int(found[1]) * height / width)
    elif found := re.fullmatch(r",(\d+)", asked):
        scaled = round(int(found[1]) * width / height), int(found[1])
    elif (found := re.fullmatch(r"(\d+),(\d+)", asked)) and (level == 2 or version == 3):
        scaled = int(found[1]), int(found[2])
    else:
        return None
    # Version 3 enlarges only what begins with ^.
    return None if version == 3 and scaled[0] > width else scaled


def _jpeg(size: Size, colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, f"#{colour}").save(content, "JPEG", quality=90)
    return content.getvalue()
