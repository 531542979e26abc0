"""The few paintings that the page and the figures of `eda` show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from artstyle.config import Config
from artstyle.eda.collection import Collection, Painting, read_bytes
from artstyle.eda.copies import CopyPair
from artstyle.eda.measures import Measured, choose_by_style
from artstyle.eda.samples import augmented_tiles, preprocessing_tiles
from artstyle.errors import ImageError
from artstyle.pictures.image import read_image
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.presentation.plots import Tile
from artstyle.styles.names import label_order
from artstyle.styles.vocabulary import display_name

_EXAMPLES_PER_STYLE = 6
_TRANSFORMED_PAINTINGS = 3
_VARIATIONS = 6
_DRAWN_PAIRS = 12
_TILE_SIDE_PX = 170

LabelledTiles = tuple[str, Sequence[Tile]]
"""A label, and the pictures after it."""


@dataclass(frozen=True)
class Pictures:
    """The few paintings that are shown."""

    examples: Mapping[str, Sequence[Tile]]
    """Style -> paintings of it."""
    steps: Sequence[LabelledTiles]
    """(style, one painting from the file to the network)."""
    variations: Sequence[LabelledTiles]
    """(style, one painting as training varies it)."""
    pairs: Sequence[LabelledTiles]
    """(what is equal, two paintings)."""


def read_pictures(
    collection: Collection,
    measured: Sequence[Measured],
    pairs: Sequence[CopyPair],
    config: Config,
    preprocessing: Preprocessing,
) -> Pictures:
    """Read the paintings that are shown, as small copies."""
    readable = [item.painting for item in measured]
    shown = choose_by_style(readable, _EXAMPLES_PER_STYLE, config.seed, "examples")
    examples: dict[str, list[Tile]] = {painting.style: [] for painting in shown}
    for painting, tile in _tiles(collection, shown):
        examples[painting.style].append(tile)
    few = _elongated(measured, {painting.path for painting in shown})
    contents = [
        (painting.style, content)
        for painting, content in read_bytes(collection, few)
        if isinstance(content, bytes)
    ]
    return Pictures(
        examples=examples,
        steps=[(style, preprocessing_tiles(content, preprocessing)) for style, content in contents],
        variations=[
            (style, augmented_tiles(content, preprocessing, config.augment, _VARIATIONS, seed))
            for seed, (style, content) in enumerate(contents, start=config.seed)
        ],
        pairs=[
            (pair.kind, [_with_style(*shown) for shown in _tiles(collection, pair.both)])
            for pair in pairs[:_DRAWN_PAIRS]
        ],
    )


def _elongated(measured: Sequence[Measured], paths: set[str]) -> list[Painting]:
    """Return a few of the paintings, of different styles, that lose most in a square."""
    longest: dict[str, Measured] = {}
    for item in measured:
        if item.painting.path in paths:
            best = longest.setdefault(item.painting.style, item)
            longest[item.painting.style] = max(best, item, key=_elongation)
    styles = label_order(longest)
    step = max(1, len(styles) // _TRANSFORMED_PAINTINGS)
    return [longest[style].painting for style in styles[::step][:_TRANSFORMED_PAINTINGS]]


def _elongation(item: Measured) -> float:
    return max(item.width, item.height) / min(item.width, item.height)


def _tiles(collection: Collection, paintings: Sequence[Painting]) -> list[tuple[Painting, Tile]]:
    """Read small copies; leave out what has become unreadable since it was measured."""
    tiles = []
    for painting, content in read_bytes(collection, paintings):
        try:
            if isinstance(content, ImageError):
                raise content
            picture = read_image(content, short_side_px=_TILE_SIDE_PX).pixels
        except ImageError:
            continue
        tiles.append((painting, Tile(picture, painting.path.rpartition("/")[2])))
    return tiles


def _with_style(painting: Painting, tile: Tile) -> Tile:
    return Tile(tile.image, f"{display_name(painting.style)}\n{tile.caption}")
