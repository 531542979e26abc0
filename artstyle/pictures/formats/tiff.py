"""TIFF files: which page is the picture, what kind it is, and whether Pillow reads that kind right.

Tags and their values are those of TIFF 6.0 (Adobe 1992) and its technical notes. The pixels are
read in `artstyle.pictures.image`.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import TiffImagePlugin

from artstyle.errors import ImageError

_NEW_SUBFILE, _SUBFILE = 254, 255
_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR = 258, 259, 262, 277, 284
_FILL_ORDER = 266
_OLD_JPEG = 6
_COLOR_MAP, _SUB_IFDS, _INK_SET, _DOT_RANGE = 320, 330, 332, 336
_EXTRA_SAMPLES, _SAMPLE_FORMAT, _SUBSAMPLING, _DNG_VERSION = 338, 339, 530, 50706
_WANTED = frozenset(
    {
        *(_NEW_SUBFILE, _SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR),
        *(_FILL_ORDER, _COLOR_MAP, _SUB_IFDS, _INK_SET, _DOT_RANGE),
        *(_EXTRA_SAMPLES, _SAMPLE_FORMAT, _SUBSAMPLING, _DNG_VERSION),
    }
)
_TYPES = {1: "B", 3: "H", 4: "L", 13: "L", 16: "Q", 18: "Q"}
_MOST_VALUES = 3 << 16
_MOST_PAGES = 256
_REDUCED_OR_MASK = 0b101

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
_MASK = 4
_RAW = frozenset({32803, 34892})
_PHOTOMETRICS = {
    WHITE_IS_ZERO: "grey",
    BLACK_IS_ZERO: "grey",
    RGB: "RGB",
    PALETTE: "palette",
    _MASK: "mask",
    CMYK: "CMYK",
    YCBCR: "YCbCr",
    CIELAB: "CIELAB",
    ICCLAB: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32844: "LogL",
    32845: "LogLuv",
}
_COMPRESSIONS = {
    1: "no",
    2: "CCITT",
    3: "CCITT fax 3",
    4: "CCITT fax 4",
    5: "LZW",
    6: "old JPEG",
    7: "JPEG",
    8: "deflate",
    32773: "PackBits",
    32946: "deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_UNSIGNED, _SIGNED, _FLOAT, _UNDEFINED = 1, 2, 3, 4
_EVERYWHERE = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})
"""Compressions that every build of Pillow decodes."""


@dataclass(frozen=True)
class TiffPage:
    """One page of a TIFF file by its tags."""

    tags: dict[int, tuple[int, ...]]
    order: bytes = b"II"
    """II or MM; empty for a big-endian BigTIFF, in which Pillow does not find the page."""

    def first(self, tag: int, default: int) -> int:
        """Return the first value of a tag."""
        return (self.tags.get(tag) or (default,))[0]

    @property
    def photometric(self) -> int:
        """The meaning of the samples: ``RGB``, ``CMYK``, ..."""
        return self.first(_PHOTOMETRIC, WHITE_IS_ZERO)

    @property
    def bits(self) -> int:
        """The number of bits of one sample."""
        return max(self.tags.get(_BITS) or (1,))

    @property
    def samples(self) -> int:
        """The number of samples of one pixel."""
        return self.first(_SAMPLES, 1)

    @property
    def is_planar(self) -> bool:
        """Whether each kind of sample is stored on its own."""
        return self.first(_PLANAR, 1) == 2 and self.samples > 1

    @property
    def is_secondary(self) -> bool:
        """Whether the page is a reduced copy of another one, or a mask."""
        if self.photometric == _MASK or self.first(_SUBFILE, 1) == 2:
            return True
        return bool(self.first(_NEW_SUBFILE, 0) & _REDUCED_OR_MASK)

    @property
    def is_inverted_ink(self) -> bool:
        """Whether the largest value of a CMYK sample means no ink."""
        low, high = (*self.tags.get(_DOT_RANGE, ()), 0, 255)[:2]
        return self.photometric == CMYK and low > high

    @property
    def color_map(self) -> tuple[int, ...]:
        """All red, then all green, then all blue values of a palette, 0 to 65535."""
        return self.tags.get(_COLOR_MAP, ())

    @property
    def extra_samples(self) -> tuple[int, ...]:
        """The kinds of the samples after the colours: 1 and 2 are kinds of alpha."""
        return self.tags.get(_EXTRA_SAMPLES, ())

    @property
    def name(self) -> str:
        """The kind of TIFF: "a 16-bit CIELAB TIFF"."""
        formats = {_SIGNED: "signed ", _FLOAT: "floating-point ", 5: "complex ", 6: "complex "}
        form = formats.get(self.first(_SAMPLE_FORMAT, _UNSIGNED), "")
        planar = "planar " if self.is_planar else ""
        colour = _PHOTOMETRICS.get(self.photometric, f"photometric {self.photometric}")
        alpha = "with alpha " if {1, 2} & set(self.extra_samples) else ""
        compression = self.first(_COMPRESSION, 1)
        packed = _COMPRESSIONS.get(compression, f"unknown ({compression})")
        packing = "" if compression in _EVERYWHERE else f" with {packed} compression"
        article = "an" if self.bits in (8, 11, 18) else "a"
        return f"{article} {self.bits}-bit {form}{planar}{colour} {alpha}TIFF{packing}"

    def refuse_ambiguous_pixels(self) -> None:
        """Refuse pixels that no reader can show rightly.

        Raises:
            ImageError: They are numbers without a stated range, inks without a stated colour, or
                what a camera's sensor saw.
        """
        form = self.first(_SAMPLE_FORMAT, _UNSIGNED)
        if self.photometric in _RAW or _DNG_VERSION in self.tags:
            raise ImageError(
                "a camera raw file (DNG or similar), which is not read; develop it into TIFF"
            )
        if form == _FLOAT:
            raise ImageError(
                f"{self.name}: floating-point pixels have no stated range;"
                " save it with 8 or 16 bits"
            )
        if form == _SIGNED:
            raise ImageError(
                f"{self.name}: signed pixels have no stated black and white;"
                " save it with 8 or 16 bits, unsigned"
            )
        if form not in (_UNSIGNED, _UNDEFINED) or self.bits > 32:
            raise ImageError(f"{self.name}, which is not read; save it with 8 or 16 bits")
        if self.photometric == CMYK and self.first(_INK_SET, 1) != 1:
            raise ImageError(
                f"{self.name}: its inks are not cyan, magenta, yellow and black; save it as RGB"
            )

    @property
    def is_read_right_by_pillow(self) -> bool:
        """Whether Pillow gives the right pixels where it gives any."""
        if self.is_planar and (
            self.bits > 8 or self.extra_samples or self.photometric not in (RGB, CMYK)
        ):
            return False
        if self.photometric == YCBCR and self.first(_COMPRESSION, 1) == 1:
            return self.tags.get(_SUBSAMPLING) == (1, 1)
        return self._is_known_to_pillow

    @property
    def _is_known_to_pillow(self) -> bool:
        """Whether Pillow's table has this kind; the key is made as Pillow makes it."""
        form, extra = self.tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)), self.extra_samples
        bits, samples = self.tags.get(_BITS, (1,)), self.samples
        if self.first(_PLANAR, 1) == 2 and extra and max(extra) == 0:
            bits, samples, extra = bits[: -len(extra)], samples - len(extra), ()
        key = (
            self.order,
            YCBCR if self.first(_COMPRESSION, 1) == _OLD_JPEG else self.photometric,
            (form[0],) if len(set(form)) == 1 else form,
            self.first(_FILL_ORDER, 1),
            bits * samples if len(bits) == 1 else bits[:samples],
            extra,
        )
        is_known = key in TiffImagePlugin.OPEN_INFO
        return is_known and self.first(_COMPRESSION, 1) in TiffImagePlugin.COMPRESSION_INFO

    @property
    def is_compression_everywhere(self) -> bool:
        """Whether every build of Pillow decodes the compression."""
        return self.first(_COMPRESSION, 1) in _EVERYWHERE


def choose_page(content: BinaryIO) -> tuple[TiffPage, BinaryIO]:
    """Return the page that is the picture, and a file whose first page it is.

    It is the first page that is neither a reduced copy nor a mask, also of those below a page
    (SubIFDs); without one it is the first page.

    Args:
        content: The file, at its start.

    Raises:
        struct.error: It is damaged.
    """
    layout = _Layout.of(content)
    first: tuple[TiffPage, int] | None = None
    for page, offset in _pages(content, layout):
        first = first or (page, offset)
        if not page.is_secondary:
            break
    else:
        if first is None:
            raise ImageError("damaged or truncated: the TIFF has no page")
        page, offset = first
    content.seek(0)
    if first is None or offset == first[1]:
        return page, content
    patched = bytearray(content.read())
    struct.pack_into(layout.order + layout.offset, patched, layout.at, offset)
    return page, io.BytesIO(patched)


@dataclass(frozen=True)
class _Layout:
    """The number format of a TIFF file."""

    order: str
    """< or >."""
    is_big: bool

    @classmethod
    def of(cls, file: BinaryIO) -> "_Layout":
        file.seek(0)
        head = file.read(4)
        return cls("<" if head[:2] == b"II" else ">", 43 in head[2:4])

    @property
    def offset(self) -> str:
        return "Q" if self.is_big else "L"

    @property
    def at(self) -> int:
        """The place of the first page's offset."""
        return 8 if self.is_big else 4

    def read(self, file: BinaryIO, form: str) -> tuple[int, ...]:
        size = struct.calcsize(self.order + form)
        return struct.unpack(self.order + form, file.read(size))


def _pages(file: BinaryIO, layout: _Layout) -> Iterator[tuple[TiffPage, int]]:
    file.seek(layout.at)
    waiting = list(layout.read(file, layout.offset))
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_PAGES:
        offset = waiting.pop(0)
        if not offset or offset in seen:
            continue
        seen.add(offset)
        page, following = _page(file, layout, offset)
        yield page, offset
        waiting = [*page.tags.get(_SUB_IFDS, ())[:_MOST_PAGES], *following, *waiting]


def _page(file: BinaryIO, layout: _Layout, offset: int) -> tuple[TiffPage, tuple[int, ...]]:
    file.seek(offset)
    (count,) = layout.read(file, "Q" if layout.is_big else "H")
    width = 20 if layout.is_big else 12
    table = file.read(min(count, 1 << 16) * width)
    following = file.read(8 if layout.is_big else 4)
    tags = {}
    for at in range(0, len(table) - width + 1, width):
        tag, kind, number = struct.unpack_from(f"{layout.order}HH{layout.offset}", table, at)
        if tag in _WANTED and kind in _TYPES and number <= _MOST_VALUES:
            inside = table[at + width - struct.calcsize(layout.order + layout.offset) : at + width]
            tags[tag] = _values(file, layout, f"{number}{_TYPES[kind]}", inside)
    is_whole = len(following) == struct.calcsize(layout.order + layout.offset)
    next_page = struct.unpack(layout.order + layout.offset, following) if is_whole else ()
    order = b"II" if layout.order == "<" else b"" if layout.is_big else b"MM"
    return TiffPage(tags, order), next_page


def _values(file: BinaryIO, layout: _Layout, form: str, inside: bytes) -> tuple[int, ...]:
    size = struct.calcsize(layout.order + form)
    if size <= len(inside):
        return struct.unpack_from(layout.order + form, inside)
    (offset,) = struct.unpack(layout.order + layout.offset, inside)
    file.seek(offset)
    return layout.read(file, form)
