import io
import json
import os
import pickle
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artstyle.data.artgan import read_list
from artstyle.data.manifest import ManifestRow
from artstyle.data.manifest import write_manifest as write_rows
from artstyle.data.source import Source, SourceImage, artist_and_title
from artstyle.data.sources import open_source, read_source_bytes, stat_key
from artstyle.errors import ArtstyleError, DataError, ImageError, MissingError, UsageError
from artstyle.files import write_csv, write_text
from tests.data.wikiart_names import paint_listed, tiny_picture, write_lists

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LISTS = SHARED / "wikiart_lists"


def paint(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tiny_picture(name).save(path, "JPEG")


def paths(source: Source) -> list[str]:
    return [image.path for image in source.images]


def only(source: Source) -> SourceImage:
    (image,) = source.images
    return image


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


def test_a_single_style_with_folders_of_artists_is_no_wrapper(tmp_path: Path) -> None:
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
        "import json, sys; from pathlib import Path; from artstyle.data.sources import *;"
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


def test_loose_pictures_beside_style_folders_are_told_of(tmp_path: Path) -> None:
    paint(tmp_path, "a_b.jpg", "Cubism/c_d.jpg")
    source = open_source(tmp_path)
    assert paths(source) == ["Cubism/c_d.jpg"]
    assert source.notes == ("pictures in no style folder, left out: 1, as a_b.jpg",)


def test_an_empty_folder_is_an_error_that_says_the_layout(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no pictures; expected .*Baroque/artist_title\.jpg"):
        open_source(tmp_path)


def test_a_dataset_folder_inside_the_source_is_no_style(tmp_path: Path) -> None:
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


def test_what_lies_outside_split_folders_is_left_out_and_told_of(tmp_path: Path) -> None:
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


# Manifests

Rows = Sequence[dict[str, str]]


def write_manifest(path: Path, rows: Rows) -> Path:
    write_csv(path, tuple(rows[0]), rows)
    return path


def test_a_manifest_wins_over_folders_and_counts_what_is_missing(tmp_path: Path) -> None:
    paint(tmp_path, "any/a.jpg", "any/b.jpg")
    rows = [
        {"path": "any/a.jpg", "style": "Pop Art", "artist": "X, Y", "split": "Validation"},
        {"path": "./any//b.jpg", "style": "Rococo", "artist": "", "split": ""},
        {"path": "any/c.jpg", "style": "Rococo", "artist": "", "split": "test"},
    ]
    manifest = write_manifest(tmp_path / "manifest.csv", rows)
    source = open_source(tmp_path)
    assert source == open_source(manifest)
    assert (source.format, source.root, source.missing) == ("manifest", tmp_path, 1)
    assert source.images == (
        SourceImage("any/a.jpg", "Pop_Art", "X, Y", "", "", "val"),
        SourceImage("any/b.jpg", "Rococo", "", "", "", ""),
    )
    assert source.notes == (f"names in {manifest} that are not on disk: 1, as any/c.jpg",)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.jpg", "any/../../a.jpg", "a\0.jpg"])
def test_a_manifest_path_that_leads_out_is_refused_with_its_line(tmp_path: Path, path: str) -> None:
    rows = [{"path": "any/a.jpg", "style": "Rococo"}, {"path": path, "style": "Rococo"}]
    paint(tmp_path, "any/a.jpg")
    manifest = write_manifest(tmp_path / "list.csv", rows)
    with pytest.raises(DataError, match=r"list\.csv line 3: .* leads out of .*relative to it"):
        open_source(manifest)


def test_an_unknown_split_is_refused_with_its_line(tmp_path: Path) -> None:
    manifest = write_manifest(
        tmp_path / "list.csv", [{"path": "a.jpg", "style": "Rococo", "split": "later"}]
    )
    with pytest.raises(DataError, match="line 2: unknown split 'later'; write train, val or test"):
        open_source(manifest)


def test_missing_columns_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"file": "a.jpg", "style": "Rococo"}])
    with pytest.raises(DataError, match="no column path, only file, style; a manifest has path,st"):
        open_source(manifest)


def test_a_foreign_manifest_does_not_hide_style_folders(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    write_manifest(tmp_path / "manifest.csv", [{"file": "Cubism/a_b.jpg", "year": "1910"}])
    source = open_source(tmp_path)
    assert source.format == "folders"
    assert source.notes == (f"{tmp_path / 'manifest.csv'} is not used: it lacks path or style",)
    with pytest.raises(DataError, match="no column path and no column style"):
        open_source(tmp_path, "manifest")


def test_rows_without_style_are_left_out_and_told_of(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg", "b.jpg")
    rows = [{"path": "a.jpg", "style": " "}, {"path": "b.jpg", "style": "Rococo"}]
    manifest = write_manifest(tmp_path / "list.csv", rows)
    source = open_source(manifest)
    assert (paths(source), source.missing) == (["b.jpg"], 0)
    assert source.notes == (f"rows of {manifest} without a style, left out: 1",)


def test_a_file_listed_twice_counts_once_unless_its_styles_differ(tmp_path: Path) -> None:
    paint(tmp_path, "a.jpg")
    row = {"path": "a.jpg", "style": "Rococo"}
    manifest = write_manifest(tmp_path / "list.csv", [row, row])
    assert len(open_source(manifest).images) == 1
    write_manifest(manifest, [row, {"path": "./a.jpg", "style": "Cubism"}])
    with pytest.raises(
        DataError, match=r"line 3: a\.jpg stands under Cubism, and before .* Rococo"
    ):
        open_source(manifest)


def test_a_dataset_folders_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    paint(tmp_path, "=1.jpg")
    row = ManifestRow(
        "=1.jpg", "Cubism", "@gris", "'-2", "", "train", "", 9, 9, "0" * 64, "0" * 16, "images/1"
    )
    write_rows(tmp_path / "manifest.csv", [row])
    assert "'=1.jpg,Cubism,'@gris,''-2," in (tmp_path / "manifest.csv").read_text()
    image = only(open_source(tmp_path / "manifest.csv"))
    assert image == SourceImage("=1.jpg", "Cubism", "@gris", "'-2", "", "train")


def test_a_manifest_none_of_whose_files_is_there_is_an_error(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "list.csv", [{"path": "x/a.jpg", "style": "Rococo"}])
    with pytest.raises(DataError, match=r"none of the 1 names in .* is under .*, neither x/a\.jpg"):
        open_source(manifest)


@pytest.mark.parametrize(("listed", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_is_found_under_its_other_unicode_form(
    tmp_path: Path, listed: str, stored: str
) -> None:
    def form(name: str) -> str:
        return unicodedata.normalize(name, "Rococo/françois_été.jpg")  # type: ignore[arg-type]

    paint(tmp_path, form(stored))
    manifest = write_manifest(tmp_path / "list.csv", [{"path": form(listed), "style": "Rococo"}])
    source = open_source(manifest)
    assert (paths(source), source.missing) == ([form(stored)], 0)


# ArtGAN lists

STYLES = ("Cubism", "Art_Nouveau", "Rococo")
TRAIN = ("Cubism/georges-braque_houses.jpg", 'Rococo/a,b_"c", d.jpg', "Rococo/grã©goire_\x85.jpg")
VAL = ("Art_Nouveau/alphonse-mucha_rose(1).jpg", "Cubism/o'k_[x].jpg")


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    write_lists(tmp_path / "lists", STYLES, TRAIN, VAL)
    paint_listed(tmp_path / "lists", tmp_path / "wikiart")
    return tmp_path


def test_the_lists_give_split_and_style_and_val_becomes_test(listed: Path) -> None:
    source = open_source(listed / "wikiart", lists=listed / "lists")
    assert (source.format, source.missing, source.notes) == ("artgan", 0, ())
    assert {i.path: i.split for i in source.images} == {
        **dict.fromkeys(TRAIN, "train"),
        **dict.fromkeys(VAL, "test"),
    }
    styles = {i.path: i.style for i in source.images}
    assert styles[VAL[0]] == "Art_Nouveau_Modern"
    assert source.images[0].artist == "alphonse-mucha"


def test_lists_beside_the_pictures_are_recognised(listed: Path) -> None:
    paint_listed(listed / "lists", listed / "lists")
    assert open_source(listed / "lists").format == "artgan"


def test_every_listed_name_gets_a_picture_of_its_own(listed: Path) -> None:
    source = open_source(listed / "wikiart", lists=listed / "lists")
    contents = {content for _, content in read_source_bytes(source.root, source.images)}
    assert len(contents) == len(TRAIN + VAL)


def test_names_on_one_side_only_are_counted(listed: Path) -> None:
    (listed / "wikiart" / TRAIN[0]).unlink()
    paint(listed / "wikiart", "Cubism/new_1.jpg", "Cubism/new_2.jpg")
    source = open_source(listed / "wikiart", lists=listed / "lists")
    assert (len(source.images), source.missing) == (4, 1)
    assert source.notes == (
        f"names in the lists in {listed / 'lists'} that are not on disk: 1, as {TRAIN[0]}",
        f"pictures in {listed / 'wikiart'} that are in no list, left out: 2",
    )


def test_without_class_names_the_folder_is_the_style(listed: Path) -> None:
    (listed / "lists" / "style_class.txt").unlink()
    styles = {i.style for i in open_source(listed / "wikiart", lists=listed / "lists").images}
    assert styles == {"Cubism", "Art_Nouveau_Modern", "Rococo"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Cubism/a.jpg", "'Cubism/a.jpg' is not 'Style/name.jpg,index'"),
        ("a.jpg,0", "'a.jpg,0' is not 'Style/name.jpg,index'"),
        ("Cubism/a.jpg,9", "index 9 has no name in style_class.txt"),
        ("../a.jpg,0", r"leads out of"),
    ],
)
def test_a_bad_line_of_a_list_is_named(listed: Path, line: str, reason: str) -> None:
    path = listed / "lists" / "style_val.csv"
    path.write_bytes(path.read_bytes() + f"{line}\r\n".encode())
    with pytest.raises(DataError, match=rf"style_val\.csv line 3: .*{reason}"):
        open_source(listed / "wikiart", lists=listed / "lists")


def test_missing_lists_are_named(listed: Path) -> None:
    (listed / "lists" / "style_val.csv").unlink()
    with pytest.raises(MissingError, match=r"no style_val\.csv in .*lists; .* --lists"):
        open_source(listed / "wikiart", lists=listed / "lists")
    with pytest.raises(MissingError, match=r"no style_train\.csv and no style_val\.csv in"):
        open_source(listed / "wikiart", "artgan")


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), min_size=1
).filter(lambda name: not name.endswith('"'))


@given(names=st.lists(NAMES, min_size=1, max_size=5), quoted=st.booleans())
def test_any_name_survives_a_list(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], quoted: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any_name"
    folder.mkdir(exist_ok=True)
    wanted = [f"Cubism/{name}" for name in names]
    shown = ['"' + path.replace('"', '""') + '"' if quoted else path for path in wanted]
    text = "".join(f"{path},7\r\n" for path in shown)
    (folder / "style_train.csv").write_bytes(text.encode())
    assert [e.image.path for e in read_list(folder / "style_train.csv")] == wanted


@pytest.mark.shared
@pytest.mark.skipif(not LISTS.is_dir(), reason="the official lists are not here")
def test_the_official_lists_are_read_to_the_last_name() -> None:
    parts = [[e.image for e in read_list(LISTS / f"style_{n}.csv")] for n in ("train", "val")]
    assert [len(part) for part in parts] == [57025, 24421]
    images = [image for part in parts for image in part]
    assert {image.style for image in images} == {image.path.split("/")[0] for image in images}
    assert len({image.artist for image in images}) == 1119
    assert sum(not image.path.isascii() for image in images) == 709
    names = Counter(image.path.split("/")[1] for image in images)
    assert sum(count > 1 for count in names.values()) == 1349


@pytest.mark.shared
@pytest.mark.skipif(not LISTS.is_dir(), reason="the official lists are not here")
def test_real_paintings_are_found_through_the_official_lists() -> None:
    source = open_source(SHARED / "wikiart11", lists=LISTS)
    assert (len(source.images), source.missing) == (5134, 76312)
    assert len(open_source(SHARED / "paintings").images) == 1970


# Parquet shards

FEATURES = {
    "style": {"names": ["Pop Art", "Art_Nouveau"], "_type": "ClassLabel"},
    "artist": {"names": ["Unknown Artist", "andy-warhol"], "_type": "ClassLabel"},
    "genre": {"names": ["Unknown Genre", "portrait"], "_type": "ClassLabel"},
}


def write_shard(path: Path, rows: Sequence[dict[str, Any]], features: object = FEATURES) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    labels = [(name, pyarrow.int64()) for name in ("artist", "genre", "style")]
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = pyarrow.schema([("image", image), *labels], metadata=metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path, row_group_size=10)


def stored(number: int, **labels: int | None) -> dict[str, Any]:
    buffer = io.BytesIO()
    tiny_picture(f"{number:06d}.jpg").save(buffer, "JPEG")
    row: dict[str, Any] = {"artist": 1, "genre": 1, "style": 0, **labels}
    return {"image": {"bytes": buffer.getvalue(), "path": None}, **row}


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


# Any source


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "nowhere"}, "no file or folder .*nowhere; give the folder that holds your"),
        ({"path": "notes.txt"}, "notes.txt is a file; give a folder of paintings, a .csv manifest"),
        ({"path": "x.csv", "format": "folders"}, r"--format folders reads a folder"),
        ({"path": ".", "format": "folder"}, "unknown format 'folder'. Did you mean 'folders'?"),
        ({"path": ".", "format": "folders", "lists": "."}, "--lists goes with --format artgan"),
        ({"path": ".", "lists": "nowhere"}, "no folder .*nowhere; --lists takes the folder of"),
    ],
)
def test_what_cannot_be_opened_says_why_and_what_can(
    tmp_path: Path, arguments: dict[str, str], message: str
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "x.csv").write_text("path,style\n")
    places = {name: tmp_path / text for name, text in arguments.items() if name != "format"}
    with pytest.raises(ArtstyleError, match=message):
        open_source(**places, format=arguments.get("format"))


def test_files_that_cannot_be_read_are_answers_not_ends(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_gone.jpg", "Cubism/b_there.jpg")
    os.mkfifo(tmp_path / "Cubism" / "c_pipe.jpg")
    (tmp_path / "Cubism" / "d_nowhere.jpg").symlink_to("nowhere")
    source = open_source(tmp_path)
    (tmp_path / "Cubism" / "a_gone.jpg").unlink()
    answers = {i.title: content for i, content in read_source_bytes(tmp_path, source.images)}
    assert list(answers) == ["gone", "there", "pipe", "nowhere"]
    assert isinstance(answers.pop("there"), bytes)
    assert all(isinstance(answer, ImageError) for answer in answers.values())
    assert str(answers["pipe"]) == "not a regular file"


def test_the_stat_key_tells_a_changed_file_and_a_missing_one(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg")
    image = only(open_source(tmp_path))
    before = stat_key(tmp_path, image)
    assert before[0] == (tmp_path / image.path).stat().st_size
    os.utime(tmp_path / image.path, ns=(1, 1))
    assert stat_key(tmp_path, image) == (before[0], 1)
    (tmp_path / image.path).unlink()
    assert stat_key(tmp_path, image) == (-1, -1)


def test_the_stat_key_of_a_row_is_that_of_its_shard(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.parquet", [stored(0), stored(1)])
    size = (tmp_path / "a.parquet").stat().st_size
    assert {stat_key(tmp_path, i)[0] for i in open_source(tmp_path).images} == {size}


@pytest.mark.parametrize(
    ("name", "artist", "title"),
    [
        ("a.y.-jackson_the-red-maple-1914.jpg", "a.y.-jackson", "the-red-maple-1914"),
        ("anonymous.jpg", "", "anonymous"),
        ("_untitled.jpg", "", "untitled"),
    ],
)
def test_the_artist_ends_at_the_first_underscore(name: str, artist: str, title: str) -> None:
    assert artist_and_title(name) == (artist, title)
