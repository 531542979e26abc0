"""Predictions as CSV, JSON and a table: each path leads back to its file."""

import csv
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from artstyle.confidence.answers import GroupAnswer, Verdict
from artstyle.pictures.record import Record
from artstyle.prediction.formats import DataFormat
from artstyle.prediction.rows import PredictionRow, RankedStyle
from artstyle.prediction.wording import verdict_words
from artstyle.prediction.writers import write_all, write_rows

ROWS = [
    PredictionRow(
        Path("x/a,b.jpg"),
        (RankedStyle("Baroque", 0.75), RankedStyle("Rococo", 0.25)),
        None,
        "m",
        "unsure",
        0.5,
        ("Baroque", "Rococo"),
        GroupAnswer("Baroque and Rococo", 1.0, False),
    ),
    PredictionRow(Path("=1+1.jpg"), None, 'no "such" file', "m"),
]


def lines_of(rows: list[PredictionRow], data_format: DataFormat, num_styles: int = 2) -> str:
    stream = io.StringIO()
    assert list(write_rows(rows, stream, data_format, num_styles)) == rows
    return stream.getvalue()


def test_json_is_one_array_of_the_objects_of_jsonl() -> None:
    expected = [
        {
            "path": "x/a,b.jpg",
            "styles": [
                {"style": "Baroque", "probability": 0.75},
                {"style": "Rococo", "probability": 0.25},
            ],
            "error": None,
            "model": "m",
            "verdict": "unsure",
            "familiarity": 0.5,
            "likely": ["Baroque", "Rococo"],
            "group": {"group": "Baroque and Rococo", "probability": 1.0, "sure": False},
            "record": None,
        },
        {"path": "=1+1.jpg", "styles": None, "error": 'no "such" file', "model": "m"}
        | dict.fromkeys(("verdict", "familiarity", "likely", "group", "record")),
    ]
    assert json.loads(lines_of(ROWS, "json")) == expected
    lines = lines_of(ROWS, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert list(json.loads(lines[0]))[:4] == ["path", "styles", "error", "model"]
    assert [PredictionRow.from_dict(json.loads(line)) for line in lines] == ROWS
    assert json.loads(lines_of([], "json")) == []


def test_a_row_with_a_record_has_it_in_json_and_after_the_file_in_csv() -> None:
    record = Record("=7", "Le bain, 1893", None, "http://rights.example/")
    rows = [replace(ROWS[0], record=record), replace(ROWS[1], record=Record(None))]
    first, second = map(json.loads, lines_of(rows, "jsonl").splitlines())
    assert first["record"] == {
        "id": "=7",
        "label": "Le bain, 1893",
        "manifest": None,
        "rights": "http://rights.example/",
    }
    assert second["record"] == dict.fromkeys(("id", "label", "manifest", "rights"))
    assert [PredictionRow.from_dict(row) for row in (first, second)] == rows
    header, *table = csv.reader(io.StringIO(lines_of(rows, "csv")))
    assert header[1:7] == ["file", "id", "label", "manifest", "rights", "style_1"]
    assert table[0][2:7] == ["'=7", "Le bain, 1893", "", "http://rights.example/", "Baroque"]
    assert table[1][2:7] == [""] * 5
    assert {len(row) for row in table} == {len(header)}


def test_csv_has_a_column_for_each_style_and_no_formula() -> None:
    table = list(csv.reader(io.StringIO(lines_of(ROWS, "csv"))))
    assert table == [
        [
            "path",
            "file",
            "style_1",
            "probability_1",
            "style_2",
            "probability_2",
            "error",
            "model",
            "verdict",
            "familiarity",
            "likely",
            "group",
            "group_probability",
        ],
        [
            "x/a,b.jpg",
            "a,b.jpg",
            "Baroque",
            "0.75000000",
            "Rococo",
            "0.25000000",
            "",
            "m",
            "unsure",
            "0.5",
            "Baroque; Rococo",
            "Baroque and Rococo",
            "1.00000000",
        ],
        ["./=1+1.jpg", "'=1+1.jpg", "", "", "", "", 'no "such" file', "m", "", "", "", "", ""],
    ]


def test_the_path_in_a_csv_cell_leads_to_the_same_file(tmp_path: Path) -> None:
    names = ["=a.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "a=.jpg", "a\nb.jpg"]
    rows = [PredictionRow(Path(name), None, "", "m") for name in names]
    cells = [row["path"] for row in csv.DictReader(io.StringIO(lines_of(rows, "csv"), newline=""))]
    assert [Path(cell) for cell in cells] == [Path(name) for name in names]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize("data_format", ["json", "jsonl"])
def test_json_stays_valid_and_keeps_the_bytes_of_a_path_that_is_not_utf8(
    tmp_path: Path, data_format: DataFormat
) -> None:
    name = b"caf\xe9 \xe6\x98\xa0.jpg"
    row = PredictionRow(Path(os.fsdecode(name)), None, "x", "m")
    file = tmp_path / "rows"
    with file.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        list(write_rows([row], stream, data_format, 1))
    value = json.loads(file.read_text("utf-8"))
    path = (value if isinstance(value, dict) else value[0])["path"]
    assert os.fsencode(path) == name


@pytest.mark.parametrize(
    ("verdict", "likely", "group", "words"),
    [
        ("sure", ("Baroque",), None, "sure"),
        ("unsure", ("Baroque",), None, "unsure: perhaps Baroque"),
        ("unsure", ("Pop_Art", "Realism", "Rococo"), None, "unsure: Pop Art, Realism or Rococo"),
        (
            "unsure", ("Pop_Art", "Realism", "Rococo", "Cubism", "Baroque"), None,
            "unsure: Pop Art, Realism, Rococo or 2 others",
        ),
        (
            "unsure", ("Early_Renaissance", "High_Renaissance", "Baroque"),
            GroupAnswer("Renaissance", 0.873, True), "Renaissance, 87% (Early or High)",
        ),
        (
            "unsure", ("Early_Renaissance", "Baroque"),
            GroupAnswer("Renaissance", 0.873, False), "unsure: Early Renaissance or Baroque",
        ),
        ("unsure", ("Cubism", "Realism"), GroupAnswer("Cubism", 0.964, True), "Cubism, 96%"),
        (
            "unsure", ("Analytical_Cubism", "Cubism"), GroupAnswer("Cubism", 0.964, True),
            "Cubism, 96% (Analytical Cubism or Cubism)",
        ),
        ("unfamiliar", ("Baroque",), None, "not like anything it learnt"),
        (None, None, None, ""),
    ],
)  # fmt: skip
def test_a_verdict_is_said_in_words(
    verdict: Verdict | None,
    likely: tuple[str, ...] | None,
    group: GroupAnswer | None,
    words: str,
) -> None:
    row = PredictionRow(Path("a"), (), None, "m", verdict, None, likely, group)
    assert verdict_words(row) == words


def test_a_colour_changes_no_word_and_stays_on_its_own_line() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    write_all(ROWS, plain, "table", 2, table_columns=63)
    write_all(ROWS, coloured, "table", 2, table_columns=63, coloured=True)
    assert "\x1b[33munsure: Baroque or Rococo\x1b[0m\n" in coloured.getvalue()
    assert re.sub(r"\x1b\[\d+m", "", coloured.getvalue()) == plain.getvalue()


def test_a_table_has_a_line_for_each_style_and_folds_long_paths_and_errors() -> None:
    stream = io.StringIO()
    long = PredictionRow(Path("p" * 30), None, "w " * 30, "m")
    assert write_all([*ROWS, long], stream, "table", 2, table_columns=63) == (3, 2)
    assert stream.getvalue().splitlines() == [
        "picture                 style                       probability",
        "x/a,b.jpg               unsure: Baroque or Rococo",
        "                        Baroque                           75.0%",
        "                        Rococo                            25.0%",
        '=1+1.jpg                not read: no "such" file',
        "pppppppppppppppppppppp  not read: w w w w w w w w w w w w w w w",
        "pppppppp                w w w w w w w w w w w w w w w",
    ]
