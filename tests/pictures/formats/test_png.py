"""PNG files: what is damage and what is not, and colours that stand for transparency."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from artstyle.errors import ImageError
from tests.pictures.files import (
    Pixels,
    as_rgb,
    assert_shows,
    chunk,
    encoded,
    grey_steps,
    pixels_of,
    png_file,
    quadrants,
    read,
)

TEXT = b"Title\0Guernica"
EXIF_TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0"


@pytest.mark.parametrize(
    "harmless",
    [
        chunk(b"tEXt", TEXT, is_sound=False),
        chunk(b"eXIf", EXIF_TURNED, is_sound=False),
        chunk(b"iTXt", b"Title\0\0\0\0\0" + "Düte".encode(), is_sound=False),
        chunk(b"zTXt", b"Log\0\0" + zlib.compress(bytes(3 << 20))),
        chunk(b"iTXt", b"Log\0\1\0\0\0" + zlib.compress(bytes(3 << 20))),
        chunk(b"tEXt", b"Log\0" + b"x" * (3 << 20)),
        chunk(b"zTXt", b"Log\0\0damaged"),
        chunk(b"pHYs", b"\0"),
        chunk(b"prVt", b"?", is_sound=False),
    ],
    ids=range(9),
)
def test_what_is_beside_the_pixels_does_not_reject_them(harmless: bytes) -> None:
    assert_shows(png_file(quadrants(), harmless), quadrants())


def test_a_large_profile_is_used_and_a_bomb_is_ignored_and_reported() -> None:
    assert read(
        png_file(quadrants(), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(64 << 20))))
    ).profile_ignored
    own = pixels_of(png_file(quadrants()))
    damaged = png_file(quadrants(), chunk(b"iCCP", b"x\0\0damaged", is_sound=False))
    assert np.array_equal(pixels_of(damaged), own)
    assert read(damaged).profile_ignored


@pytest.mark.parametrize("name", [b"IHDR", b"IDAT", b"PLTE", b"tRNS"])
def test_a_wrong_checksum_of_the_pixels_is_damage(name: bytes) -> None:
    image = Image.fromarray(quadrants()).convert("P", palette=Image.Palette.ADAPTIVE)
    content = bytearray(encoded(image, "PNG", transparency=0))
    at = content.index(name) - 4
    (length,) = struct.unpack_from(">I", content, at)
    content[at + 8 + length] ^= 1
    with pytest.raises(ImageError, match=f"damaged or truncated: wrong checksum.*{name.decode()}"):
        read(bytes(content))


def test_a_flipped_byte_of_the_pixels_rejects_them_whichever_it_is() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    content = png_file(noise)
    start = content.index(b"IDAT") + 4
    for at in range(start, len(content) - 16, 97):
        damaged = bytearray(content)
        damaged[at] ^= 0x40
        with pytest.raises(ImageError, match="damaged or truncated"):
            read(bytes(damaged))


def test_a_missing_end_is_not_damage_but_missing_pixels_are() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    content = png_file(noise, end=False)
    assert_shows(content, noise)
    assert_shows(content[:-4], noise)
    for missing in (12, 100, 1000):
        with pytest.raises(ImageError, match="damaged or truncated"):
            read(content[:-missing])


def test_exif_turns_wherever_it_stands() -> None:
    turned = bytearray(EXIF_TURNED)
    turned[19] = 6
    upright = np.rot90(quadrants(32, 24), -1)
    before = png_file(quadrants(32, 24), chunk(b"eXIf", bytes(turned)))
    end = chunk(b"IEND", b"")
    after = png_file(quadrants(32, 24), end=False) + chunk(b"eXIf", bytes(turned)) + end
    hexadecimal = f"\nexif\n{len(turned) + 6}\n".encode() + (b"Exif\0\0" + turned).hex().encode()
    text = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(hexadecimal))
    for content in (before, after, png_file(quadrants(32, 24), text)):
        assert_shows(content, upright)


def grey16() -> "np.ndarray[tuple[int, int], np.dtype[np.uint16]]":
    return grey_steps().astype(np.uint16) * 257


def key(*values: int) -> bytes:
    return chunk(b"tRNS", struct.pack(f">{len(values)}H", *values))


def with_white(pixels: Pixels, where: "np.ndarray[tuple[int, int], np.dtype[np.bool]]") -> Pixels:
    shown = pixels.copy()
    shown[where] = 255
    return shown


def test_a_transparent_grey_of_16_bits_is_compared_with_16_bits() -> None:
    assert_shows(png_file(grey16(), key(20 * 257 + 1), depth=16), as_rgb(grey_steps()))
    shown = with_white(as_rgb(grey_steps()), grey_steps() == 20)
    assert_shows(png_file(grey16(), key(20 * 257), depth=16), shown)


def test_a_transparent_colour_of_16_bits_is_compared_with_16_bits() -> None:
    wide = quadrants().astype(np.uint16) * 257
    red = [200 * 257, 60 * 257, 50 * 257]
    assert_shows(png_file(wide, key(red[0], red[1], red[2] + 1), depth=16), quadrants())
    is_red = np.zeros((32, 32), bool)
    is_red[:16, :16] = True
    assert_shows(png_file(wide, key(*red), depth=16), with_white(quadrants(), is_red))
    assert_shows(png_file(quadrants(), key(200, 60, 50)), with_white(quadrants(), is_red))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_transparent_grey_of_few_bits_is_scaled_as_pixels_are(depth: int) -> None:
    top = (1 << depth) - 1
    grey = (np.arange(24 * 32).reshape(24, 32) // 32 % (top + 1)).astype(np.uint8)
    shown = as_rgb(grey * (255 // top))
    assert_shows(png_file(grey, depth=depth), shown)
    assert_shows(png_file(grey, key(0), depth=depth), with_white(shown, grey == 0))
    assert_shows(png_file(grey, key(top - 1), depth=depth), with_white(shown, grey == top - 1))
