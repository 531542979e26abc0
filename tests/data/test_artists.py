"""Spellings of an artist's name: one person's are one, and no one else's are."""

from pathlib import Path

import pytest

from artstyle.data.artists import artist_key
from artstyle.preparation.prepare import prepare
from artstyle.preparation.sources.opening import open_source
from artstyle.storage.files import write_csv
from tests.preparation.pictures import write_painting
from tests.preparation.prepared import config, rows


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Böcklin, Arnold", "arnold-bocklin"),
        ("Frans Hals", "frans-hals"),
        ("Bo\u0308cklin", "B\u00d6CKLIN"),
        ("Jan van Eyck", "van-eyck_jan"),
        ("utagawa-toyokuni-ii", "Utagawa Toyokuni II"),
        ("か\u3099", "が"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("utagawa-toyokuni", "utagawa-toyokuni-ii"),
        ("artist-1", "artist-2"),
        ("葛飾北斎", "歌川広重"),
        ("かんだ", "かんた"),
        ("राम", "मीरा"),
        ("?", "!"),
        ("hals", "frans-hals"),
    ],
)
def test_names_of_two_people_have_two_keys(one: str, other: str) -> None:
    assert artist_key(one) != artist_key(other)


def test_a_source_spells_each_artist_as_it_does_most_often(tmp_path: Path) -> None:
    names = ["Hals, Frans", "frans-hals", "frans-hals", "Vermeer", "", "van Eyck", "Van Eyck"]
    for n, _ in enumerate(names):
        write_painting(tmp_path / f"{n}.jpg", n)
    listed = [
        {"path": f"{n}.jpg", "style": "Baroque", "artist": name} for n, name in enumerate(names)
    ]
    write_csv(tmp_path / "list.csv", ("path", "style", "artist"), listed)
    source = open_source(tmp_path / "list.csv")
    spelt = ["frans-hals"] * 3 + ["Vermeer", "", "Van Eyck", "Van Eyck"]
    assert [image.artist for image in source.images] == spelt
    note = "artists spelt in several ways, each taken for one: 2, as Van Eyck and van Eyck"
    assert source.notes == (note,)


def test_an_artist_in_two_spellings_is_in_one_split(museum: Path, tmp_path: Path) -> None:
    for n in range(6):
        write_painting(museum / "Cubism" / "Juan Gris" / f"{n}.jpg", 7000 + n)
        write_painting(museum / "Cubism" / f"juan-gris_{n}.jpg", 7100 + n)
    made = prepare(museum, tmp_path / "data", config("split.group=artist"))
    gris = [row for path, row in rows(made).items() if "gris" in path.casefold()]
    assert len(gris) == 12
    assert len({(row.artist, row.split) for row in gris}) == 1
