"""Colours of JPEG 2000, AVIF and HEIC files, as far as Pillow does not report them.

Their content is in boxes: a length, a name of four letters, and what belongs to it (ISO/IEC
14496-12, 4.2, and 15444-1, annex I).
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from artstyle.pictures.colour import coded_profile

_ICC_METHODS = (2, 3)  # 15444-1, I.5.3.3: a restricted and, in JPX, any ICC profile.
_MAX_PROFILE_BYTES = 16 << 20
_META_BYTES = 1 << 20


def jpeg_2000_profile(file: BinaryIO) -> bytes | None:
    """Return the ICC profile of a JP2 or JPX file."""
    for name, start, end in _boxes(file, 0, file.seek(0, 2)):
        if name == b"jp2h":
            for inner, at, stop in _boxes(file, start, end):
                if inner == b"colr":
                    file.seek(at)
                    data = file.read(min(stop - at, _MAX_PROFILE_BYTES))
                    if data[:1] and data[0] in _ICC_METHODS:
                        return data[3:]
    return None


def nclx_profile(file: BinaryIO) -> bytes | None:
    """Return a profile of the code points that an AVIF or HEIC file without a profile states."""
    file.seek(0)
    head = file.read(_META_BYTES)
    at = head.find(b"colrnclx")
    if not 0 <= at <= len(head) - 12:
        return None
    primaries, transfer = struct.unpack_from(">HH", head, at + 8)
    return coded_profile(primaries, transfer)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each box between two places."""
    while start + 8 <= end:
        file.seek(start)
        length, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            (length,), head = struct.unpack(">Q", file.read(8)), 16
        stop = end if length == 0 else min(start + length, end)
        if stop < start + head:
            return
        yield name, start + head, stop
        start = stop
