"""Files by accession number: found as a person would find them, and never by a guess."""

from pathlib import Path

import pytest

from artstyle.collection.numbers import NumberedFiles


def files(root: Path, *names: str, numbers: tuple[str, ...] = ()) -> NumberedFiles:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return NumberedFiles(root, numbers)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("1987.12.3", "1987.12.3.jpg"),
        ("1987.12.3", "1987-12-3.TIF"),
        ("1987.12.3", "1987-12-3_recto.tif"),
        ("1987/12/3", "room/1987_12_3 front.png"),
        (" nm 4021 ", "NM4021.jpg"),
        ("NM-4021", "nm_4021.jpeg"),
        ("Gäs. 12", "ga\u0308s-12.jpg"),
        ("1987.12.3.jpg", "1987.12.3.jpg"),
    ],
)
def test_a_number_finds_its_only_file(tmp_path: Path, number: str, name: str) -> None:
    found = files(tmp_path, name, "1988.jpg")
    if number == " nm 4021 ":  # Signs separate parts; they do not join them.
        assert found.find_alike(number) == []
        return
    assert found.find_alike(number) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "1987.12.jpg", "1987.12.30.jpg", "1987.12.3.1.jpg", "1987.12.3_verso.jpg",
        "1987.12.3_detail.jpg", "1987.12.3_2.jpg", "1987.12.03.jpg", "x1987.12.3.jpg",
        "1987.12.3a.jpg", "1987.12.3.txt",
    ],
)  # fmt: skip
def test_a_name_that_only_resembles_a_number_is_not_taken(tmp_path: Path, name: str) -> None:
    assert files(tmp_path, name, "y.jpg").find_alike("1987.12.3") == []


def test_the_very_name_goes_before_other_signs_and_these_before_words(tmp_path: Path) -> None:
    found = files(tmp_path, "1.2.jpg", "1-2.jpg", "1-2_recto.jpg", "3-4.jpg", "3-4_recto.jpg")
    assert (found.find("1.2"), found.find_alike("3.4")) == ("1.2.jpg", ["3-4.jpg"])


def test_several_files_of_a_number_are_all_named(tmp_path: Path) -> None:
    found = files(tmp_path, "a/1.2.jpg", "b/1.2.tif")
    assert found.find("1.2") is None
    assert found.find_alike("1.2") == ["a/1.2.jpg", "b/1.2.tif"]


def test_numbers_that_differ_only_by_signs_find_only_their_very_names(tmp_path: Path) -> None:
    found = files(tmp_path, "12-3.jpg", numbers=("12.3", "12-3", "12-3"))
    assert (found.find("12-3"), found.find_alike("12.3")) == ("12-3.jpg", [])


def test_names_that_begin_with_a_number_are_offered_where_none_is_it(tmp_path: Path) -> None:
    found = files(tmp_path, "1987_3_verso.jpg", "1987_3_2.jpg", "1987_30.jpg")
    assert found.near("1987.3") == ["1987_3_2.jpg", "1987_3_verso.jpg"]
    assert found.near("?") == []
