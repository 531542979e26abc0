from math import cos, pi
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from artstyle.pictures.image import read_image
from artstyle.preparation.copies import near_pairs
from artstyle.preparation.likeness import are_alike, is_flat, likeness, perceptual_hash
from tests.preparation.pictures import painting, recompressed

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def alike(first: Image.Image, second: Image.Image) -> bool:
    thumbnails = [
        np.frombuffer(likeness(image).thumbnail, np.uint8)[None] for image in (first, second)
    ]
    return bool(are_alike(*thumbnails)[0])


def distance(first: Image.Image, second: Image.Image) -> int:
    return (likeness(first).phash ^ likeness(second).phash).bit_count()


def canvas(level: int, seed: int) -> Image.Image:
    """A white or black canvas: one grey with a little noise."""
    noise = np.random.default_rng(seed).normal(level, 1.5, (60, 60, 3))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def test_the_hash_is_the_sign_of_low_frequencies_about_their_median() -> None:
    grey = np.random.default_rng(3).integers(0, 256, (32, 32), dtype=np.uint8)
    frequencies = [
        sum(
            int(grey[y, x]) * cos(pi * (2 * y + 1) * v / 64) * cos(pi * (2 * x + 1) * u / 64)
            for y in range(32)
            for x in range(32)
        )
        for v in range(8)
        for u in range(8)
    ]
    median = sorted(frequencies[1:])[31]
    expected = sum(1 << k for k in range(1, 64) if frequencies[k] > median)
    assert perceptual_hash(grey) == expected


@pytest.mark.parametrize("seed", range(5))
def test_hashes_have_31_bits_set_so_that_distances_are_even(seed: int) -> None:
    assert likeness(painting(seed)).phash.bit_count() == 31


def test_the_thumbnail_holds_mean_colours_row_by_row() -> None:
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:32, :64], pixels[32:, 64:] = (200, 100, 0), (0, 0, 50)
    thumbnail = np.frombuffer(likeness(Image.fromarray(pixels)).thumbnail, np.uint8)
    grid = thumbnail.reshape(8, 8, 3)
    assert grid[0, 0].tolist() == [200, 100, 0]
    assert grid[0, 7].tolist() == [0, 0, 0]
    assert grid[7, 7].tolist() == [0, 0, 50]


@pytest.mark.parametrize("seed", range(5))
def test_a_recompressed_shrunk_brightened_or_trimmed_picture_is_alike(seed: int) -> None:
    original = painting(seed, (400, 300))
    small = original.resize((130, 100))
    for copy in (
        recompressed(original, 30),
        recompressed(small),
        original.resize((224, 224)),
        ImageEnhance.Brightness(original).enhance(0.9),
        original.crop((3, 2, 398, 297)),
    ):
        assert distance(original, copy) <= 6
        assert alike(original, copy)


def test_different_pictures_are_not_alike() -> None:
    pictures = [painting(seed) for seed in range(30)]
    pairs = [(a, b) for a in pictures for b in pictures if a is not b]
    assert not any(alike(a, b) for a, b in pairs)
    assert min(distance(a, b) for a, b in pairs) > 8


def test_two_colourings_of_one_print_are_two_pictures() -> None:
    first = painting(0)
    red, green, blue = first.split()
    second = Image.merge("RGB", (blue, red, green))
    assert not alike(first, second)


def test_two_white_canvases_are_not_alike() -> None:
    assert not alike(canvas(240, 0), canvas(240, 1))


def test_two_canvases_under_one_light_that_differ_in_shade_are_not_alike() -> None:
    light = np.linspace(0, 8, 64)[:, None, None] * np.ones((64, 64, 3))
    first, second = (Image.fromarray((light + level).astype(np.uint8)) for level in (100, 104))
    assert not alike(first, second)
    assert alike(first, recompressed(first, 95))


def test_only_one_colour_all_over_is_flat() -> None:
    pictures = [Image.new("RGB", (50, 50), "navy"), painting(0), canvas(128, 0)]
    thumbnails = [np.frombuffer(likeness(picture).thumbnail, np.uint8) for picture in pictures]
    assert is_flat(np.stack(thumbnails)).tolist() == [True, False, False]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real paintings are not there")
def test_copies_of_real_paintings_are_found_and_nothing_else() -> None:
    paths = sorted(SHARED.glob("paintings/*/*.jpg"))[::6]
    originals = [read_image(path).pixels for path in paths]
    looks = [likeness(image) for image in originals]
    assert near_pairs(looks, 6) == []
    for change in (_halved, _trimmed):
        found = [
            near_pairs([look, likeness(change(image))], 6) == [(0, 1)]
            for look, image in zip(looks, originals, strict=True)
        ]
        # Measured on all 1,970: 99.7% and 99.3%; the rest are near to monochrome.
        assert np.mean(found) > 0.97, change


def _halved(image: Image.Image) -> Image.Image:
    return recompressed(image.resize((image.width // 2, image.height // 2)), 80)


def _trimmed(image: Image.Image) -> Image.Image:
    by_x, by_y = image.width // 120, image.height // 120
    return recompressed(image.crop((by_x, by_y, image.width, image.height)), 80)
