import pickle
import sys
from pathlib import Path
from random import Random

import pytest

from artstyle.errors import DataError, MissingError, UnknownNameError
from artstyle.preparation.sources.opening import open_source, read_source_bytes
from artstyle.preparation.sources.parquet import row_number, shard_name
from artstyle.preparation.sources.source import SourceImage, split_name
from tests.preparation.shards import stored, write_shard, write_table
from tests.preparation.source_files import only, paint, paths

pyarrow = pytest.importorskip("pyarrow")


def test_shards_give_names_to_their_whole_numbers(tmp_path: Path) -> None:
    rows = [stored(0), stored(1, style=1, artist=0, genre=0), stored(2, artist=-1)]
    rows[0]["image"]["path"] = "andy-warhol_soup.jpg"
    write_shard(tmp_path / "data" / "train-00000-of-00002.parquet", rows)
    write_shard(tmp_path / "data" / "test-00001-of-00002.parquet", [stored(3)])
    source = open_source(tmp_path)
    train = "data/train-00000-of-00002.parquet"
    assert source.format == "parquet"
    assert source.images == (
        SourceImage(
            "data/test-00001-of-00002.parquet#000000", "Pop_Art", "andy-warhol", "", "portrait",
            "test",
        ),
        SourceImage(f"{train}#000000", "Pop_Art", "andy-warhol", "soup", "portrait", "train"),
        SourceImage(f"{train}#000001", "Art_Nouveau_Modern", "", "", "", "train"),
        SourceImage(f"{train}#000002", "Pop_Art", "", "", "portrait", "train"),
    )  # fmt: skip


def test_bytes_of_rows_come_back_in_order_for_any_chunk(tmp_path: Path) -> None:
    rows = [stored(number) for number in range(35)]
    write_shard(tmp_path / "a.parquet", rows)
    write_shard(tmp_path / "b.parquet", rows[::-1])
    source = open_source(tmp_path)
    everything = [row["image"]["bytes"] for row in rows + rows[::-1]]
    for chunk in (slice(0, 70), slice(7, 8), slice(19, 21), slice(33, 52), slice(0, 70, 9)):
        arguments = pickle.loads(pickle.dumps((source.root, source.images[chunk])))
        read = list(read_source_bytes(*arguments))
        assert [image for image, _ in read] == list(source.images[chunk])
        assert [content for _, content in read] == everything[chunk]


def test_a_single_shard_can_be_named(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(0)])
    write_shard(tmp_path / "b.parquet", [stored(1)])
    assert paths(open_source(tmp_path / "b.parquet")) == ["b.parquet#000000"]


def test_rows_without_style_or_picture_are_reported(tmp_path: Path) -> None:
    empty = {**stored(3), "image": {"bytes": None, "path": "x.jpg"}}
    rows = [stored(0, style=-1), stored(1, style=None), stored(2), empty]
    write_shard(tmp_path / "a.parquet", rows)
    source = open_source(tmp_path)
    assert source.notes == ("rows without a style, left out: 2",)
    (_, first), (_, second) = read_source_bytes(tmp_path, source.images)
    assert isinstance(first, bytes)
    assert str(second) == "the row holds no picture"


def test_a_number_without_a_name_is_an_unknown_class(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(0, artist=99), stored(1, style=99)])
    source = open_source(tmp_path)
    assert only(source).artist == ""
    assert source.notes == ("rows without a style, left out: 1",)


def test_shards_without_class_names_are_an_error(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(0)], features={})
    with pytest.raises(
        DataError, match=r"a\.parquet does not name the classes of its column style"
    ):
        open_source(tmp_path)


def test_shards_with_other_columns_are_an_error(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", {"style": [1], "features": [2.0]})
    with pytest.raises(
        DataError, match=r"no column image, only style, features; .*--format folder"
    ):
        open_source(tmp_path)


def test_an_image_column_without_bytes_is_an_error(tmp_path: Path) -> None:
    for images in ([[1]], ["x"], [{"path": "x"}], [{"bytes": "x"}]):
        write_table(tmp_path / "a.parquet", {"style": ["Rococo"], "image": images})
        with pytest.raises(DataError, match="the column image must hold bytes, not"):
            open_source(tmp_path)


@pytest.mark.parametrize("kind", ["binary", "large_binary", "binary_view"])
@pytest.mark.parametrize("name", ["image", "img", "Image"])
def test_bytes_need_no_structure_around_them(tmp_path: Path, kind: str, name: str) -> None:
    contents = [stored(n)["image"]["bytes"] for n in range(3)]
    images = pyarrow.array(contents, getattr(pyarrow, kind)())
    write_table(tmp_path / "a.parquet", {"style": ["A", "B", "A"], name: images})
    source = open_source(tmp_path)
    assert [image.style for image in source.images] == ["A", "B", "A"]
    assert [content for _, content in read_source_bytes(source.root, source.images)] == contents


CLASS = {"names": ["Pop Art", "Renaissance, Early", "Unknown"], "_type": "ClassLabel"}


@pytest.mark.parametrize(
    "feature",
    [
        [CLASS],
        {"feature": CLASS, "_type": "Sequence"},
        {"feature": CLASS, "length": -1, "_type": "List"},
    ],
)
def test_a_list_of_one_class_is_that_class(tmp_path: Path, feature: object) -> None:
    styles = [[0], [1], [2], [], None, [0, 1], [0, 0], [99]]
    rows: dict[str, object] = {"image": [b"x"] * len(styles), "style": styles}
    write_table(tmp_path / "a.parquet", rows, {"style": feature})
    source = open_source(tmp_path)
    assert {row_number(i.path): i.style for i in source.images} == {
        0: "Pop_Art",
        1: "Renaissance,_Early",
        6: "Pop_Art",
    }
    assert source.notes == (
        "rows without a style, left out: 4",
        "rows of several styles, left out: 1, as a.parquet#000005 (Pop_Art, Renaissance,_Early);"
        " labels.multi=true keeps them, each under all its styles",
    )


def test_styles_are_text_of_any_kind_or_floats_of_pandas(tmp_path: Path) -> None:
    texts = ["Cubism", None, "nan", "['Pop Art']"]
    columns = {
        "text": pyarrow.array(texts),
        "large": pyarrow.array(texts, pyarrow.large_string()),
        "codes": pyarrow.array(texts).dictionary_encode(),
        "bytes": pyarrow.array([text and text.encode() for text in texts]),
        "lists": pyarrow.array([text and [text] for text in texts]),
        "float": pyarrow.array([1.0, float("inf"), float("nan"), 0.0]),
    }
    for name, values in columns.items():
        path = tmp_path / name / "train" / "0000.parquet"
        write_table(path, {"image": [b"x"] * 4, "label": values}, {"label": CUBISM})
        found = open_source(tmp_path / name)
        assert {row_number(i.path): i.style for i in found.images} == {0: "Cubism", 3: "Pop_Art"}
        assert {i.split for i in found.images} == {"train"}


CUBISM = {"names": ["Pop Art", "Cubism"], "_type": "ClassLabel"}


@pytest.mark.parametrize(
    ("columns", "features", "message"),
    [
        ({"style": [True]}, {}, "the column style holds bool, not text or class numbers"),
        ({"style": [{"a": 1}]}, {}, "the column style holds struct<a: int64>, not text"),
        ({"style": [b"\xff"]}, {}, "a text in it is not UTF-8"),
        ({"style": [0]}, {"style": {"names": {"0": "Cubism"}}}, "does not name the classes"),
        ({"style": ["a"], "Style": ["b"]}, {}, r"2 columns of the name style \(style, Style\)"),
        ({"movement": ["a"]}, {}, "no column style, only image, movement; .*--columns style=NAME"),
        ({"style": ["Cubism, Rococo"]}, {}, "has one style: rows of several styles, left out: 1"),
    ],
)
def test_columns_that_mean_nothing_are_one_line(
    tmp_path: Path, columns: dict[str, object], features: object, message: str
) -> None:
    write_table(tmp_path / "a.parquet", {"image": [b"x"], **columns}, features)
    with pytest.raises(DataError, match=message):
        open_source(tmp_path)


def test_columns_of_shards_can_be_named(tmp_path: Path) -> None:
    rows: dict[str, object] = {"image": [b"x"], "style": ["no"], "movement": ["Cubism"]}
    write_table(tmp_path / "a.parquet", rows)
    assert only(open_source(tmp_path, columns={"style": "movement"})).style == "Cubism"
    with pytest.raises(UnknownNameError, match=r"'movment'\. Did you mean 'movement'"):
        open_source(tmp_path, columns={"style": "movment"})
    with pytest.raises(UnknownNameError, match="unknown column of Parquet files 'path'"):
        open_source(tmp_path, columns={"path": "image"})


def test_shards_that_only_name_pictures_are_an_error(tmp_path: Path) -> None:
    rows = [{**stored(n), "image": {"bytes": None, "path": f"{n}.jpg"}} for n in range(12)]
    write_shard(tmp_path / "a.parquet", rows)
    with pytest.raises(DataError, match="holds no pictures, only what they are called"):
        open_source(tmp_path)


def test_the_split_is_the_column_or_the_shards_name_or_its_folder(tmp_path: Path) -> None:
    splits = {
        "train-0.parquet": "train",
        "data/val_00.parquet": "val",
        "default/test/0000.parquet": "test",
        "a/partial-train/0000.parquet": "train",
        "Training/x/y/0.parquet": split_name("Training") or "",
        "other/0000.parquet": "",
    }
    for name in splits:
        write_table(tmp_path / name, {"image": [b"x"], "style": ["A"]})
    assert {shard_name(i.path): i.split for i in open_source(tmp_path).images} == splits
    for name in splits:
        write_table(tmp_path / name, {"image": [b"x"], "style": ["A"], "split": ["validation"]})
    assert {i.split for i in open_source(tmp_path).images} == {"val"}


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(number) for number in range(35)])
    source = open_source(tmp_path)
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.parquet cannot be read: .*; fetch it again or move"):
        open_source(tmp_path)
    answers = [content for _, content in read_source_bytes(tmp_path, source.images)]
    assert len(answers) == 35
    assert all("the Parquet file cannot be read" in str(answer) for answer in answers)


def test_a_shard_with_any_bytes_changed_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_shard(path, [stored(number) for number in range(3)])
    whole, random = path.read_bytes(), Random(0)
    for _ in range(60):
        changed = bytearray(whole)
        # Most of the file is pictures; their description is at its end.
        changed[-random.randrange(1, 3000)] ^= random.randrange(1, 256)
        path.write_bytes(changed)
        message = ""
        try:
            source = open_source(tmp_path)
            assert len(list(read_source_bytes(tmp_path, source.images))) == len(source.images)
        except DataError as error:
            message = str(error)
        assert len(message.splitlines()) <= 1


def test_rows_that_are_gone_since_are_errors_of_their_own(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(number) for number in range(12)])
    source = open_source(tmp_path)
    write_shard(tmp_path / "a.parquet", [stored(0)])
    answers = [content for _, content in read_source_bytes(tmp_path, source.images)]
    assert isinstance(answers[0], bytes)
    assert {str(answer) for answer in answers[1:]} == {"the Parquet file has no such row"}


def test_a_folder_without_shards_read_as_parquet_is_an_error(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    with pytest.raises(DataError, match=r"holds no \.parquet files"):
        open_source(tmp_path, "parquet")


def test_without_pyarrow_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "a.parquet", [stored(0)])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingError, match=r'pip install "artstyle\[parquet\]"'):
        open_source(tmp_path)


def test_an_unknown_split_is_refused_as_in_a_table(tmp_path: Path) -> None:
    image = [stored(n)["image"]["bytes"] for n in range(3)]
    columns = {"image": image, "style": ["Cubism"] * 3, "split": ["train", "", "tets"]}
    write_table(tmp_path / "a.parquet", columns)
    with pytest.raises(DataError, match=r"a\.parquet: unknown split 'tets' \(row 2\); write train"):
        open_source(tmp_path)


def test_shards_in_bins_are_not_read(tmp_path: Path) -> None:
    for name in ("a.parquet", "$RECYCLE.BIN/b.parquet", "@eaDir/c.parquet", ".d/d.parquet"):
        write_shard(tmp_path / name, [stored(0)])
    assert paths(open_source(tmp_path)) == ["a.parquet#000000"]


def test_a_shard_whose_ending_is_in_capitals_is_read(tmp_path: Path) -> None:
    write_shard(tmp_path / "A.PARQUET", [stored(0)])
    for source in (open_source(tmp_path), open_source(tmp_path / "A.PARQUET")):
        ((image, content),) = read_source_bytes(source.root, source.images)
        assert image.path == "A.PARQUET#000000"
        assert isinstance(content, bytes)


def test_a_named_column_wins_over_another_spelling_of_it(tmp_path: Path) -> None:
    image = [stored(0)["image"]["bytes"]]
    write_table(tmp_path / "a.parquet", {"image": image, "Style": ["Cubism"], "style": ["Rococo"]})
    assert only(open_source(tmp_path, columns={"style": "Style"})).style == "Cubism"
