"""Files: whole or not at all, and errors that name them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.errors import ArtstyleError, DataError, MissingError
from artstyle.storage.files import (
    atomic_path,
    decode_text,
    digest,
    read_csv,
    read_json,
    read_yaml,
    write_csv,
    write_json,
    write_text,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "result.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nan_is_refused_and_the_old_json_stays(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    write_json(path, {"accuracy": 0.5})
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"accuracy": float("nan")})
    assert json.loads(path.read_text()) == {"accuracy": 0.5}


def test_csv_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    rows = [{"path": 'a, "b"\nc.jpg', "style": "Ukiyo_e"}, {"path": "é\udcff.jpg", "style": ""}]
    write_csv(tmp_path / "m.csv", ("path", "style"), rows)
    assert list(read_csv(tmp_path / "m.csv")) == rows


def test_a_csv_row_with_too_many_fields_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,style\na.jpg,Cubism\nb,c.jpg,Cubism\n")
    with pytest.raises(DataError, match="line 3"):
        list(read_csv(tmp_path / "m.csv"))


@pytest.mark.parametrize("read", [read_json, read_yaml, lambda path: list(read_csv(path))])
def test_a_missing_file_is_named(tmp_path: Path, read: object) -> None:
    with pytest.raises(MissingError, match="gone"):
        read(tmp_path / "gone")  # type: ignore[operator]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), plain))
def test_the_digest_does_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@given(st.binary(max_size=200))
def test_any_bytes_as_json_or_yaml_give_a_value_or_one_of_our_errors(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "any"
        path.write_bytes(content)
        for read in (read_json, read_yaml):
            try:
                read(path)
            except ArtstyleError as error:
                assert "\n" not in str(error)  # noqa: PT017


LINES = "path,style\nété_Ångström.jpg,Art Déco\n浮世絵.jpg,Ukiyo-e\n"


@pytest.mark.parametrize(
    ("codec", "mark", "encoding"),
    [
        ("utf-8", "", "UTF-8"),
        ("utf-8-sig", "", "UTF-8"),
        ("utf-16", "", "UTF-16"),
        ("utf-16-be", "\ufeff", "UTF-16"),
        ("utf-16-le", "", "UTF-16"),
        ("utf-16-be", "", "UTF-16"),
        ("utf-32", "", "UTF-32"),
        ("utf-32-be", "\ufeff", "UTF-32"),
    ],
)
def test_a_text_is_decoded_whatever_its_unicode_encoding(
    codec: str, mark: str, encoding: str
) -> None:
    assert decode_text((mark + LINES).encode(codec)) == (LINES, encoding)


def test_only_lines_that_are_not_utf8_are_windows_1252() -> None:
    text = "a,Art Déco\r\nb,“Ukiyo-e”\rc,été\n"
    assert decode_text(text.encode("cp1252")) == (text, "Windows-1252")
    mixed = "a,浮世絵\n".encode() + "b,Déco\n".encode("cp1252") + b"c,\x81\n"
    assert decode_text(mixed) == ("a,浮世絵\nb,Déco\nc,\udc81\n", "Windows-1252")


def test_names_separated_by_nul_are_not_utf16() -> None:
    assert decode_text(b"one.jpg\0two.jpg\0") == ("one.jpg\0two.jpg\0", "UTF-8")
    assert decode_text(b"") == ("", "UTF-8")
