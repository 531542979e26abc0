"""Names in lists, and the files that they refer to on this disk."""

import os
from pathlib import Path

import pytest

from artstyle.errors import DataError
from artstyle.preparation.sources.source import SourceImage
from artstyle.preparation.tables.listing import ListedImage, Located, locate


def find(root: Path, *names: str, files: tuple[str, ...] = ()) -> Located:
    """Locate names, the first of them in line 2, among empty files."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    entries = [
        ListedImage(Path("list"), line, SourceImage(name, f"s{line}", "", "", "", ""))
        for line, name in enumerate(names, start=2)
    ]
    return locate(root, "list", entries)


def found(located: Located) -> dict[str, str]:
    return {image.path: image.style for image in located.images}


@pytest.mark.parametrize(
    "name",
    [
        "images\\Été.JPG", ".\\images\\Été.JPG", "./images//Été.JPG", "images/E\u0301te\u0301.JPG",
        "images/\udcc9t\udce9.JPG",
    ],
)  # fmt: skip
def test_the_same_letters_in_another_writing_need_no_word(tmp_path: Path, name: str) -> None:
    located = find(tmp_path, name, files=("images/Été.JPG",))
    assert located == Located((SourceImage("images/Été.JPG", "s2", "", "", "", ""),), 0, ())


def test_letters_read_as_windows_1252_stand_for_the_bytes_on_disk(tmp_path: Path) -> None:
    raw = os.fsdecode(b"caf\xe9.jpg")
    assert found(find(tmp_path, "café.jpg", files=(raw,))) == {"caf\udce9.jpg": "s2"}


@pytest.mark.parametrize(
    "name",
    ["Images/été.jpg", "images/été.jpeg", "images/ÉTÉ", "images/ Été.JPG", "images /Été.JPG"],
)
def test_case_spaces_and_endings_may_differ_and_are_told(tmp_path: Path, name: str) -> None:
    located = find(tmp_path, name, files=("images/Été.JPG",))
    assert found(located) == {"images/Été.JPG": "s2"}
    assert located.notes == (
        "names in list in another spelling than their files: 1,"
        f" as {name} (line 2) for images/Été.JPG",
    )


def test_a_name_that_fits_several_files_is_left_out_and_told(tmp_path: Path) -> None:
    located = find(tmp_path, "b.JPG", "c.jpg", files=("B.jpg", "b.jpg", "c.jpg"))
    assert (found(located), located.missing) == ({"c.jpg": "s3"}, 1)
    assert located.notes == (
        "names in list that fit several files, left out: 1, as b.JPG (line 2)",
    )


def test_a_file_that_another_line_names_exactly_is_that_lines_alone(tmp_path: Path) -> None:
    located = find(tmp_path, "A.jpg", "a.jpg", files=("a.jpg",))
    assert (found(located), located.missing) == ({"a.jpg": "s3"}, 1)


def test_another_format_is_another_picture(tmp_path: Path) -> None:
    located = find(tmp_path, "a.jpg", "b.png", files=("a.png", "b.png"))
    assert located.notes == ("names in list that are not on disk: 1, as a.jpg (line 2)",)


def test_absolute_paths_below_the_root_are_taken_and_no_others(tmp_path: Path) -> None:
    name = str(tmp_path / "images" / "a.jpg")
    assert found(find(tmp_path, name, files=("images/a.jpg",))) == {"images/a.jpg": "s2"}
    for name in ("/etc/passwd", "C:\\a.jpg", "\\\\nas\\a.jpg", "x\\..\\..\\a.jpg", str(tmp_path)):
        with pytest.raises(DataError, match=r"list line 2: .* leads out of|is under"):
            find(tmp_path, name)


def test_what_leads_out_is_shown_with_its_first_lines(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"list line 3: '\.\./b' leads out .* \(also line 4: '/c', line 5: '/d' and 1 more\)",
    ):
        find(tmp_path, "a", "../b", "/c", "/d", "/e", files=("a",))


@pytest.mark.parametrize(
    "address",
    ["https://example.org/a.jpg", "HTTP://x/a.jpg", "s3://b/a.jpg", "data:image/png;base64,xx"],
)
def test_web_addresses_are_shown_whole_and_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(DataError) as caught:
        find(tmp_path, "a.jpg", address, files=("a.jpg",))
    assert str(caught.value).startswith(f"list line 3: '{address}' is a web address, and pictures")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.jpg", "a.jpg is under {root}/images: use --images {root}/images"),
        ("images\\sub\\b.jpg", "images/sub/b.jpg is under {above}: use --images {above}"),
        ("old/images/a.jpg", "images/a.jpg is under {root}: take 'old/' off the paths"),
        ("/old/images/a.jpg", "images/a.jpg is under {root}: take '/old/' off the paths"),
        ("D:\\old\\images\\a.jpg", "a.jpg is under {root}: take 'D:\\old\\' off the paths"),
        ("c.jpg", "c.jpg is under {above}/scans: use --images {above}/scans"),
        ("../scans/c.jpg", "take '../' off the paths and use --images {above}"),
        ("x.jpg", "say with --images FOLDER where these paths start"),
    ],
)
def test_where_nothing_is_found_the_way_to_the_pictures_is_said(
    tmp_path: Path, name: str, remedy: str
) -> None:
    root = tmp_path / "tables"
    for file in ("images/a.jpg", "../scans/c.jpg", "../images/sub/b.jpg"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    with pytest.raises(DataError) as caught:
        find(root, name)
    assert str(caught.value).endswith(remedy.format(root=root, above=tmp_path))
