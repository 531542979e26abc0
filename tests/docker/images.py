"""Images built by hand, without a container engine: each line of a Dockerfile, in folders.

An image is a folder. Its own absolute paths are rewritten to that folder; everything else that the
base image would bring (Python, Node, nginx, a shell) is this machine's.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PROJECT = Path(__file__).resolve().parents[2]
DOCKER = PROJECT / "configs/docker"
_OWN = re.compile(r"(?<![\w./-])(?=/(?:build|opt/artstyle|etc/nginx|usr/share/nginx|tmp|runs)\b)")
"""Where a path of the image begins."""


@dataclass
class Image:
    """A stage that was built."""

    root: Path
    env: dict[str, str]
    workdir: str = "/"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    user: str = "root"

    def inside(self, text: str) -> str:
        """Return a text with the image's own paths where they are on this machine."""
        return _OWN.sub(str(self.root), text)

    def path(self, name: str) -> Path:
        """Return where a file of the image is on this machine."""
        return self.root / (PurePosixPath(self.workdir) / name).relative_to("/")


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines()
    pairs = (line.partition(" ") for line in whole)
    return [(keyword, argument.strip()) for keyword, _, argument in pairs]


def context(dockerfile: Path, folder: Path) -> Path:
    """Copy what the Dockerfile's own .dockerignore lets in; return the folder."""
    lines = dockerfile.with_name(f"{dockerfile.name}.dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    left_out = shutil.ignore_patterns(*(line[3:] for line in lines if line.startswith("**/")))
    for line in lines:
        for source in sorted(PROJECT.glob(line[1:])) if line.startswith("!") else ():
            target = folder / source.relative_to(PROJECT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=left_out)
            else:
                shutil.copy(source, target)
    return folder


def build(dockerfile: Path, folder: Path) -> Image:
    """Run each line of a Dockerfile; return its last stage."""
    sources, stages = {"": context(dockerfile, folder / "context")}, list[Image]()
    for keyword, argument in instructions(dockerfile.read_text()):
        words = argument.split()
        if keyword == "FROM":
            stages.append(_begin(folder / f"stage-{len(stages)}"))
            sources[words[2] if len(words) > 1 else "last"] = stages[-1].root
        else:
            _carry_out(keyword, argument, stages[-1], sources)
    return stages[-1]


def _begin(root: Path) -> Image:
    (root / "tmp").mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return Image(root, kept)


def _carry_out(keyword: str, argument: str, image: Image, sources: dict[str, Path]) -> None:
    if keyword == "WORKDIR":
        image.workdir = argument
        image.path(".").mkdir(parents=True, exist_ok=True)
    elif keyword == "ENV":
        for name, value in (word.split("=", 1) for word in argument.split()):
            image.env[name] = image.inside(value).replace("$PATH", image.env["PATH"])
    elif keyword == "COPY":
        _copy(argument.split(), image, sources)
    elif keyword == "RUN":
        line = image.inside(re.sub(r"--mount=\S+ ", "", argument))
        done = subprocess.run(
            ["/bin/sh", "-ec", line], cwd=image.path("."), env=image.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"RUN {line}\n{done.stdout}"
    elif keyword == "CMD":
        image.command = json.loads(argument)
    elif keyword == "HEALTHCHECK":
        image.health = json.loads(argument.partition("CMD ")[2])
    elif keyword == "USER":
        image.user = argument
    else:
        assert keyword == "EXPOSE", keyword


def _copy(words: list[str], image: Image, sources: dict[str, Path]) -> None:
    origin = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else ""
    target = image.path(words[-1])
    for word in words[:-1]:
        source = sources[origin] / word.lstrip("/")
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
        else:
            into = target / source.name if words[-1].endswith("/") else target
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, into)
