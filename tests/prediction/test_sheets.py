"""Answers for people and for data frames: text stays text, numbers stay numbers."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import openpyxl
import pyarrow.parquet
import pytest

from artstyle.confidence.answers import GroupAnswer
from artstyle.errors import UsageError
from artstyle.pictures.record import Record
from artstyle.prediction.columns import Naming, free_names
from artstyle.prediction.files import file_writer
from artstyle.prediction.formats import SheetFormat
from artstyle.prediction.rows import PredictionRow, RankedStyle
from artstyle.prediction.sheets import write_workbook

GOOD = PredictionRow(
    Path("=x/é.jpg"),
    (RankedStyle("Ukiyo_e", 0.75), RankedStyle("Cubism", 0.25)),
    None,
    "m",
    "unsure",
    0.5,
    ("Ukiyo_e", "Cubism"),
    GroupAnswer("Japan", 1.0, False),
    Record("=1+1", "@label\x07"),
)
BAD = PredictionRow(Path("b\udce9.jpg"), None, "-no such file", "m", record=Record(None))
NAMING = Naming("de", ("aat", "wikidata"))


def table(path: Path, chosen: SheetFormat, naming: Naming = NAMING) -> list[dict[str, object]]:
    file_writer(chosen, 2, naming)(iter([GOOD, BAD]), path)
    if chosen == "parquet":
        rows: list[dict[str, object]] = pyarrow.parquet.read_table(path).to_pylist()
        return rows
    header, *body = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in body]


@pytest.mark.parametrize("chosen", ["xlsx", "parquet"])
def test_both_hold_what_the_answers_say(tmp_path: Path, chosen: SheetFormat) -> None:
    good, bad = table(tmp_path / f"rows.{chosen}", chosen)
    assert good.pop("label") == ("@label\\x07" if chosen == "xlsx" else "@label\x07")
    assert good.pop("review", None) is None
    assert good == {
        "path": "./=x/é.jpg",
        "file": "é.jpg",
        "id": "=1+1",
        "manifest": None,
        "rights": None,
        "style_1": "Ukiyo_e",
        "probability_1": 0.75,
        "style_2": "Cubism",
        "probability_2": 0.25,
        "error": None,
        "model": "m",
        "verdict": "unsure",
        "familiarity": 0.5,
        "likely": "Ukiyo_e; Cubism",
        "group": "Japan",
        "group_probability": 1,
        "name": "Ukiyo-e",
        "aat": "300106769",
        "wikidata": "Q185905",
        "artstyle": version("artstyle"),
        "date": datetime.now(tz=UTC).date().isoformat(),
    }
    assert (bad["path"], bad["error"]) == ("b\\udce9.jpg", "-no such file")
    assert {bad[name] for name in ("id", "style_1", "probability_1", "name", "aat")} == {None}


def test_a_workbook_has_a_frozen_header_and_no_formula(tmp_path: Path) -> None:
    table(tmp_path / "rows.xlsx", "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx").active
    assert sheet.freeze_panes == "A2"
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert all(cell.quotePrefix for cell in cells if str(cell.value).startswith(("=", "@", "-")))
    assert [cell.value for cell in sheet[1]][-1] == "review"


def test_more_rows_than_a_sheet_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artstyle.prediction.sheets.SHEET_ROWS", 2)
    with pytest.raises(UsageError, match="at most 2 rows; say --resume --format csv"):
        write_workbook([GOOD, GOOD], tmp_path / "rows.xlsx", [])
    assert not (tmp_path / "rows.xlsx").exists()


def test_csv_has_names_and_identifiers_only_where_they_are_asked_for(tmp_path: Path) -> None:
    rows = [replace(GOOD, record=None), replace(BAD, record=None)]
    for naming in (NAMING, Naming()):
        file_writer("csv", 2, naming)(iter(rows), tmp_path / "rows.csv")
        with (tmp_path / "rows.csv").open(errors="surrogateescape") as file:
            good, bad = csv.DictReader(file)
        asked = naming is NAMING
        assert good.get("name") == ("Ukiyo-e" if asked else None)
        assert bad.get("aat") == ("" if asked else None)
        assert "id" not in good


def test_a_name_that_the_list_has_already_gets_a_prefix() -> None:
    taken = ["Style ", "date", "artstyle_date"]
    free = free_names(["style", "date", "model"], taken)
    assert free == ["artstyle_style", "artstyle_artstyle_date", "model"]
