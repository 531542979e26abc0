import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.errors import MissingError, UsageError
from artstyle.pictures.finding import (
    find_pictures,
    named_pictures,
    printable,
    require_pictures,
)


def found(*arguments: str | Path, listed: bytes = b"") -> list[str]:
    pictures = find_pictures(map(str, arguments), io.BytesIO(listed))
    return [str(picture.path) for picture in pictures if picture.problem is None]


def problems(*arguments: str | Path, listed: bytes = b"") -> dict[str, str]:
    pictures = find_pictures(map(str, arguments), io.BytesIO(listed))
    return {str(p.path): p.problem for p in pictures if p.problem is not None}


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_read_at_any_depth_in_the_order_of_whole_paths(here: Path) -> None:
    touch(here, "d/a/z.jpg", "d/a-b/x.PNG", "d/a.jpg", "d/é.jpg", "d/Z.jpg", "d/a/b/c/d.webp")
    assert found("d") == sorted(str(p.relative_to(here)) for p in here.rglob("*.*") if p.is_file())


@given(
    st.sets(
        st.text("ab-.é/", min_size=1, max_size=8).map(lambda t: t.strip("./") or "a"), max_size=8
    )
)
def test_the_order_in_a_folder_is_that_of_code_points(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for name in names:
        path = root.joinpath(*(part.strip(".") or "a" for part in name.split("/")))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{path.name}.jpg").touch()
    expected = sorted(str(p) for p in root.rglob("*.jpg") if p.is_file())
    assert found(root) == expected


def test_hidden_files_and_files_that_are_no_pictures_are_passed_over_in_folders(here: Path) -> None:
    touch(here, "d/a.jpg", "d/.b.jpg", "d/.git/c.jpg", "d/notes.txt", "d/jpg")
    assert found("d") == ["d/a.jpg"]


def test_a_file_named_outright_is_tried_whatever_its_name(here: Path) -> None:
    touch(here, "scan.dat", ".hidden.jpg", "a [1]*.jpg")
    assert found("scan.dat", ".hidden.jpg", "a [1]*.jpg") == [
        "scan.dat",
        ".hidden.jpg",
        "a [1]*.jpg",
    ]


def test_arguments_keep_their_order(here: Path) -> None:
    touch(here, "b/1.jpg", "a/2.jpg", "c.jpg")
    assert found("c.jpg", "b", "a", "c.jpg") == ["c.jpg", "b/1.jpg", "a/2.jpg", "c.jpg"]


def test_a_folder_is_entered_once_by_whichever_links_lead_to_it(here: Path) -> None:
    touch(here, "d/sub/a.jpg", "d/b.jpg")
    (here / "d/sub/up").symlink_to(here / "d", target_is_directory=True)
    (here / "d/self").symlink_to(here / "d/self")
    (here / "d/twin").symlink_to(here / "d/sub", target_is_directory=True)
    assert found("d") == ["d/b.jpg", "d/sub/a.jpg"]


def test_a_linked_folder_is_followed(here: Path) -> None:
    touch(here, "elsewhere/a.jpg")
    (here / "d").mkdir()
    (here / "d/link").symlink_to(here / "elsewhere", target_is_directory=True)
    assert found("d") == ["d/link/a.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg"]),
        ("d/*.jpg", ["d/b.jpg"]),
        ("d/*", ["d/b.jpg", "d/sub/c.jpg", "d/sub/deep/e.jpg"]),
        ("**/*.jpg", ["a.jpg", "d/b.jpg", "d/sub/c.jpg", "d/sub/deep/e.jpg"]),
        ("d/**/*.png", ["d/x.png"]),
        ("**/deep/**", ["d/sub/deep/e.jpg"]),
        ("d/**/**/e.*", ["d/sub/deep/e.jpg"]),
        ("[ab].jpg", ["a.jpg"]),
        ("d/.h*/*.jpg", ["d/.hidden/f.jpg"]),
        ("d/s?b/c.jpg", ["d/sub/c.jpg"]),
    ],
)
def test_a_glob_gives_each_match_once_in_order(
    here: Path, pattern: str, expected: list[str]
) -> None:
    touch(here, "a.jpg", "d/b.jpg", "d/sub/c.jpg", "d/sub/deep/e.jpg", "d/.hidden/f.jpg")
    touch(here, "d/notes.txt")
    if pattern.endswith(".png"):
        touch(here, "d/x.png")
    assert found(pattern) == expected


def test_an_absolute_glob_works_from_anywhere(tmp_path: Path) -> None:
    touch(tmp_path, "d/a.jpg", "d/b.png")
    assert found(f"{tmp_path}/*/*.jpg") == [f"{tmp_path}/d/a.jpg"]


def test_a_list_may_be_separated_by_lines_of_either_kind_or_by_nul(here: Path) -> None:
    touch(here, "a.jpg", "b c.jpg", "d/e.jpg", "new\nline.jpg")
    assert found("-", listed=b"a.jpg\nb c.jpg\r\n\nd\n") == ["a.jpg", "b c.jpg", "d/e.jpg"]
    assert found("-", listed=b"a.jpg\0new\nline.jpg\0d") == ["a.jpg", "new\nline.jpg", "d/e.jpg"]


def test_a_list_is_read_across_the_edges_of_chunks() -> None:
    names = [f"folder/{number:06}.jpg" for number in range(10_000)]
    assert found("-", listed="\n".join(names).encode()) == names
    assert found("-", listed="\0".join(names).encode()) == names


def test_a_listed_file_is_tried_even_if_it_is_not_there(here: Path) -> None:
    assert found("-", listed=b"gone.jpg\n*.jpg\n") == ["gone.jpg", "*.jpg"]


def test_names_that_are_no_utf8_come_through(here: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    touch(here, f"d/{name}")
    assert found("d") == [f"d/{name}"]
    assert found("-", listed=b"caf\xe9.jpg") == [name]
    assert printable(Path(name)) == "caf\\udce9.jpg"


def test_what_would_steer_a_terminal_is_shown_as_an_escape() -> None:
    assert printable(Path("a\nb\x1b[2J.jpg")) == "a\\nb\\x1b[2J.jpg"


def test_a_place_without_pictures_says_so_among_others(here: Path) -> None:
    touch(here, "a.jpg", "empty/notes.txt")
    told = problems("a.jpg", "empty", "gone.jpg", "x*.jpg", "y" * 300)
    assert "no picture in this folder" in told["empty"]
    assert told["gone.jpg"] == "no such file or folder"
    assert "no picture matches" in told["x*.jpg"]
    assert "no such file" in told["y" * 300]


def test_nothing_at_all_is_an_error_that_names_the_first_place(here: Path) -> None:
    with pytest.raises(MissingError, match=r"gone\.jpg: no such file or folder"):
        require_pictures(find_pictures(["gone.jpg", "x*"], io.BytesIO()))
    with pytest.raises(MissingError, match="standard input is empty"):
        require_pictures(find_pictures(["-"], io.BytesIO()))


def test_places_without_pictures_keep_their_turn(here: Path) -> None:
    touch(here, "a.jpg", "b.jpg")
    stream = require_pictures(find_pictures(["gone", "a.jpg", "lost", "b.jpg"], io.BytesIO()))
    assert [str(picture.path) for picture in stream] == ["gone", "a.jpg", "lost", "b.jpg"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may enter all")
def test_a_folder_that_may_not_be_entered_is_reported(here: Path) -> None:
    touch(here, "d/locked/a.jpg", "d/z.jpg")
    (here / "d/locked").chmod(0)
    try:
        assert problems("d") == {"d/locked": "cannot be opened: permission denied"}
        assert found("d") == ["d/z.jpg"]
    finally:
        (here / "d/locked").chmod(0o700)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_list_may_be_in_what_windows_writes(here: Path, codec: str) -> None:
    names = ["é/ü b.jpg", "日本.jpg", *(f"folder/{number:06}.jpg" for number in range(9_000))]
    assert found("-", listed="\r\n".join(names).encode(codec)) == names


def test_a_mark_is_taken_away_where_lists_were_joined(here: Path) -> None:
    assert found("-", listed=b"\xef\xbb\xbfa.jpg\n\xef\xbb\xbfb.jpg\n") == ["a.jpg", "b.jpg"]


def test_short_names_that_nul_separates_are_not_taken_for_utf16(here: Path) -> None:
    assert found("-", listed=b"a\0b\0c\0") == ["a", "b", "c"]


def test_spaces_and_quotes_around_a_listed_name_are_no_part_of_it(here: Path) -> None:
    touch(here, "a.jpg", "b.jpg ", "c d.jpg")
    listed = b' a.jpg \t\nb.jpg \n"c d.jpg"\n   \n'
    assert found("-", listed=listed) == ["a.jpg", "b.jpg ", "c d.jpg"]


def test_a_damaged_list_in_utf16_is_refused(here: Path) -> None:
    with pytest.raises(UsageError, match="the list on standard input is damaged"):
        found("-", listed="a.jpg\nb.jpg".encode("utf-16")[:-1])


def test_a_list_from_a_closed_stdin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input, which is closed"):
        list(find_pictures(["-"]))


@pytest.mark.parametrize("kind", [str, Path])
def test_one_text_or_path_is_one_argument_and_not_its_letters(
    here: Path, kind: Callable[[str], str | Path]
) -> None:
    touch(here, "scans/a.jpg", "scans/b.jpg", "s/other.jpg", "c/other.jpg")
    scans = ["scans/a.jpg", "scans/b.jpg"]
    assert [str(picture.path) for picture in find_pictures(kind("scans"))] == scans
    assert [str(picture.path) for picture in find_pictures([kind("scans")])] == scans
    assert [str(picture.path) for picture in find_pictures(kind("scans/?.jpg"))] == scans
    assert [str(picture.path) for picture in named_pictures(kind("scans"))] == scans


def test_a_path_with_slashes_never_walks_the_whole_disk(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(here, "scans/a.jpg")
    entered = list[str]()
    scandir = os.scandir

    def watched(path: Path) -> Any:
        entered.append(str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    found = list(find_pictures(str(here / "scans")))
    assert [picture.path for picture in found] == [here / "scans" / "a.jpg"]
    assert entered == [str(here / "scans")]


@pytest.mark.parametrize("wrong", [47, None, b"scans", 1.5])
def test_what_is_neither_text_nor_path_is_refused_by_name(wrong: Any) -> None:
    with pytest.raises(UsageError, match=f"named by text or Path, not by {wrong!r}"):
        list(find_pictures([wrong]))
    if isinstance(wrong, bytes):
        with pytest.raises(UsageError, match="not by b'scans'"):
            list(find_pictures(wrong))  # type: ignore[arg-type]


def test_an_empty_name_is_refused_and_not_taken_for_this_folder(here: Path) -> None:
    touch(here, "a.jpg")
    with pytest.raises(UsageError, match="one of the names is empty"):
        list(find_pictures([""]))


def test_pictures_that_were_found_already_pass_through_in_order(here: Path) -> None:
    touch(here, "a.jpg", "d/b.jpg", "d/c.jpg")
    (first,) = find_pictures("a.jpg")
    mixed = named_pictures(["d", first, Path("a.jpg")])
    assert [str(picture.path) for picture in mixed] == ["d/b.jpg", "d/c.jpg", "a.jpg", "a.jpg"]
