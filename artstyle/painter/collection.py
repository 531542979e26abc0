"""Synthetic paintings, to try artstyle without a data set: every style paints every subject.

Style and subject are drawn independently, and each style has artists with habits of their own,
so the splits, the reports and the heatmaps of a demo have something to find.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image

from artstyle.errors import UnknownNameError
from artstyle.painter.abstract import (
    abstract_expressionism,
    action_painting,
    color_field,
)
from artstyle.painter.brush import (
    baroque,
    fauvism,
    impressionism,
    pointillism,
    post_impressionism,
)
from artstyle.painter.canvas import Hand, Size
from artstyle.painter.indoors import flowers, portrait, still_life
from artstyle.painter.minimal import minimalism
from artstyle.painter.outdoors import animal, boat, house, mountain, tree
from artstyle.painter.planes import cubism, pop_art, ukiyo_e
from artstyle.painter.scenes import Content, Scene, compose
from artstyle.storage.files import atomic_path, write_csv

Painter = Callable[[Scene, Hand, Size, Generator], Image.Image]

STYLES: dict[str, Painter] = {
    "Abstract_Expressionism": abstract_expressionism,
    "Action_painting": action_painting,
    "Baroque": baroque,
    "Color_Field_Painting": color_field,
    "Cubism": cubism,
    "Fauvism": fauvism,
    "Impressionism": impressionism,
    "Minimalism": minimalism,
    "Pointillism": pointillism,
    "Pop_Art": pop_art,
    "Post_Impressionism": post_impressionism,
    "Ukiyo_e": ukiyo_e,
}

CONTENTS: dict[str, Content] = {
    "animal": animal,
    "boat": boat,
    "flowers": flowers,
    "house": house,
    "mountain": mountain,
    "portrait": portrait,
    "still-life": still_life,
    "tree": tree,
}

ARTISTS_PER_STYLE = 8

ASPECTS = (2 / 3, 3 / 4, 4 / 5, 1.0, 5 / 4, 4 / 3, 3 / 2)
"""Width over height of a collection's canvases."""

_CATALOGUE_SIZE = 999_983
"""The largest prime with six digits: titles end in six, and steps modulo a prime never repeat."""

MANIFEST_COLUMNS = ("path", "style", "artist", "title", "genre", "source")

SOURCE = "artstyle painter"
"""The source of all paintings in ``manifest.csv``, by which `prepare` knows that they are
synthetic."""


@dataclass(frozen=True)
class SyntheticPainting:
    """A synthetic painting and what is known about it; ``image`` is RGB."""

    style: str
    artist: str
    title: str
    genre: str
    image: Image.Image


def paint(style: str, genre: str, artist: int, seed: int, size_px: Size) -> SyntheticPainting:
    """Paint one picture; the same arguments give the same pixels.

    Args:
        style: Key of ``STYLES``.
        genre: Key of ``CONTENTS``.
        artist: Which of the style's artists; taken modulo ``ARTISTS_PER_STYLE``.
        seed: Chooses composition and every stroke.
        size_px: Width and height.

    Raises:
        UnknownNameError: The style or genre does not exist.
    """
    painter = _painter(style)
    try:
        content = CONTENTS[genre]
    except KeyError:
        raise UnknownNameError("genre", genre, CONTENTS) from None
    rng = seeded("painting", style, genre, artist, seed)
    scene = compose(content, genre, rng, size_px[0] / size_px[1])
    image = painter(scene, artist_hand(style, artist), size_px, rng)
    title = f"{genre}-{scene.light}-{seed % 1_000_000:06d}"
    return SyntheticPainting(style, _artist_name(style, artist), title, genre, image)


def paint_collection(
    folder: str | Path,
    per_style: int,
    seed: int = 42,
    styles: Sequence[str] | None = None,
    short_side_px: int = 320,
) -> Iterator[SyntheticPainting]:
    """Paint a labelled data set into ``folder``, yielding each painting once it is on disk.

    Writes ``<style>/<artist>_<title>.jpg`` and, after the last painting, ``manifest.csv``. A
    painting depends on ``seed``, its style and its place within the style, on nothing else.

    Args:
        folder: Where to write; made if absent.
        per_style: Paintings of each style.
        seed: Chooses everything.
        styles: Keys of ``STYLES``; all by default.
        short_side_px: Length of each canvas's shorter side.

    Raises:
        UnknownNameError: The style does not exist.
    """
    chosen = list(dict.fromkeys(STYLES if styles is None else styles))
    for style in chosen:
        _painter(style)
    # Checked here and painted there: a generator would report a wrong name only when it is read.
    return _painted(Path(folder), chosen, per_style, seed, short_side_px)


def _painted(
    folder: Path, styles: list[str], per_style: int, seed: int, short_side_px: int
) -> Iterator[SyntheticPainting]:
    rows = []
    for style in styles:
        for painting in _paintings(style, per_style, seed, short_side_px):
            path = f"{style}/{painting.artist}_{painting.title}.jpg"
            with atomic_path(folder / path) as temporary:
                painting.image.save(temporary, "JPEG", quality=90)
            rows.append(
                {
                    "path": path,
                    "style": style,
                    "artist": painting.artist,
                    "title": painting.title,
                    "genre": painting.genre,
                    "source": SOURCE,
                }
            )
            yield painting
    write_csv(folder / "manifest.csv", MANIFEST_COLUMNS, rows)


def _paintings(
    style: str, count: int, seed: int, short_side_px: int
) -> Iterator[SyntheticPainting]:
    genres = _dealt(len(CONTENTS), count, seeded("genres", style, seed))
    artists = _dealt(ARTISTS_PER_STYLE, count, seeded("artists", style, seed))
    for index, (genre, artist) in enumerate(zip(genres, artists, strict=True)):
        number = _catalogue_number(style, index, seed)
        aspect = float(seeded("canvas", style, seed, index).choice(ASPECTS))
        yield paint(
            style, list(CONTENTS)[genre], artist, number, _canvas_size(aspect, short_side_px)
        )


def _dealt(cards: int, count: int, rng: Generator) -> list[int]:
    """Return ``count`` numbers below ``cards``, each as often as the others or once more."""
    rounds = [rng.permutation(cards) for _ in range(-(-count // cards))]
    dealt: list[int] = np.concatenate([*rounds, np.empty(0, dtype=int)])[:count].tolist()
    return dealt


def _catalogue_number(style: str, index: int, seed: int) -> int:
    """Return the number of a painting: unique in its collection, without a hint at the style."""
    # Steps modulo a prime visit every number once before any number comes again.
    place = index * len(STYLES) + list(STYLES).index(style)
    first, step = seeded("catalogue", seed).integers(1, _CATALOGUE_SIZE, 2).tolist()
    return int((first + place * step) % _CATALOGUE_SIZE)


def _canvas_size(aspect: float, short_side_px: int) -> Size:
    if aspect < 1:
        return short_side_px, round(short_side_px / aspect)
    return round(short_side_px * aspect), short_side_px


def artist_hand(style: str, artist: int) -> Hand:
    """Return the habits of an artist; neighbours in number differ in palette and manner."""
    rng = seeded("artist", style, artist % ARTISTS_PER_STYLE)
    return Hand(
        touch=rng.uniform(0.75, 1.35),
        warmth=rng.uniform(-1, 1),
        chroma=rng.uniform(0.8, 1.2),
        turn=rng.uniform(0, np.pi),
        palette=artist % ARTISTS_PER_STYLE,
        manner=artist % ARTISTS_PER_STYLE,
    )


def _artist_name(style: str, artist: int) -> str:
    # Numbered across styles: one name in two styles would tie their splits together.
    number = list(STYLES).index(style) * ARTISTS_PER_STYLE + artist % ARTISTS_PER_STYLE + 1
    return f"demo-painter-{number:02d}"


def seeded(*key: str | int) -> Generator:
    """Return a random generator that depends on ``key`` alone, in every process alike."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype="<u4").tolist())


def _painter(style: str) -> Painter:
    try:
        return STYLES[style]
    except KeyError:
        raise UnknownNameError("style", style, STYLES) from None
