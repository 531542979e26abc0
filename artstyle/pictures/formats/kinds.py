"""The kind of a file: which are pictures, and what would read the others."""

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from PIL import features

from artstyle.errors import ImageError
from artstyle.pictures.faults import FAULTS_OF_THE_MACHINE

SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".mpo", ".png", ".webp", ".tif", ".tiff"),
        *(".gif", ".bmp", ".jp2", ".j2k", ".jpf", ".jpx", ".avif", ".heic", ".heif"),
    }
)
"""File name endings, in lower case, of what counts as a picture."""

HEAD_BYTES = 512
"""The number of first bytes that show what a file is."""
_NAMES = "JPEG, PNG, WebP, TIFF, GIF, BMP, JPEG 2000, AVIF, HEIC"
_SAVE_IT = "save it as PNG, TIFF or JPEG"


@dataclass(frozen=True)
class Kind:
    """A kind of file, known by its first bytes."""

    name: str
    """The name with its article: "a Photoshop document (PSD)"."""
    pillow: tuple[str, ...] = ()
    """Pillow's decoders of it; empty for what is not read."""
    extra: str = ""
    """The extra of artstyle that reads it; empty where none is needed."""
    feature: str = ""
    """The feature that Pillow needs to read it."""
    is_picture: bool = True

    @property
    def refusal(self) -> str:
        """Why it is not read, and what would read it."""
        if not self.is_picture:
            return f"not a picture, but {self.name}"
        if self.extra:
            return f'{self.name}; to read it: pip install "artstyle[{self.extra}]"'
        return f"{self.name}, which is not read; {_SAVE_IT}"


JPEG = Kind("a JPEG picture", ("JPEG",))
PNG = Kind("a PNG picture", ("PNG",))
WEBP = Kind("a WebP picture", ("WEBP",))
TIFF = Kind("a TIFF picture", ("TIFF",))
_GIF = Kind("a GIF picture", ("GIF",))
_BMP = Kind("a BMP picture", ("BMP",))
JPEG_2000 = Kind("a JPEG 2000 picture", ("JPEG2000",), feature="jpg_2000")
_AVIF = Kind("an AVIF picture", ("AVIF",), feature="avif")
_HEIC = Kind("a HEIC picture", ("HEIF",), "heic")
_HTML = Kind("a web page", is_picture=False)
_SVG = Kind("an SVG drawing")
_TEXT = Kind("text", is_picture=False)

# The first that fits; of those that share a beginning, the longer one comes first.
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", _GIF),
    (0, b"GIF89a", _GIF),
    (8, b"WEBPVP8", WEBP),
    (0, b"\xff\x4f\xff\x51", JPEG_2000),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", JPEG_2000),
    (8, b"CR\2\0", Kind("a Canon camera raw file (CR2)")),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
    (0, b"II+\0", TIFF),
    (0, b"MM\0+", TIFF),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Kind("a JPEG XL picture")),
    (0, b"\xff\x0a", Kind("a JPEG XL picture")),
    (0, b"II\xbc", Kind("a JPEG XR picture")),
    (0, b"8BPS\0\2", Kind("a large Photoshop document (PSB)")),
    (0, b"8BPS", Kind("a Photoshop document (PSD)")),
    (0, b"gimp xcf", Kind("a GIMP picture (XCF)")),
    (0, b"FUJIFILMCCD-RAW", Kind("a Fujifilm camera raw file (RAF)")),
    (0, b"IIRO", Kind("an Olympus camera raw file (ORF)")),
    (0, b"IIRS", Kind("an Olympus camera raw file (ORF)")),
    (0, b"IIU\0", Kind("a Panasonic camera raw file (RW2)")),
    (0, b"FOVb", Kind("a Sigma camera raw file (X3F)")),
    (0, b"v/1\x01", Kind("an OpenEXR picture")),
    (0, b"#?RADIANCE", Kind("a Radiance HDR picture")),
    (0, b"DDS ", Kind("a DirectDraw texture (DDS)")),
    (0, b"qoif", Kind("a QOI picture")),
    (0, b"BPG\xfb", Kind("a BPG picture")),
    (0, b"\0\0\1\0", Kind("an icon (ICO)")),
    (0, b"icns", Kind("an icon (ICNS)")),
    (0, b"AT&TFORM", Kind("a DjVu document")),
    (0, b"%PDF-", Kind("a PDF")),
    (0, b"%!PS", Kind("a PostScript drawing (EPS)")),
    (0, b"\xc5\xd0\xd3\xc6", Kind("a PostScript drawing (EPS)")),
    (128, b"DICM", Kind("a DICOM picture")),
    (0, b"SIMPLE  =", Kind("a FITS picture")),
    *((0, b"P%c" % n + space, Kind("a Netpbm picture"))
      for n in b"1234567" for space in (b"\n", b" ", b"\r", b"\t")),
    (0, b"PK\3\4", Kind("a ZIP archive", is_picture=False)),
    (0, b"Rar!", Kind("a RAR archive", is_picture=False)),
    (0, b"7z\xbc\xaf", Kind("a 7-Zip archive", is_picture=False)),
    (0, b"\x1f\x8b", Kind("a gzip archive", is_picture=False)),
    (0, b"\x1a\x45\xdf\xa3", Kind("a film (Matroska, WebM)", is_picture=False)),
    (8, b"AVI LIST", Kind("a film (AVI)", is_picture=False)),
    (8, b"WAVE", Kind("a sound (WAV)", is_picture=False)),
    (0, b"MZ", Kind("a Windows program", is_picture=False)),
    (0, b"\x7fELF", Kind("a program", is_picture=False)),
    (0, b"version https://git-lfs", Kind("a Git LFS pointer; run 'git lfs pull'",
                                         is_picture=False)),
)  # fmt: skip
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
# ISO 14496-12 and MPEG-A: the brands of an ftyp box, the major one first.
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), _AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), _HEIC),
    b"crx ": Kind("a Canon camera raw file (CR3)"),
}
_ANY_CODEC = frozenset({b"mif1", b"msf1"})
_FILM = Kind("a film (MP4, MOV)", is_picture=False)
_MARKUP = ((b"<svg", _SVG), (b"<!doctype html", _HTML), (b"<html", _HTML))
_UNKNOWN = f"not a picture in a format that is read ({_NAMES})"


def kind_of(head: bytes) -> Kind | None:
    """Return what a file is, by its first ``HEAD_BYTES``; None if that is unknown."""
    if head[4:8] == b"ftyp":
        return _kind_of_brands(head)
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return kind
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return _BMP
    lower = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, kind in _MARKUP:
        if lower.startswith(mark) or (lower.startswith((b"<?xml", b"<!--")) and mark in lower):
            return kind
    return _TEXT if _is_text(head) else None


def is_picture(path: Path) -> bool:
    """Return whether a file in a folder is taken for a picture: by its ending, or its content.

    Raises:
        OSError: The machine lacks something that reading needs, or its disk fails.
    """
    return path.suffix.lower() in SUFFIXES or looks_like_picture(path)


def looks_like_picture(path: Path) -> bool:
    """Return whether a file begins like a picture in a format that is read, whatever its name.

    A file that needs an extra counts, so that the message can name the extra. A file that cannot
    be opened does not count.

    Raises:
        OSError: The machine lacks something that reading needs, or its disk fails.
    """
    try:
        if not path.is_file():  # A pipe would block.
            return False
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES))
    except OSError as error:
        if error.errno in FAULTS_OF_THE_MACHINE:
            raise
        return False
    return kind is not None and bool(kind.pillow)


def decoders(head: bytes) -> tuple[str, ...]:
    """Return Pillow's decoders for a file that begins so.

    Raises:
        ImageError: None of them reads it; the message says what it is and what would.
    """
    kind = kind_of(head)
    if kind is None:
        raise ImageError(_UNKNOWN)
    if not kind.pillow or (kind is _HEIC and not _has_heic()):
        raise ImageError(kind.refusal)
    if kind.feature and not features.check(kind.feature):
        raise ImageError(f"{kind.name}; to read it: pip install --upgrade pillow")
    return kind.pillow


def import_extra(module: str) -> ModuleType | None:
    """Return a module of an extra, None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def _kind_of_brands(head: bytes) -> Kind:
    end = min(max(int.from_bytes(head[:4], "big"), 12), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    # An AVIF may call itself mif1 first.
    known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    return known[0] if known else (_FILM if _ANY_CODEC.isdisjoint(brands) else _HEIC)


def _is_text(head: bytes) -> bool:
    """Return whether these bytes are words in UTF-8, UTF-16 or an 8-bit code."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    controls = sum(byte < 9 or 13 < byte < 32 for byte in head)
    return bool(head) and not controls


@cache
def _has_heic() -> bool:
    module = import_extra("pillow_heif")
    if module is not None:
        module.register_heif_opener()
    return module is not None
