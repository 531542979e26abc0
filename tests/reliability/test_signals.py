"""SIGTERM and Ctrl-C in the midst of each long command: it ends at once and can be gone on with."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import read_manifest, write_manifest
from artstyle.interrupts import GRACE_SECONDS
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import TEMPORARY_PREFIX
from tests import posix
from tests.reliability.commands import Commands, contents
from tests.training.same import assert_same_run

pytestmark = posix.only

MOST_SECONDS = 2.0
STAGE = re.compile(r"(epoch \d+ of \d+|reading pictures|evaluating|drawing \w+|naming styles): ")
Words = tuple[str | Path, ...]


@dataclass(frozen=True)
class Work:
    """What a long command does, and how it stands."""

    words: Words
    out: Path
    """The folder or file that it writes."""
    begun: Callable[[], bool]
    """Whether it is in the midst of its work."""
    done: Path
    """What is there once it has finished."""
    resume_hint: str = "run the same command again"
    """What it says when it is ended."""
    again: Words = ()
    """How it is gone on with, where that is not by the same words."""


@dataclass(frozen=True)
class Place:
    """What works read, and where they write."""

    root: Path
    paintings: Path
    data: DatasetFolder
    many: DatasetFolder
    """The same with thousands of rows."""
    run: RunFolder

    def pictures(self, number: int) -> Path:
        """Return a folder of so many pictures: each painting under many names."""
        root = self.root / f"{number} pictures"
        if not root.exists():
            paintings = sorted(self.paintings.rglob("*.jpg"))
            for n, path in zip(range(number), cycle(paintings)):
                folder = root / path.parent.name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{path.stem}-{n}.jpg").hardlink_to(path)
        return root


def finetune(place: Place, folder: Path) -> Work:
    run = RunFolder(folder / "runs/one")
    return Work(
        words=training(place.data.path, run.path),
        out=run.path,
        begun=run.last_path.is_file,
        done=run.curves_path,
        resume_hint=f"resume with 'artstyle finetune --resume {run.path}'",
        again=("finetune", "--resume", "latest"),
    )


def training(data: Path, out: Path, *overrides: str) -> Words:
    """Return the command line of ten epochs on 32-pixel pictures."""
    sets = (
        "model.weights=none", "unfreeze.mode=all", "data.image_size=32", "train.early_stopping=0",
        "train.precision=fp32", "train.channels_last=true", "data.workers=2", "train.export=false",
        "train.keep_state=true", *overrides,
    )  # fmt: skip
    return (
        "finetune", "--data", data, "--out", out, "--model", "simple_cnn", "--epochs", "10",
        "--batch-size", "4", "--device", "cpu", *(word for key in sets for word in ("--set", key)),
    )  # fmt: skip


def prepare(place: Place, folder: Path) -> Work:
    out = folder / "data"
    index = out / "images" / "index.jsonl"
    sets = ("data.cache_size=40", "balance.min_per_style=4", "data.workers=2")
    return Work(
        words=(
            "prepare", place.pictures(1600), "--out", out,
            *(word for key in sets for word in ("--set", key)),
        ),
        out=out,
        begun=lambda: index.is_file() and index.read_bytes().count(b"\n") > 1,
        done=out / "dataset.json",
        resume_hint="run the same command again: what was read is kept",
    )  # fmt: skip


def evaluate(place: Place, folder: Path) -> Work:
    out = folder / "scores"
    model = ("--run", place.run.path, "--device", "cpu")
    return Work(
        words=("evaluate", *model, "--data", place.many.path, "--out", out),
        out=out,
        begun=(out / ".lock").is_file,
        done=out / "report.json",
    )


def evaluate_late(place: Place, folder: Path) -> Work:
    """While it draws: the scores are written, the page is not."""
    work = evaluate(place, folder)
    return replace(work, begun=work.done.is_file, done=work.out / "report.html")


def gradcam(place: Place, folder: Path) -> Work:
    out, model = folder / "heat", ("--run", place.run.path, "--device", "cpu")
    return Work(
        words=("gradcam", place.pictures(12), *model, "--out", out),
        out=out,
        begun=lambda: any(out.glob("*-panel.jpg")),
        done=out / "index.html",
    )


def predict(place: Place, folder: Path) -> Work:
    out, model = folder / "rows.jsonl", ("--run", place.run.path, "--device", "cpu")
    kept = out.with_name("rows.jsonl.partial")
    words: Words = ("predict", place.pictures(2400), *model, "--out", out)
    return Work(
        words=words,
        out=out,
        begun=lambda: kept.is_file() and kept.stat().st_size > 2000,
        done=out,
        resume_hint=f"the rows so far are in {kept}; run the same command with --resume",
        again=(*words, "--resume"),
    )


@pytest.fixture(scope="module")
def place(
    tiny_paintings: Path,
    tiny_dataset: DatasetFolder,
    tiny_run: RunFolder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Place:
    root = tmp_path_factory.mktemp("signals")
    many = DatasetFolder(root / "many")
    shutil.copytree(tiny_dataset.path, many.path)
    rows = list(read_manifest(many.manifest_path))
    write_manifest(
        many.manifest_path,
        [replace(row, path=f"{n}/{row.path}") for n in range(300) for row in rows],
    )
    return Place(root, tiny_paintings, tiny_dataset, many, tiny_run)


def ended(
    words: Words, number: signal.Signals, begun: Callable[[], bool], folder: Path
) -> tuple[float, list[str]]:
    """Run a command and ask it to end once it has begun.

    Returns:
        The seconds from the signal to its end, and what it said.
    """
    with (
        (folder / "said").open("w") as said,
        subprocess.Popen(
            [sys.executable, "-m", "artstyle", *map(str, words)],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            wait_for(begun, process)
            time.sleep(0.1)  # Somewhere in the work, not where its sign was given.
            asked = time.monotonic()
            if number == signal.SIGINT:  # A terminal sends it to all processes of the command.
                posix.signal_group(process.pid, number)
            else:
                process.send_signal(number)
            code = process.wait(timeout=30)
            seconds = time.monotonic() - asked
        finally:
            process.kill()
    lines = (folder / "said").read_text().splitlines()
    assert code == 128 + number, lines
    assert is_gone(process.pid)
    return seconds, lines


def wait_for(begun: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not begun():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_gone(group: int) -> bool:
    """Wait until no process of a group is there."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            posix.signal_group(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "make", [finetune, prepare, evaluate, evaluate_late, gradcam, predict], ids=lambda f: f.__name__
)
def test_a_command_that_is_asked_to_end_does_so_at_once_and_can_be_resumed(
    make: Callable[[Place, Path], Work],
    number: signal.Signals,
    place: Place,
    artstyle: Commands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = place.root / make.__name__ / number.name
    folder.mkdir(parents=True)
    work = make(place, folder)
    seconds, lines = ended(work.words, number, work.begun, folder)
    assert not work.done.exists()
    assert lines.pop() == f"interrupted; {work.resume_hint}"
    assert [line for line in lines if not STAGE.match(line) and not line.startswith("note: ")] == []
    assert seconds <= MOST_SECONDS

    if work.out.is_dir():  # As if it had been ended hard while it wrote.
        (work.out / f"{TEMPORARY_PREFIX}0.png").write_bytes(b"half")
    monkeypatch.chdir(folder)
    said = artstyle(*(work.again or work.words))
    assert said.code == 0, said.err
    if make is prepare:
        assert re.search(r"reading pictures: \d+ read, [1-9]\d* unchanged", said.err)
    assert list(folder.rglob(f"{TEMPORARY_PREFIX}*")) == []
    twin = make(place, folder.with_name("twin"))
    if not twin.done.exists():
        assert artstyle(*twin.words).code == 0
    assert_same(work.out, twin.out)


def assert_same(out: Path, twin: Path) -> None:
    """Compare what came of work that was interrupted with what comes of work that was not."""
    if out.parent.name == "runs":
        assert_same_run(RunFolder(out), RunFolder(twin))
    elif out.is_dir():
        assert contents(out) == contents(twin)
    else:
        assert out.read_bytes() == twin.read_bytes()


def test_a_command_that_cannot_stop_is_ended_after_a_grace(place: Place, tmp_path: Path) -> None:
    """Weights that move once an epoch, and an epoch of many seconds: nowhere is it whole."""
    run = RunFolder(tmp_path / "run")
    words = training(place.many.path, run.path, "train.accumulate=100000")
    seconds, lines = ended(words, signal.SIGTERM, run.config_path.is_file, tmp_path)
    assert lines == [f"interrupted; resume with 'artstyle finetune --resume {run.path}'"]
    assert GRACE_SECONDS <= seconds <= MOST_SECONDS


def test_an_interrupt_that_python_swallows_is_not_lost() -> None:
    code = """
import signal, sys
from artstyle import __main__ as entrance

class Swallowing:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def app(**settings):
    Swallowing()
    sys.exit(0)

entrance.app = app
entrance.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Exception ignored" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("interrupted; ")
    assert done.returncode == 130
