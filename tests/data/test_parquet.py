import pickle
import sys
from pathlib import Path

import pytest

from artstyle.data.source import SourceImage
from artstyle.data.sources import open_source, read_source_bytes
from artstyle.errors import DataError, MissingError
from tests.data.shards import stored, write_shard
from tests.data.source_files import only, paint, paths


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


def test_rows_without_style_or_picture_are_told_of(tmp_path: Path) -> None:
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
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"style": [1], "features": [2.0]}), tmp_path / "a.parquet")
    with pytest.raises(
        DataError, match=r"no column image, only style, features; .*--format folder"
    ):
        open_source(tmp_path)


def test_an_image_column_without_bytes_is_an_error(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for images in ([[1]], [b"x"], [{"path": "x"}]):
        table = pyarrow.table({"style": [1], "image": images})
        parquet.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(DataError, match="the column image must hold bytes, not"):
            open_source(tmp_path)


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
