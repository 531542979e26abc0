"""JPEG files that end early, or are of kinds that are not read."""

import numpy as np
import pytest
from PIL import Image

from artstyle.errors import ImageError
from artstyle.pictures.image import read_image
from tests.pictures.files import encoded, pixels_of, quadrants, read

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
KINDS = [{}, {"progressive": True}, {"quality": 30}, {"restart_marker_rows": 1}]


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("missing", [1, 2])
def test_a_missing_end_marker_is_not_damage(options: dict[str, object], missing: int) -> None:
    content = encoded(NOISE, "JPEG", **options)
    assert np.array_equal(pixels_of(content[:-missing]), pixels_of(content))
    small = read_image(content[:-missing], short_side_px=16).pixels
    assert small.tobytes() == read_image(content, short_side_px=16).pixels.tobytes()


@pytest.mark.parametrize("options", KINDS, ids=str)
@pytest.mark.parametrize("missing", [3, 4, 5, 8, 20, 100, 1000])
def test_missing_pixels_are_damage(options: dict[str, object], missing: int) -> None:
    content = encoded(NOISE, "JPEG", **options)
    with pytest.raises(ImageError, match="damaged or truncated"):
        read(content[:-missing])


def test_a_flat_end_is_missed_too() -> None:
    """What libjpeg puts in place of missing pixels looks like the flat ones before them."""
    content = encoded(quadrants(320, 320), "JPEG")
    for missing in (4, 10, 40):
        with pytest.raises(ImageError, match="damaged or truncated"):
            read(content[:-missing])


def test_a_progressive_file_without_its_last_scans_is_damaged() -> None:
    content = encoded(NOISE, "JPEG", progressive=True)
    last_scan = content.rindex(b"\xff\xda")
    tables = content.rindex(b"\xff\xc4", 0, last_scan)
    with pytest.raises(ImageError, match="damaged or truncated"):
        read(content[: min(last_scan, tables)])


def test_cmyk_that_does_not_say_what_full_ink_is_is_refused() -> None:
    content = encoded(Image.new("CMYK", (32, 24), (0, 200, 100, 0)), "JPEG")
    assert read(content).mode == "CMYK"
    at = content.index(b"\xff\xee")
    unmarked = content[:at] + content[at + 2 + int.from_bytes(content[at + 2 : at + 4]) :]
    with pytest.raises(
        ImageError, match="CMYK JPEG that does not say whether 0 or 255 is full ink"
    ):
        read(unmarked)


def test_a_jpeg_of_12_bits_is_refused_as_such() -> None:
    content = bytearray(encoded(NOISE, "JPEG"))
    content[content.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(ImageError, match="a 12-bit JPEG, which is not read"):
        read(bytes(content))
