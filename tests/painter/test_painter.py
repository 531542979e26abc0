import csv
import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from artstyle.errors import UnknownNameError
from artstyle.painter.collection import (
    ARTISTS_PER_STYLE,
    CONTENTS,
    STYLES,
    SyntheticPainting,
    paint,
    paint_collection,
)
from artstyle.styles.vocabulary import read_vocabulary

PER_STYLE = 8

Features = NDArray[np.float64]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[SyntheticPainting]]:
    folder = tmp_path_factory.mktemp("collection")
    return folder, list(paint_collection(folder, PER_STYLE, short_side_px=72))


def test_styles_carry_wikiart_names() -> None:
    assert set(STYLES) <= set(read_vocabulary().entries)
    assert len(STYLES) >= 10


@pytest.mark.parametrize("style", STYLES)
def test_every_style_paints_every_genre_at_the_size_asked_for(style: str) -> None:
    for seed, genre in enumerate(CONTENTS):
        painting = paint(style, genre, artist=seed, seed=seed, size_px=(40, 56))
        assert painting.image.size == (40, 56)
        assert painting.image.mode == "RGB"
        assert painting.genre == genre
        assert np.asarray(painting.image).std() > 2, "an empty canvas"


def test_every_artist_paints_at_the_smallest_and_oddest_sizes() -> None:
    for style in STYLES:
        for artist in range(ARTISTS_PER_STYLE):
            assert paint(style, "tree", artist, artist, (17, 33)).image.size == (17, 33)


def test_paint_repeats_itself_and_each_argument_matters() -> None:
    def pixels(genre: str = "boat", artist: int = 1, seed: int = 5) -> bytes:
        return paint("Ukiyo_e", genre, artist, seed, (48, 48)).image.tobytes()

    assert pixels() == pixels()
    assert len({pixels(), pixels(genre="tree"), pixels(artist=2), pixels(seed=6)}) == 4


def test_files_do_not_depend_on_the_hash_seed_or_on_the_other_styles(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from artstyle.painter.collection import paint_collection;"
        "list(paint_collection(Path(sys.argv[1]), 2, 7, sys.argv[2:] or None, 48))"
    )
    for name, hash_seed, styles in (("all", "1", []), ("two", "2", ["Ukiyo_e", "Baroque"])):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code, str(tmp_path / name), *styles]
        subprocess.run(command, env=environment, check=True)
    every, two = _digests(tmp_path / "all"), _digests(tmp_path / "two")
    assert len(two) == 4
    assert two.items() <= every.items()


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.jpg")
    }


def test_another_seed_paints_other_pictures(tmp_path: Path) -> None:
    for seed in (1, 2):
        list(paint_collection(tmp_path / str(seed), 4, seed, ["Minimalism"], 48))
    first, second = (set(_digests(tmp_path / str(seed)).values()) for seed in (1, 2))
    assert not first & second


def test_manifest_matches_the_files(collection: tuple[Path, list[SyntheticPainting]]) -> None:
    folder, paintings = collection
    content = (folder / "manifest.csv").read_bytes()
    assert b"\r" not in content
    rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    assert list(rows[0]) == ["path", "style", "artist", "title", "genre", "source"]
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}
    assert {row["path"] for row in rows} == on_disk
    assert len(rows) == len(paintings) == len(STYLES) * PER_STYLE
    for row, painting in zip(rows, paintings, strict=True):
        assert row["path"] == f"{row['style']}/{row['artist']}_{row['title']}.jpg"
        assert (row["style"], row["genre"]) == (painting.style, painting.genre)
        with Image.open(folder / row["path"]) as image:
            assert image.size == painting.image.size


def test_paintings_are_yielded_once_they_are_on_disk(tmp_path: Path) -> None:
    paintings = paint_collection(tmp_path, 2, styles=["Minimalism"], short_side_px=32)
    next(paintings)
    assert len(list(tmp_path.rglob("*.jpg"))) == 1
    assert not (tmp_path / "manifest.csv").exists()


def test_titles_are_unique_and_do_not_name_the_style(
    collection: tuple[Path, list[SyntheticPainting]],
) -> None:
    _, paintings = collection
    assert len({painting.title for painting in paintings}) == len(paintings)
    words = {word.lower() for style in STYLES for word in style.split("_") if len(word) > 3}
    assert not [p.title for p in paintings if words & set(p.title.split("-"))]


def test_genres_and_artists_are_dealt_evenly_within_each_style(
    collection: tuple[Path, list[SyntheticPainting]],
) -> None:
    _, paintings = collection
    genres = Counter((painting.style, painting.genre) for painting in paintings)
    assert set(genres.values()) == {PER_STYLE // len(CONTENTS)}
    assert len(genres) == len(STYLES) * len(CONTENTS)
    artists = Counter((painting.style, painting.artist) for painting in paintings)
    assert set(artists.values()) == {PER_STYLE // ARTISTS_PER_STYLE}
    assert len({artist for _, artist in artists}) == len(artists), "an artist has two styles"


def test_no_two_paintings_of_the_sparest_styles_are_near_duplicates(tmp_path: Path) -> None:
    styles = ["Minimalism", "Color_Field_Painting"]
    paintings = paint_collection(tmp_path, 24, styles=styles, short_side_px=64)
    hashes = [_perceptual_hash(painting.image) for painting in paintings]
    assert min(int((a != b).sum()) for a, b in combinations(hashes, 2)) > 3


def _perceptual_hash(image: Image.Image) -> NDArray[np.bool_]:
    grey = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), dtype=float)
    k = np.arange(8)[:, None]
    cosines = np.cos(np.pi * k * (2 * np.arange(32) + 1) / 64)
    low = (cosines @ grey @ cosines.T).ravel()
    return np.asarray(low > np.median(low))


def test_pixel_statistics_tell_the_style_of_unseen_artists_but_not_the_genre(
    collection: tuple[Path, list[SyntheticPainting]],
) -> None:
    _, paintings = collection
    features = np.array([_statistics(painting.image) for painting in paintings])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    artists = sorted({painting.artist for painting in paintings})
    seen = np.isin([painting.artist for painting in paintings], artists[::2])
    style_accuracy = _centroid_accuracy(features, [p.style for p in paintings], seen)
    genre_accuracy = _centroid_accuracy(features, [p.genre for p in paintings], seen)
    assert style_accuracy > 0.5, "chance is 1 in 12"
    assert genre_accuracy < 0.35, "chance is 1 in 8"


def _statistics(image: Image.Image) -> Features:
    """Return colour moments and the strength of detail at three scales."""
    pixels = np.asarray(image, dtype=np.float64)
    spread = pixels.max(axis=2) - pixels.min(axis=2)
    values = [*pixels.mean(axis=(0, 1)), *pixels.std(axis=(0, 1)), spread.mean(), spread.std()]
    grey = image.convert("L")
    for radius in (0.0, 1.0, 3.0):
        blurred = np.asarray(grey.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float64)
        steps = np.abs(np.diff(blurred, axis=0))
        values += [np.log1p(steps.mean()), (steps < 1).mean()]
    return np.array(values)


def _centroid_accuracy(features: Features, labels: list[str], seen: NDArray[np.bool_]) -> float:
    names = np.array(labels)
    classes = np.unique(names)
    centroids = np.array([features[seen & (names == name)].mean(axis=0) for name in classes])
    distances = ((features[~seen][:, None] - centroids) ** 2).sum(axis=2)
    return float((classes[distances.argmin(axis=1)] == names[~seen]).mean())


def test_unknown_names_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'Cubism'"):
        paint_collection(tmp_path / "new", 1, styles=["Baroque", "Cubsim"])
    assert not (tmp_path / "new").exists()
    with pytest.raises(UnknownNameError, match="unknown genre 'nude'"):
        paint("Cubism", "nude", 0, 0, (32, 32))
    with pytest.raises(UnknownNameError, match="unknown style"):
        paint("cubism", "boat", 0, 0, (32, 32))
