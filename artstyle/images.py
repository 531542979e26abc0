"""The one way in which a file becomes pixels: limits, turning, alpha, colour modes, shrinking."""

import ctypes
import errno
import io
import math
import stat
import struct
import warnings
import zlib
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError, _imaging

from artstyle.errors import ImageError
from artstyle.files import errors_named

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp"})
"""File name endings, in lower case, of what counts as a picture."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
# What Pillow's decoders were seen to raise on damaged files.
_DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    EOFError,
    NotImplementedError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
FAULTS_OF_THE_MACHINE = frozenset(
    {
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.EHOSTDOWN,
    }
)
"""Files that are read with these must not count as unreadable."""
_ORIENTATION_TAG = 0x0112
_MAX_FILE_BYTES = 2 << 30
DRAFT_MARGIN = 2.0
"""A JPEG decoded at a fraction of its size keeps at least this many times the pixels per side that
are asked for. At 2 a scan of 6 megapixels differs from the one decoded whole by 0.2 of 255 grey
levels on average, the sharpest picture by 0.5, and a model names the same styles."""

# Our own limit stands before the first pixel is decoded; Pillow's would end at 179 megapixels.
Image.MAX_IMAGE_PIXELS = None
# Decoders get a file in pieces of this size and begin a row of blocks anew after each: with
# Pillow's own 64 kB that costs a tenth of the time.
ImageFile.MAXBLOCK = 1 << 22
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
# What is wrong with a TIFF is raised by Pillow, and written to stderr by its libtiff, unless that
# is told not to; where it cannot be reached it writes on.
with suppress(OSError, AttributeError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


@dataclass(frozen=True)
class ImageRules:
    """What may be read, and what stands behind transparent pixels."""

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
    """Of the file's picture when upright, in pixels, before any shrinking."""
    height: int
    format: str
    """Of the file: "JPEG", "PNG", ..."""
    mode: str
    """Of the file's pixels, in Pillow's words: "RGB", "CMYK", "P", "L", ..."""


def read_image(
    source: Path | bytes,
    *,
    short_side_px: int | None = None,
    draft_margin: float = DRAFT_MARGIN,
    rules: ImageRules = DEFAULT_RULES,
) -> DecodedImage:
    """Decode a picture as upright 8-bit RGB.

    The first frame is read of animations and multi-page files. 16-bit grey is scaled to 8 bits,
    CMYK goes through its embedded colour profile if it has one, transparency is laid over
    ``rules.background``, and the EXIF turn is applied.

    Args:
        source: A file, or the bytes of one.
        short_side_px: Shrink so that the shorter side has this length; never enlarge. JPEGs are
            then decoded at a fraction of their size where that is enough.
        draft_margin: How many times the pixels per side such a fraction keeps, 1 at least.
        rules: The limits and the background.

    Raises:
        ImageError: The file is missing, no picture, damaged, truncated, or outside the limits.
        OSError: The machine lacks something that reading needs, or its disk fails.
    """
    # Opened here: of a file that it opens itself, Pillow maps some into memory, and one that is cut
    # short meanwhile would end the whole process.
    with _named(source), _opened(source) as file:
        return _read(file, short_side_px, draft_margin, rules)


def _read(
    file: BinaryIO, short_side_px: int | None, draft_margin: float, rules: ImageRules
) -> DecodedImage:
    try:
        with Image.open(file, formats=_FORMATS) as image:
            return _decode(image, short_side_px, draft_margin, rules)
    except MemoryError:
        raise ImageError("too large for this machine's memory") from None
    except UnidentifiedImageError:
        raise ImageError(
            "not a picture in a format that is read (JPEG, PNG, WebP, TIFF, GIF, BMP)"
        ) from None
    except _DECODING_ERRORS as error:
        raise ImageError(f"damaged or truncated: {_one_line(error)}") from None


def read_bytes(path: Path) -> bytes:
    """Return the content of a picture's file.

    Raises:
        ImageError: It is missing, no regular file, or cannot be read.
        OSError: The machine lacks something that reading needs, or its disk fails.
    """
    with errors_named(path), _opened(path) as file:
        try:
            return file.read()
        except MemoryError:
            raise ImageError("too large for this machine's memory") from None
        except OSError as error:
            raise ImageError(f"cannot be read: {_one_line(error)}") from None


def shrink(image: Image.Image, short_side_px: int) -> Image.Image:
    """Return ``image`` with its shorter side at ``short_side_px``, or as it is if shorter."""
    return _resized(image, _shrunk_size(image.size, short_side_px), None)


def _decode(
    image: Image.Image, short_side_px: int | None, draft_margin: float, rules: ImageRules
) -> DecodedImage:
    width, height = size = image.size
    file_format, mode = image.format or "", image.mode
    _check_size(width, height, rules)
    turn = _orientation(image)
    box = None
    if short_side_px is not None:
        size = _shrunk_size(size, short_side_px)
        box = _draft(image, size, draft_margin)
    image.load()
    pixels = _resized(_to_rgb(image, rules.background), size, box)
    if turn in _TURNS:
        pixels = pixels.transpose(_TURNS[turn])
        if turn in _SIDEWAYS:
            width, height = height, width
    return DecodedImage(pixels, width, height, file_format, mode)


def _shrunk_size(size: tuple[int, int], short_side_px: int) -> tuple[int, int]:
    short = min(size)
    if short <= short_side_px:
        return size
    width, height = (max(1, round(side * short_side_px / short)) for side in size)
    return width, height


def _draft(
    image: Image.Image, size: tuple[int, int], margin: float
) -> tuple[float, float, float, float] | None:
    """Let a JPEG be decoded at 1/2, 1/4 or 1/8 of its size if that is ``margin`` times ``size``.

    Returns:
        Where the picture lies in the decoded pixels: their number is rounded up, so the last
        column and row may stand for a fraction only. None if it is decoded as it is.
    """
    wanted_width, wanted_height = (math.ceil(margin * side) for side in size)
    drafted = image.draft(None, (wanted_width, wanted_height))
    return drafted[1] if drafted else None


def _resized(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None
) -> Image.Image:
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)


# EXIF 2.32, tag 0x0112: what brings the stored picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


def _orientation(image: Image.Image) -> int:
    """Return the EXIF turn, 1 to 8; 1 (upright) where the tag is missing or unreadable."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except _DECODING_ERRORS:
        return 1


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


def _to_rgb(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    if image.has_transparency_data:
        foreground = image.convert("RGBA")
        canvas = Image.new("RGBA", foreground.size, (*background, 255))
        return Image.alpha_composite(canvas, foreground).convert("RGB")
    if image.mode == "CMYK":
        return _cmyk_to_rgb(image)
    if image.mode == "F":
        raise ImageError("floating-point pixels have no stated range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        return Image.fromarray(_sixteen_to_eight_bits(image)).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _sixteen_to_eight_bits(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Return grey values of 0 to 65535, divided by 257 and rounded; in place, to save memory."""
    grey_HW = np.array(image, dtype=np.int32)
    np.clip(grey_HW, 0, 65535, out=grey_HW)
    grey_HW += 128
    grey_HW //= 257
    return grey_HW.astype(np.uint8)


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """Convert through the embedded profile; without a usable one, by Pillow's plain formula."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert("RGB")
        if converted is not None:
            return converted
    return image.convert("RGB")


def _named(source: Path | bytes) -> AbstractContextManager[None]:
    return nullcontext() if isinstance(source, bytes) else errors_named(source)


def _opened(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        if not source:
            raise ImageError("the file is empty")
        return io.BytesIO(source)
    _require_regular_file(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise ImageError(f"cannot be opened: {_one_line(error)}") from None


def _require_regular_file(path: Path) -> None:
    """Refuse what is no file with content, before opening: a pipe would be waited for."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ImageError("no such file") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be opened: {_one_line(error)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise ImageError("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("not a regular file")
    if not status.st_size:
        raise ImageError("the file is empty")
    if status.st_size > _MAX_FILE_BYTES:
        raise ImageError("the file is larger than 2 GiB")


def _one_line(error: BaseException) -> str:
    """Return what is wrong with a file, in words.

    Raises:
        OSError: Nothing is: the machine lacks something, or a share is gone.
    """
    if isinstance(error, OSError) and error.errno in FAULTS_OF_THE_MACHINE:
        raise error
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split()) or type(error).__name__
