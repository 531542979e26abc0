"""Tiny pictures of every kind, written byte by byte, with the pixels that they show."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from artstyle.pictures.image import DecodedImage, ImageRules, read_image

Pixels = npt.NDArray[np.uint8]
SMALL = ImageRules(min_side_px=1)
RED, GREEN, BLUE, YELLOW = (200, 60, 50), (60, 160, 70), (50, 70, 190), (220, 190, 60)


def quadrants(width: int = 32, height: int = 32) -> Pixels:
    """Return red, green, blue and yellow, row by row: a turn or a wrong colour shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, YELLOW
    return pixels


def grey_steps() -> Pixels:
    """Return grey pixels, 24 x 32, that take 96 of all values."""
    return (np.arange(24 * 32).reshape(24, 32) % 96 * 2 + 20).astype(np.uint8)


def as_rgb(grey: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.repeat(grey[..., None], 3, axis=2)


def encoded(image: Image.Image | Pixels, kind: str, **options: object) -> bytes:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def read(content: bytes) -> DecodedImage:
    return read_image(content, rules=SMALL)


def pixels_of(content: bytes) -> npt.NDArray[np.int16]:
    return np.asarray(read(content).pixels, np.int16)


def assert_shows(content: bytes, expected: npt.NDArray[Any], tolerance: int = 0) -> None:
    found = pixels_of(content)
    assert found.shape == expected.shape
    assert np.abs(found - expected.astype(np.int16)).max() <= tolerance


def chunk(name: bytes, data: bytes, *, is_sound: bool = True) -> bytes:
    check = zlib.crc32(name + data) ^ (not is_sound)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def png_file(samples: npt.NDArray[Any], *extra: bytes, depth: int = 8, end: bool = True) -> bytes:
    """Return a PNG of (H, W) or (H, W, 3) samples; ``extra`` chunks stand before the pixels."""
    height, width = samples.shape[:2]
    colour = 2 if samples.ndim == 3 else 0
    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    rows = [b"\0" + _packed(row.reshape(-1), depth) for row in samples]
    data = chunk(b"IDAT", zlib.compress(b"".join(rows)))
    tail = chunk(b"IEND", b"") if end else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(extra) + data + tail


def _packed(row: npt.NDArray[Any], depth: int) -> bytes:
    bits = (row.astype(np.int64)[:, None] >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).ravel()).tobytes()


Tags = dict[int, Sequence[int]]


def tiff_file(
    pages: Sequence[tuple[npt.NDArray[Any], Tags]] | npt.NDArray[Any],
    tags: Tags | None = None,
    order: str = "<",
) -> bytes:
    """Return an uncompressed TIFF of (H, W), (H, W, S) or, planar, (S, H, W) samples.

    Tags are written as 32-bit numbers but for those of 16 bits that TIFF 6.0 demands.
    """
    if isinstance(pages, np.ndarray):
        pages = [(pages, tags or {})]
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    for number, (samples, more) in enumerate(pages):
        out += _page(samples, more, order, len(out), is_last=number == len(pages) - 1)
    return out


def _page(samples: npt.NDArray[Any], more: Tags, order: str, start: int, *, is_last: bool) -> bytes:
    planar = more.get(284, [1])[0] == 2
    height, width = samples.shape[1:3] if planar else samples.shape[:2]
    count = 1 if samples.ndim == 2 else samples.shape[0 if planar else 2]
    planes = samples if planar else samples[None]
    data = [plane.astype(plane.dtype.newbyteorder(order)).tobytes() for plane in planes]
    tags: dict[int, Sequence[int]] = {
        256: [width], 257: [height], 258: [samples.dtype.itemsize * 8] * count, 259: [1],
        262: [2 if count > 2 else 1], 277: [count], 278: [height],
        273: [0] * len(data), 279: [len(part) for part in data], **more,
    }  # fmt: skip
    room = start + 2 + 12 * len(tags) + 4
    sizes = {tag: len(values) * (4 if tag in _LONG else 2) for tag, values in tags.items()}
    pixels_at = room + sum(size for size in sizes.values() if size > 4)
    tags[273] = [pixels_at + sum(map(len, data[:n])) for n in range(len(data))]
    table, blobs = struct.pack(order + "H", len(tags)), b""
    for tag, values in sorted(tags.items()):
        form = f"{order}{len(values)}{'L' if tag in _LONG else 'H'}"
        raw = struct.pack(form, *values)
        if len(raw) > 4:
            blobs, raw = blobs + raw, struct.pack(order + "L", room + len(blobs))
        kind = 4 if tag in _LONG else 3
        table += struct.pack(order + "HHL", tag, kind, len(values)) + raw.ljust(4, b"\0")
    following = 0 if is_last else pixels_at + sum(map(len, data))
    return table + struct.pack(order + "L", following) + blobs + b"".join(data)


_LONG = frozenset({254, 256, 257, 273, 278, 279})


def icc_profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """Return an ICC profile of version 2 with these tags."""
    table, data, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    device = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"\0" * 4, 0x02400000, device, space, pcs)
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + xyz(0.9642, 1, 0.8249)[8:]
    return head.ljust(128, b"\0") + table + data


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def curve(*points: int) -> bytes:
    """Return a curve of 16-bit points, or of one power times 256."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(points)}H", len(points), *points)
