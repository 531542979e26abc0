import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.in_process import artstyle
from tests.cli.random_run import LABELS, paint, write_random_run


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, good pictures and a bad one."""
    root = tmp_path_factory.mktemp("predict")
    write_random_run(root)
    for name in ("good/b.jpg", "good/a/z.png", "good/c.jpg", "mixed/a.jpg", "=1.png"):
        paint(root / name)
    (root / "mixed/torn.jpg").write_bytes((root / "good/b.jpg").read_bytes()[:400])
    (root / "bad").mkdir()
    (root / "bad/text.jpg").write_text("no picture")
    return root


def test_all_fine_ends_with_0_and_a_row_for_each_picture(here: Path) -> None:
    done = artstyle("predict", "good", "--format", "jsonl", "--top-k", "99", cwd=here)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["path"] for row in rows] == ["good/a/z.png", "good/b.jpg", "good/c.jpg"]
    for row in rows:
        assert list(row) == [
            "path", "styles", "error", "model", "verdict", "familiarity", "likely", "group",
            "record",
        ]  # fmt: skip
        assert sorted(style["style"] for style in row["styles"]) == list(LABELS)
        assert sum(style["probability"] for style in row["styles"]) == pytest.approx(1)
        assert row["error"] is None
    assert len({row["model"] for row in rows}) == 1


def test_some_bad_ends_with_3_and_a_row_that_tells_why(here: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    paint(here / name)
    arguments = ("--format", "csv", "--run", "runs/random", "--batch-size", "2")
    done = artstyle("predict", "mixed", "gone.jpg", "=1.png", name, *arguments, cwd=here)
    assert done.returncode == 3
    text = done.stdout.decode("utf-8", "surrogateescape")
    rows = list(csv.DictReader(io.StringIO(text)))
    paths = ["mixed/a.jpg", "mixed/torn.jpg", "gone.jpg", "./=1.png", name]
    assert [row["path"] for row in rows] == paths
    assert ["damaged" in row["error"] for row in rows] == [False, True, False, False, False]
    assert rows[2]["error"] == "no such file or folder"
    assert b"2 of 5 pictures could not be read" in done.stderr


def test_all_bad_ends_with_3_and_a_table(here: Path) -> None:
    done = artstyle("predict", "bad", cwd=here)
    assert done.returncode == 3
    assert "bad/text.jpg" in done.stdout.decode()
    assert "not read: not a picture" in done.stdout.decode()


def test_a_list_on_stdin_goes_to_a_file_that_is_not_overwritten_unasked(here: Path) -> None:
    (here / "out").mkdir()
    rows = here / "out/rows.json"
    rows.write_text("precious")
    arguments = ("predict", "-", "--out", "out/rows.json")
    refused = artstyle(*arguments, cwd=here, stdin=b"good/c.jpg")
    assert refused.returncode == 2
    assert refused.stderr == b"error: --out out/rows.json exists; say --overwrite to replace it\n"
    assert rows.read_text() == "precious"
    done = artstyle(*arguments, "--overwrite", cwd=here, stdin=b"good/c.jpg\ngood/b.jpg\n")
    assert (done.returncode, done.stdout) == (0, b"")
    assert [row["path"] for row in json.loads(rows.read_bytes())] == ["good/c.jpg", "good/b.jpg"]
    assert list(rows.parent.iterdir()) == [rows]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nothing to read: nowhere: no such file or folder"),
        (["*.gif"], "nothing to read: *.gif: no picture matches"),
        (["runs"], "nothing to read: runs: no picture in this folder"),
        (["good", "--out", "rows.ods"], "--out rows.ods: no format is known for '.ods'"),
        (["good", "--out", "bad"], "--out bad is a folder"),
        (["good", "--run", "rondom"], "unknown run 'rondom'. Did you mean 'random'?"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_without_torch(
    here: Path, arguments: list[str], message: str
) -> None:
    code = (
        "import sys; from artstyle.__main__ import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", code, "predict", *arguments]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_ends_it_quietly(here: Path) -> None:
    many = "good/b.jpg\n" * 400
    command = [sys.executable, "-m", "artstyle", "predict", "-", "--format", "csv"]
    with subprocess.Popen(
        command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(many.encode())
        process.stdin.close()
        assert process.stdout.readline().startswith(b"path,file,style_1")
        process.stdout.close()
        # The run was never finished, which a note says.
        assert [line[:6] for line in process.stderr] == [b"note: "]
        assert process.wait() == 0
