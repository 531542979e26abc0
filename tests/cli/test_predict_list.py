"""`artstyle predict LIST`: from a collection's own list, and back into it."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from tests.cli.in_process import artstyle
from tests.cli.random_run import paint, write_random_run

LIST = 'Inv.-Nr.;Titel;style\r\n1987.3;"zwei\r\nZeilen";mein\r\n1987.4;=1+1;\r\n5;;\r\n'


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lists")
    write_random_run(root)
    for name in ("scans/1987-3_recto.png", "scans/1987.4.jpg"):
        paint(root / name)
    (root / "list.csv").write_bytes(LIST.encode("utf-8-sig"))
    return root


def test_each_row_of_a_list_is_answered_with_its_number(here: Path) -> None:
    done = artstyle("predict", "list.csv", "--images", "scans", "--format", "csv", cwd=here)
    assert done.returncode == 3, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [(row["id"], row["label"], row["file"]) for row in rows] == [
        ("1987.3", "zwei\r\nZeilen", "1987-3_recto.png"),
        ("1987.4", "'=1+1", "1987.4.jpg"),
        ("5", "", "5"),
    ]
    assert rows[2]["error"] == "no picture has this number as its name"
    assert b"note: list.csv: files by the numbers in 'Inv.-Nr.', titles in 'Titel'" in done.stderr


def test_the_list_itself_comes_back_with_new_columns(here: Path) -> None:
    out = here / "new.csv"
    words = ("--images", "scans", "--join", "--out", "new.csv", "--identifiers", "wikidata")
    done = artstyle("predict", "list.csv", *words, cwd=here)
    assert done.returncode == 3, done.stderr
    text = out.read_bytes().decode()
    for record in LIST.removesuffix("\r\n").replace("zwei\r\n", "zwei\n").split("\r\n"):
        assert f"{record}".replace("zwei\n", "zwei\r\n") in text
    assert text.startswith("\ufeffInv.-Nr.;Titel;style;artstyle_style;wikidata;probability;verdict")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert [row["style"] for row in rows] == ["mein", "", ""]
    assert [bool(row["artstyle_style"]) for row in rows] == [True, True, False]
    assert {row["review"] for row in rows} == {""}
    assert (here / "list.csv").read_bytes() == LIST.encode("utf-8-sig")
    assert not (here / "new.csv.partial").exists()


def test_a_workbook_goes_in_and_out(here: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["File"], ["scans/1987.4.jpg"]):
        book.active.append(row)
    book.save(here / "list.xlsx")
    for name, words in {"joined.xlsx": ["--join"], "rows.xlsx": []}.items():
        done = artstyle("predict", "list.xlsx", "--out", name, *words, cwd=here)
        assert done.returncode == 0, done.stderr
        header, row = openpyxl.load_workbook(here / name).active.iter_rows(values_only=True)
        values = dict(zip(header, row, strict=True))
        assert isinstance(values.get("probability", values.get("probability_1")), float)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["list.csv", "scans", "--images", "scans"], "--images goes with a list: .csv, .tsv"),
        (["scans", "--id-column", "x"], "--id-column goes with a list"),
        (["list.csv", "list.csv"], "list.csv and list.csv are lists; answer one at a time"),
        (["list.csv", "--images", "nowhere"], "no folder nowhere; --images takes the folder of"),
        (["list.csv", "--id-column", "Inv"], "unknown column of list.csv 'Inv'. Choose from: Inv."),
        (["list.csv", "--join"], "--join writes the list to another file: name it with --out"),
        (["scans", "--join", "--out", "x.csv"], "--join goes with a list"),
        (
            ["list.csv", "--images", "scans", "--join", "--out", "list.csv", "--overwrite"],
            "--out list.csv is the list itself, which is never changed; name another",
        ),
        (["scans", "--format", "xlsx"], "--format xlsx writes a file: name it with --out"),
        (["scans", "--language", "de"], "--language adds a column: it goes with csv, xlsx, parq"),
        (["scans", "--format", "csv", "--language", "xx"], "unknown language 'xx'"),
        (["scans", "--format", "csv", "--identifiers", "gnd"], "unknown identifier 'gnd'"),
        (["list.csv", "--join", "--out", "x.csv", "--format", "csv"], "--join keeps the list's ow"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(here: Path, words: list[str], message: str) -> None:
    before = (here / "list.csv").read_bytes()
    done = artstyle("predict", *words, cwd=here)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1].startswith(f"error: {message}")
    assert (here / "list.csv").read_bytes() == before
