"""Colours against the arithmetic of their colour spaces, not against another colour engine."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from artstyle.pictures.image import read_image
from tests.pictures.files import (
    SMALL,
    Pixels,
    assert_shows,
    chunk,
    curve,
    encoded,
    grey_steps,
    icc_profile,
    png_file,
    quadrants,
    read,
    xyz,
)

# The colorants under D50, a row of XYZ each for red, green and blue, and the power.
_SRGB = [(0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]
SPACES: dict[str, tuple[list[tuple[float, float, float]], float]] = {
    "Adobe RGB": (
        [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)], 563 / 256,
    ),
    "Display P3 of power 2.2": (
        [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)], 563 / 256,
    ),
    "ProPhoto": (
        [(0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)], 1.796875,
    ),
    "Rec. 2020 of power 2.4": (
        [(0.6734, 0.2790, -0.0019), (0.1656, 0.6753, 0.0299), (0.1251, 0.0456, 0.7969)], 614 / 256,
    ),
    "linear": (_SRGB, 1.0),
}  # fmt: skip


def linear(srgb: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Undo sRGB's curve (IEC 61966-2-1)."""
    share = srgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def in_space(srgb: Pixels, name: str) -> Pixels:
    colorants, power = SPACES[name]
    other = linear(srgb) @ np.array(_SRGB) @ np.linalg.inv(np.array(colorants))
    encoded_shares = np.clip(other, 0, 1) ** (1 / power)
    result: Pixels = np.rint(255 * encoded_shares).astype(np.uint8)
    return result


def rgb_profile(name: str) -> bytes:
    colorants, power = SPACES[name]
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249)}
    for letter, colorant in zip((b"r", b"g", b"b"), colorants, strict=True):
        tags[letter + b"XYZ"], tags[letter + b"TRC"] = xyz(*colorant), curve(round(power * 256))
    return icc_profile(b"RGB ", tags)


LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"lossless": True},
}
LOSSY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 98, "subsampling": 0},
    "AVIF": {"quality": 98, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
@pytest.mark.parametrize("space", SPACES)
def test_a_profile_is_converted_to_srgb(space: str, kind: str) -> None:
    options = (LOSSLESS | LOSSY)[kind]
    content = encoded(in_space(quadrants(), space), kind, icc_profile=rgb_profile(space), **options)
    # A level of 8 bits in a wider or linear space is up to 5 in sRGB, and lossy coding costs two.
    assert_shows(content, quadrants(), 4 if kind in LOSSLESS else 16)
    assert not read(content).profile_ignored


def test_without_its_profile_the_same_picture_would_be_wrong() -> None:
    stored = in_space(quadrants(), "ProPhoto").astype(np.int16)
    assert np.abs(stored - quadrants()).max() > 25


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("power", [1.0, 1.8, 2.2])
def test_a_grey_profile_is_converted(kind: str, power: float) -> None:
    profile = icc_profile(
        b"GRAY", {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": curve(round(power * 256))}
    )
    stored = np.rint(255 * linear(grey_steps()) ** (1 / power)).astype(np.uint8)
    options = {"quality": 100} if kind == "JPEG" else {}
    content = encoded(stored, kind, icc_profile=profile, **options)
    expected = np.repeat(grey_steps()[..., None], 3, axis=2)
    # Dark greys are few levels in a linear file: one of them is up to 13 of sRGB.
    assert_shows(content, expected, 14 if power == 1 else 4)


def test_a_dot_gain_curve_is_converted() -> None:
    """Of Photoshop's kind: a table of 256 points instead of a power."""
    points = np.rint(65535 * (np.arange(256) / 255) ** 1.5).astype(int)
    profile = icc_profile(b"GRAY", {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": curve(*points)})
    stored = np.rint(255 * linear(grey_steps()) ** (1 / 1.5)).astype(np.uint8)
    assert_shows(
        encoded(stored, "TIFF", icc_profile=profile), np.repeat(grey_steps()[..., None], 3, 2), 4
    )


def test_a_grey_picture_under_an_rgb_profile_is_converted() -> None:
    grey = grey_steps()
    stored = in_space(np.repeat(grey[..., None], 3, axis=2), "Adobe RGB")[..., 1].copy()
    content = encoded(stored, "JPEG", quality=100, icc_profile=rgb_profile("Adobe RGB"))
    assert_shows(content, np.repeat(grey[..., None], 3, axis=2), 4)


def test_a_palette_and_a_transparent_picture_are_converted() -> None:
    stored, profile = in_space(quadrants(), "ProPhoto"), rgb_profile("ProPhoto")
    palette = Image.fromarray(stored).convert("P", palette=Image.Palette.ADAPTIVE)
    assert_shows(encoded(palette, "PNG", icc_profile=profile), quadrants(), 4)
    alpha = np.full((32, 32), 255, np.uint8)
    alpha[:, :16] = 0
    expected = quadrants()
    expected[:, :16] = 255
    for kind in ("PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        content = encoded(np.dstack([stored, alpha]), kind, icc_profile=profile, **options)
        assert_shows(content, expected, 4)


def lab_of(srgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return CIE L*a*b* under D50 in the 8-bit code of ICC.1, 6.3.4.2."""
    white = np.array([0.9642, 1, 0.8249])
    ratio = linear(np.array(srgb)) @ np.array(_SRGB) / white
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    lightness, a, b = 116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])
    return round(lightness * 2.55), round(a) + 128, round(b) + 128


def cmyk_profile() -> bytes:
    """Return a profile whose table has two steps an ink, with colours that no plain formula has."""
    colours = {(0, 0, 0, 0): (255, 255, 255), (1, 0, 0, 0): (60, 160, 70),
               (0, 1, 0, 0): (200, 60, 50), (0, 0, 1, 0): (220, 190, 60)}  # fmt: skip
    nodes = [colours.get((c, m, y, k), (0, 0, 0))
             for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]  # fmt: skip
    table = bytes(value for node in nodes for value in lab_of(node))
    identity = bytes(range(256))
    lut = (
        b"mft1\0\0\0\0"
        + bytes([4, 3, 2, 0])
        + struct.pack(">9i", *np.eye(3, dtype=int).ravel() * 65536)
    )
    lut += identity * 4 + table + identity * 3
    return icc_profile(b"CMYK", {b"wtpt": xyz(0.9642, 1, 0.8249), b"A2B0": lut}, b"Lab ")


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_goes_through_its_profile(kind: str) -> None:
    inks = Image.new("CMYK", (32, 24), (0, 255, 0, 0))
    inks.paste((255, 0, 0, 0), (16, 0, 32, 24))
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    found = np.asarray(read(encoded(inks, kind, icc_profile=cmyk_profile(), **options)).pixels)
    # A level of the table's 8 bits is up to 3 of sRGB.
    assert np.abs(found[12, 4].astype(int) - (200, 60, 50)).max() <= 5
    assert np.abs(found[12, 28].astype(int) - (60, 160, 70)).max() <= 5


def test_a_picture_under_srgbs_own_profile_is_left_as_it_is() -> None:
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    table = np.rint(65535 * linear(np.arange(1024) / 1023 * 255)).astype(int)
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249)}
    for letter, colorant in zip((b"r", b"g", b"b"), _SRGB, strict=True):
        tags[letter + b"XYZ"], tags[letter + b"TRC"] = xyz(*colorant), curve(*table)
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    for profile in (own, icc_profile(b"RGB ", tags)):
        assert_shows(encoded(noise, "PNG", icc_profile=profile), noise)


def test_a_jpeg_decoded_at_a_fraction_is_converted() -> None:
    large = np.kron(in_space(quadrants(), "ProPhoto"), np.ones((20, 20, 1), np.uint8))
    content = encoded(large, "JPEG", quality=95, icc_profile=rgb_profile("ProPhoto"))
    small = np.asarray(read_image(content, short_side_px=24).pixels, np.int16)
    assert np.abs(small[2:10, 2:10] - quadrants()[2:10, 2:10].astype(np.int16)).max() <= 12


def test_a_profile_in_several_segments_is_put_together() -> None:
    profile = rgb_profile("ProPhoto") + bytes(150_000)
    profile = struct.pack(">I", len(profile)) + profile[4:]
    stored = in_space(quadrants(), "ProPhoto")
    content = encoded(stored, "JPEG", quality=98, subsampling=0, icc_profile=profile)
    assert content.count(b"ICC_PROFILE\0") == 3
    assert_shows(content, quadrants(), 10)
    missing = content.replace(b"ICC_PROFILE\0\2", b"IGNORED____\0\2")
    assert read(missing).profile_ignored


@pytest.mark.parametrize(
    "profile", [b"none", b"\0" * 200, cmyk_profile(), rgb_profile("linear")[:300]]
)
def test_a_profile_that_cannot_be_used_is_ignored_and_reported(profile: bytes) -> None:
    for kind in ("PNG", "TIFF"):
        content = encoded(quadrants(), kind, icc_profile=profile)
        assert_shows(content, quadrants())
        assert read(content).profile_ignored
    assert not read(encoded(quadrants(), "PNG")).profile_ignored


def test_a_lab_tiff_is_read_as_its_colours() -> None:
    lab = np.array([lab_of((200, 60, 50)), lab_of((60, 160, 70))], np.uint8)
    signed = lab ^ np.array([0, 128, 128], np.uint8)  # TIFF 6.0, section 23
    image = Image.frombytes("LAB", (2, 1), signed.tobytes()).resize((32, 24), 0)
    found = np.asarray(read(encoded(image, "TIFF")).pixels, np.int16)
    # A level of a* or b* is up to 4 of sRGB, and both are rounded.
    assert np.abs(found[12, 4] - (200, 60, 50)).max() <= 8
    assert np.abs(found[12, 28] - (60, 160, 70)).max() <= 8


def gama(encoding: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(encoding * 100_000)))


def chrm(*xy: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in xy)))


_D65 = (0.3127, 0.329)
_P3_CHROMATICITIES = (*_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
_SRGB_CHROMATICITIES = (*_D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
SRGB_CHUNK = chunk(b"sRGB", b"\0")
_OWN = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ICCP_SRGB = chunk(b"iCCP", b"x\0\0" + zlib.compress(_OWN))


def test_a_png_of_another_gamma_is_converted() -> None:
    stored = in_space(quadrants(), "linear")
    assert_shows(png_file(stored, gama(1.0)), quadrants(), 4)
    assert_shows(png_file(stored, gama(1.0), chrm(*_SRGB_CHROMATICITIES)), quadrants(), 4)
    grey = np.rint(255 * linear(grey_steps())).astype(np.uint8)
    assert_shows(png_file(grey, gama(1.0)), np.repeat(grey_steps()[..., None], 3, 2), 14)


def test_a_png_of_other_primaries_is_converted() -> None:
    stored = in_space(quadrants(), "Display P3 of power 2.2")
    power = 563 / 256
    assert_shows(png_file(stored, gama(1 / power), chrm(*_P3_CHROMATICITIES)), quadrants(), 6)
    linear_p3 = (
        linear(quadrants())
        @ np.array(_SRGB)
        @ np.linalg.inv(np.array(SPACES["Display P3 of power 2.2"][0]))
    )
    share = np.clip(linear_p3, 0, 1)
    srgb_curve = np.where(share <= 0.0031308, 12.92 * share, 1.055 * share ** (1 / 2.4) - 0.055)
    with_srgb_curve = np.rint(255 * srgb_curve).astype(np.uint8)
    assert_shows(png_file(with_srgb_curve, chrm(*_P3_CHROMATICITIES)), quadrants(), 2)
    assert_shows(
        png_file(with_srgb_curve, chunk(b"cICP", bytes([12, 13, 0, 1])), SRGB_CHUNK), quadrants(), 2
    )


@pytest.mark.parametrize(
    "chunks",
    [
        [gama(0.45455)],
        [gama(0.45455), chrm(*_SRGB_CHROMATICITIES)],
        [SRGB_CHUNK, gama(1.0), chrm(*_P3_CHROMATICITIES)],
        [gama(1.0), SRGB_CHUNK],
        [gama(0)],
        [chunk(b"cICP", bytes([1, 13, 0, 1])), gama(1.0)],
        [ICCP_SRGB, gama(1.0)],
    ],
)  # fmt: skip
def test_a_png_that_says_srgb_is_left_as_it_is(chunks: list[bytes]) -> None:
    assert_shows(png_file(quadrants(), *chunks), quadrants())


def test_primaries_that_no_screen_has_are_ignored_and_reported() -> None:
    for chromaticities in [(0.3127, 0) * 4, (0.3127, 0.329) * 4]:
        content = png_file(quadrants(), chrm(*chromaticities))
        assert_shows(content, quadrants())
        assert read(content).profile_ignored


def test_brightness_beyond_white_is_reported() -> None:
    assert read(png_file(quadrants(), chunk(b"cICP", bytes([9, 16, 0, 1])))).profile_ignored


def test_a_jpeg_2000_profile_is_converted() -> None:
    """Pillow does not say that there is one: the box is put in by hand."""
    stored, profile = in_space(quadrants(), "ProPhoto"), rgb_profile("ProPhoto")
    content = encoded(stored, "JPEG2000")
    at = content.index(b"colr") - 4
    (length,) = struct.unpack_from(">I", content, at)
    box = struct.pack(">I4sBBB", 11 + len(profile), b"colr", 2, 0, 0) + profile
    header = content.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", content, header)
    content = content[:at] + box + content[at + length :]
    content = content[:header] + struct.pack(">I", size + len(box) - length) + content[header + 4 :]
    assert Image.open(io.BytesIO(content)).info.get("icc_profile") is None
    assert_shows(content, quadrants(), 4)


def test_one_profile_is_converted_alike_in_many_threads() -> None:
    content = encoded(in_space(quadrants(), "ProPhoto"), "PNG", icc_profile=rgb_profile("ProPhoto"))
    with ThreadPoolExecutor(8) as pool:
        found = set(
            pool.map(lambda _: read_image(content, rules=SMALL).pixels.tobytes(), range(64))
        )
    assert len(found) == 1
