import os
from pathlib import Path

import pytest

from artstyle.config import LabelsConfig
from artstyle.errors import ArtstyleError, ConfigError
from artstyle.preparation.prepare import prepare
from artstyle.preparation.sources.opening import open_source
from artstyle.preparation.tables.cells import cell_labels
from tests.preparation.pictures import write_collection, write_painting
from tests.preparation.prepared import STYLES, config, rows
from tests.preparation.shards import stored, write_shard, write_table
from tests.preparation.source_files import paint, write_manifest

ARTISTS = LabelsConfig(target="artist")
SEVERAL = LabelsConfig(multi=True)


def labels(source_path: Path, asked: LabelsConfig, **more: object) -> dict[str, str]:
    source = open_source(source_path, labels=asked, **more)  # type: ignore[arg-type]
    return {image.path: image.style for image in source.images}


def test_any_column_of_a_table_can_be_what_is_recognised(tmp_path: Path) -> None:
    paint(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    row = {"path": "1.jpg", "Technique": "oil, on canvas", "artist": "Rubens, Peter Paul"}
    table = write_manifest(
        tmp_path / "list.csv",
        [row, {**row, "path": "2.jpg", "artist": "Peter Paul Rubens"}, {**row, "path": "3.jpg"}],
    )
    techniques = labels(table, LabelsConfig(target="technique"))
    assert techniques == dict.fromkeys(("1.jpg", "2.jpg", "3.jpg"), "oil,_on_canvas")
    # One artist, in the spelling of most pictures.
    assert set(labels(table, ARTISTS).values()) == {"Rubens,_Peter_Paul"}


def test_a_style_that_is_also_a_genre_keeps_its_own_name(tmp_path: Path) -> None:
    paint(tmp_path, "1.jpg")
    table = write_manifest(tmp_path / "list.csv", [{"path": "1.jpg", "genre": "ukiyoe"}])
    assert labels(table, LabelsConfig(target="genre")) == {"1.jpg": "ukiyoe"}


def test_shards_and_folders_give_their_artists_too(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    write_shard(tmp_path / "hub" / "a.parquet", [stored(0, artist=1), stored(1, artist=-1)])
    assert labels(tmp_path / "hub", ARTISTS) == {"a.parquet#000000": "andy-warhol"}
    texts = [stored(n)["image"]["bytes"] for n in range(2)]
    write_table(tmp_path / "own" / "a.parquet", {"Painter": ["Ray, Man", "Dix"], "image": texts})
    found = labels(tmp_path / "own", ARTISTS, columns={"artist": "Painter"})
    assert set(found.values()) == {"Ray,_Man", "Dix"}
    paint(tmp_path / "folders", "Cubism/juan-gris_a.jpg", "Cubism/b.jpg")
    source = open_source(tmp_path / "folders", labels=ARTISTS)
    assert [image.style for image in source.images] == ["juan-gris"]
    assert "pictures without an artist, left out: 1" in source.notes


@pytest.mark.parametrize(
    ("target", "columns", "message"),
    [
        ("gnre", None, r"unknown column of .*list\.csv 'gnre'\. Did you mean 'genre'\?"),
        ("genre", {"style": "artist"}, "--columns style=artist and --target genre name two"),
    ],
)
def test_a_target_that_is_not_there_says_what_is(
    tmp_path: Path, target: str, columns: dict[str, str] | None, message: str
) -> None:
    paint(tmp_path, "1.jpg", "styles/Cubism/a_b.jpg")
    table = write_manifest(
        tmp_path / "list.csv", [{"path": "1.jpg", "artist": "Dix", "genre": "portrait"}]
    )
    with pytest.raises(ArtstyleError, match=message):
        open_source(table, columns=columns, labels=LabelsConfig(target=target))
    with pytest.raises(ArtstyleError, match="unknown target of a source without a table 'genre'"):
        open_source(tmp_path / "styles", labels=LabelsConfig(target="genre"))


def test_a_data_set_of_artists_says_so_and_measures_no_artist_by_itself(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", STYLES[:1], 12)
    settings = config("labels.target=artist", "balance.min_per_style=2")
    prepared = prepare(museum, tmp_path / "data", settings)
    description = prepared.dataset.description
    assert description.config.labels == ARTISTS
    assert description.labels == tuple(f"cubism-artist-{n}" for n in range(6))
    assert {row.artist for row in rows(prepared).values()} == {""}
    assert "paintings in 6 artists" in (prepared.dataset.path / "summary.md").read_text()
    assert prepared.dataset.as_prepared(config()).labels == ARTISTS
    apart = config("labels.target=artist", "split.group=artist")
    with pytest.raises(ConfigError, match=r"split\.group is artist, but the artists are what is"):
        prepare(museum, tmp_path / "other", apart)


def test_several_labels_are_kept_only_where_the_key_says_so(tmp_path: Path) -> None:
    names = ("1.jpg", "2.jpg", "3.jpg")
    paint(tmp_path, *names)
    cells = ("Rococo|Baroque", "baroque", "Rococo | Rococo")
    listed = [{"path": n, "style": c} for n, c in zip(names, cells, strict=True)]
    table = write_manifest(tmp_path / "list.csv", listed)
    source = open_source(table)
    assert [image.style for image in source.images] == ["Baroque", "Rococo"]
    assert source.notes[0].endswith("labels.multi=true keeps them, each under all its styles")
    assert list(labels(table, SEVERAL).values()) == ["Baroque|Rococo", "Baroque", "Rococo"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such folder names")
def test_a_folder_of_two_labels_is_never_a_style_of_that_name(tmp_path: Path) -> None:
    paint(tmp_path, "Cubism/a_b.jpg", "Cubism|Rococo/c_d.jpg")
    source = open_source(tmp_path)
    assert [image.style for image in source.images] == ["Cubism"]
    assert any("labels.multi=true" in note for note in source.notes)
    assert labels(tmp_path, SEVERAL)["Cubism|Rococo/c_d.jpg"] == "Cubism|Rococo"


def test_lists_of_classes_in_shards_are_several_labels(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    content = [stored(n)["image"]["bytes"] for n in range(3)]
    classes = {"names": ["Pop Art", "Renaissance, Early"], "_type": "ClassLabel"}
    write_table(
        tmp_path / "a.parquet",
        {"style": [[0, 1], [1], []], "image": content},
        {"style": [classes]},
    )
    found = labels(tmp_path, SEVERAL)
    assert list(found.values()) == ["Pop_Art|Renaissance,_Early", "Renaissance,_Early"]


def test_outside_styles_only_bars_and_lists_separate_labels() -> None:
    cells = ["a, b", "a|b", "['a', 'b']", "unknown|c", "nan", "C|c"]
    assert cell_labels(cells, "technique") == {
        "a, b": ("a,_b",), "a|b": ("a", "b"), "['a', 'b']": ("a", "b"), "unknown|c": ("c",),
        "nan": (), "C|c": ("C",),
    }  # fmt: skip


def test_absolute_paths_are_read_only_where_they_are_allowed(tmp_path: Path) -> None:
    away = write_painting(tmp_path / "away" / "a.jpg", 1)
    (tmp_path / "lists").mkdir()
    paint(tmp_path / "lists", "b.jpg")
    listed = [{"path": str(away), "style": "Cubism"}, {"path": "b.jpg", "style": "Rococo"}]
    table = write_manifest(tmp_path / "lists" / "list.csv", listed)
    with pytest.raises(ArtstyleError, match=r"leads out of .*; --allow-absolute reads absolute"):
        open_source(table)
    found = labels(table, LabelsConfig(), allow_absolute=True)
    assert found == {away.as_posix(): "Cubism", "b.jpg": "Rococo"}
    settings = config("balance.min_per_style=1")
    prepared = prepare(table, tmp_path / "data", settings, allow_absolute=True)
    assert rows(prepared)[away.as_posix()].width == 96
    upwards = write_manifest(table, [{"path": f"{tmp_path}/x/../a.jpg", "style": "Cubism"}])
    with pytest.raises(ArtstyleError, match="leads out of"):
        open_source(upwards, allow_absolute=True)
    with pytest.raises(ArtstyleError, match="--allow-absolute goes with a CSV manifest"):
        open_source(write_collection(tmp_path / "folders", STYLES, 1), allow_absolute=True)


def test_shards_that_bring_both_splits_keep_them_and_others_do_not(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    settings = config("balance.min_per_style=1", "quality.near_distance=-1")
    shards = {"train-00000-of-00002": range(6), "train-00001-of-00002": range(6, 12)}
    for name, numbers in shards.items():
        shard = [stored(n, style=n % 2) for n in numbers]
        write_shard(tmp_path / "hub" / f"{name}.parquet", shard)
    only_train = prepare(tmp_path / "hub", tmp_path / "a", settings)
    assert only_train.dataset.description.split.group == "image"
    test = [stored(n, style=n % 2) for n in range(12, 16)]
    write_shard(tmp_path / "hub" / "test-00000-of-00001.parquet", test)
    both = prepare(tmp_path / "hub", tmp_path / "b", settings)
    assert both.dataset.description.split.group == "official"
    splits = {path: row.split for path, row in rows(both).items()}
    assert {s for p, s in splits.items() if p.startswith("test")} == {"test"}
    assert {s for p, s in splits.items() if p.startswith("train")} == {"train", "val"}
