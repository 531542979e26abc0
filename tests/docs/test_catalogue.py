"""The tutorial "From scans to your catalogue" runs from beginning to end, as it is written."""

import json
import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import openpyxl
import pytest
from PIL import Image

from docs.tutorials.catalogue.paint import PAINTINGS, SCANS, paint_scan
from tests.cli.in_process import artstyle
from tests.docs.pages import ROOT
from tests.docs.tutorial import Step, is_as_shown, steps

PAGE = ROOT / "docs" / "tutorials" / "catalogue.md"
PORT = "8000"
"""The page's; the test takes a free one."""


class Reader:
    """Someone who follows the tutorial in a folder of their own."""

    def __init__(self, folder: Path, port: str) -> None:
        self._folder, self._port = folder, port
        self._exit_code = 0

    def sees(self, step: Step) -> str:
        """Return what a command prints, or what is in a file."""
        text = self._run(step.name) if step.is_command else _readable(self._folder / step.name)
        # Windows writes paths and the ends of lines in another way.
        text = text.replace("\r\n", "\n").replace(os.sep, "/")
        return text.replace(f":{self._port}", f":{PORT}")

    def _run(self, command: str) -> str:
        program, *words = shlex.split(command)
        if program == "mv":
            shutil.move(self._folder / words[0], self._folder / words[1])
            return ""
        if program == "echo":
            return f"{self._exit_code}\n"
        assert program == "artstyle"
        done = artstyle(*words, cwd=self._folder, joined=True)
        self._exit_code = done.returncode
        return done.stdout.decode()


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[tuple[Step, str]]]]:
    """The folder of someone who followed the page, and each step with what they saw."""
    folder = tmp_path_factory.mktemp("tutorial") / "collection"
    shutil.copytree(PAGE.with_suffix(""), folder)
    with pytest.MonkeyPatch.context() as patch, _image_server(folder) as port:
        patch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
        manifest = folder / "manifest.json"
        text = manifest.read_text("utf-8").replace(f":{PORT}", f":{port}")
        manifest.write_text(text, "utf-8")
        reader = Reader(folder, port)
        yield folder, [(step, reader.sees(step)) for step in steps(PAGE)]


def test_every_command_and_file_is_as_the_page_shows_it(
    walk: tuple[Path, list[tuple[Step, str]]],
) -> None:
    wrong = [f"{step.name}\n{seen}" for step, seen in walk[1] if not is_as_shown(seen, step.text)]
    assert wrong == []


def test_no_command_or_file_of_the_page_is_left_out() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    commands = [line[2:] for line in lines if line.startswith("$ ")]
    files = [line.split()[1] for line in lines if line.startswith("<!--")]
    assert [step.name for step in steps(PAGE) if step.is_command] == commands
    assert [step.name for step in steps(PAGE) if not step.is_command] == files


def test_the_list_comes_back_with_every_byte_it_had(
    walk: tuple[Path, list[tuple[Step, str]]],
) -> None:
    folder, _ = walk
    before = (PAGE.with_suffix("") / "list.csv").read_bytes()
    assert (folder / "list.csv").read_bytes() == before
    for name in ("answers.csv", "german.csv"):
        after = (folder / name).read_bytes().split(b"\r\n")
        assert [
            new[: len(old)] for old, new in zip(before.split(b"\r\n"), after, strict=True)
        ] == before.split(b"\r\n")


def test_the_scans_are_those_that_the_script_paints() -> None:
    for file in ("1987-12-4_recto.jpg", "2005.1a.jpg"):
        with Image.open(SCANS / file) as scan:
            difference = np.abs(np.asarray(scan, float) - np.asarray(paint_scan(file), float))
        assert difference.mean() < 5  # JPEG, quality 85; another seed differs by 30 and more.
    assert {path.name for path in SCANS.iterdir()} == {*PAINTINGS, "2010-6_scan.jpg"}


@pytest.mark.parametrize(
    ("text", "agrees"),
    [
        ("a 50.0%\nb\nc\nd\n", True),
        ("a 50.3%\nd\n", True),
        ("a 51.0%\nd\n", False),
        ("a 50.0%\nd\ne\n", False),
        ("A 50.0%\nd\n", False),
    ],
)
def test_other_output_than_the_page_shows_is_found(text: str, agrees: bool) -> None:
    assert is_as_shown(text, "a 50.0%\n...\nd\n") == agrees


def _readable(path: Path) -> str:
    """Return a file as the page shows it: text, a workbook's columns, or JSON with line breaks."""
    if path.suffix == ".xlsx":
        header = next(openpyxl.load_workbook(path).active.iter_rows(values_only=True))
        return ", ".join(map(str, header)) + "\n"
    if path.suffix == ".json":
        return json.dumps(json.loads(path.read_bytes()), indent=2, ensure_ascii=False) + "\n"
    return path.read_bytes().decode("cp1252")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the command under test has the terminal."""


@contextmanager
def _image_server(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield str(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
