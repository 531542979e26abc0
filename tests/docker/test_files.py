"""What the container files say, compared with what the service does."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from artstyle.serving.limits import Limits
from tests.docker.images import DOCKER, PROJECT, instructions

LEFT_OUT = (
    "grad-cam", "httpx2", "jinja2", "matplotlib", "onnx", "onnxscript", "platformdirs",
    "psutil", "scikit-learn", "scipy", "threadpoolctl", "timm", "torch", "torchvision",
)  # fmt: skip
"""Dependencies of artstyle that its service does not need."""
DOCKERFILES = [DOCKER / "Dockerfile.api", DOCKER / "Dockerfile.ui"]
NGINX = (DOCKER / "nginx.conf").read_text("utf-8")
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))


def test_the_image_installs_what_the_project_asks_for_less_what_is_left_out() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["heic"], *extras["serve"]]
    lines = (DOCKER / "requirements.txt").read_text("utf-8").splitlines()
    installed = [line for line in lines if not line.startswith("#")]
    assert installed == [line for line in needed if re.split("[<>=]", line)[0] not in LEFT_OUT]


def test_the_service_answers_without_what_the_image_leaves_out() -> None:
    modules = [*LEFT_OUT, "sklearn", "pytorch_grad_cam"]
    code = f"""
import sys
sys.modules.update(dict.fromkeys({modules!r}))
from pathlib import Path
from fastapi.testclient import TestClient
from artstyle.serving.api import build_app
from artstyle.serving.served import Models
from artstyle.serving.server import PAGE
jpeg = {{"content-type": "image/jpeg"}}
picture = (PAGE / "examples" / "cubism-portrait.jpg").read_bytes()
with TestClient(build_app(Models("starter"))) as client:
    for path in ("predict", "gradcam", "gradcam?format=json"):
        answer = client.post("/v1/" + path, content=picture, headers=jpeg)
        assert answer.status_code == 200, answer.text
    for path in ("/v1/model", "/v1/styles", "/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert client.get(path).status_code == 200, path
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nginx_takes_as_much_and_waits_longer_than_the_service() -> None:
    limits = Limits()
    assert int(_setting("client_max_body_size").removesuffix("m")) * 2**20 == limits.bytes
    assert int(_setting("proxy_read_timeout").removesuffix("s")) > limits.answer_seconds
    assert int(_setting("client_body_timeout").removesuffix("s")) >= limits.upload_seconds


def test_the_containers_have_no_rights_and_only_the_page_is_published() -> None:
    api, ui = COMPOSE["services"]["api"], COMPOSE["services"]["ui"]
    for service in (api, ui):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "pids_limit", "tmpfs"} <= service.keys()
    assert "ports" not in api
    assert [port.rsplit(":", 2)[1:] for port in ui["ports"]] == [["8080", "80"]]
    # Docker's own default would end requests in flight after 10 seconds.
    assert int(api["stop_grace_period"].removesuffix("s")) > Limits().stop_seconds


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_the_last_user_is_not_root(path: Path) -> None:
    users = [words for keyword, words in instructions(path.read_text()) if keyword == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


def test_hadolint_finds_nothing() -> None:
    if shutil.which("hadolint") is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run(["hadolint", *DOCKERFILES], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def _setting(name: str) -> str:
    found = re.search(rf"^\s*{name} (\S+);", NGINX, re.MULTILINE)
    assert found is not None, name
    return found[1]
