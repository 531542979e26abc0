"""Standard streams that are closed, full, or left by their reader: one line, the right code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.random_run import paint, write_random_run

CLOSED = "error: standard output: Bad file descriptor; it is closed; send it somewhere"
ARTSTYLE = f"'{sys.executable}' -m artstyle"


def run(command: str, cwd: Path) -> tuple[int, str, str]:
    """Run a line of the shell in which ``artstyle`` is ours; return code, stdout and stderr."""
    line = command.replace("artstyle", ARTSTYLE)
    done = subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    write_random_run(folder)
    paint(folder / "a.png")
    return folder


@pytest.mark.parametrize(
    "command",
    ["--help", "models", "config show", "config recipes", "predict a.png --run runs/random"],
)
def test_a_closed_stdout_is_told_in_one_line(command: str, home: Path) -> None:
    code, _, err = run(f"artstyle {command} >&-", home)
    (line,) = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert code == 1
    assert line.startswith(CLOSED)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["--help", "models", "config show"])
def test_a_full_stdout_is_told_in_one_line(command: str, home: Path) -> None:
    code, _, err = run(f"artstyle {command} >/dev/full", home)
    assert code == 1
    lines = [line for line in err.splitlines() if not line.startswith("timm/NAME")]
    assert len(lines) == 1, err
    assert "No space left on device; make room on the disk" in lines[0]


@pytest.mark.parametrize("command", ["models", "config show"])
def test_a_reader_that_has_gone_is_not_an_error(command: str, home: Path) -> None:
    line = f"{{ sleep 0.2; artstyle {command}; echo $? >&2; }} | true"
    _, _, err = run(line, home)
    assert err.splitlines()[-1] == "0"
    assert "rror" not in err


def test_messages_that_nobody_reads_stop_nothing(home: Path) -> None:
    assert run("artstyle models 2>&-", home)[0] == 0
    assert run("artstyle nothing 2>&-", home) == (2, "", "")


def test_a_list_from_a_closed_stdin_is_refused(home: Path) -> None:
    code, out, err = run("artstyle predict - --run runs/random <&-", home)
    assert (code, out) == (2, "")
    assert err == "error: - reads a list of paths from standard input, which is closed\n"


def test_a_file_is_whole_though_no_stream_is_open(home: Path) -> None:
    line = "artstyle predict a.png --run runs/random --out rows.csv --overwrite <&- >&- 2>&-"
    assert run(line, home) == (0, "", "")
    assert (home / "rows.csv").read_text("utf-8").splitlines()[1].startswith("a.png,")
