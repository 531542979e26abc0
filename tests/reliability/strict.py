"""What Pillow alone makes of a file, with its strict settings: the truth for damaged pictures.

Written without artstyle's loader. It knows the few kinds of which `mutations` makes damaged files.
"""

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Pixels = npt.NDArray[np.uint8]
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "JPEG2000", "AVIF")
_WHITE = 255
_NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})


def strict_pixels(content: bytes) -> Pixels | None:
    """Return upright RGB over white, (H, W, 3); None for what Pillow refuses."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            covered = image.tile[0][1] if image.format == "GIF" else None
            image.load()
            upright = image if image.format == "TIFF" else _upright(image)
            return _over_white(upright, covered)
    except Exception:  # noqa: BLE001 - whatever it raises, it refuses the file
        return None


def mended(content: bytes) -> list[bytes]:
    """Return the file with the end marker that it lacks, or without what is no pixel of it."""
    if content.startswith(b"\xff\xd8"):
        return [content + b"\xff\xd9"]
    if content.startswith(b"\x89PNG"):
        return [_pixels_only(content)]
    return []


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - damaged EXIF is not a damaged picture
        return image


def _over_white(image: Image.Image, covered: tuple[int, ...] | None) -> Pixels:
    if image.mode.startswith("I;16"):
        grey = np.rint(np.asarray(image) / 257).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode == "LAB":
        raise ValueError("not a kind that is compared")
    if not image.has_transparency_data and covered in (None, (0, 0, *image.size)):
        return np.asarray(image.convert("RGB"))
    straight = np.asarray(image.convert("RGBA")).astype(np.float64)
    colour, alpha = straight[..., :3], straight[..., 3:].copy()
    if covered is not None:
        left, top, right, bottom = covered
        outside = np.ones(alpha.shape, bool)
        outside[top:bottom, left:right] = False
        alpha[outside] = 0
        colour, inside = colour, alpha[top:bottom, left:right]
    else:
        inside = alpha
    if not inside.any() and np.ptp(colour, axis=(0, 1)).any():
        inside[...] = 255
    return np.rint((colour * alpha + _WHITE * (255 - alpha)) / 255).astype(np.uint8)


def _pixels_only(content: bytes) -> bytes:
    parts, at = [content[:8]], 8
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if name in _NEEDED and zlib.crc32(name + data).to_bytes(4, "big") != check:
            parts.append(content[at:])  # Pillow's to refuse.
            break
        if name in _NEEDED:
            parts.append(content[at : at + 12 + length])
        at += 12 + length
    return b"".join(parts)
