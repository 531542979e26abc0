"""A collection's list: every row is answered with its own picture, or says why not."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from artstyle.collection.list_columns import Wanted
from artstyle.collection.picture_list import PictureList, read_picture_list
from artstyle.errors import ArtstyleError, DataError, MissingError, UnknownNameError
from artstyle.pictures.record import Record


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listed(
    source: Path, images: Path | None = None, path: str | None = None, id: str | None = None
) -> PictureList:
    return read_picture_list(source, images, Wanted(path, id))


def table(folder: Path, text: str, codec: str = "utf-8", name: str = "list.csv") -> Path:
    (folder / name).write_bytes(text.encode(codec))
    return folder / name


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def found(source: PictureList) -> list[str | None]:
    return [row.file or row.problem for row in source.rows]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lists_are_read_as_people_have_them(tmp_path: Path, codec: str, delimiter: str) -> None:
    touch(tmp_path, "café/1.jpg", "2.jpg")
    text = "Titel,Datei,Inventar-Nr.\r\nÉté,café\\1.jpg,7 a\r\n,./2.jpg,\r\n"
    source = listed(table(tmp_path, text.replace(",", delimiter), codec))
    pictures = list(source.pictures())
    assert [p.path for p in pictures] == [tmp_path / "café/1.jpg", tmp_path / "2.jpg"]
    assert [p.record for p in pictures] == [Record("7 a", "Été"), Record(None, None)]
    assert source.notes[0] == (
        f"{tmp_path / 'list.csv'}: files by 'Datei', numbers in 'Inventar-Nr.', titles in 'Titel'"
        " (--path-column and --id-column name others)"
    )


@pytest.mark.parametrize(
    ("header", "path", "number"),
    [
        ("Object ID,Accession Number,Image", 2, 1),
        ("N° d'inventaire,Nom du fichier", 1, 0),
        ("Nº de inventario,Archivo", 1, 0),
        ("Numero d’inventario,Nome file", 1, 0),
        ("Инв. №,Файл", 1, 0),
        ("登録番号,ファイル名", 1, 0),
        ("Inv.-Nr.,Bilddatei", 1, 0),
        ("id,FILE_NAME", 1, 0),
    ],
)
def test_columns_are_known_by_their_usual_names(
    tmp_path: Path, header: str, path: int, number: int
) -> None:
    touch(tmp_path, "a.jpg")
    row = ["x"] * len(header.split(","))
    row[path], row[number] = "a.jpg", "5.1"
    (picture,) = listed(table(tmp_path, f"{header}\n{','.join(row)}\n")).pictures()
    assert (picture.path, picture.record) == (tmp_path / "a.jpg", Record("5.1"))


def test_columns_that_are_named_win_and_are_required(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    path = table(tmp_path, "file,Nummer im Haus,id\na.jpg,b,1\n")
    assert found(listed(path)) == ["a.jpg"]
    (picture,) = listed(path, id="nummer im haus").pictures()
    assert (picture.path.name, picture.record) == ("a.jpg", Record("b"))
    assert found(listed(path, path="Nummer im Haus")) == ["b.jpg"]
    with pytest.raises(UnknownNameError, match=r"'fiel'\. Did you mean 'file'"):
        listed(path, path="fiel")


def test_numbers_find_files_where_no_column_has_paths(tmp_path: Path) -> None:
    touch(tmp_path, "scans/1987.3.jpg", "scans/1987-4_recto.tif", "scans/5.jpg", "scans/5.tif")
    touch(tmp_path, "scans/6_verso.jpg")
    text = "Inventarnummer\n1987.3\n1987.4\n5\n6\n7\n"
    source = listed(table(tmp_path, text), tmp_path / "scans")
    assert found(source) == [
        "1987.3.jpg",
        "1987-4_recto.tif",
        "fits several files: 5.jpg, 5.tif",
        "no picture has this number as its name; names that begin so: 6_verso.jpg",
        "no picture has this number as its name",
    ]
    assert [str(p.path) for p in source.pictures()][2:] == ["5", "6", "7"]


def test_each_bad_row_says_why_and_the_others_are_answered(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    touch(tmp_path, "outside.jpg", "in/a.jpg", "in/B.jpg", "in/b.jpg")
    names = ["a.jpg", "../outside.jpg", str(tmp_path / "outside.jpg"), "gone.jpg", '""', "b.JPG"]
    names += ["https://x.example/a.jpg", str(folder / "a.jpg"), "C:\\scans\\a.jpg"]
    text = "path,no\n" + "".join(f"{name},{n}\n" for n, name in enumerate(names))
    source = listed(table(folder, text))
    out = f"leads out of {folder}; write paths below it, or name another folder with --images"
    empty = "the cell of the column path is empty (of a formula, its saved result is read)"
    assert found(source) == [
        "a.jpg",
        out,
        out,
        "no such file",
        empty,
        "fits several files: B.jpg, b.jpg",
        "a web address; download the picture, and write where it is",
        "a.jpg",
        out,
    ]
    assert [p.problem is None for p in source.pictures()].count(True) == 2


def test_numbers_that_are_there_twice_are_said_and_each_row_is_answered(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    path = table(tmp_path, "id,file\n7,a.jpg\n8,b.jpg\n7,b.jpg\n")
    source = listed(path)
    assert found(source) == ["a.jpg", "b.jpg", "b.jpg"]
    assert f"numbers in several rows of {path}: 1, as 7 (lines 2, 4); each row is answered" in (
        source.notes
    )


def test_a_workbook_is_known_by_its_content_and_a_formula_by_its_saved_result(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "a.jpg", "12.jpg")
    rows: list[list[object]] = [["Datei", "Nr"], ["a.jpg"], ['="a"&".jpg"', 2], [], [12]]
    book = workbook(tmp_path / "book.xlsx", rows)
    source = listed(book.rename(tmp_path / "list.csv"))
    # openpyxl writes formulas without a result.
    empty = "the cell of the column Datei is empty (of a formula, its saved result is read)"
    assert found(source) == ["a.jpg", empty, "12.jpg"]
    assert [row.line for row in source.rows] == [2, 3, 5]
    text = table(tmp_path, "file\na.jpg\n", name="text.xlsx")
    assert found(listed(text)) == ["a.jpg"]


def test_a_number_that_may_have_lost_a_zero_is_not_guessed(tmp_path: Path) -> None:
    touch(tmp_path, "1987.1.jpg", "1987.10.jpg", "1988.2.jpg")
    path = workbook(tmp_path / "list.xlsx", [["Inv. Nr."], [1987.1], ["1987.10"], [1988.2]])
    source = listed(path)
    assert found(source)[1:] == ["1987.10.jpg", "1988.2.jpg"]
    assert str(source.rows[0].problem).startswith("may also mean 1987.10.jpg: the workbook stores")
    assert source.notes[-1] == (
        "cells of Inv. Nr. that are decimal numbers, without zeros at their ends: 1, as"
        " 1988.2 (line 4)"
    )


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", DataError, "is empty; its first line must name its columns"),
        ("file\n\n", MissingError, "lists no pictures: it has no rows below its header"),
        ("Künstler,Jahr\nx,1\n", DataError, "only Künstler, Jahr; name it with --path-column or"),
        ("scans/a.jpg\nscans/b.jpg\n", DataError, "one a line: artstyle predict - < LIST"),
        ("Museum,\nDatei,Nr\na,1\n", DataError, "are in line 2; delete the lines above it"),
        ("file,File\na,b\n", DataError, "has 2 columns file; rename all but one, or name another"),
        ("file\na.jpg,b\n", DataError, r"line 2 \('b'\): more fields than the header has columns"),
        ('file,x\na.jpg,"y\nb.jpg,z\n', DataError, "line 2: a quote is opened here and not closed"),
        ("file\nx7.jpg\ny7.jpg\n", MissingError, "none of the 2 .* x7.jpg, y7.jpg; say with --im"),
        ("file\nsub/c.jpg\n", MissingError, "; c.jpg is under .*: take 'sub/' off the paths"),
        ("id\n1\n2\n", MissingError, "none of the 2 numbers in .* is the name of a picture"),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_answered_is_refused_in_one_line(
    tmp_path: Path, text: str, error: type[ArtstyleError], message: str
) -> None:
    touch(tmp_path, "c.jpg")
    with pytest.raises(error, match=message) as raised:
        listed(table(tmp_path, text))
    assert "\n" not in str(raised.value)
