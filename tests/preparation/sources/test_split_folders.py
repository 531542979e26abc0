"""Which folders are taken for splits, which for styles, and which are refused."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from artstyle.errors import DataError
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.sources.source import Source, split_in_name, split_name


def tree(root: Path, *names: str) -> Path:
    """Make files by name; only names are looked at."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def collection(root: Path, splits: Iterable[str], styles: Iterable[str]) -> Path:
    for split in splits:
        for style in styles:
            tree(root, f"{split}/{style}/{split.replace('/', '-')}-{style}_a.jpg")
    return root


def splits_and_styles(source: Source) -> set[tuple[str, str]]:
    return {(image.split, image.style) for image in source.images}


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("Training", "Validation", "Testing"), ("train", "val", "test")),
        (("train", "Testing"), ("train", "test")),
        (("Train_Set", "Valid_Set", "Test_Set"), ("train", "val", "test")),
        (("images_train", "images_val"), ("train", "val")),
        (("01_train", "02_test"), ("train", "test")),
        (("TrainSet", "DevSet", "Hold-Out"), ("train", "val", "test")),
        (("wikiart_train", "wikiart_test"), ("train", "test")),
        (("trn", "tst"), ("train", "test")),
        (("trainval", "test"), ("train", "test")),
        (("train", "val", "eval"), ("train", "val", "test")),
        (("train", "eval", "test"), ("train", "val", "test")),
        (("train-data", "evaluation data"), ("train", "val")),
        (("a/b/train", "a/b/val"), ("train", "val")),
        (("train/train", "test/test"), ("train", "test")),
        (("train/images", "test/images"), ("train", "test")),
        (("test/train", "test/val"), ("train", "val")),
        (("train2019 (1)", "val2019 (1)"), ("train", "val")),
    ],
)
def test_folders_that_hold_the_same_styles_are_splits(
    tmp_path: Path, names: tuple[str, ...], splits: tuple[str, ...]
) -> None:
    source = open_source(collection(tmp_path, names, ("Cubism", "Rococo")))
    assert source.format == "split_folders"
    assert splits_and_styles(source) == {(s, st) for s in splits for st in ("Cubism", "Rococo")}


def test_what_split_folders_were_taken_for_is_said_unless_the_names_say_it(tmp_path: Path) -> None:
    source = open_source(collection(tmp_path / "a", ("Train", "holdout"), ("Cubism", "Rococo")))
    assert source.notes == ("folders taken for splits: Train as train, holdout as test",)
    assert open_source(collection(tmp_path / "b", ("Train", "test"), ("Cubism",))).notes == ()


def test_splits_share_a_style_in_any_spelling_and_may_lack_others(tmp_path: Path) -> None:
    tree(tmp_path, "train/Ukiyo-e/a.jpg", "train/Rococo/b.jpg", "test/ukiyo_e/c.jpg")
    assert splits_and_styles(open_source(tmp_path)) == {
        ("train", "Ukiyo_e"),
        ("train", "Rococo"),
        ("test", "Ukiyo_e"),
    }


@pytest.mark.parametrize("test", ["test/0.jpg", "test/images/0.jpg", "TEST_SET/unknown/0.jpg"])
def test_an_unlabelled_test_is_left_out_with_a_note(tmp_path: Path, test: str) -> None:
    tree(collection(tmp_path, ("train",), ("Cubism", "Rococo")), test)
    source = open_source(tmp_path)
    assert (source.format, splits_and_styles(source)) == (
        "folders",
        {("", "Cubism"), ("", "Rococo")},
    )
    name = test.partition("/")[0]
    assert f"pictures in {name}, without a style, left out: 1" in source.notes
    collection(tmp_path, ("val",), ("Cubism", "Rococo"))
    assert {split for split, _ in splits_and_styles(open_source(tmp_path))} == {"train", "val"}


def test_a_flat_test_next_to_style_folders_is_not_a_style(tmp_path: Path) -> None:
    tree(tmp_path, "Cubism/a.jpg", "Rococo/b.jpg", "test/0.jpg", "test/1.jpg")
    source = open_source(tmp_path)
    assert splits_and_styles(source) == {("", "Cubism"), ("", "Rococo")}
    assert "pictures in test, without a style, left out: 2" in source.notes
    assert "test" in {image.style for image in open_source(tmp_path, "folders").images}


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        (
            ("train/Cubism/a.jpg", "train/Rococo/b.jpg", "test/Fauvism/c.jpg", "test/Dada/d.jpg"),
            "test holds Dada, Fauvism; train holds Cubism, Rococo",
        ),
        (("train/Cubism/a.jpg", "test/Rococo/b.jpg"), "test holds Rococo; train holds Cubism"),
        (
            ("train/a.jpg", "test/b.jpg"),
            "test, train cannot be read: names of splits, but no style",
        ),
        (("Test Images/a.jpg", "valid/b.jpg"), "Test Images, valid cannot be read"),
        (
            ("Cubism/a.jpg", "Rococo/b.jpg", "test/Cubism/c.jpg"),
            "test looks like a split, but is next to Cubism, Rococo",
        ),
    ],
)
def test_names_of_splits_with_another_content_are_refused_with_ways_out(
    tmp_path: Path, names: tuple[str, ...], seen: str
) -> None:
    tree(tmp_path, *names)
    with pytest.raises(DataError) as refused:
        open_source(tmp_path)
    for words in (seen, "--format folders", "path,style,split"):
        assert words in str(refused.value)
    styles = {image.style for image in open_source(tmp_path, "folders").images}
    assert styles == {"_".join(name.partition("/")[0].split()) for name in names}


def test_styles_with_a_word_of_a_split_in_their_names_are_styles(tmp_path: Path) -> None:
    tree(tmp_path, "Cubism/a.jpg", "Test Tubes/b.jpg", "Train Stations/c.jpg")
    assert {image.style for image in open_source(tmp_path).images} == {
        "Cubism",
        "Test_Tubes",
        "Train_Stations",
    }


def test_folders_above_the_styles_are_named(tmp_path: Path) -> None:
    one, two = collection(tmp_path / "1", ("a/train",), "XY"), tmp_path / "2"
    assert open_source(one).notes == ("folders above the styles, passed over: a/train",)
    assert open_source(collection(two, ("train/data", "test"), "XY")).notes == (
        "folders above the styles, passed over: data",
    )


def test_splits_below_the_styles_are_splits_and_not_artists(tmp_path: Path) -> None:
    tree(tmp_path, "Cubism/Train/a.jpg", "Cubism/test/klee/b.jpg", "Dada/train/c_d.jpg")
    source = open_source(tmp_path)
    assert {(i.path, i.style, i.split, i.artist) for i in source.images} == {
        ("Cubism/Train/a.jpg", "Cubism", "train", ""),
        ("Cubism/test/klee/b.jpg", "Cubism", "test", "klee"),
        ("Dada/train/c_d.jpg", "Dada", "train", "c"),
    }
    assert "folders below the styles taken for splits" in source.notes[0]


def test_parts_of_one_split_are_read_together(tmp_path: Path) -> None:
    source = open_source(collection(tmp_path, ("train1", "train2"), ("Cubism", "Rococo")))
    assert (source.format, len(source.images)) == ("folders", 4)
    assert splits_and_styles(source) == {("", "Cubism"), ("", "Rococo")}


@pytest.mark.parametrize("name", ["not in test", "train_test_split", "Latest", "contest", "", "7"])
def test_other_words_are_no_split(name: str) -> None:
    assert split_name(name) is None


@pytest.mark.parametrize("name", ["train_test_split", "Latest", "Contest", "Devotion", "test-dev"])
def test_folders_named_otherwise_are_no_splits(name: str) -> None:
    assert split_in_name(name) is None


def test_a_level_below_the_style_is_reported(tmp_path: Path) -> None:
    tree(tmp_path, "Modern/Cubism/a-b_c.jpg", "Modern/Fauvism/x.jpg", "Old/High/y.jpg")
    (note,) = open_source(tmp_path).notes
    assert note.startswith("the folders Modern, Old are taken for the styles; the folders below")
    assert "Cubism, Fauvism, High, are taken for the artists" in note
    assert "the file names give the artist of 1 pictures" in note
    assert "if Cubism, Fauvism should be styles, move them up one level" in note


def test_a_stray_picture_does_not_make_a_style_of_a_wrapper(tmp_path: Path) -> None:
    tree(tmp_path, "cover.jpg", "data/Cubism/a.jpg", "data/Dada/b.jpg")
    source = open_source(tmp_path)
    assert splits_and_styles(source) == {("", "Cubism"), ("", "Dada")}
    assert source.notes == (
        "pictures in no style folder, left out: 1, as cover.jpg",
        "folders above the styles, passed over: data",
    )


def test_splits_below_the_styles_with_another_folder_among_them_are_refused(
    tmp_path: Path,
) -> None:
    names = [f"{s}/{p}/{s}-{p}.jpg" for s in ("Baroque", "Rococo") for p in ("train", "test")]
    tree(tmp_path, *names, "Rococo/extra/x.jpg")
    with pytest.raises(DataError, match=r"test, train below the styles look like splits, extra"):
        open_source(tmp_path)
    assert {image.artist for image in open_source(tmp_path, "folders").images} >= {"train"}
