"""PNG files: their checksums verified, and what Pillow would stumble over without need left out.

Pillow refuses a file for a wrong checksum or a large text next to the pixels, and reads one whose
pixels have a wrong checksum. Here damage to pixels is an error, and other damage is not.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from artstyle.errors import ImageError
from artstyle.pictures.formats.animation import Box

_SIGNATURE = 8
_DEPTH_AT = 24
_MAX_PROFILE_BYTES = 16 << 20
_MAX_EXIF_BYTES = 1 << 20
_PIXELS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT"})
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_COLOURS = frozenset({b"gAMA", b"cHRM", b"sRGB", b"cICP"})
# ImageMagick writes EXIF as a text of this name.
_EXIF_TEXT = b"Raw profile type exif\0"


@dataclass(frozen=True)
class PngFile:
    """The part of a PNG file that is decoded."""

    content: bytes
    """A PNG file of one frame, without texts and without a profile."""
    profile: bytes | None
    """The ICC profile; empty if there is one that cannot be unpacked."""
    colours: dict[bytes, bytes]
    """The chunks gAMA, cHRM, sRGB and cICP that are there."""
    canvas: tuple[int, int] | None = None
    """Width and height of an animation whose first frame may cover less."""
    frame: Box | None = None
    """The box of that frame on the canvas."""

    def alpha_of_key(self, image: Image.Image) -> Image.Image | None:
        """Return the alpha of a grey or RGB picture in which one colour is transparent.

        Pillow compares that colour with pixels that it has scaled to 8 bits.

        Args:
            image: What Pillow made of ``content``.
        """
        key = image.info.get("transparency")
        if image.mode == "P" or not isinstance(key, int | tuple):
            return None
        depth = self.content[_DEPTH_AT]
        scale = {2: 85, 4: 17}.get(depth, 1)
        pixels = np.asarray(image.convert("L") if image.mode == "1" else image, np.int32)
        if depth == 16 and image.mode == "RGB":
            pixels = (pixels << 8) + self._low_bytes()
        is_opaque = pixels != np.array(key) * scale
        if image.mode == "RGB":
            is_opaque = is_opaque.any(axis=-1)
        return Image.fromarray(is_opaque.astype(np.uint8) * 255)

    def _low_bytes(self) -> npt.NDArray[np.uint8]:
        """Return the low bytes of 16-bit RGB samples, which Pillow cuts off."""
        with Image.open(io.BytesIO(self.content), formats=("PNG",)) as image:
            assert isinstance(image, ImageFile.ImageFile)
            # To its decoder the second byte of a sample is the high one of a little-endian file.
            image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]
            return np.asarray(image)


_Chunk = tuple[bytes, bytes, bytes]
"""Name, data, and all of it as it is in the file: the checksum need not be made again."""


def read_png(content: bytes) -> PngFile:
    """Return what is to be decoded of a PNG file: of an animation, the first frame.

    Raises:
        ImageError: A checksum of the pixels, the palette or the transparency is wrong.
    """
    chunks: list[_Chunk] = []
    colours: dict[bytes, bytes] = {}
    profile: bytes | None = None
    for name, data, whole, is_sound in _chunks(content):
        if not is_sound and name in _PIXELS:
            raise ImageError(f"damaged or truncated: wrong checksum in the PNG's {name.decode()}")
        if name in _COLOURS and is_sound:
            colours.setdefault(name, data)
        elif name == b"iCCP" and profile is None:
            profile = _unpacked_profile(data) if is_sound else b""
        elif name in _PIXELS or not name[0] & 0x20 or (is_sound and _is_exif(name, data)):
            chunks.append((name, data, whole))
    first = _first_frame(chunks)
    if first is None:
        still = [whole for name, _, whole in chunks if name not in _ANIMATION]
        return PngFile(content[:_SIGNATURE] + b"".join(still), profile, colours)
    frame, canvas, box = first
    return PngFile(content[:_SIGNATURE] + b"".join(frame), profile, colours, canvas, box)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """Yield a chunk, and whether its checksum is right; the last one may be cut off."""
    at = _SIGNATURE
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        if not name.isalpha():
            return
        data = content[at + 8 : at + 8 + length]
        whole = content[at : at + 12 + length]
        check = whole[8 + length :]
        # Where the checksum itself is cut off, the pixels may all be there.
        is_sound = len(check) < 4 or zlib.crc32(data, zlib.crc32(name)) == _number(check)
        yield name, data, whole, is_sound
        if name == b"IEND":
            return
        at += 12 + length


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", check)


def _first_frame(
    chunks: list[_Chunk],
) -> tuple[list[bytes], tuple[int, int], Box] | None:
    """Return the first frame of an animation as a still, if it is not the picture in IDAT itself.

    A browser never shows such a picture: it is for programs that do not know animations.
    """
    names = [name for name, _, _ in chunks]
    if b"acTL" not in names or b"fcTL" not in names or b"IDAT" not in names:
        return None
    control = names.index(b"fcTL")
    if control < names.index(b"IDAT") or len(chunks[control][1]) < 26:
        return None
    width, height, x, y = struct.unpack_from(">4I", chunks[control][1], 4)
    header = chunks[0][1]
    canvas_width, canvas_height = struct.unpack_from(">2I", header)
    if x + width > canvas_width or y + height > canvas_height:
        return None
    end = next((n for n, name in enumerate(names) if name == b"fcTL" and n > control), len(names))
    frame = [_chunk(b"IHDR", struct.pack(">2I", width, height) + header[8:])]
    frame += [whole for name, _, whole in chunks[1:control] if name in (b"PLTE", b"tRNS")]
    frame += [_chunk(b"IDAT", data[4:]) for name, data, _ in chunks[control:end] if name == b"fdAT"]
    frame.append(_chunk(b"IEND", b""))
    return frame, (canvas_width, canvas_height), (x, y, x + width, y + height)


def _unpacked_profile(data: bytes) -> bytes:
    """Return the ICC profile in an iCCP chunk; empty if it is damaged or larger than any is."""
    _, _, rest = data.partition(b"\0")
    return _unpacked(rest[1:], _MAX_PROFILE_BYTES)


def _is_exif(name: bytes, data: bytes) -> bool:
    if name == b"zTXt" and data.startswith(_EXIF_TEXT):
        return bool(_unpacked(data[len(_EXIF_TEXT) + 1 :], _MAX_EXIF_BYTES))
    return name == b"eXIf" or (name == b"tEXt" and data.startswith(_EXIF_TEXT))


def _unpacked(data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, limit)
    except zlib.error:
        return b""
    return unpacked if unpacker.eof else b""


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
