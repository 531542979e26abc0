"""TIFF files of kinds that Pillow cannot read, with tifffile and imagecodecs (extra ``tiff``)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from artstyle.errors import ImageError
from artstyle.pictures.faults import fault
from artstyle.pictures.formats import tiff
from artstyle.pictures.formats.kinds import import_extra
from artstyle.pictures.layers import Layers, eight_bits

_COLOURS = {
    tiff.WHITE_IS_ZERO: ("L", 1),
    tiff.BLACK_IS_ZERO: ("L", 1),
    tiff.RGB: ("RGB", 3),
    tiff.PALETTE: ("P", 1),
    tiff.CMYK: ("CMYK", 4),
    tiff.YCBCR: ("RGB", 3),
}
_MOST_SAMPLES = 16
_ASSOCIATED, _UNASSOCIATED = 1, 2
_DECODED_TO_RGB = frozenset({6, 7, 33003, 33005, 34712, 50001})
_PROFILE, _ORIENTATION = 34675, 274


@dataclass(frozen=True)
class ExtraTiff:
    """A page that the extra has opened; nothing is decoded yet."""

    file: Any
    page: tiff.TiffPage

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as they are stored."""
        first = self.file.pages.first
        return int(first.imagewidth), int(first.imagelength)

    @property
    def turn(self) -> int:
        """The orientation, as EXIF numbers it."""
        return int(self.file.pages.first.tags.valueof(_ORIENTATION, 1))

    @property
    def profile(self) -> bytes | None:
        """The ICC profile."""
        value = self.file.pages.first.tags.valueof(_PROFILE)
        return bytes(value) if value is not None else None

    def layers(self) -> Layers:
        """Decode the page."""
        first = self.file.pages.first
        photometric = int(first.photometric)
        mode, count = _COLOURS[photometric]
        if photometric == tiff.YCBCR and int(first.compression) not in _DECODED_TO_RGB:
            mode = "YCbCr"
        # tifffile fills them with zeros: they may be missing on purpose, or by damage.
        if 0 in first.dataoffsets or 0 in first.databytecounts:
            raise ImageError(f"damaged or truncated: parts of {self.page.name} are missing")
        samples = _samples_last(first.asarray(maxworkers=1), first)
        if samples.shape[-1] < count:
            raise ImageError(f"damaged or truncated: {self.page.name} lacks samples")
        colour = _colour(samples[..., :count], mode, first)
        if photometric == tiff.CMYK and self.page.is_inverted_ink:
            colour = Image.eval(colour, lambda value: 255 - value)
        return _with_alpha(colour, samples[..., count:], first)


@contextmanager
def open_with_extra(content: BinaryIO, page: tiff.TiffPage) -> Iterator[ExtraTiff]:
    """Open a file whose first page is the picture.

    Raises:
        ImageError: The extra is not installed, or does not know this kind either; the message says
            what the file is.
    """
    if page.photometric not in _COLOURS or page.samples > _MOST_SAMPLES:
        raise ImageError(f"{page.name}, which is not read; save it as RGB")
    tifffile, codecs = import_extra("tifffile"), import_extra("imagecodecs")
    if tifffile is None or codecs is None:
        raise ImageError(f'{page.name}; to read it: pip install "artstyle[tiff]"')
    # It writes to a logger what it also raises.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    content.seek(0)
    try:
        with tifffile.TiffFile(content) as file:
            yield ExtraTiff(file, page)
    except NotImplementedError:
        raise ImageError(f"{page.name}, which is not read; save it as RGB, uncompressed") from None
    except (tifffile.TiffFileError, codecs.DelayedImportError) as error:
        raise ImageError(f"damaged or truncated: {fault(error)}") from None


def _samples_last(pixels: npt.NDArray[Any], page: Any) -> npt.NDArray[Any]:
    """Return pixels as H, W, samples."""
    if pixels.dtype.kind not in "bu":
        raise ImageError("damaged or truncated: the samples are not unsigned numbers")
    if page.samplesperpixel == 1:
        shape, order = (1, page.imagelength, page.imagewidth), (1, 2, 0)
    elif int(page.planarconfig) == 2:
        shape, order = (page.samplesperpixel, page.imagelength, page.imagewidth), (1, 2, 0)
    else:
        shape, order = (page.imagelength, page.imagewidth, page.samplesperpixel), (0, 1, 2)
    return pixels.reshape(shape).transpose(order)


def _colour(samples: npt.NDArray[Any], mode: str, page: Any) -> Image.Image:
    bits = int(page.bitspersample)
    if mode == "P":
        palette_C3 = np.asarray(page.colormap).T
        shift = 8 if palette_C3.max() > 255 else 0
        return Image.fromarray((palette_C3 >> shift).astype(np.uint8)[samples[..., 0]])
    pixels = eight_bits(samples, bits)
    if int(page.photometric) == tiff.WHITE_IS_ZERO:
        pixels = 255 - pixels
    height, width, _ = pixels.shape
    image = Image.frombytes(mode, (width, height), pixels.tobytes())
    return image.convert("RGB") if mode == "YCbCr" else image


def _with_alpha(colour: Image.Image, rest: npt.NDArray[Any], page: Any) -> Layers:
    kinds = [int(kind) for kind in page.extrasamples]
    at = next((n for n, kind in enumerate(kinds) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    if at is None or at >= rest.shape[-1]:
        return Layers(colour)
    alpha = Image.fromarray(eight_bits(rest[..., at], int(page.bitspersample)))
    if kinds[at] == _UNASSOCIATED:
        return Layers(colour, alpha)
    if colour.mode not in ("L", "RGB"):
        raise ImageError("a CMYK TIFF with premultiplied alpha, which is not read; save it as RGB")
    premultiplied = Image.merge("RGBA", (*colour.convert("RGB").split(), alpha))
    straight = Image.frombytes("RGBa", premultiplied.size, premultiplied.tobytes()).convert("RGBA")
    return Layers(straight.convert(colour.mode), alpha)
