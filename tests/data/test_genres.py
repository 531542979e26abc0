"""Genres from titles."""

from dataclasses import replace

import pytest

from artstyle.data.genres import Genre, genre_of, genre_of_title
from artstyle.data.manifest import ManifestRow

_ROW = ManifestRow("a.jpg", "Baroque", "", "Still life", "", "train", "", 9, 9, "", "0" * 16, "")


@pytest.mark.parametrize(
    ("title", "genre"),
    [
        ("self-portrait-1889-3", "portrait"),
        ("Winter Landscape", "landscape"),
        ("vase-with-twelve-sunflowers", "still_life"),
        ("Still Life, glass and pipe", "still_life"),
        ("saint-luke-drawing-the-virgin", "religious_painting"),
        ("The Last Supper", "religious_painting"),
        ("the-supper-1902", None),
        ("The Street, Évreux", "cityscape"),
        ("Seated nude (1910)", "nude_painting"),
        ("composition-viii", None),
        ("", None),
    ],
)
def test_a_title_says_the_genre(title: str, genre: str | None) -> None:
    assert genre_of_title(title) == genre


def test_a_title_with_words_of_two_genres_says_none() -> None:
    assert genre_of_title("portrait of a lady with roses") is None


def test_words_count_whole() -> None:
    assert genre_of_title("The Townsend Sisters of Streetham") is None


def test_the_data_sets_own_genre_comes_first_and_a_titles_is_marked() -> None:
    named = replace(_ROW, genre="genre_painting")
    assert genre_of(named) == Genre("genre_painting", derived=False)
    assert genre_of(_ROW) == Genre("still_life", derived=True)
    assert genre_of(replace(_ROW, title="untitled")) is None
