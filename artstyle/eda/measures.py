"""What a collection looks like, in numbers: styles, sizes, light, colour, artists."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageStat

from artstyle.data.seeding import derived_rng, shuffled
from artstyle.eda.collection import Collection, Painting, read_bytes
from artstyle.eda.document import (
    USED,
    AspectHistogram,
    Light,
    Quantiles,
    RejectedFile,
    Scale,
    ShareHistogram,
    SizeHistogram,
    Sizes,
    StyleNumbers,
    StyleQuantiles,
)
from artstyle.errors import ImageError
from artstyle.pictures.image import ImageRules, read_image
from artstyle.preparation.likeness import Likeness, likeness
from artstyle.progress import Progress, silent
from artstyle.styles.names import label_order

Floats = npt.NDArray[np.float64]

MEASURED_SIDE_PX = 128
"""Brightness and saturation are measured on copies with this short side."""
UNREADABLE = "unreadable"

_CHUNK = 16
_BRIGHTNESS_EDGES = np.linspace(0, 255, 52)
_SATURATION_EDGES = np.linspace(0, 1, 51)
# Steps of a twelfth of an octave, so that 3:2 and 4:3 fall into different bins.
_ASPECT_EDGES = 2.0 ** np.linspace(-2, 2, 49)
_SIZE_BINS = 40


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on the pixels of one painting."""

    painting: Painting
    width: int
    """In pixels, upright, of the original."""
    height: int
    brightness: float
    """Mean luma (ITU-R BT.601), 0 to 255."""
    saturation: float
    """Mean saturation of HSV, 0 to 1."""
    sha256: str
    """Of the original file's bytes; for a dataset folder, as its manifest states it."""
    likeness: Likeness


@dataclass(frozen=True)
class Measurements:
    """What was measured on a collection, and what could not be read."""

    measured: tuple[Measured, ...]
    unreadable: tuple[RejectedFile, ...]


def brightness(image: Image.Image) -> float:
    """Return the mean luma of an RGB picture, 0 to 255."""
    return ImageStat.Stat(image.convert("L")).mean[0]


def saturation(image: Image.Image) -> float:
    """Return the mean saturation (HSV) of an RGB picture, 0 to 1."""
    return ImageStat.Stat(image.convert("HSV").getchannel("S")).mean[0] / 255


def choose_by_style(
    paintings: Sequence[Painting], per_style: int, seed: int, purpose: str
) -> list[Painting]:
    """Return a seeded choice of at most ``per_style`` paintings of each style, in their order.

    Each purpose gives a choice of its own.
    """
    positions: dict[str, list[int]] = {}
    for position, painting in enumerate(paintings):
        positions.setdefault(painting.style, []).append(position)
    paths = [painting.path for painting in paintings]
    chosen: list[int] = []
    for style, group in positions.items():
        rng = derived_rng(seed, "eda", purpose, style)
        chosen += shuffled(group, paths, rng)[:per_style]
    return [paintings[position] for position in sorted(chosen)]


def even_quota(paintings: Sequence[Painting], limit: int) -> int:
    """Return how many paintings of each style to take for ``limit`` in all, at least 1."""
    sizes = sorted(Counter(painting.style for painting in paintings).values())
    rest = limit
    for styles_left, size in zip(range(len(sizes), 0, -1), sizes, strict=True):
        quota = rest // styles_left
        if size > quota:
            return max(1, quota)
        rest -= size
    return sizes[-1]


def measure(
    collection: Collection,
    paintings: Sequence[Painting],
    rules: ImageRules,
    workers: int | None = None,
    progress: Progress = silent,
) -> Measurements:
    """Decode each painting once, in threads, and keep a few numbers of it.

    Args:
        collection: The collection of the paintings.
        paintings: The paintings to read.
        rules: Which pictures are accepted.
        workers: Threads; None takes one per core.
        progress: Called after every few paintings.
    """
    chunks = [paintings[start : start + _CHUNK] for start in range(0, len(paintings), _CHUNK)]
    measured: list[Measured] = []
    unreadable: list[RejectedFile] = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for results in pool.map(lambda chunk: _measure_chunk(collection, chunk, rules), chunks):
            measured += [result for result in results if isinstance(result, Measured)]
            unreadable += [result for result in results if isinstance(result, RejectedFile)]
            progress("reading pictures", len(measured) + len(unreadable), len(paintings))
    return Measurements(tuple(measured), tuple(unreadable))


def style_numbers(paintings: Sequence[Painting]) -> dict[str, StyleNumbers]:
    """Return counts of each style: found, in each split, left out by reason, artists."""
    groups: dict[str, list[Painting]] = {}
    for painting in paintings:
        groups.setdefault(painting.style, []).append(painting)
    return {style: _numbers_of_style(groups[style]) for style in label_order(groups)}


def size_numbers(widths: Sequence[int], heights: Sequence[int]) -> Sizes:
    """Return how wide, high and elongated pictures are; aspect is width over height."""
    widths_N, heights_N = np.asarray(widths, float), np.asarray(heights, float)
    aspects_N = widths_N / heights_N
    return Sizes(
        pictures=len(widths_N),
        width_px=quantiles(widths_N),
        height_px=quantiles(heights_N),
        aspect=quantiles(aspects_N),
        portrait=int(np.sum(aspects_N < 1)),
        square=int(np.sum(aspects_N == 1)),
        landscape=int(np.sum(aspects_N > 1)),
        aspect_histogram=_aspect_histogram(aspects_N),
        size_histogram=_size_histogram(widths_N, heights_N),
    )


def light_numbers(measured: Sequence[Measured], found: Mapping[str, int]) -> Light:
    """Return brightness and saturation, over all and by style.

    Args:
        measured: The paintings that were read, perhaps a sample.
        found: Style -> paintings in the collection. Where the sample holds a smaller share of a
            style than of others, its pictures weigh more in the whole.
    """
    seen = Counter(item.painting.style for item in measured)
    weights_N = np.array(
        [found[item.painting.style] / seen[item.painting.style] for item in measured]
    )
    styles = [item.painting.style for item in measured]
    brightness_N = np.array([item.brightness for item in measured])
    saturation_N = np.array([item.saturation for item in measured])
    return Light(
        brightness=_scale(brightness_N, styles, weights_N, _BRIGHTNESS_EDGES),
        saturation=_scale(saturation_N, styles, weights_N, _SATURATION_EDGES),
    )


def quantiles(values_N: Floats) -> Quantiles:
    """Return the mean, the extremes and five quantiles."""
    return Quantiles(**_quantiles(values_N))


def _quantiles(values_N: Floats) -> dict[str, float]:
    names = ("min", "p05", "p25", "median", "p75", "p95", "max")
    points = np.quantile(values_N, (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1))
    return dict(zip(names, _rounded(points), strict=True)) | {"mean": _rounded(values_N.mean())}


def _aspect_histogram(aspects_N: Floats) -> AspectHistogram:
    # What is outside the outer edges is counted in the outer bins.
    clipped_N = np.clip(aspects_N, _ASPECT_EDGES[0], _ASPECT_EDGES[-1])
    counts, _ = np.histogram(clipped_N, _ASPECT_EDGES)
    return AspectHistogram(edges=_rounded(_ASPECT_EDGES), counts=counts.tolist())


def _size_histogram(widths_N: Floats, heights_N: Floats) -> SizeHistogram:
    edges = _size_edges(np.concatenate([widths_N, heights_N]))
    counts, _, _ = np.histogram2d(widths_N, heights_N, bins=(edges, edges))
    return SizeHistogram(edges_px=_rounded(edges), counts=counts.astype(int).tolist())


def _scale(values_N: Floats, styles: Sequence[str], weights_N: Floats, edges: Floats) -> Scale:
    shares, _ = np.histogram(values_N, edges, weights=weights_N / weights_N.sum())
    of_style_N = np.array(styles)
    return Scale(
        mean=_rounded(np.average(values_N, weights=weights_N)),
        histogram=ShareHistogram(edges=_rounded(edges), shares=_rounded(shares, 6)),
        by_style={
            style: StyleQuantiles(
                pictures=int(np.sum(of_style_N == style)),
                **_quantiles(values_N[of_style_N == style]),
            )
            for style in label_order(styles)
        },
    )


def _measure_chunk(
    collection: Collection, chunk: Sequence[Painting], rules: ImageRules
) -> list[Measured | RejectedFile]:
    return list(_measure_each(collection, chunk, rules))


def _measure_each(
    collection: Collection, chunk: Sequence[Painting], rules: ImageRules
) -> Iterator[Measured | RejectedFile]:
    for painting, content in read_bytes(collection, chunk):
        try:
            if isinstance(content, ImageError):
                raise content
            image = read_image(content, short_side_px=MEASURED_SIDE_PX, rules=rules)
        except ImageError as error:
            yield RejectedFile(
                path=painting.path, style=painting.style, reason=UNREADABLE, detail=str(error)
            )
            continue
        yield Measured(
            painting=painting,
            width=painting.width or image.width,
            height=painting.height or image.height,
            brightness=brightness(image.pixels),
            saturation=saturation(image.pixels),
            sha256=painting.sha256 or hashlib.sha256(content).hexdigest(),
            likeness=likeness(image.pixels),
        )


def _numbers_of_style(paintings: Sequence[Painting]) -> StyleNumbers:
    fates = Counter(painting.fate for painting in paintings)
    artists = Counter(painting.artist for painting in paintings if painting.artist)
    # The most frequent; among equals the first by name, whatever the order of the paintings.
    top, top_count = min(artists.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return StyleNumbers(
        found=len(paintings),
        **{fate: fates[fate] for fate in USED},
        left_out={fate: count for fate, count in sorted(fates.items()) if fate not in USED},
        artists=len(artists),
        artist_known=artists.total(),
        top_artist=top,
        top_artist_paintings=top_count,
    )


def _size_edges(sides: Floats) -> Floats:
    """Return edges in equal ratios that span all sides, and two octaves at least."""
    low, high = sides.min() / 1.03, sides.max() * 1.03
    middle = np.sqrt(low * high)
    return np.geomspace(min(low, middle / 2), max(high, middle * 2), _SIZE_BINS + 1)


def _rounded(values: Any, decimals: int = 4) -> Any:
    """Return plain numbers that are equal on every machine."""
    return np.round(values, decimals).tolist()
