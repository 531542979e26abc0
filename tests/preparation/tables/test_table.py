"""Tables of others: what any program wrote in a usual way is read as it was meant."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artstyle.errors import ArtstyleError, DataError, UnknownNameError, UsageError
from artstyle.preparation.tables.columns import COLUMNS, parse_columns
from artstyle.preparation.tables.table import Row, has_columns, read_table


def write(folder: Path, text: str, codec: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode(codec))
    return path


def cells(table: Path, **columns: str) -> list[tuple[str, ...]]:
    return [tuple(row.cells.values()) for row in read_table(table, columns).rows]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_ends_of_lines_are_recognised(
    tmp_path: Path, codec: str, delimiter: str, end: str
) -> None:
    lines = ["path,style,note", "a.jpg,Art Déco,x", "b.jpg,Cubism,été", ""]
    path = write(tmp_path, end.join(lines).replace(",", delimiter), codec)
    table = read_table(path, {})
    assert [row.cells for row in table.rows] == [
        {"path": "a.jpg", "style": "Art Déco"},
        {"path": "b.jpg", "style": "Cubism"},
    ]
    assert [row.line for row in table.rows] == [2, 3]
    assert bool(table.notes) == (codec == "cp1252")


def test_windows_1252_is_said_with_the_first_line_that_is(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("path,style\na,浮世絵\n".encode() + b"b,D\xe9co\n")
    assert read_table(path, {}).notes == (
        f"{path} is not UTF-8 and is read as Windows-1252 (if that is wrong, save it as UTF-8):"
        " b,Déco",
    )


@pytest.mark.parametrize(
    "text",
    [
        'path\u00a0,\u200astyle\n"a,b.jpg",Cubism\u00a0\n\x1a',
        "sep=;\r\npath;style\r\na,b.jpg;Cubism\r\n",
        "SEP=;\npath;style\na,b.jpg;Cubism\n",
        '"sep=;"\npath;style\na,b.jpg;Cubism\n',
        "sep=:\npath:style\na,b.jpg:Cubism\n",
        'Path , STYLE\n"a,b.jpg" , Cubism\n',
        'path, style\n"a,b.jpg", "Cubism"\n',
        '"\ufeffpath","style"\n"a,b.jpg","Cubism"\n',
        '\ufeff\ufeff"path",style\n"a,b.jpg",Cubism\n',
        "ï»¿path;style\na,b.jpg;Cubism\n",
        "'path';'style'\na,b.jpg;Cubism\n",
        '\n\npath,style\n\n"a,b.jpg",Cubism\n,\n,,\n',
        'path,style,,\n"a,b.jpg",Cubism,,,,,\n',
        'path,style,title\n"a,b.jpg",Cubism\n',
    ],
)
def test_the_habits_of_spreadsheets_change_nothing(tmp_path: Path, text: str) -> None:
    assert [row[:2] for row in cells(write(tmp_path, text))] == [("a,b.jpg", "Cubism")]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = 'sep=,\npath,title,style\na.jpg,"one\ntwo\r\nthree",Cubism\n\nb.jpg,x,Rococo\n'
    assert [row.line for row in read_table(write(tmp_path, text), {}).rows] == [3, 7]


def test_a_field_may_have_any_length(tmp_path: Path) -> None:
    text = f"path,title,style\na.jpg,{'x' * 400_000},Cubism\n"
    assert len(cells(write(tmp_path, text))[0][2]) == 400_000


def test_quotes_are_only_taken_away_where_they_enclose_a_field(tmp_path: Path) -> None:
    text = 'path;title;style\na.jpg;"Say ""yes""";Cubism\nb.jpg;The "Blue" Nude;Cubism\n'
    titles = [row.cells["title"] for row in read_table(write(tmp_path, text), {}).rows]
    assert titles == ['Say "yes"', 'The "Blue" Nude']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"is empty; its first line must name the columns path,style"),
        ("\n\n", r"is empty"),
        ("sep=;\n", r"is empty"),
        ("# made 2024\npath,style\na,b\n", r"are in line 2; delete the lines above .*'# made 2"),
        ("Loans;;\n;;\npath;style\n", r"are in line 3; delete the lines above it.*'Loans'"),
        ("path,style,style\na,b,c\n", r"2 columns of the name style \('style' and 'style'\); del"),
        ("path,Style,style \na,b,c\n", r"2 columns of the name style \('Style' and 'style'\)"),
        ("path,style,artist,ARTIST\n", r"2 columns of the name artist"),
        ("path,style\na.jpg,x\nb.jpg,Art, Déco\n", r"line 3 \('Déco'\): more fields than the head"),
        (
            "path,style\n" + "a,b,c\n" * 5,
            r"line 2 \('c'\), line 3 \('c'\), line 4 \('c'\) and 2 more: more fields",
        ),
        ("filename,label\na,b\n", r"no column style, only .* --columns style=label$"),
        ("Image Path;Class\na;b\n", r"only Image Path, Class; .*--columns style=Class$"),
        ("Imageid;Class\na;b\n", r"use --columns path=Imageid,style=Class$"),
        ("x,y\na,b\n", r"no column path and no column style, only x, y;.* path=NAME,style=NAME$"),
        ('path,style\na,"Cubism\nb,Rococo\n', r"line 2: a quote is opened here and not closed"),
        ('path,style\na,"Cubism\nb,"Rococo\n', r"line 2: a quote is opened here and not closed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(write(tmp_path, text), {})


def test_damaged_and_foreign_files_are_named_for_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for content, message in {
        b"PK\x03\x04....": "cannot be read as an Excel workbook: .*; save it again as .xlsx",
        b"\xd0\xcf\x11\xe0...": "is an old or protected Excel workbook; save it as .xlsx",
        "path,style\n".encode("utf-16")[:-1]: "is not whole utf-16",
    }.items():
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_table(path, {})


def test_columns_are_found_under_the_names_that_are_given(tmp_path: Path) -> None:
    path = write(tmp_path, "File Name;Path;Label;style\na.jpg;no;Cubism;no\n")
    assert cells(path, path="File Name", style="label") == [("a.jpg", "Cubism")]
    assert cells(path, path="File Name") == [("a.jpg", "no")]
    assert has_columns(path, {"path": "file name"})
    assert not has_columns(path, {"path": "file"})
    with pytest.raises(UnknownNameError, match=r"'Lable'\. Did you mean 'Label'\?"):
        read_table(path, {"style": "Lable"})


def test_named_columns_are_parsed_and_mistakes_in_them_are_shown() -> None:
    assert parse_columns("path=File, style=Art style") == {"path": "File", "style": "Art style"}
    assert parse_columns("path=a, b,style=x") == {"path": "a, b", "style": "x"}
    with pytest.raises(UnknownNameError, match=r"unknown column 'paht'\. Did you mean 'path'\?"):
        parse_columns("paht=File")
    for text, message in {
        "path": "'path' is not COLUMN=NAME, as in path=File,style=Label",
        "path=": "is not COLUMN=NAME",
        "": "is not COLUMN=NAME",
        "path=a,path=b": "names path twice",
    }.items():
        with pytest.raises(UsageError, match=message):
            parse_columns(text)


# No surrogates; marks and NUL at an edge are taken for what encodings and spreadsheets put there.
LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"])
TEXT = st.text(st.one_of(LETTERS, st.sampled_from(" ,;\t|\"'\r\n")), max_size=12).map(str.strip)
ROWS = st.lists(st.tuples(TEXT, TEXT, TEXT).filter(any), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=ROWS,
    order=st.permutations(["path", "style", "title"]),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    said=st.booleans(),
)
def test_rows_written_in_any_usual_dialect_come_back(
    tmp_path: Path,
    rows: list[tuple[str, ...]],
    order: list[str],
    delimiter: str,
    end: str,
    quoting: int,
    codec: str,
    said: bool,
) -> None:
    stream = io.StringIO()
    # A bare carriage return is only quoted with all else, in Python before 3.13.
    quoting = csv.QUOTE_ALL if any("\r" in cell for row in rows for cell in row) else quoting
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([order, *rows])
    text = (f"sep={delimiter}{end}" if said else "") + stream.getvalue()
    try:
        content = text.encode(codec)
    except UnicodeEncodeError:
        content = text.encode()
    (tmp_path / "table.csv").write_bytes(content)
    table = read_table(tmp_path / "table.csv", {})
    if codec == "cp1252" and not _reads_as(content, text):
        return  # Bytes of Windows-1252 that are UTF-8 by chance.
    read = [tuple(row.cells[column] for column in order) for row in table.rows]
    assert read == rows


def _reads_as(content: bytes, text: str) -> bool:
    try:
        return content.decode() == text
    except UnicodeDecodeError:
        return all(_is_not_utf8(line) for line in content.splitlines() if not line.isascii())


def _is_not_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"path,style\n", b"sep=;\npath;style\n"]))
def test_any_bytes_are_a_table_or_an_error_of_ours(
    tmp_path: Path, content: bytes, header: bytes
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(header + content)
    message, rows = "", tuple[Row, ...]()
    try:
        rows = read_table(path, {}).rows
    except ArtstyleError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1
    assert all(row.cells.keys() <= set(COLUMNS) and row.line > 1 for row in rows)
