"""The one way in which a file becomes pixels: upright, sRGB, opaque, of the size asked for."""

import ctypes
import io
import logging
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError, _imaging

from artstyle.errors import ImageError
from artstyle.pictures.colour import UNUSABLE, png_profile, to_srgb
from artstyle.pictures.faults import DECODING_ERRORS, fault
from artstyle.pictures.formats.animation import Box, first_frame_box
from artstyle.pictures.formats.bmp import bmp_profile
from artstyle.pictures.formats.boxes import jpeg_2000_profile, nclx_profile
from artstyle.pictures.formats.jpeg import is_complete_without_end, unread_kind, with_end
from artstyle.pictures.formats.kinds import HEAD_BYTES, JPEG, PNG, TIFF, decoders
from artstyle.pictures.formats.png import PngFile, read_png
from artstyle.pictures.formats.tiff import TiffPage, choose_page
from artstyle.pictures.formats.tiff_extra import open_with_extra
from artstyle.pictures.layers import Layers, layers_of
from artstyle.pictures.opening import named, opened
from artstyle.pictures.orientation import SIDEWAYS, TURNS, orientation
from artstyle.pictures.shrinking import DRAFT_MARGIN, draft, resized, shrunk_size

_JPEGS = ("JPEG", "MPO")
# Our own limit applies before the first pixel is decoded; Pillow's would end at 179 megapixels.
Image.MAX_IMAGE_PIXELS = None
# Decoders get a file in pieces of this size and begin a row of blocks again after each: with
# Pillow's own 64 kB that costs a tenth of the time.
ImageFile.MAXBLOCK = 1 << 22
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# What Pillow logs it also raises; without a handler Python would write it to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Pillow raises the errors of a TIFF; its libtiff also writes them to stderr, unless its handler is
# removed. Where the library cannot be reached, it keeps writing.
with suppress(OSError, AttributeError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


@dataclass(frozen=True)
class ImageRules:
    """The limits of what is read, and the colour behind transparent pixels."""

    max_pixels: int = 200_000_000
    """A picture with more pixels than this is rejected before it is decoded."""
    min_side_px: int = 16
    """A picture with a side shorter than this is rejected."""
    background: tuple[int, int, int] = (255, 255, 255)
    """RGB, 0 to 255, seen through transparent pixels."""


DEFAULT_RULES = ImageRules()


@dataclass(frozen=True)
class DecodedImage:
    """A picture as every part of artstyle sees it."""

    pixels: Image.Image
    """8-bit RGB, upright; shrunk if that was asked for."""
    width: int
    """Width and height of the upright picture in the file, in pixels, before any shrinking."""
    height: int
    format: str
    """The file's format: "JPEG", "PNG", ..."""
    mode: str
    """Pillow's mode of the file's pixels: "RGB", "CMYK", "P", "L", ..."""
    profile_ignored: bool = False
    """Whether the file has a colour profile that cannot be used, so that it is taken for sRGB."""


def read_image(
    source: str | Path | bytes,
    *,
    short_side_px: int | None = None,
    draft_margin: float = DRAFT_MARGIN,
    rules: ImageRules = DEFAULT_RULES,
) -> DecodedImage:
    """Decode a picture as upright 8-bit RGB.

    Of an animation the first frame is read, of a TIFF the first page that is not a reduced copy.
    Colours go through the embedded colour profile to sRGB, deep grey is scaled to 8 bits,
    transparency is laid over ``rules.background``, and the EXIF turn is applied.

    Args:
        source: A file, or the bytes of one: a text is a path.
        short_side_px: Shrink so that the shorter side has this length; never enlarge. JPEGs are
            then decoded at a fraction of their size where that is enough.
        draft_margin: How many times the pixels per side such a fraction keeps, 1 at least.
        rules: The limits and the background.

    Raises:
        ImageError: The file is missing, no picture, damaged, truncated, or outside the limits.
        OSError: The machine lacks something that reading needs, or its disk fails.

    Examples:
        >>> read = artstyle.read_image("scans/boat.jpg", short_side_px=32)
        >>> (read.width, read.height), read.pixels.size
        ((96, 64), (48, 32))
    """
    if isinstance(source, str):
        source = Path(source)
    # Opened here: of a file that it opens itself, Pillow maps some into memory, and one that is cut
    # short meanwhile would end the whole process.
    with named(source), opened(source) as file:
        return _read(file, _Wanted(short_side_px, draft_margin, rules))


@dataclass(frozen=True)
class _Wanted:
    """The request for one file."""

    short_side_px: int | None
    draft_margin: float
    rules: ImageRules


@dataclass(frozen=True)
class _Loaded:
    """Decoded pixels, and what remains to be done to them."""

    layers: Layers
    profile: bytes | None
    size: tuple[int, int]
    """Width and height of the file's picture, before it was drafted."""
    turn: int = 1
    drafted: tuple[float, float, float, float] | None = None
    """Where the picture is in drafted pixels, as Pillow gives it."""
    frame: Box | None = None
    """Where the layers are on a canvas of ``size``; None for all of it."""


def _read(file: BinaryIO, wanted: _Wanted) -> DecodedImage:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    names = decoders(head)
    try:
        if names == TIFF.pillow:
            return _read_tiff(file, wanted)
        if names == PNG.pillow:
            png = read_png(file.read())
            return _read_by_pillow(io.BytesIO(png.content), names, wanted, png=png)
        if names == JPEG.pillow:
            return _read_jpeg(file, wanted)
        return _read_by_pillow(file, names, wanted)
    except MemoryError:
        raise ImageError("too large for this machine's memory") from None
    except UnidentifiedImageError:
        raise ImageError("damaged or truncated: its header cannot be read") from None
    except DECODING_ERRORS as error:
        raise ImageError(f"damaged or truncated: {fault(error)}") from None


def _read_jpeg(file: BinaryIO, wanted: _Wanted) -> DecodedImage:
    try:
        return _read_by_pillow(file, JPEG.pillow, wanted)
    except UnidentifiedImageError:
        file.seek(0)
        if kind := unread_kind(file.read()):
            raise ImageError(f"{kind}, which is not read; save it with 8 bits") from None
        raise
    except OSError as error:
        fault(error)  # The machine's own faults are raised.
        file.seek(0)
        content = file.read()
        if not is_complete_without_end(content):
            raise
    return _read_by_pillow(io.BytesIO(with_end(content)), JPEG.pillow, wanted)


def _read_tiff(file: BinaryIO, wanted: _Wanted) -> DecodedImage:
    page, file = choose_page(file)
    page.refuse_ambiguous_pixels()
    if page.is_read_right_by_pillow:
        try:
            return _read_by_pillow(file, TIFF.pillow, wanted, page=page)
        except OSError as error:
            fault(error)
            if page.is_compression_everywhere:
                raise
    with open_with_extra(file, page) as extra:
        _check_size(*extra.size, wanted.rules)
        loaded = _Loaded(extra.layers(), extra.profile, extra.size, extra.turn)
        return _finished(loaded, wanted, "TIFF", loaded.layers.colour.mode)


def _read_by_pillow(
    file: BinaryIO,
    names: tuple[str, ...],
    wanted: _Wanted,
    *,
    png: PngFile | None = None,
    page: TiffPage | None = None,
) -> DecodedImage:
    with Image.open(file, formats=names) as image:
        file_format, mode = image.format or "", image.mode
        size = png.canvas if png and png.canvas else image.size
        _check_size(*size, wanted.rules)
        if file_format in _JPEGS and mode == "CMYK" and "adobe" not in image.info:
            raise ImageError(
                "a CMYK JPEG that does not say whether 0 or 255 is full ink (no Adobe marker);"
                " save it as RGB or as TIFF"
            )
        drafted = None
        if wanted.short_side_px is not None and file_format in _JPEGS:
            drafted = draft(image, shrunk_size(size, wanted.short_side_px), wanted.draft_margin)
        frame = png.frame if png else first_frame_box(image, file)
        # A turn that XMP alone states counts for no browser.
        image.info.pop("xmp", None)
        # The pixels first: asked before, EXIF of a PNG would load them, and turn a TIFF twice.
        image.load()
        layers = layers_of(image, page, png.alpha_of_key(image) if png else None)
        if frame is not None and not png:
            layers = layers.cropped(frame)
        # Pillow turns TIFF files itself.
        turn = 1 if page else orientation(image)
        loaded = _Loaded(layers, _profile(image, file, png), size, turn, drafted, frame)
        return _finished(loaded, wanted, file_format, mode)


def _profile(image: Image.Image, file: BinaryIO, png: PngFile | None) -> bytes | None:
    if png is not None:
        return png_profile(png.profile, png.colours)
    profile: bytes | None = image.info.get("icc_profile")
    if profile is None and "icc_profile" in image.info:  # Parts of it are missing.
        return UNUSABLE
    if profile is None and image.format == "BMP":
        return bmp_profile(file)
    if profile is None and image.format == "JPEG2000":
        return jpeg_2000_profile(file)
    if profile is None and image.format in ("AVIF", "HEIF"):
        return nclx_profile(file)
    return profile


def _finished(loaded: _Loaded, wanted: _Wanted, file_format: str, mode: str) -> DecodedImage:
    layers = loaded.layers.with_true_alpha()
    pixels, is_profile_used = to_srgb(layers.colour, loaded.profile)
    if layers.alpha is not None or loaded.frame is not None:
        canvas = Image.new("RGB", loaded.size, wanted.rules.background)
        canvas.paste(pixels, loaded.frame, layers.alpha)
        pixels = canvas
    width, height = size = loaded.size
    if wanted.short_side_px is not None:
        size = shrunk_size(size, wanted.short_side_px)
    pixels = resized(pixels, size, loaded.drafted)
    if loaded.turn in TURNS:
        pixels = pixels.transpose(TURNS[loaded.turn])
        if loaded.turn in SIDEWAYS:
            width, height = height, width
    return DecodedImage(pixels, width, height, file_format, mode, not is_profile_used)


def _check_size(width: int, height: int, rules: ImageRules) -> None:
    if width * height > rules.max_pixels:
        raise ImageError(
            f"{width}x{height} has more than {rules.max_pixels / 1e6:g} million pixels;"
            " raise data.max_pixels to read it"
        )
    if min(width, height) < rules.min_side_px:
        raise ImageError(
            f"{width}x{height} has a side under {rules.min_side_px} pixels;"
            " lower data.min_side_px to read it"
        )
