"""`artstyle serve --review`: decisions in the file of answers, and nothing else changed in it."""

import codecs
import csv
import io
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from artstyle.cli.app import app
from artstyle.errors import ArtstyleError, DataError
from artstyle.prediction.review import ReviewFile, opened_review
from artstyle.serving.server import require_page
from tests.cli.in_process import artstyle
from tests.serving.client import get, post
from tests.serving.test_serve_command import started
from tests.serving.tiny import service

ANSWERS = """\
path,file,style_1,probability_1,style_2,probability_2,error,model,verdict,review
gone/a.jpg,a.jpg,Cubism,0.8,Baroque,0.2,,48da3bb76670,sure,{0}
"gone/b, the ""second"".jpg",b.jpg,Pop_Art,0.6,Cubism,0.4,,48da3bb76670,unsure,{1}
gone/c.jpg,c.jpg,,,,,no such file,48da3bb76670,,{2}
"""
JOINED = (
    "Inv.-Nr.;Datei;Titel;style;review;artstyle_style;probability;verdict;artstyle_file;error;model"
    ";artstyle_review;Notiz\r\n"
    '7; "x.jpg";"Zwei\r\nZeilen";Öl;gut;Cubism;0,75;sure;gone/x.jpg;;48da;{0};"a ""b"" c"\r\n'
    "\r\n"
    "8;y.jpg;Schön;Öl;;Baroque;0.5;unsure;gone/y.jpg;;48da;{1};kurz\r\n"
    '9;"z.jpg" ;;;;Baroque;0.5;unsure;gone/z.jpg;;48da;"{2}";'
)
WRITTEN = {
    "as predict writes it": ANSWERS.encode(),
    "with a mark, no last line end": codecs.BOM_UTF8 + ANSWERS.rstrip("\n").encode(),
    "by tabs, ended by Ctrl-Z": ANSWERS.replace(",", "\t").rstrip("\n").encode() + b"\x1a",
    "a joined list in Windows-1252": JOINED.encode("cp1252"),
    "a joined list in UTF-8": JOINED.encode(),
    "a joined list in UTF-16": JOINED.encode("utf-16"),
    "with sep=": b"sep=;\r\n" + JOINED.encode(),
}


def filled(template: bytes, *reviews: str) -> bytes:
    """Return a file with these reviews; each place is known by its number in braces."""
    wide = b"\0" if template[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else b""
    for n, review in enumerate(reviews):
        place = f"{{{n}}}"
        if wide:
            template = template.replace(place.encode("utf-16-le"), review.encode("utf-16-le"))
        else:
            template = template.replace(place.encode(), review.encode())
    return template


@pytest.mark.parametrize("template", WRITTEN.values(), ids=WRITTEN)
def test_only_the_cell_of_the_decision_changes(template: bytes, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_bytes(filled(template, "", "", ""))
    review = ReviewFile(path)
    assert [row.review for row in review.current()[1]] == ["", "", ""]
    review.review(2, "Cubism")
    assert path.read_bytes() == filled(template, "", "Cubism", "")
    review.review(3, "rejected")
    review.review(1, "Ukiyo_e")
    assert path.read_bytes() == filled(template, "Ukiyo_e", "Cubism", "rejected")
    assert ReviewFile(path).current()[1] == review.current()[1]
    for row in (1, 2, 3):
        review.review(row, "")
    assert path.read_bytes() == filled(template, "", "", "")


def test_a_file_without_the_column_is_given_it_at_its_right(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    old = "\n".join(line.rpartition(",")[0] for line in ANSWERS.splitlines()) + "\n"
    path.write_text(old)
    ReviewFile(path).review(2, "Baroque")
    lines = old.splitlines()
    ends = (",review", ",", ",Baroque", ",")
    assert path.read_text() == "".join(f"{a}{b}\n" for a, b in zip(lines, ends, strict=True))
    assert [row.review for row in ReviewFile(path).current()[1]] == ["", "Baroque", ""]


def test_a_joined_list_is_read_by_the_columns_that_were_added(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(filled(JOINED.encode(), "", "", ""))
    first = ReviewFile(path).row(1)
    assert (first.id, first.label, first.path) == ("7", "Zwei\r\nZeilen", "gone/x.jpg")
    assert first.styles
    assert (first.styles[0].style, first.styles[0].probability) == ("Cubism", 0.75)


def test_a_style_that_a_spreadsheet_would_compute_is_written_inert(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(ANSWERS.format("", "", ""))
    review = ReviewFile(path)
    review.review(1, "=1+1")
    assert list(csv.reader(io.StringIO(path.read_text())))[1][-1] == "'=1+1"
    assert ReviewFile(path).row(1).review == "=1+1"


def test_a_cell_behind_a_quote_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    before = 'path,style_1,probability_1,note\na.jpg,Cubism,0.5,"never closed\n'
    path.write_text(before)
    with pytest.raises(DataError, match="quote"):
        ReviewFile(path).review(1, "Cubism")
    assert path.read_text() == before


@pytest.fixture
def answers(model_file: Path, pictures: dict[str, bytes], tmp_path: Path) -> Path:
    """What `predict` writes of two pictures and a file that is none, and then a picture moved."""
    contents = [*list(pictures.values())[:2], b"no picture"]
    for name, content in zip(("a.jpg", "b.png", "c.jpg"), contents, strict=True):
        (tmp_path / name).write_bytes(content)
    names = [str(tmp_path / name) for name in ("a.jpg", "b.png", "c.jpg")]
    out = tmp_path / "answers.csv"
    done = artstyle("predict", *names, "--run", model_file, "--out", out, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    (tmp_path / "b.png").unlink()
    return out


@contextmanager
def reviewed(model_file: Path, path: Path, **options: Any) -> Iterator[str]:
    """Run a service with a review; yield its address."""
    with opened_review(path) as review, service(model_file, review=review, **options) as url:
        yield url


def decided(url: str, row: int, review: str, **more: str) -> httpx.Response:
    return post(f"{url}/v1/review/{row}", json={"review": review, **more})


def test_answers_are_shown_decided_and_saved(model_file: Path, answers: Path) -> None:
    before = answers.read_text().splitlines()
    with reviewed(model_file, answers, page=require_page()) as url:
        document = get(f"{url}/v1/review").json()
        first, _, third = document["rows"]
        predicted = list(csv.DictReader(before))
        assert first["styles"][0]["style"] == predicted[0]["style_1"]
        assert first["styles"][0]["probability"] == float(predicted[0]["probability_1"])
        assert (first["review"], third["styles"]) == ("", None)
        assert "not a picture" in third["error"]
        assert {"Cubism", "Rococo"} <= {style["style"] for style in document["styles"]}
        # A style of the vocabulary that the model does not know.
        assert decided(url, 1, "Rococo").json() == {"review": "Rococo"}
        assert decided(url, 3, "rejected").status_code == 200
        assert [row["review"] for row in get(f"{url}/v1/review").json()["rows"]] == [
            "Rococo", "", "rejected"
        ]  # fmt: skip
        assert "review.js" in get(f"{url}/review").text
    ends = (",review", ",Rococo", ",", ",rejected")
    assert answers.read_text().splitlines() == [
        line + end for line, end in zip(before, ends, strict=True)
    ]
    assert [path.name for path in answers.parent.glob(".*")] == []


def test_only_pictures_that_the_file_names_are_served(model_file: Path, answers: Path) -> None:
    with reviewed(model_file, answers) as url:
        shown = get(f"{url}/v1/review/1/picture")
        with (
            Image.open(io.BytesIO(shown.content)) as image,
            Image.open(answers.with_name("a.jpg")) as source,
        ):
            assert (image.format, image.size) == ("JPEG", source.size)
        moved = get(f"{url}/v1/review/2/picture")
        assert (moved.status_code, "no such file" in moved.json()["error"]) == (422, True)
        assert decided(url, 2, "Cubism").status_code == 200
        assert "not a picture" in get(f"{url}/v1/review/3/picture").json()["error"]
        for row, status in {"4": 404, "0": 422, "-1": 422, "..%2Fa.jpg": 404, "a.jpg": 422}.items():
            assert get(f"{url}/v1/review/{row}/picture").status_code == status


def test_a_file_that_another_program_changed_is_not_overwritten(
    model_file: Path, answers: Path
) -> None:
    with reviewed(model_file, answers) as url:
        reading = get(f"{url}/v1/review").json()["reading"]
        assert decided(url, 1, "Cubism", former="", reading=reading).status_code == 200
        lines = answers.read_text().splitlines(keepends=True)
        theirs = "".join([lines[0], lines[2], lines[1].replace("Cubism\n", "Baroque\n"), lines[3]])
        answers.write_text(theirs)
        refused = decided(url, 1, "Pop_Art")
        assert refused.status_code == 409
        assert refused.json()["error"].startswith("answers.csv was changed by another program")
        assert answers.read_text() == theirs
        again = get(f"{url}/v1/review").json()
        assert [row["review"] for row in again["rows"]] == ["", "Baroque", ""]
        # A page that shows the former rows would decide on another picture.
        assert decided(url, 1, "Pop_Art", reading=reading).status_code == 409
        assert decided(url, 1, "Pop_Art", reading=again["reading"]).status_code == 200
        other = decided(url, 2, "Cubism", former="")
        assert (other.status_code, "Baroque" in other.json()["error"]) == (409, True)


def test_what_is_not_a_decision_is_refused(model_file: Path, answers: Path) -> None:
    before = answers.read_bytes()
    with reviewed(model_file, answers) as url:
        wrong = decided(url, 1, "Cubsm")
        assert (wrong.status_code, wrong.json()["error"]) == (
            422, "unknown style 'Cubsm'. Did you mean 'Cubism'?"
        )  # fmt: skip
        assert decided(url, 9, "Cubism").status_code == 404
        assert decided(url, 1, "Cubism", other="x").json()["error"].startswith("other: ")
        assert decided(url, 1, "C" * 5000).status_code == 413
        address = f"{url}/v1/review/1"
        assert post(address, content=b"{").status_code == 415
        json_type = {"Content-Type": "application/json"}
        assert post(address, content=b"{", headers=json_type).status_code == 422
        assert post(address, content=b'["Cubism"]', headers=json_type).status_code == 422
        foreign = post(address, json={"review": "Cubism"}, headers={"Host": "evil.example"})
        assert foreign.status_code == 403
        assert get(f"{url}/v1/review", headers={"Host": "evil.example"}).status_code == 403
    with reviewed(model_file, answers, token="t") as url:
        assert decided(url, 1, "Cubism").status_code == 401
        assert get(f"{url}/v1/review/1/picture").status_code == 401
    assert answers.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone.csv", None, "no file"),
        ("answers.xlsx", b"PK\x03\x04", "only tables of text.*--out answers.csv"),
        ("book.csv", b"PK\x03\x04", "only tables of text"),
        ("answers.json", b"[]", "only tables of text"),
        ("list.csv", b"number,title\n1,a\n", "holds no answers.*style_1 and path"),
        ("empty.csv", b"", "no answers"),
        ("header.csv", b"path,style_1,probability_1\n", "no answers"),
    ],
)
def test_a_file_that_cannot_be_reviewed_is_one_line(
    name: str, content: bytes | None, reason: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    words = ["serve", "--no-browser", "--port", "0", "--review", str(tmp_path / name)]
    with pytest.raises(ArtstyleError, match=reason) as refused:
        app(words, standalone_mode=False)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the lock file")
def test_a_killed_service_keeps_every_decision_that_it_answered(
    model_file: Path, tmp_path: Path
) -> None:
    shutil.copy(model_file, tmp_path / "m.onnx")
    path, rows = tmp_path / "answers.csv", 400
    row = "gone.jpg,Cubism,0.8,{}\n"
    header = "path,style_1,probability_1,review\n"
    path.write_text(header + row.format("") * rows)
    saved: list[int] = []

    def decide_all(url: str) -> None:
        for n in range(1, rows + 1):
            try:
                if decided(url, n, "Baroque").status_code == 200:
                    saved.append(n)
            except httpx.TransportError:
                return

    options = ("--no-browser", "--run", "m.onnx", "--review", "answers.csv")
    with started(*options, cwd=tmp_path) as (process, url):
        with pytest.raises(ArtstyleError, match="another `artstyle serve --review` has"):
            app(["serve", "--port", "0", "--review", str(path)], standalone_mode=False)
        thread = threading.Thread(target=decide_all, args=(url.removesuffix("/review"),))
        thread.start()
        while len(saved) < 20:
            assert thread.is_alive()
            thread.join(0.01)
        process.kill()
        thread.join(30)
    assert 20 <= len(saved) < rows
    # The decision in flight may be there too.
    done = ["Baroque"] * len(saved)
    texts = [header + "".join(row.format(r) for r in [*each, *[""] * (rows - len(each))])
             for each in (done, [*done, "Baroque"])]  # fmt: skip
    assert path.read_text() in texts
    with opened_review(path) as review:
        assert sum(bool(each.review) for each in review.current()[1]) >= len(saved)
    assert [left.name for left in tmp_path.glob(".*")] == []
