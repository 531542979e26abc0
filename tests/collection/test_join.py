"""A list written back: all that was in it is there byte for byte, and new cells at the right."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart

from artstyle.collection.join import join, require_joinable
from artstyle.collection.list_columns import Wanted
from artstyle.collection.picture_list import PictureList, read_picture_list
from artstyle.errors import ArtstyleError, DataError, UsageError


def read(path: Path) -> PictureList:
    (path.parent / "a.jpg").touch()
    return read_picture_list(path, None, Wanted())


def joined(path: Path, *cells: Sequence[str | float | None], names: Sequence[str]) -> bytes:
    source, out = read(path), path.with_name(f"out{path.suffix}")
    require_joinable(source, out, [])
    join(source, names, iter(cells), out)
    return out.read_bytes()


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_habit_of_the_list_is_kept(tmp_path: Path, codec: str, end: str) -> None:
    before = [
        "sep=;",
        '"file" ; Note;;',
        "a.jpg;'é';;",
        ";;;",
        f'"a.jpg";"two {end}""lines"""',
        "",
        "a.jpg",
    ]
    after = [
        "sep=;",
        '"file" ; Note;;;style;share',
        "a.jpg;'é';;;x;0.5",
        ";;;",
        f'"a.jpg";"two {end}""lines""";;;"y;z";0.25',
        "",
        "a.jpg;;;;;",
    ]
    path = tmp_path / "list.csv"
    path.write_bytes(end.join(before).encode(codec))
    cells: list[Sequence[str | float]] = [("x", 0.5), ("y;z", 0.25), ("", "")]
    assert joined(path, *cells, names=("style", "share")) == end.join(after).encode(codec)


LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
TEXT = st.text(st.one_of(LETTERS, st.sampled_from(",;\"'\n")), max_size=8)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4),
    added=st.lists(TEXT, min_size=4, max_size=4),
    delimiter=st.sampled_from(",;\t"),
    codec=st.sampled_from(["utf-8", "utf-16"]),
)
def test_another_reader_finds_the_old_cells_and_the_new_ones(
    tmp_path: Path, rows: list[tuple[str, str]], added: list[str], delimiter: str, codec: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    table = [("file", "note", "more"), *(("a.jpg", *row) for row in rows)]
    writer.writerows(table)
    path = tmp_path / "list.csv"
    path.write_bytes(stream.getvalue().encode(codec))
    content = joined(path, *([text] for text in added[: len(rows)]), names=["new"])
    found = list(csv.reader(io.StringIO(content.decode(codec), newline=""), delimiter=delimiter))
    new = ["new", *added]
    assert found == [[*row, cell] for row, cell in zip(table, new, strict=False)]


def test_windows_1252_stays_and_odd_letters_of_ours_are_escapes(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"file,n\na.jpg,\xe9\n")
    assert joined(path, ["ü", "浮"], names=["x", "y"]) == (b"file,n,x,y\na.jpg,\xe9,\xfc,\\u6d6e\n")
    with pytest.raises(UsageError, match="Windows-1252, which does not have the letters of '浮世"):
        require_joinable(read(path), tmp_path / "o.csv", ["Kubismus", "浮世絵"])


@pytest.mark.parametrize(
    ("text", "out", "error", "message"),
    [
        ("file\na.jpg\n", "list.csv", UsageError, "is the list itself, which is never changed"),
        ("file\na.jpg\n", "out.xlsx", UsageError, "writes a list back as it is: end --out in .csv"),
        ('file,n\na.jpg,"open\n', "out.csv", DataError, "line 2: a quote is opened here and not"),
    ],
)
def test_what_cannot_be_written_back_is_said_before(
    tmp_path: Path, text: str, out: str, error: type[ArtstyleError], message: str
) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(error, match=message):
        require_joinable(read(tmp_path / "list.csv"), tmp_path / out, [])


def test_a_list_that_was_changed_meanwhile_is_not_joined(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("file\na.jpg\n")
    source = read(path)
    path.write_text("file\nb.jpg\n")
    with pytest.raises(DataError, match="was changed while it was answered"):
        join(source, ["x"], iter([["y"]]), tmp_path / "out.csv")


def workbook(path: Path) -> None:
    """Write a workbook as people have them: with a chart, a colour, a formula, a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    rows: list[list[object]] = [["file", "year", "next"], ["a.jpg", 1893, "=B2+1"], [], ["a.jpg"]]
    for row in rows:
        sheet.append(row)
    sheet["E9"].fill = openpyxl.styles.PatternFill("solid", "FF0000")
    sheet.add_chart(BarChart(), "H2")
    book.create_sheet("notes").append(["file", "mine"])
    book.save(path)


def test_a_workbook_keeps_all_its_parts_and_its_sheet_gets_cells(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    workbook(path)
    joined(path, ["=1+1 <&>\x01", 0.5], [None, 1e-8], names=["style", "share"])
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "out.xlsx") as new:
        assert old.namelist() == new.namelist()
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
        assert changed == ["xl/worksheets/sheet1.xml"]
        sheet = new.read(changed[0])
        assert b'<dimension ref="A1:G' in sheet
    rows = list(openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0].iter_rows())
    values = [[cell.value for cell in row] for row in rows]
    # E9 is empty but red: the new cells begin to the right of it.
    assert values[0] == ["file", "year", "next", None, None, "style", "share"]
    assert values[1] == ["a.jpg", 1893, "=B2+1", None, None, "=1+1 <&>\\x01", 0.5]
    assert values[3][5:] == [None, 1e-8]
    assert rows[1][5].data_type in ("s", "inlineStr")


def test_a_sheet_with_prefixes_and_without_references_is_extended_too(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["file"])
    book.active.append(["a.jpg"])
    book.save(path)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = "<x:c t='inlineStr'><x:is><x:t>%s</x:t></x:is></x:c>"
    rows = "".join(f"<x:row>{text % value}</x:row>" for value in ("file", "a.jpg"))
    sheet = f"<x:worksheet xmlns:x='{main}'><x:sheetData>{rows}<x:row/></x:sheetData></x:worksheet>"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "new.xlsx", "w") as new:
        for info in old.infolist():
            part = info.filename == "xl/worksheets/sheet1.xml"
            new.writestr(info, sheet if part else old.read(info))
    joined(tmp_path / "new.xlsx", ["Cubism"], names=["style"])
    found = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    assert list(found.iter_rows(values_only=True))[:2] == [("file", "style"), ("a.jpg", "Cubism")]
