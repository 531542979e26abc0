"""JPEG files that lack their end, and those of kinds that Pillow does not decode."""

import hashlib
import io
import struct
from collections import defaultdict
from collections.abc import Iterator

from PIL import Image

_END = b"\xff\xd9"
# Bits that may follow where a file ends. libjpeg decodes what is missing from them, so a picture
# that comes out the same with all of these lacks nothing.
_CONTINUATIONS = (b"\0" * 64, b"\xff\0" * 32, b"\xaa" * 64, b"\x55" * 64, bytes(range(1, 250)))
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_SCAN = 0xDA
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_ALL_COEFFICIENTS = range(64)


def is_complete_without_end(content: bytes) -> bool:
    """Return whether a JPEG file that ends without its end marker holds every pixel."""
    if content.endswith(_END) or not _has_all_scans(content):
        return False
    stripped = content.rstrip(_END[:1])
    first = _decoded(stripped)
    return all(_decoded(stripped + bits) == first for bits in _CONTINUATIONS)


def with_end(content: bytes) -> bytes:
    """Return a JPEG file with the end marker that it lacks, or half lacks."""
    return content.rstrip(_END[:1]) + _END


def unread_kind(content: bytes) -> str:
    """Return what a JPEG file is that Pillow does not decode; empty for a damaged one."""
    for marker, data in _segments(content):
        if marker in _FRAMES and len(data) > 5:
            if data[0] != 8:
                return f"a {data[0]}-bit JPEG"
            if data[5] not in (1, 3, 4):
                return f"a JPEG of {data[5]} channels"
    return ""


def _decoded(content: bytes) -> bytes:
    with Image.open(io.BytesIO(with_end(content)), formats=("JPEG",)) as image:
        return hashlib.blake2b(image.tobytes()).digest()


def _has_all_scans(content: bytes) -> bool:
    """Return whether the scans bring all coefficients of all components to full precision.

    Of a progressive file only whole scans may be missing; what is there is then a rough picture.
    """
    components: set[int] = set()
    missing_bits: dict[tuple[int, int], int] = defaultdict(lambda: -1)
    for marker, data in _segments(content):
        if marker in _FRAMES:
            components = set(data[6 : 6 + 3 * data[5] : 3])
        elif marker == _SCAN:
            count = data[0]
            first, last, precision = data[1 + 2 * count : 4 + 2 * count]
            for component in data[1 : 1 + 2 * count : 2]:
                for coefficient in range(first, last + 1):
                    missing_bits[component, coefficient] = precision & 0xF
    return bool(components) and all(
        missing_bits[component, coefficient] == 0
        for component in components
        for coefficient in _ALL_COEFFICIENTS
    )


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each marker and its data; the entropy-coded data are skipped."""
    at = content.find(b"\xff", 2)
    while 0 <= at < len(content) - 3:
        marker = content[at + 1]
        if marker in (0x00, 0xFF) or marker in _WITHOUT_LENGTH:
            at = content.find(b"\xff", at + (1 if marker == 0xFF else 2))
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        yield marker, content[at + 4 : at + 2 + length]
        at = content.find(b"\xff", at + 2 + length)
