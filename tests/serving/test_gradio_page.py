"""The page made with Gradio: the service's answers, nothing kept, nothing from elsewhere."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from artstyle.cli.app import app
from artstyle.errors import ArtstyleError
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.styles.vocabulary import display_name
from tests.serving.browser import files, opened
from tests.serving.client import get, post, predict
from tests.serving.whole import need

ROOT = Path(__file__).parents[2]
HOOK = ROOT / "tests" / "reliability" / "no_network"
# Gradio leaves event loops and sockets open, so it is never imported by the tests themselves.
SERVE = """
import sys
from artstyle.serving import gradio_page
gradio_page.KEPT_SECONDS, gradio_page._CHECK_SECONDS = float(sys.argv.pop(1)), 0.5
from artstyle.__main__ import main
main()
"""
CLIENT = """
import json, sys
from gradio_client import Client, handle_file
client = Client(sys.argv[1], verbose=False)
print(json.dumps([client.predict(handle_file(it), api_name="/predict") for it in sys.argv[2:]]))
"""


@dataclass(frozen=True)
class Served:
    """A page made with Gradio in a process of its own, whose network is blocked."""

    url: str
    folder: Path
    process: subprocess.Popen[str]

    @property
    def tried(self) -> str:
        """What the process tried to reach elsewhere."""
        return (self.folder / "tried").read_text()


@contextmanager
def running(folder: Path, *words: str | Path, **variables: str) -> Iterator[Served]:
    """Run a program that says its address; its temporary files go to the folder."""
    need("gradio")
    (folder / "tried").touch()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HOOK), str(ROOT)]),
        "ARTSTYLE_TRIED": str(folder / "tried"),
        "TMPDIR": str(folder),
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, *map(str, words)], cwd=folder, env=environment, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout
            while "http" not in (line := process.stdout.readline()):
                assert process.poll() is None
            yield Served(line.split()[-1].rstrip("/"), folder, process)
        finally:
            process.kill()


def serve(folder: Path, model: Path, kept_seconds: float) -> Any:
    words = ["serve", "--page", "gradio", "--no-browser", "--port", "0", "--run", str(model)]
    return running(folder, "-c", SERVE, str(kept_seconds), *words)


@pytest.fixture(scope="module")
def served(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("gradio"), model_file, 60) as started:
        yield started


def answers(served: Served, *contents: bytes) -> list[Any]:
    """Return what the page shows for pictures: styles, how sure, likely styles, heat."""
    names = [f"{n}.jpeg" for n in range(len(contents))]
    for name, content in zip(names, contents, strict=True):
        (served.folder / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, served.url, *names], cwd=served.folder,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found: list[Any] = json.loads(done.stdout)
    return found


def test_its_answers_are_those_of_the_service(served: Served, pictures: dict[str, bytes]) -> None:
    content = next(iter(pictures.values()))
    (styles, sure, likely, heat), broken = answers(served, content, b"no picture")
    (found,) = predict(served.url, {"0.jpeg": content}).json()["results"]
    row = PredictionRow.from_dict(found)
    assert row.styles
    assert styles["confidences"] == [
        {"label": display_name(ranked.style), "confidence": ranked.probability}
        for ranked in row.styles
    ]
    assert sure == verdict_words(row)
    assert likely == ", ".join(map(display_name, row.likely or ()))
    overlay = post(f"{served.url}/v1/gradcam", files={"images": content}).content
    assert base64.b64encode(overlay).decode() in heat
    assert broken[0]["confidences"] is None if broken[0] else True
    assert broken[1:] == ["Not read: not a picture, but text.", "", ""]
    assert served.tried == ""


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_shows_answer_and_heat_and_asks_for_nothing_elsewhere(
    served: Served, browser: Any, expect: Any, pictures: dict[str, bytes], width: int, scheme: str
) -> None:
    content = next(iter(pictures.values()))
    with opened(browser, served.url, width=width, color_scheme=scheme) as page:
        page.set_input_files("input[type=file]", files({"a.jpeg": content}))
        expect(page.locator("img[alt^='Heatmap for']")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label("Clear").click()
        expect(page.locator("img[alt^='Heatmap for']")).to_have_count(0)
        page.set_input_files("input[type=file]", files({"b.jpeg": b"no picture"}))
        expect(page.get_by_label("How sure")).to_have_value("Not read: not a picture, but text.")
    assert served.tried == ""


def test_neither_an_address_nor_a_file_of_the_server_is_read(
    served: Served, model_file: Path
) -> None:
    for path in ("http://127.0.0.1:9/a.jpg", "https://example.org/a.jpg", str(model_file)):
        asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        event = post(f"{served.url}/gradio_api/call/predict", json=asked).json()["event_id"]
        answer = get(f"{served.url}/gradio_api/call/predict/{event}").text
        assert answer.startswith("event: error")
        assert get(f"{served.url}/gradio_api/file={path}").status_code in (403, 404)
    assert served.tried == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_uploads_are_deleted_soon_and_when_it_stops(model_file: Path, tmp_path: Path) -> None:
    with serve(tmp_path, model_file, 2) as served:
        sent = {"files": ("a.jpeg", b"content")}
        (path,) = post(f"{served.url}/gradio_api/upload", files=sent).json()
        assert Path(path).is_relative_to(tmp_path)
        deadline = time.monotonic() + 30
        while Path(path).exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        post(f"{served.url}/gradio_api/upload", files=sent)
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(timeout=30) == 0
    assert [*tmp_path.rglob("*.jpeg"), *tmp_path.glob("artstyle-*")] == []


def test_the_space_answers_with_the_starter_model(
    pictures: dict[str, bytes], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    script = ROOT / "configs" / "space" / "app.py"
    with running(tmp_path, script, GRADIO_SERVER_PORT=port) as served:
        ((styles, _, _, heat),) = answers(served, next(iter(pictures.values())))
        assert served.tried == ""
    assert len(styles["confidences"]) == 3
    assert heat.startswith("<figure>")


def test_a_missing_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ArtstyleError, match=r"gradio: pip install 'artstyle\[gradio\]'$") as said:
        app(["serve", "--page", "gradio", "--port", "0"], standalone_mode=False)
    assert said.value.exit_code == 2


def test_a_page_that_is_not_wanted_is_one_line() -> None:
    words = ["serve", "--page", "gradio", "--api-only", "--port", "0"]
    with pytest.raises(ArtstyleError, match="leave out") as said:
        app(words, standalone_mode=False)
    assert said.value.exit_code == 2
