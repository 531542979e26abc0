"""Servers that fail, lie or never end: each picture gets its reason, within limits."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from artstyle.iiif.pictures import iiif_pictures
from artstyle.iiif.web import Manners
from artstyle.pictures.finding import PicturePath
from tests.iiif.sockets import Behaviour, answering, sending, serving

MANNERS = Manners(
    pause_s=0.0, attempts=3, first_wait_s=0.01, silence_s=0.4, whole_s=1.0,
    document_bytes=1 << 20, image_bytes=1 << 20,
)  # fmt: skip
HEAD = b"HTTP/1.1 200 OK\r\n"


def slowly(byte: bytes) -> Callable[[], bytes]:
    def send() -> bytes:
        time.sleep(0.1)
        return byte

    return send


def hanging(connection: socket.socket) -> None:
    connection.recv(1)


def read(addresses: list[str], cache: Path) -> list[PicturePath]:
    return list(iiif_pictures(addresses, 64, manners=MANNERS, cache_folder=cache))


FAILING: tuple[tuple[Behaviour, str], ...] = (
    (answering("404 Not Found"), "404 Not Found"),
    (answering("401 Unauthorized"), "401 Unauthorized"),
    (answering("500 Internal Server Error"), "500 Internal Server Error"),
    (answering("503 Service Unavailable"), "503 Service Unavailable, 3 times"),
    (answering("429 Too Many Requests", "Retry-After: 3600"), "it asks to wait 3600 seconds"),
    (answering("200 OK", body=b"<!DOCTYPE html><p>Sorry"), "not JSON: a web page"),
    (answering("200 OK", body=b'{"id": "cut'), "not JSON: Unterminated string"),
    (answering("200 OK", body=b"[" * 200_000), "nested too deeply"),
    (answering("200 OK", body=b"[1]"), "its JSON is not an object"),
    (answering("200 OK", body=b'{"type": "Person"}'), "its type is person"),
    (answering("200 OK", body=b'{"type": "Manifest", "items": []}'), "has no canvas"),
    (answering("200 OK", body=b'{"type": "Collection"}'), "it leads to no manifest"),
    (answering("302 Found", "Location: /manifest.json"), "redirected more than 10 times"),
    (answering("302 Found", "Location: file:///etc/passwd"), "only http and https"),
    (answering("302 Found", "Location: http://museum:port/"), "302 Found"),
    (sending(HEAD, b"Content-Length: 52428800\r\n\r\n"), "longer than the limit of 1 MiB"),
    (sending(HEAD, b"\r\n", forever=lambda: b" " * 65536), "longer than the limit of 1 MiB"),
    (sending(HEAD, b"\r\n", forever=slowly(b" ")), "too slow: not whole after 1 seconds"),
    (sending(HEAD, forever=slowly(b"x")), "too slow: not whole after 1 seconds"),
    (sending(HEAD, b"Content-Length: 100\r\n\r\n{"), "broke off"),
    (sending(b"SSH-2.0-OpenSSH_9.2\r\n"), "broke off"),
    (sending(HEAD, b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), "Error -3"),
    (hanging, "no answer for 0.4 seconds, 3 times"),
)
"""What a server does, and what the reason must say."""


def test_a_server_that_fails_is_a_picture_with_the_reason(tmp_path: Path) -> None:
    started = time.monotonic()
    with ExitStack() as servers:
        addresses = [servers.enter_context(serving(behave)) for behave, _ in FAILING]
        pictures = read(addresses, tmp_path)
    assert [p.record and p.record.manifest for p in pictures] == addresses
    assert [p.content for p in pictures] == [None] * len(FAILING)
    reasons = [(reason, p.problem or "") for (_, reason), p in zip(FAILING, pictures, strict=True)]
    assert [(reason, problem) for reason, problem in reasons if reason not in problem] == []
    assert time.monotonic() - started < 30


def test_nothing_that_listens_is_a_picture_with_the_reason(tmp_path: Path) -> None:
    with serving(hanging) as address:
        pass
    (picture,) = read([address], tmp_path)
    assert "cannot be reached" in (picture.problem or "")


def test_an_address_that_cannot_be_asked_is_a_picture_with_the_reason(tmp_path: Path) -> None:
    addresses = ["ftp://museum.example/x", "http://", "http://[::1", "http://x y/"]
    problems = [picture.problem for picture in read(addresses, tmp_path)]
    assert len(problems) == 4
    assert None not in problems


def test_a_busy_server_is_asked_again_when_it_says(tmp_path: Path) -> None:
    asked: list[float] = []

    def busy_once(connection: socket.socket) -> None:
        asked.append(time.monotonic())
        later = answering("429 Too Many Requests", "Retry-After: 1")
        (answering("200 OK", body=b'{"type": "Person"}') if len(asked) > 1 else later)(connection)

    with serving(busy_once) as address:
        (picture,) = read([address], tmp_path)
    assert "its type is person" in (picture.problem or "")
    assert len(asked) == 2
    assert 1.0 <= asked[1] - asked[0] < 5


def test_a_server_that_never_answers_is_not_asked_for_ever(tmp_path: Path) -> None:
    asked = []

    def fail(connection: socket.socket) -> None:
        asked.append(1)
        answering("503 Service Unavailable")(connection)

    with serving(fail) as address:
        listed = tmp_path / "list.txt"
        listed.write_text("\n".join(f"{address}?{n}" for n in range(40)))
        pictures = read([str(listed)], tmp_path)
    assert len(pictures) == 40
    assert len(asked) < 60
    assert "not asked: 10 requests in a row" in (pictures[-1].problem or "")


def test_a_text_that_a_server_gives_for_an_image_is_a_problem(tmp_path: Path) -> None:
    with serving(answering("200 OK", body=b"<html>Please log in")) as address:
        body = {"id": address, "type": "Image"}
        annotation = {"type": "Annotation", "motivation": "painting", "body": body}
        page = {"type": "AnnotationPage", "items": [annotation]}
        canvas = {"id": "c", "type": "Canvas", "items": [page]}
        manifest = tmp_path / "manifest.json"
        manifest.write_text(json.dumps({"type": "Manifest", "items": [canvas]}))
        (picture,) = read([str(manifest)], tmp_path)
    assert picture.problem == f"{address}: a text, not an image"
