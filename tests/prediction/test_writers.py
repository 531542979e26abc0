"""Predictions as CSV, JSON and a table: each path leads back to its file."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from artstyle.prediction.formats import DataFormat
from artstyle.prediction.rows import PredictionRow, RankedStyle
from artstyle.prediction.writers import write_all, write_rows

ROWS = [
    PredictionRow(
        Path("a,b.jpg"), (RankedStyle("Red", 0.75), RankedStyle("Blue", 0.25)), None, "m"
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
            "path": "a,b.jpg",
            "styles": [
                {"style": "Red", "probability": 0.75},
                {"style": "Blue", "probability": 0.25},
            ],
            "error": None,
            "model": "m",
        },
        {"path": "=1+1.jpg", "styles": None, "error": 'no "such" file', "model": "m"},
    ]
    assert json.loads(lines_of(ROWS, "json")) == expected
    lines = lines_of(ROWS, "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == expected
    assert list(json.loads(lines[0])) == ["path", "styles", "error", "model"]
    assert json.loads(lines_of([], "json")) == []


def test_csv_has_a_column_for_each_style_and_no_formula() -> None:
    table = list(csv.reader(io.StringIO(lines_of(ROWS, "csv"))))
    assert table == [
        ["path", "style_1", "probability_1", "style_2", "probability_2", "error", "model"],
        ["a,b.jpg", "Red", "0.75000000", "Blue", "0.25000000", "", "m"],
        ["./=1+1.jpg", "", "", "", "", 'no "such" file', "m"],
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


def test_a_table_has_a_line_for_each_style_and_folds_long_paths_and_errors() -> None:
    stream = io.StringIO()
    long = PredictionRow(Path("p" * 30), None, "w " * 30, "m")
    assert write_all([*ROWS, long], stream, "table", 2, table_columns=63) == (3, 2)
    assert stream.getvalue().splitlines() == [
        "picture                 style                       probability",
        "a,b.jpg                 Red                               75.0%",
        "                        Blue                              25.0%",
        '=1+1.jpg                not read: no "such" file',
        "pppppppppppppppppppppp  not read: w w w w w w w w w w w w w w w",
        "pppppppp                w w w w w w w w w w w w w w w",
    ]
