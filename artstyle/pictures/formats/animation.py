"""The place of an animation's first frame on its canvas."""

from typing import BinaryIO

from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def first_frame_box(image: Image.Image, file: BinaryIO) -> Box | None:
    """Return which part of a GIF or WebP its first frame covers, None for all of it.

    Pillow fills the rest with a colour of its own; a browser shows what is behind the picture.

    Args:
        image: Just opened, not loaded.
        file: What it was opened from.
    """
    box = None
    if image.format == "GIF":
        box = image.tile[0].extents  # type: ignore[attr-defined]
    elif image.format == "WEBP":
        box = _webp_box(file)
    return None if box == (0, 0, *image.size) else box


def _webp_box(file: BinaryIO) -> Box | None:
    """Return the place of the first ANMF chunk (RFC 9649, 2.7.1.1), None for a still picture."""
    at, end = 12, file.seek(0, 2)
    while at + 24 <= end:
        file.seek(at)
        head = file.read(24)
        if head[:4] == b"ANMF":
            x, y, width, height = (_number(head[n : n + 3]) for n in (8, 11, 14, 17))
            return 2 * x, 2 * y, 2 * x + width + 1, 2 * y + height + 1
        if head[:4] in (b"VP8 ", b"VP8L"):
            return None
        size = _number(head[4:8])
        at += 8 + size + size % 2
    return None


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
