"""What a service refuses, and that it stays healthy whatever is sent to it."""

import base64
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from artstyle.serving.limits import Limits
from tests.reliability.mutations import mutated, originals
from tests.serving.client import get, post, predict
from tests.serving.test_api import Pictures
from tests.serving.tiny import service

SHARED = Path(__file__).parents[3] / "shared/inputs/pictures"
SMALL = Limits(images=3, bytes=50_000, queue=2, upload_seconds=0.3)


@pytest.fixture(scope="module")
def small(model_file: Path) -> Iterator[str]:
    """The address of a service with low limits."""
    with service(model_file, SMALL) as address:
        yield address


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert list(answer.json()) == ["error"]
    return answer.status_code, answer.json()["error"]


def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_its_length(small: str) -> None:
    status, reason = refused(predict(small, {"a": bytes(60_000)}))
    assert (status, "MiB" in reason) == (413, True)
    chunks = iter([bytes(20_000)] * 3)
    answer = post(f"{small}/v1/predict", content=chunks, headers={"Content-Type": "image/x"})
    assert refused(answer)[0] == 413


def test_a_client_that_sends_on_reads_that_its_body_is_too_large(small: str) -> None:
    answer = predict(small, {"a": bytes(30_000_000)})
    assert refused(answer)[0] == 413


def test_too_many_images_are_refused(small: str) -> None:
    status, reason = refused(predict(small, dict.fromkeys("abcd", b"x")))
    assert (status, "Maximum number of files is 3" in reason) == (422, True)


def test_images_that_do_not_fit_in_the_queue_are_refused_with_the_time_to_wait(small: str) -> None:
    answer = predict(small, dict.fromkeys("abc", b"x"))
    assert refused(answer)[0] == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_an_answer_that_takes_too_long_is_refused(model_file: Path, pictures: Pictures) -> None:
    with service(model_file, Limits(answer_seconds=0)) as url:
        assert refused(predict(url, pictures))[0] == 504


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"", "image/png", (422, "no image")),
        (b"{}", "application/json", (415, "not application/json")),
        (b"a=1", "application/x-www-form-urlencoded", (415, "send multipart/form-data")),
        (b"x", "multipart/form-data", (422, "boundary")),
        (b"x", "multipart/form-data; boundary=b", (422, "form")),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", (422, "name")),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx'
            b"\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
            (422, "'file' is unknown"),
        ),
    ],
)
def test_what_is_not_an_image_is_refused_with_the_reason(
    small: str, content: bytes, kind: str, expected: tuple[int, str]
) -> None:
    answer = post(f"{small}/v1/predict", content=content, headers={"Content-Type": kind})
    status, reason = refused(answer)
    assert (status, expected[1] in reason) == (expected[0], True), reason


@pytest.mark.parametrize("query", ["top_k=0", "top_k=x", f"top_k={10**30}"])
def test_a_wrong_query_is_refused_by_its_name(small: str, query: str) -> None:
    status, reason = refused(post(f"{small}/v1/predict?{query}", files={"images": b"x"}))
    assert (status, reason.startswith("top_k: ")) == (422, True)


def test_an_upload_that_stops_is_given_up(small: str) -> None:
    with half_sent(small) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_aborted_uploads_leave_nothing_behind(url: str) -> None:
    for _ in range(20):
        half_sent(url).close()
    deadline = time.monotonic() + 10
    while "artstyle_upload_bytes 0.0" not in get(f"{url}/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_upload_is_never_written_to_a_disk(url: str, pictures: Pictures) -> None:
    written: list[object] = []
    watching = True

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and arguments[1] not in ("r", "rb"):
            written.append(arguments)

    sys.addaudithook(audit)
    content = next(iter(pictures.values()))
    answer = predict(url, {"a": content + bytes(5_000_000), "b": content})
    watching = False
    assert [row["error"] for row in answer.json()["results"]] == [None, None]
    assert [call for call in written if not _only_reads(call)] == []


def _only_reads(call: object) -> bool:
    """Whether an opening by flags is one for reading."""
    assert isinstance(call, tuple)
    _, mode, flags = call
    return mode is None and isinstance(flags, int) and not flags & 0o3


def test_only_who_has_the_token_is_answered(model_file: Path, pictures: Pictures) -> None:
    with service(model_file, token="sécret") as url:
        basic = base64.b64encode("anyone:sécret".encode()).decode()
        for header in (f"Basic {basic}", "Bearer sécret"):
            headers = {b"Authorization": header.encode()}
            assert get(f"{url}/v1/model", headers=headers).status_code == 200
        for wrong in ("", "Bearer", "Bearer secret", "Basic x", "Basic YQ==", f"Digest {basic}"):
            for path in ("/v1/model", "/metrics", "/openapi.json", "/nowhere"):
                answer = get(f"{url}{path}", headers={"Authorization": wrong})
                assert refused(answer)[0] == 401
        assert predict(url, pictures).status_code == 401
        assert get(f"{url}/healthz").status_code == 200


def test_nobody_changes_the_model_of_a_service_without_a_token(url: str) -> None:
    assert refused(post(f"{url}/v1/model"))[0] == 403


def test_no_other_site_is_let_in_and_answers_are_never_guessed_to_be_pages(url: str) -> None:
    answer = get(f"{url}/v1/model", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# As the loader sets it, outside of tests: Pillow also warns of what it raises.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_hostile_pictures_are_answered_and_leave_it_healthy(url: str, pictures: Pictures) -> None:
    rng = np.random.default_rng(3)
    honest = originals()
    damaged = [mutated(one, honest[rng.integers(len(honest))], rng) for one in honest * 8]
    shared = sorted(SHARED.iterdir()) if SHARED.is_dir() else []
    hostile = [content for content in damaged if content]
    hostile += [path.read_bytes() for path in shared if path.is_file()]
    expected = predict(url, pictures).json()
    names = cycle(["a.jpg", "../../etc/passwd", "\x1b[2J", "<script>.png", "x" * 3000, "a\x00b"])
    sent = [{name: content} for name, content in zip(names, hostile, strict=False)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: predict(url, one), sent))
    assert {answer.status_code for answer in answers} == {200, 422}
    assert predict(url, pictures).json() == expected


def test_malformed_requests_are_refused_and_leave_it_healthy(url: str) -> None:
    for start in (b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP\r\n\r\n", b"POST " + b"a" * 99_999):
        with connected(url) as connection:
            connection.sendall(start)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            answer = connection.recv(100)
            assert answer[:12] in (b"", b"HTTP/1.1 400")
    assert get(f"{url}/healthz").status_code == 200


def half_sent(url: str) -> socket.socket:
    """Return a connection with half an upload on its way."""
    connection = connected(url)
    connection.settimeout(20)
    head = ("POST /v1/predict HTTP/1.1", "Host: a", "Content-Type: image/png")
    connection.sendall("\r\n".join([*head, "Content-Length: 9000\r\n\r\n"]).encode())
    connection.sendall(bytes(4000))
    return connection


def connected(url: str) -> socket.socket:
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    return socket.create_connection((address.hostname, address.port))
