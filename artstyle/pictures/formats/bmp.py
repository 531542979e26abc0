"""The colour profile of a BMP file, which Pillow does not read."""

import struct
from typing import BinaryIO

from artstyle.pictures.colour import UNUSABLE

_MOST_PROFILE_BYTES = 16 << 20


def bmp_profile(file: BinaryIO) -> bytes | None:
    """Return the ICC profile of a BMP file; `UNUSABLE` if the file only names one elsewhere.

    BITMAPV5HEADER (Microsoft, Windows GDI): the kind of colour space is at byte 56 of the header,
    the place of the profile, counted from the header, and its size at bytes 112 and 116.
    """
    file.seek(14)
    header = file.read(124)
    if len(header) < 124 or struct.unpack_from("<I", header)[0] < 124:
        return None
    match header[56:60][::-1]:
        case b"MBED":
            offset, size = struct.unpack_from("<II", header, 112)
            file.seek(14 + offset)
            return file.read(min(size, _MOST_PROFILE_BYTES)) or UNUSABLE
        case b"LINK":
            return UNUSABLE
        case _:
            return None
