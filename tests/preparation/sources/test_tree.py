"""What of a folder is read, what is passed over and counted, and what is not even counted."""

import os
import unicodedata
from pathlib import Path

import pytest

from artstyle.errors import DataError
from artstyle.pictures.skipped import ending, is_litter, skipped_sentence
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.sources.tree import read_tree

LITTER = (
    ".DS_Store", "._a.jpg", "Thumbs.db", "THUMBS.DB", "desktop.ini", "Desktop.ini", "~$list.xlsx",
    ".thumbnails/a.jpg", ".Trash-1000/files/a.jpg", ".Trashes/a.jpg", ".git/a.png",
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "$RECYCLE.BIN/S-1-5/$R1.jpg", "$Recycle.Bin/a.jpg",
    "#recycle/a.jpg", "@Recycle/a.jpg", "__MACOSX/Cubism/._a.jpg", "__MACOSX/Cubism/a.jpg",
    "System Volume Information/a.jpg", "lost+found/a.jpg", "Icon\r",
)  # fmt: skip


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_litter_is_neither_read_nor_counted_at_any_level(tmp_path: Path) -> None:
    touch(tmp_path, "Cubism/a.jpg", "Dada/b.jpg")
    touch(tmp_path, *LITTER, *(f"Cubism/{name}" for name in LITTER))
    tree = read_tree(tmp_path)
    assert tree.pictures == (("Cubism", "a.jpg"), ("Dada", "b.jpg"))
    assert (tree.skipped, tree.notes) == ((), ())
    assert [image.style for image in open_source(tmp_path).images] == ["Cubism", "Dada"]


@pytest.mark.parametrize("name", ["@eaDirectory", "Recycled_Art", "Icon", "thumbs", "$ign", "#1"])
def test_what_only_sounds_like_litter_is_read(name: str, tmp_path: Path) -> None:
    assert not is_litter(name)
    touch(tmp_path, f"{name}/a.jpg", "Dada/b.jpg")
    assert len(open_source(tmp_path).images) == 2


def test_all_else_is_counted_by_ending_and_named(tmp_path: Path) -> None:
    touch(tmp_path, "Cubism/a.jpg", "Dada/b.PNG", "Dada/sub/c.psd", "Dada/c.PSD", "Dada/d.svgz")
    touch(tmp_path, "README", "Dada/St. Peter", "Dada/notes.txt", "Dada/e.txt", "Dada/f.txt")
    source = open_source(tmp_path)
    assert source.skipped == (
        "Dada/St. Peter", "Dada/c.PSD", "Dada/d.svgz", "Dada/e.txt", "Dada/f.txt", "Dada/notes.txt",
        "Dada/sub/c.psd", "README",
    )  # fmt: skip
    assert source.notes[-1] == (
        "8 files passed over: 3 .txt, 2 without an ending, 2 .psd, 1 .svgz;"
        " --list-skipped names them"
    )


def test_many_endings_are_counted_together() -> None:
    names = [f"a.x{n}" for n in range(9)] + ["b.x0"]
    assert skipped_sentence(names) == (
        "10 files passed over: 2 .x0, 1 .x1, 1 .x2, 1 .x3, 1 .x4, 1 .x5, 3 others"
    )
    assert skipped_sentence(["a.psd"]) == "1 file passed over: 1 .psd"
    assert skipped_sentence([]) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tar.gz", ".gz"),
        ("a", ""),
        ("a.", ""),
        ("No. 5", ""),
        ("x.J2K", ".j2k"),
        ("a.\udcff", ""),
    ],
)
def test_an_ending_is_short_and_plain(name: str, expected: str) -> None:
    assert ending(name) == expected


def test_a_folder_with_nothing_but_other_files_says_which(tmp_path: Path) -> None:
    touch(tmp_path, "Cubism/a.psd", "Cubism/b.psd", "list.xls")
    with pytest.raises(DataError, match=r"no pictures \(3 files passed over: 2 \.psd, 1 \.xls\)"):
        open_source(tmp_path)


def test_style_folders_without_pictures_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "data/Cubism/a.jpg", "data/Pop/b.jpg", "data/Rococo/c.psd", "data/Pop/x/y.psd")
    (tmp_path / "data" / "Empty").mkdir()
    notes = open_source(tmp_path).notes
    assert "folders without a picture that is read: data/Empty, data/Rococo" in notes


def test_folders_that_are_not_entered_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "Cubism/a.jpg", "Dada/b.jpg", "out/dataset.json", "out/manifest.csv")
    (tmp_path / "Kubism").symlink_to(tmp_path / "Cubism", target_is_directory=True)
    (tmp_path / "Dada" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert open_source(tmp_path).notes == (
        "dataset folder made by 'prepare', passed over: out",
        "links to folders that are read elsewhere, passed over: 2, as Dada/up",
    )


@pytest.mark.parametrize(
    "style",
    [
        "Pop. Art",
        "St. Ives School",
        "🎨 Naïve",
        "مدرسة",
        "‏לוחות",
        "印象",
        "C++",
        "a'b\"c",
        "-rf *",
        "100%",
    ],
)
def test_odd_names_of_styles_are_styles(style: str, tmp_path: Path) -> None:
    touch(tmp_path, f"{style}/a.jpg", "Cubism/b.jpg")
    source = open_source(tmp_path)
    assert {image.style for image in source.images} == {
        "Cubism",
        "Pop_Art" if style == "Pop. Art" else "_".join(unicodedata.normalize("NFC", style).split()),
    }
    (image,) = (image for image in source.images if image.style != "Cubism")
    assert image.path == f"{style}/a.jpg"


def test_a_file_name_that_is_not_utf8_is_counted_and_named(tmp_path: Path) -> None:
    touch(tmp_path, "Cubism/a.jpg", "Dada/b.jpg", "Dada/" + os.fsdecode(b"caf\xe9.psd"))
    assert open_source(tmp_path).skipped == ("Dada/caf\udce9.psd",)
