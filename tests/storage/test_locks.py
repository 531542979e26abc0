"""One writer to a folder: a second process is refused, and a killed one stands in nobody's way."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import BusyError
from artstyle.prediction.output import Request, unfinished_rows
from artstyle.preparation.prepare import prepare
from artstyle.runs.folder import RunFolder
from artstyle.storage.locks import is_vacant, locked_file, sole_writer
from artstyle.training.fit import fit
from tests import posix
from tests.conftest import tiny_config
from tests.preparation.pictures import write_collection
from tests.preparation.prepared import config, contents

HOLD = """
import os, sys, time
from pathlib import Path
from artstyle.storage.locks import locked_file, sole_writer
kind, path = sys.argv[1], Path(sys.argv[2])
with sole_writer(path) if kind == "folder" else locked_file(path, path):
    if os.fork() == 0:  # A worker, which outlives its parent.
        os.close(1)
        time.sleep(30)
        os._exit(0)
    print("held", flush=True)
    time.sleep(30)
"""


@contextmanager
def held_by_another(path: Path, kind: str = "folder") -> Iterator[None]:
    """Let a real process, with a forked worker, hold a lock; it is killed in the end."""
    posix.require()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, kind, str(path)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            process.kill()
            process.wait()
            with sole_writer(path) if kind == "folder" else locked_file(path, path):
                pass  # Free at once, though the worker lives on.
            posix.signal_group(process.pid, 9)


def test_what_a_killed_writer_left_is_gone_once_the_folder_is_held(tmp_path: Path) -> None:
    (tmp_path / ".tmp0123.png").write_bytes(b"half")
    (tmp_path / "whole.png").write_bytes(b"whole")
    with sole_writer(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {"whole.png", ".lock"}


def test_a_folder_that_another_process_writes_to_is_refused_until_that_is_dead(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    with (
        held_by_another(folder),
        pytest.raises(BusyError, match=r"is writing to .*run; wait for it to end"),
        sole_writer(folder),
    ):
        raise AssertionError
    with sole_writer(folder):
        assert is_vacant(folder)


def test_two_processes_never_write_to_one_run(tiny_dataset: DatasetFolder, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    fit(tiny_config("train.epochs=1"), tiny_dataset, run)
    before = contents(run.path)
    with held_by_another(run.path), pytest.raises(BusyError):
        fit(tiny_config("train.epochs=1"), tiny_dataset, run, resume=True)
    assert contents(run.path) == before


def test_two_processes_never_prepare_one_folder(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Ukiyo_e"), 6)
    out = tmp_path / "out"
    with held_by_another(out), pytest.raises(BusyError):
        prepare(museum, out, config())
    assert contents(out) == {".lock": b""}
    assert prepare(museum, out, config()).dataset.labels == ("Cubism", "Ukiyo_e")


def test_two_processes_never_write_one_list_of_predictions(tmp_path: Path) -> None:
    partial, out = tmp_path / "rows.csv.partial", tmp_path / "rows.csv"
    partial.write_text("kept\n")
    for resume in (True, False):
        with (
            held_by_another(partial, "file"),
            pytest.raises(BusyError, match=r"rows\.csv;"),
            unfinished_rows(out, Request("m", 1, 1, "cpu"), resume=resume),
        ):
            raise AssertionError
        assert partial.read_text() == "kept\n"


def test_a_folder_is_taken_only_if_nobody_has_anything_in_it(tmp_path: Path) -> None:
    (tmp_path / "images" / "00").mkdir(parents=True)
    (tmp_path / "images" / "00" / ".tmp-abc.jpg").touch()
    (tmp_path / ".lock").touch()
    assert is_vacant(tmp_path)
    assert is_vacant(tmp_path / "nothing")
    (tmp_path / "images" / "notes.txt").touch()
    assert not is_vacant(tmp_path)
    assert not is_vacant(tmp_path / "images" / "notes.txt")


def test_prepare_killed_before_it_read_anything_is_not_an_obstacle(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Ukiyo_e"), 6)
    out = tmp_path / "out"
    (out / "images").mkdir(parents=True)
    (out / "images" / ".tmp-half.jsonl").write_bytes(b"{")
    prepare(museum, out, config())
    assert not (out / "images" / ".tmp-half.jsonl").exists()
