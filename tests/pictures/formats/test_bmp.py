"""The profiles of BMP files: embedded ones are used, linked ones are noted."""

import struct
import zlib

import pytest

from tests.pictures.files import (
    assert_shows,
    chunk,
    curve,
    icc_profile,
    pixels_of,
    png_file,
    quadrants,
    read,
    xyz,
)

# Red and green change places, so that no tolerance hides a profile that is not used.
SWAPPED = icc_profile(
    b"RGB ",
    {
        b"rXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"gXYZ": xyz(0.4360, 0.2225, 0.0139),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        **{name: curve(563) for name in (b"rTRC", b"gTRC", b"bTRC")},
        b"wtpt": xyz(0.9642, 1, 0.8249),
    },
)


def bmp_v5(kind: bytes, profile: bytes) -> bytes:
    """Return a BMP with a BITMAPV5HEADER, rows from the bottom up, blue first."""
    pixels = quadrants()[::-1, :, ::-1].tobytes()
    header = struct.pack("<IiiHHIIiiII", 124, 32, 32, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    header += bytes(16) + kind[::-1] + bytes(48)
    header += struct.pack("<IIII", 4, 124 + len(pixels), len(profile), 0)
    start = 14 + len(header)
    size = start + len(pixels) + len(profile)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, start) + header + pixels + profile


def test_an_embedded_profile_is_used_as_in_a_png() -> None:
    expected = pixels_of(_png(SWAPPED))
    assert abs(expected - quadrants()).max() > 50
    decoded = read(bmp_v5(b"MBED", SWAPPED))
    assert_shows(bmp_v5(b"MBED", SWAPPED), expected)
    assert not decoded.profile_ignored


@pytest.mark.parametrize(("kind", "profile"), [(b"LINK", b"C:\\a.icc"), (b"MBED", b"not ICC")])
def test_a_profile_that_cannot_be_used_is_noted(kind: bytes, profile: bytes) -> None:
    assert read(bmp_v5(kind, profile)).profile_ignored
    assert_shows(bmp_v5(kind, profile), quadrants())


def test_srgb_is_left_as_it_is() -> None:
    assert not read(bmp_v5(b"sRGB", b"")).profile_ignored
    assert_shows(bmp_v5(b"sRGB", b""), quadrants())


def _png(profile: bytes) -> bytes:
    return png_file(quadrants(), chunk(b"iCCP", b"a\0\0" + zlib.compress(profile)))
