import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from artstyle.errors import DataError, UsageError
from artstyle.preparation.sources.opening import open_source, read_source_bytes
from artstyle.preparation.sources.source import SourceImage
from artstyle.storage.files import write_text
from tests.preparation.source_files import only, paint, paths

# Style folders


def test_style_artist_and_title_come_from_folder_and_name(tmp_path: Path) -> None:
    paint(tmp_path, "Baroque/rembrandt_the_night-watch.jpg", "Baroque/06419a10.jpg")
    unnamed, named = open_source(tmp_path).images
    assert named == SourceImage(
        "Baroque/rembrandt_the_night-watch.jpg", "Baroque", "rembrandt", "the_night-watch", "", ""
    )
    assert (unnamed.artist, unnamed.title) == ("", "06419a10")


def test_a_folder_below_the_style_gives_the_artist(tmp_path: Path) -> None:
    paint(tmp_path, "Baroque/Frans Hals/late/frans_1.jpg", "Baroque/Frans Hals/Frans Hals_2.png")
    two, one = open_source(tmp_path).images
    assert (one.style, one.artist, one.title) == ("Baroque", "Frans Hals", "frans_1")
    assert (two.artist, two.title) == ("Frans Hals", "2")


def test_an_artist_in_the_file_name_is_believed_before_a_folder(tmp_path: Path) -> None:
    paint(tmp_path, "Impressionism/batch1/claude-monet_haystacks.jpg")
    (image,) = open_source(tmp_path).images
    assert (image.artist, image.title) == ("claude-monet", "haystacks")


def test_folders_that_only_wrap_are_no_styles(tmp_path: Path) -> None:
    paint(tmp_path, "data/wikiart/Cubism/a_b.jpg", "data/wikiart/Rococo/c_d.jpg")
    source = open_source(tmp_path)
    assert source.format == "folders"
    assert [image.style for image in source.images] == ["Cubism", "Rococo"]
    assert paths(source)[0] == "data/wikiart/Cubism/a_b.jpg"


def test_a_single_style_with_folders_of_artists_is_not_a_wrapper(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/picasso/a.jpg", "Cubism/braque/b.jpg")
    assert [(i.style, i.artist) for i in open_source(tmp_path).images] == [
        ("Cubism", "braque"),
        ("Cubism", "picasso"),
    ]


def test_spaces_and_synonyms_in_folder_names_are_resolved(tmp_path: Path) -> None:
    paint(tmp_path, "Art_Nouveau/a_b.jpg", "Pop Art/c_d.jpg")
    assert [i.style for i in open_source(tmp_path).images] == ["Art_Nouveau_Modern", "Pop_Art"]


def test_hidden_and_foreign_files_are_passed_over(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.JPG", "Cubism/.c_d.jpg", ".trash/e_f.jpg")
    (tmp_path / "Cubism" / "notes.txt").write_text("x")
    (tmp_path / "Empty").mkdir()
    assert paths(open_source(tmp_path)) == ["Cubism/a_b.JPG"]


def test_paintings_are_in_code_point_order_of_their_paths(tmp_path: Path) -> None:
    paint(tmp_path, "B/a_é.jpg", "B/a_z.jpg", "B/a_Z.jpg", "a/x_1.jpg", "B-b/x_1.jpg")
    assert paths(open_source(tmp_path)) == sorted(paths(open_source(tmp_path)))


def test_loops_of_links_end_and_no_folder_is_read_twice(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    (tmp_path / "Cubism" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "Also_Cubism").symlink_to(tmp_path / "Cubism", target_is_directory=True)
    assert paths(open_source(tmp_path)) == ["Cubism/a_b.jpg"]


def test_a_linked_style_folder_is_followed(tmp_path: Path) -> None:
    paint(tmp_path / "elsewhere", "a_b.jpg")
    paint(tmp_path / "root", "Rococo/c_d.jpg")
    (tmp_path / "root" / "Cubism").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert paths(open_source(tmp_path / "root")) == ["Cubism/a_b.jpg", "Rococo/c_d.jpg"]


def test_names_that_are_no_utf8_keep_their_bytes(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    raw = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Cubism/caf\xe9_menu.jpg"))
    (tmp_path / "Cubism" / "a_b.jpg").rename(raw)
    source = open_source(tmp_path)
    assert only(source).path.encode("utf-8", "surrogateescape") == b"Cubism/caf\xe9_menu.jpg"
    ((_, content),) = read_source_bytes(source.root, source.images)
    assert content == raw.read_bytes()


def test_paths_are_the_same_under_a_locale_without_utf8(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/grã©goire_été.jpg", "Rococo/a_b.jpg")
    script = (
        "import json, sys; from pathlib import Path;"
        "from artstyle.preparation.sources.opening import *;"
        "source = open_source(Path(sys.argv[1]));"
        "contents = [c for _, c in read_source_bytes(source.root, source.images)];"
        "print(json.dumps([[i.path for i in source.images], [len(c) for c in contents]]))"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, **plain},
        capture_output=True,
        check=True,
    )
    found, sizes = json.loads(done.stdout)
    assert found == ["Cubism/grã©goire_été.jpg", "Rococo/a_b.jpg"]
    assert min(sizes) > 100


def test_pictures_without_style_folders_are_an_error_that_says_the_layout(tmp_path: Path) -> None:
    paint(tmp_path, "a_b.jpg")
    with pytest.raises(DataError, match=r"no style folders; expected one folder for each style"):
        open_source(tmp_path)


def test_loose_pictures_next_to_style_folders_are_reported(tmp_path: Path) -> None:
    paint(tmp_path, "a_b.jpg", "Cubism/c_d.jpg")
    source = open_source(tmp_path)
    assert paths(source) == ["Cubism/c_d.jpg"]
    assert source.notes == ("pictures in no style folder, left out: 1, as a_b.jpg",)


def test_an_empty_folder_is_an_error_that_says_the_layout(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no pictures; expected .*Baroque/artist_title\.jpg"):
        open_source(tmp_path)


def test_a_dataset_folder_inside_the_source_is_not_a_style(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg", "processed/images/Cubism/a_b.jpg")
    for name in ("dataset.json", "manifest.csv"):
        write_text(tmp_path / "processed" / name, "")
    assert paths(open_source(tmp_path)) == ["Cubism/a_b.jpg"]
    with pytest.raises(UsageError, match="is a dataset folder that 'prepare' wrote"):
        open_source(tmp_path / "processed")


# Split folders


def test_split_folders_give_the_split_in_any_case_and_stay_in_the_path(tmp_path: Path) -> None:
    paint(tmp_path, "Train/Cubism/a_b.jpg", "validation/Cubism/c_d.jpg", "TEST/Cubism/e_f.jpg")
    source = open_source(tmp_path)
    assert source.format == "split_folders"
    assert {i.path: (i.split, i.style) for i in source.images} == {
        "Train/Cubism/a_b.jpg": ("train", "Cubism"),
        "validation/Cubism/c_d.jpg": ("val", "Cubism"),
        "TEST/Cubism/e_f.jpg": ("test", "Cubism"),
    }


def test_what_lies_outside_split_folders_is_left_out_and_reported(tmp_path: Path) -> None:
    paint(tmp_path, "train/Cubism/a_b.jpg", "test/Cubism/c_d.jpg", "extra/Cubism/e_f.jpg")
    paint(tmp_path, "train/g_h.jpg")
    source = open_source(tmp_path)
    assert paths(source) == ["test/Cubism/c_d.jpg", "train/Cubism/a_b.jpg"]
    assert source.notes == (
        "pictures in no style folder, left out: 1, as train/g_h.jpg",
        "pictures in extra, outside train, val and test, left out: 1",
    )


def test_a_lone_train_folder_wraps_style_folders(tmp_path: Path) -> None:
    paint(tmp_path, "train/Cubism/a_b.jpg", "train/Rococo/c_d.jpg")
    assert [i.style for i in open_source(tmp_path).images] == ["Cubism", "Rococo"]
    assert [i.split for i in open_source(tmp_path, "split_folders").images] == ["train", "train"]


def test_style_folders_read_as_split_folders_are_an_error(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    with pytest.raises(DataError, match=r"no pictures in split folders; expected .*/train/Style/"):
        open_source(tmp_path, "split_folders")
