"""Of an animation the first frame, over what is behind the picture."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageSequence

from tests.pictures.files import Pixels, assert_shows, chunk, encoded, png_file, quadrants

AT = (8, 4)
"""Left and top of the first frame on a canvas of 64 x 48."""


def expected() -> Pixels:
    canvas = np.full((48, 64, 3), 255, np.uint8)
    canvas[AT[1] : AT[1] + 32, AT[0] : AT[0] + 32] = quadrants()
    return canvas


def test_the_first_frame_of_a_gif_covers_only_its_part() -> None:
    content = bytearray(encoded(Image.fromarray(quadrants()).quantize(8), "GIF"))
    content[6:10] = struct.pack("<2H", 64, 48)
    at = content.index(b",\0\0\0\0")
    content[at + 1 : at + 5] = struct.pack("<2H", *AT)
    assert_shows(bytes(content), expected(), 1)
    assert_shows(bytes(content[:-1]), expected(), 1)  # without its trailer


def test_the_first_frame_of_a_webp_covers_only_its_part() -> None:
    still = encoded(quadrants(), "WEBP", lossless=True)[12:]
    place = b"".join(value.to_bytes(3, "little") for value in (AT[0] // 2, AT[1] // 2, 31, 31, 100))
    frame = place + b"\0" + still
    canvas = b"\2\0\0\0" + (63).to_bytes(3, "little") + (47).to_bytes(3, "little")
    chunks = [(b"VP8X", canvas), (b"ANIM", b"\0\0\xff\xff\0\0"), (b"ANMF", frame), (b"ANMF", frame)]
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    content = b"RIFF" + struct.pack("<I", len(body)) + body
    assert len(list(ImageSequence.Iterator(Image.open(io.BytesIO(content))))) == 2
    assert_shows(content, expected())


def control(number: int, width: int, height: int, x: int, y: int) -> bytes:
    return chunk(b"fcTL", struct.pack(">5I2H2B", number, width, height, x, y, 1, 10, 0, 0))


def test_the_first_frame_of_an_animated_png_is_not_its_substitute() -> None:
    """The picture in IDAT is for programs that know no animations if no fcTL stands before it."""
    substitute = np.zeros((48, 64, 3), np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in quadrants())
    frame = control(0, 32, 32, *AT) + chunk(b"fdAT", struct.pack(">I", 1) + zlib.compress(rows))
    animation = chunk(b"acTL", struct.pack(">2I", 1, 0))
    content = png_file(substitute, animation, end=False) + frame + chunk(b"IEND", b"")
    assert_shows(content, expected())


def test_the_first_frame_of_an_animated_png_is_the_picture_itself() -> None:
    first = control(0, 32, 32, 0, 0)
    animation = chunk(b"acTL", struct.pack(">2I", 2, 0))
    damaged_later = control(1, 32, 32, 0, 0) + chunk(b"fdAT", struct.pack(">I", 2) + b"damaged")
    content = png_file(quadrants(), animation, first, end=False) + damaged_later
    assert_shows(content + chunk(b"IEND", b""), quadrants())


def test_a_frame_on_which_nothing_was_drawn_is_the_background() -> None:
    empty = Image.new("RGBA", (32, 24), (0, 0, 0, 0))
    for kind in ("PNG", "WEBP", "GIF"):
        content = encoded(
            empty, kind, save_all=True, append_images=[Image.new("RGBA", (32, 24), "red")]
        )
        assert_shows(content, np.full((24, 32, 3), 255))
