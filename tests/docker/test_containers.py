"""Both images built line by line, and the whole of them used through nginx, all on this machine."""

import getpass
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from artstyle.serving.limits import Limits
from artstyle.serving.server import PAGE, open_socket
from tests.docker.images import DOCKER, PROJECT, Image, build
from tests.serving.client import get, post

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("ARTSTYLE_CONTAINERS" not in os.environ, reason="for 'nox -s containers'"),
    pytest.mark.skipif(sys.platform != "linux", reason="containers run Linux"),
    *(pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")
      for tool in ("nginx", "node", "npm")),
]  # fmt: skip
TOKEN = "a long password"
GIVEN = {"Authorization": f"Bearer {TOKEN}"}
JPEG = {**GIVEN, "Content-Type": "image/jpeg"}
PICTURE = (PAGE / "examples" / "cubism-portrait.jpg").read_bytes()
# python:3.11-slim, unpacked.
BASE_MB = 130


@pytest.fixture(scope="session")
def api_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build(DOCKER / "Dockerfile.api", tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="session")
def ui_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = build(DOCKER / "Dockerfile.ui", tmp_path_factory.mktemp("ui"))
    mime_types = Path("/etc/nginx/mime.types")  # Of nginx itself.
    shutil.copy(mime_types, image.path(str(mime_types)))
    return image


@dataclass
class House:
    """A service and nginx in front of it, as compose starts them."""

    api: Image
    ui: Image
    api_port: str
    ui_port: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def api_words(self, words: list[str]) -> list[str]:
        """Return a line of the service's image with its address on this machine."""
        rewritten = [word.replace("5000", self.api_port) for word in words]
        return [self.api.inside(word).replace("0.0.0.0", "127.0.0.1") for word in rewritten]

    @contextmanager
    def service(self) -> Iterator[subprocess.Popen[str]]:
        """Run the service's CMD until the block ends."""
        env = {**self.api.env, "ARTSTYLE_TOKEN": TOKEN}
        with _running(self.api_words(self.api.command), self.api.path("."), env) as process:
            _wait_for(f"{self.api_url}/healthz", process)
            yield process

    @contextmanager
    def nginx(self) -> Iterator[None]:
        """Run the page's CMD until the block ends."""
        rewritten = self.ui.path("/etc/nginx/here.conf")
        text = self.ui.inside(self.ui.path("/etc/nginx/nginx.conf").read_text())
        # What compose does: its name server, its ports.
        text, names = re.subn(r"http://api:5000\b", self.api_url, text)
        text, ports = re.subn(r"listen 80;", f"listen 127.0.0.1:{self.ui_port};", text)
        assert (names, ports) == (1, 1)
        # As root, nginx would serve as somebody who may not read this test's folders.
        rewritten.write_text(f"user root;\n{text}" if _is_root() else text)
        words = [self.ui.inside(word) for word in self.ui.command]
        words = [word.replace("nginx.conf", rewritten.name) for word in words]
        with _running(words, self.ui.root, self.ui.env) as process:
            _wait_for(self.url, process)
            yield


def free_port() -> str:
    with open_socket("127.0.0.1", 0) as listening:
        return str(listening.getsockname()[1])


@pytest.fixture(scope="module")
def house(api_image: Image, ui_image: Image) -> Iterator[House]:
    built = House(api_image, ui_image, free_port(), free_port())
    with built.nginx(), built.service():
        yield built


def test_the_services_image_has_no_torch_and_less_than_450_mb(api_image: Image) -> None:
    installed = api_image.path("/opt/artstyle")
    packages = {path.name for path in installed.glob("lib/python3*/site-packages/*")}
    assert packages & {"torch", "torchvision", "timm", "sklearn", "wandb", "pip"} == set()
    size = sum(path.lstat().st_size for path in installed.rglob("*") if path.is_file())
    assert size / 1e6 + BASE_MB < 450


def test_the_page_comes_with_the_services_headers_and_is_kept_where_its_name_says_what_it_is(
    house: House,
) -> None:
    index = get(f"{house.url}/")
    assert index.headers["cache-control"] == "no-cache"
    links = re.findall(r'(?:href|src)="([^"]+)"', index.text)
    assert len(links) >= 7
    for link in links:
        answer = get(f"{house.url}/{link}")
        assert answer.status_code == 200, link
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    script = next(link for link in links if link.endswith(".js"))
    assert len(get(f"{house.url}/{script}").content) < 0.7 * sum(
        path.stat().st_size for path in PAGE.glob("*.js")
    )
    missing = get(f"{house.url}/{script}x")
    assert (missing.status_code, "cache-control" in missing.headers) == (404, False)
    direct, passed = (get(f"{url}/healthz") for url in (house.api_url, house.url))
    names = ("content-security-policy", "x-content-type-options", "referrer-policy",
             "cross-origin-resource-policy")  # fmt: skip
    for answer in (index, passed, missing):
        assert all(answer.headers.get_list(name) == [direct.headers[name]] for name in names)


def test_answers_through_nginx_are_those_of_the_service(house: House) -> None:
    for path in ("v1/predict?top_k=3", "v1/gradcam", "v1/gradcam?format=json&style=pop_art"):
        through = post(f"{house.url}/{path}", content=PICTURE, headers=JPEG)
        direct = post(f"{house.api_url}/{path}", content=PICTURE, headers=JPEG)
        assert (through.status_code, direct.status_code) == (200, 200)
        assert through.content == direct.content
        assert through.headers["content-type"] == direct.headers["content-type"]
    files = [("images", (f"{n}.jpg", PICTURE)) for n in range(5)]
    rows = post(f"{house.url}/v1/predict", files=files, headers=GIVEN).json()["results"]
    assert {row["styles"][0]["style"] for row in rows} == {"Cubism"}
    assert get(f"{house.url}/openapi.json", headers=GIVEN).json()["info"]["title"] == "artstyle"
    assert get(f"{house.url}/metrics", headers=GIVEN).status_code == 404


def test_refusals_reach_the_sender_in_the_services_words(house: House) -> None:
    limit = Limits().bytes
    for content in (bytes(limit + 1), iter([bytes(2**20)] * 101)):  # With its length, and without.
        refused = post(f"{house.url}/v1/predict", content=content, headers=JPEG)
        assert refused.status_code == 413
        assert refused.json() == {"error": "more than 100 MiB; send fewer or smaller images"}
        assert "content-security-policy" in refused.headers
    full = post(f"{house.url}/v1/predict", content=bytes(limit), headers=JPEG)
    assert full.status_code == 422, full.text
    unknown = get(f"{house.url}/v1/model")
    assert (unknown.status_code, unknown.json()["error"]) == (401, "the token is missing or wrong")
    assert unknown.headers["www-authenticate"].startswith("Basic")


def test_the_page_stays_and_says_so_while_the_service_is_away(
    api_image: Image, ui_image: Image, tmp_path: Path
) -> None:
    shutil.copytree(ui_image.root, tmp_path / "ui", symlinks=True)
    house = House(api_image, replace(ui_image, root=tmp_path / "ui"), free_port(), free_port())

    def health() -> int:
        words = house.api_words(api_image.health)
        return subprocess.run(words, env=api_image.env, stderr=subprocess.DEVNULL).returncode

    with house.nginx():
        _assert_away(house)
        assert health() == 1
        with house.service():
            back = post(f"{house.url}/v1/predict", content=PICTURE, headers=JPEG)
            assert (back.status_code, health()) == (200, 0)
        _assert_away(house)


def _assert_away(house: House) -> None:
    away = post(f"{house.url}/v1/predict", content=PICTURE, headers=JPEG)
    assert away.status_code == 502  # Then the page keeps what it has, and waits.
    assert away.json() == {"error": "the service does not answer; try again later"}
    assert get(f"{house.url}/").status_code == 200


def test_a_run_that_is_mounted_answers_and_nothing_is_written_into_the_images(
    house: House,
) -> None:
    before = {image.root: _files(image) for image in (house.api, house.ui)}
    assert get(f"{house.url}/v1/model", headers=GIVEN).json()["is_starter"] is True
    shutil.copytree(PROJECT / "artstyle/starter", house.api.path("/runs/portraits"))
    swapped = post(f"{house.url}/v1/model", headers=GIVEN).json()
    assert (swapped["run"], swapped["is_starter"]) == ("portraits", False)
    post(f"{house.url}/v1/gradcam", content=PICTURE, headers=JPEG).raise_for_status()
    shutil.rmtree(house.api.path("/runs"))
    assert {image.root: _files(image) for image in (house.api, house.ui)} == before
    # Uploads were never on a disk.
    held = [path for path in house.ui.path("/tmp").rglob("*") if path.is_file()]
    assert [path.name for path in held] == ["nginx.pid"]


def _files(image: Image) -> set[Path]:
    return {path for path in image.root.rglob("*") if image.path("/tmp") not in path.parents}


def _is_root() -> bool:
    return getpass.getuser() == "root"


@contextmanager
def _running(
    words: list[str], folder: Path, env: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    program = shutil.which(words[0], path=env["PATH"])
    assert program is not None
    process = subprocess.Popen([program, *words[1:]], cwd=folder, env=env, text=True)
    with process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None
        assert time.monotonic() < deadline
        try:
            get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
