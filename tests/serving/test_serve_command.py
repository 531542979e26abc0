"""`artstyle serve`: its address, its signals, and what it refuses."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from artstyle.cli.app import app
from artstyle.errors import ArtstyleError
from artstyle.serving import server
from tests.serving.client import get
from tests.serving.test_limits import half_sent
from tests.serving.tiny import write_model


@contextmanager
def started(*arguments: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command in a process of its own; yield it and its address."""
    command = [sys.executable, "-m", "artstyle", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().strip().rstrip("/")
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_hang_up_loads_the_model_again_and_ctrl_c_finishes_what_is_in_flight(
    model_file: Path, tmp_path: Path
) -> None:
    shutil.copy(model_file, tmp_path / "m.onnx")
    with started("--api-only", "--run", "m.onnx", cwd=tmp_path) as (process, url):
        former = get(f"{url}/v1/model").json()["fingerprint"]
        write_model(tmp_path / "m.onnx", seed=5)
        if sys.platform != "win32":
            process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while get(f"{url}/v1/model").json()["fingerprint"] == former:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with half_sent(url) as upload:
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            with pytest.raises(httpx.TransportError):
                get(f"{url}/healthz")
            upload.sendall(bytes(5000))
            answer = upload.recv(10_000).decode()
        answered = time.monotonic()
        assert answer.startswith("HTTP/1.1 422")
        _, messages = process.communicate(timeout=20)
        # Two seconds on an idle machine; this one may be busy.
        assert time.monotonic() - answered < 5
    assert process.returncode == 0
    assert messages.endswith("stopped\n")
    assert re.search(r"model [0-9a-f]{12} answers now", messages)
    assert "Traceback" not in messages


def test_a_port_in_use_is_one_line(model_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["serve", "--api-only", "--run", str(model_file), "--port", str(port)]
        with pytest.raises(ArtstyleError, match=rf"port {port} .* --port {port + 1}") as refused:
            app(words, standalone_mode=False)
    assert refused.value.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--run", "gone"], "unknown run 'gone'"),
        (["--host", "203.0.113.7"], "an address of this machine"),
        (["--host", "no such host"], "an address of this machine"),
    ],
)
def test_a_wrong_request_is_one_line(
    arguments: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtstyleError, match=reason) as refused:
        app(["serve", "--api-only", "--port", "0", *arguments], standalone_mode=False)
    assert refused.value.exit_code == 2


def test_a_page_that_is_missing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PAGE", tmp_path)
    with pytest.raises(ArtstyleError, match=r"index\.html is missing.*--api-only") as refused:
        app(["serve", "--port", "0"], standalone_mode=False)
    assert refused.value.exit_code == 2
