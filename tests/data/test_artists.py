"""Spellings of an artist's name: one person's are one, and no one else's are."""

from pathlib import Path

import pytest

from artstyle.data.artists import artist_key, display_artist
from artstyle.preparation.sources.opening import open_source
from artstyle.storage.files import write_csv
from tests.preparation.pictures import write_painting


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


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("claude-monet", "Claude Monet"),
        ("vincent-van-gogh", "Vincent van Gogh"),
        ("leonardo_da_vinci", "Leonardo da Vinci"),
        ("le-corbusier", "Le Corbusier"),
        ("hiroshige", "Hiroshige"),
        ("Vincent van Gogh", "Vincent van Gogh"),
        ("Jean-Baptiste Greuze", "Jean-Baptiste Greuze"),
        ("\u6b4c\u5ddd\u5e83\u91cd", "\u6b4c\u5ddd\u5e83\u91cd"),
        ("", ""),
        ("-", "-"),
    ],
)
def test_artists_are_shown_as_people_write_them(stored: str, shown: str) -> None:
    assert display_artist(stored) == shown
