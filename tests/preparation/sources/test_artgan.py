from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artstyle.errors import DataError, MissingError
from artstyle.preparation.sources.artgan import read_list
from artstyle.preparation.sources.opening import open_source, read_source_bytes
from tests.preparation.source_files import paint
from tests.preparation.wikiart_names import paint_listed, write_lists

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
LISTS = SHARED / "wikiart_lists"

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


def test_lists_next_to_the_pictures_are_recognised(listed: Path) -> None:
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
        f"names in the lists in {listed / 'lists'} that are not on disk: 1, as {TRAIN[0]} (line 1)",
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


@pytest.mark.parametrize(
    ("codec", "comma", "end"),
    [("utf-16", "\t", "\r\n"), ("utf-8-sig", ";", "\r\n"), ("utf-8", ",", "\r")],
)
def test_lists_that_a_spreadsheet_saved_are_the_same(
    listed: Path, codec: str, comma: str, end: str
) -> None:
    before = open_source(listed / "wikiart", lists=listed / "lists")
    for name in ("style_train.csv", "style_val.csv"):
        path = listed / "lists" / name
        lines = [line.rpartition(",") for line in path.read_bytes().decode().split("\r\n") if line]
        text = "".join(f"{name}{comma}{index}{end}" for name, _, index in lines)
        path.write_bytes(text.encode(codec))
    assert open_source(listed / "wikiart", lists=listed / "lists") == before


def test_missing_lists_are_named(listed: Path) -> None:
    (listed / "lists" / "style_val.csv").unlink()
    with pytest.raises(MissingError, match=r"no style_val\.csv in .*lists; .* --lists"):
        open_source(listed / "wikiart", lists=listed / "lists")
    with pytest.raises(MissingError, match=r"no style_train\.csv and no style_val\.csv in"):
        open_source(listed / "wikiart", "artgan")


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), min_size=1
).filter(lambda name: not name.endswith('"'))


@settings(deadline=None)
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
