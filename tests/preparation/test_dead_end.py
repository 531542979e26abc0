"""When no style is left: what was left out and why, and the key that is really in the way."""

import shutil
from pathlib import Path

import pytest

from artstyle.errors import DataError
from artstyle.preparation.prepare import plan, prepare
from artstyle.storage.files import read_csv
from tests.preparation.pictures import write_collection, write_painting
from tests.preparation.prepared import config, contents


def refusal(source: Path, out: Path, *overrides: str) -> str:
    with pytest.raises(DataError) as refused:
        prepare(source, out, config(*overrides))
    return str(refused.value)


def test_folders_of_the_same_paintings_are_named_and_one_of_them_serves(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum" / "images", ("Monet", "Degas"), 4)
    for path in museum.rglob("*.jpg"):
        (tmp_path / "museum" / "resized").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "museum" / "resized" / path.name)
    said = refusal(tmp_path / "museum", tmp_path / "out")
    for words in (
        "no style has 3 paintings left: of 16 files, 16 of paintings listed under two styles",
        "the folders images and resized hold the same paintings",
        f"'artstyle prepare {museum}'",
        "quality.two_styles=keep",
        f"{tmp_path / 'out' / 'rejected.csv'} names each file",
    ):
        assert words in said
    rows = list(read_csv(tmp_path / "out" / "rejected.csv", ours=True))
    assert [row["reason"] for row in rows] == ["two_styles"] * 16
    assert not (tmp_path / "out" / "dataset.json").exists()
    # What it suggests works, in the folder that it left.
    assert prepare(museum, tmp_path / "one", config()).dataset.labels == ("Degas", "Monet")
    prepare(tmp_path / "museum", tmp_path / "out", config("quality.two_styles=keep"))


def test_copies_are_in_the_way(tmp_path: Path) -> None:
    for number in range(5):
        write_painting(tmp_path / "museum" / "Cubism" / f"{number}.jpg", 1)
    said = refusal(tmp_path / "museum", tmp_path / "out")
    assert "of 5 files, 4 exact copies of another file of their style are left out" in said
    assert "quality.copies=keep" in said
    assert "min_per_style" not in said


def test_unreadable_files_are_in_the_way(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism",), 2)
    for number in range(4):
        (museum / "Cubism" / f"empty_{number}.jpg").touch()
    said = refusal(museum, tmp_path / "out")
    assert "of 6 files, 4 not readable as pictures are left out" in said
    assert "Cubism/empty_0.jpg: the file is empty" in said
    assert "min_per_style" not in said


def test_the_limit_is_in_the_way(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Rococo"), 4)
    (museum / "Rococo" / "rococo-artist-0_work-0.jpg").unlink()
    expected = "no style has 9 paintings: the largest, Cubism, has 4;"
    way_out = "balance.min_per_style=4"
    said = refusal(museum, tmp_path / "out", "balance.min_per_style=9")
    assert expected in said
    assert way_out in said
    with pytest.raises(DataError, match=expected):
        plan(museum, tmp_path / "out", config("balance.min_per_style=9"))
    prepare(museum, tmp_path / "out", config(way_out))


def test_a_data_set_that_was_there_before_stays_whole(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Rococo"), 4)
    prepare(museum, tmp_path / "out", config())
    before = contents(tmp_path / "out")
    assert "rejected.csv" not in refusal(museum, tmp_path / "out", "balance.min_per_style=9")
    assert contents(tmp_path / "out") == before


def notes(source: Path, out: Path, *overrides: str) -> list[str]:
    return list(prepare(source, out, config(*overrides)).dataset.description.notes)


def test_one_style_and_styles_without_test_pictures_are_reported(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Rococo"), 12)
    for path in sorted((museum / "Rococo").iterdir())[3:]:
        path.unlink()
    assert notes(museum, tmp_path / "a") == [
        "styles without a painting in test, so that they are not measured: Rococo (3)"
    ]
    shutil.rmtree(museum / "Rococo")
    assert notes(museum, tmp_path / "b") == ["only one style, Cubism: training needs at least two"]


def test_a_split_without_paintings_is_reported(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Rococo"), 4)
    found = notes(museum, tmp_path / "out", "split.ratios=[0.9, 0.09, 0.01]")
    assert any(note.startswith("test has no paintings: nothing can be measured") for note in found)
