"""The file of predictions: no row lost, none twice, none of another request."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.confidence.answers import GroupAnswer
from artstyle.errors import UsageError
from artstyle.pictures.finding import PicturePath
from artstyle.pictures.record import Record
from artstyle.prediction.columns import Naming
from artstyle.prediction.files import file_writer
from artstyle.prediction.output import Request, partial_path, unfinished_rows, write_output
from artstyle.prediction.rows import PredictionRow, RankedStyle

JSONL = file_writer("jsonl", 2, Naming())
REQUEST = Request("abc", 2, 4, "cpu")
PICTURES = [PicturePath(Path(os.fsdecode(b"caf\xe9 %d.jpg" % n))) for n in range(11)]


def row_of(picture: PicturePath) -> PredictionRow:
    if picture.path.stem.endswith("3"):
        return PredictionRow(picture.path, None, "no such file", "abc")
    styles, group = (RankedStyle("Cubism", 0.12345678),), GroupAnswer("Cubism", 0.5, True)
    return PredictionRow(picture.path, styles, None, "abc", "unsure", 0.25, ("Cubism",), group)


def answer(path: Path, request: Request = REQUEST, *, resume: bool = True) -> list[Path]:
    """Answer every picture that has no row, and check that every picture then has its own."""
    answered = []
    with unfinished_rows(path.with_suffix(""), request, resume=resume) as unfinished:
        for picture in unfinished.skip_finished(iter(PICTURES)):
            answered.append(picture.path)
            unfinished.add(row_of(picture))
        assert list(unfinished.rows()) == [row_of(picture) for picture in PICTURES]
    assert not path.exists()
    return answered


def unfinished_file(path: Path, rows: int) -> bytes:
    """Leave a file as a process leaves it that dies after so many rows."""

    def pictures() -> Iterator[PicturePath]:
        yield from PICTURES[:rows]
        raise KeyboardInterrupt

    with (  # noqa: PT012
        pytest.raises(KeyboardInterrupt),
        unfinished_rows(path.with_suffix(""), REQUEST, resume=False) as unfinished,
    ):
        for picture in unfinished.skip_finished(pictures()):
            unfinished.add(row_of(picture))
    return path.read_bytes()


@given(st.data())
def test_wherever_the_file_is_cut_off_every_picture_gets_one_row(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "rows.csv.partial"
    content = unfinished_file(path, 11)
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole_rows = max(0, content[:cut].count(b"\n") - 1)
    # Rows of whole batches are kept: four pictures each.
    kept = whole_rows // REQUEST.batch_size * REQUEST.batch_size
    assert answer(path) == [picture.path for picture in PICTURES[kept:]]


@pytest.mark.parametrize(
    ("request_now", "message"),
    [
        (Request("xyz", 2, 4, "cpu"), "was begun with model abc, not xyz"),
        (Request("abc", 3, 4, "cpu"), "was begun with top k 2, not 3"),
        (Request("abc", 2, 5, "cpu"), "was begun with batch size 4, not 5"),
    ],
)
def test_rows_of_another_request_are_refused(
    request_now: Request, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv.partial"
    before = unfinished_file(path, 5)
    with pytest.raises(UsageError, match=message):
        answer(path, request_now)
    assert path.read_bytes() == before
    assert len(answer(path, request_now, resume=False)) == len(PICTURES)


RECORDED = [replace(picture, record=Record("1987.3")) for picture in PICTURES]


@pytest.mark.parametrize("pictures", [PICTURES[::-1], PICTURES[:2], [], RECORDED])
def test_other_pictures_or_another_order_are_refused(
    pictures: list[PicturePath], tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv.partial"
    before = unfinished_file(path, 5)
    with (
        pytest.raises(UsageError, match="name the same pictures in the same order"),
        unfinished_rows(path.with_suffix(""), REQUEST, resume=True) as unfinished,
    ):
        unfinished.skip_finished(iter(pictures))
    assert path.read_bytes() == before


@pytest.mark.parametrize("part", ["request", "row", "group"])
def test_a_file_of_an_earlier_version_is_refused_and_stays_as_it_is(
    tmp_path: Path, part: str
) -> None:
    """Earlier versions wrote fewer keys: in the request, in a row, or in the group of a row."""
    path = tmp_path / "rows.csv.partial"
    request, *rows = map(json.loads, unfinished_file(path, 5).splitlines())
    part_of = {"request": (request, "device"), "row": (rows[1], "verdict")}
    holder, key = part_of.get(part, (rows[1]["group"], "sure"))
    del holder[key]
    before = "".join(f"{json.dumps(line)}\n" for line in (request, *rows))
    path.write_text(before)
    with pytest.raises(UsageError, match="another version of artstyle and stays as it is"):
        answer(path)
    assert path.read_text() == before


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.partial"
    path.write_text("mine\n")
    with pytest.raises(UsageError, match="was not written by artstyle"):
        answer(path)
    assert path.read_text() == "mine\n"


def write(out: Path, *, resume: bool = False) -> None:
    write_output(out, lambda rest: map(row_of, rest), iter(PICTURES), REQUEST, JSONL, resume=resume)


def test_a_resumed_output_removes_only_what_a_killed_writer_of_the_same_output_left(
    tmp_path: Path,
) -> None:
    out, other = tmp_path / "rows.jsonl", tmp_path / ".tmp1234.jsonl"
    other.write_text("another process writes this")
    code = (
        "import os, pathlib; from tests.prediction.test_output import write\n"
        "pathlib.Path.replace = lambda *_: os._exit(9)\n"
        f"write(pathlib.Path({str(out)!r}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert len(list(tmp_path.glob(".tmp*"))) == 2
    assert partial_path(out).exists()
    write(out, resume=True)
    assert sorted(tmp_path.iterdir()) == [other, out]
    assert len(out.read_text().splitlines()) == len(PICTURES)
