"""Every kind of bad or odd picture file that is known, made on the fly, and what becomes of it."""

import io
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from tests.pictures.files import RED, Tags, chunk, png_file, quadrants, tiff_file
from tests.pictures.test_colour import gama, in_space, rgb_profile
from tests.posix import make_pipe
from tests.preparation.pictures import painting

READ = "read"
SIZE = (40, 28)
"""Width and height of those pictures that have no reason to be of another size."""


@dataclass(frozen=True)
class Trap:
    """A file under a name, and its outcome."""

    name: str
    write: Callable[[Path], object]
    outcome: str
    """``READ``, or a part of the reason for which it is rejected."""
    size: tuple[int, int] = SIZE
    """Width and height when upright, of those that are read."""
    limit: bool = False
    """Whether a limit of the configuration decides: that is `prepare`'s, not the cache's."""
    colour: tuple[int, int, int] | None = None
    """RGB of the upper left quarter, of those that are painted to show it."""


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return a picture as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write_all(folder: Path) -> None:
    """Write every trap into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for trap in TRAPS:
        trap.write(folder / trap.name)


def _picture(seed: int, mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    return painting(seed, size).convert(mode)


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _saved(image: Image.Image, kind: str, **options: Any) -> Callable[[Path], object]:
    return _bytes(encoded(image, kind, **options))


def _turned(turn: int) -> Trap:
    exif = Image.Exif()
    exif[0x0112] = turn
    size = SIZE if turn < 5 else SIZE[::-1]
    save = _saved(_picture(100 + turn), "JPEG", exif=exif)
    return Trap(f"turn-{turn}.jpg", save, READ, size)


def _named(name: str) -> Trap:
    return Trap(name, _saved(_picture(sum(os.fsencode(name))), "PNG"), READ)


def _sixteen_bits() -> Image.Image:
    grey = np.asarray(_picture(7, "L"), np.uint16) * 257
    return Image.fromarray(grey)


def _transparent(palette: bool) -> Image.Image:
    image = _picture(8)
    if palette:
        return image.convert("P", palette=Image.Palette.ADAPTIVE)
    image.putalpha(_picture(9, "L"))
    return image


def _huge(side_px: int) -> Callable[[Path], object]:
    """A PNG of a few hundred kilobytes whose pixels take gigabytes."""
    return lambda path: Image.new("L", (side_px, side_px)).save(path, "PNG", compress_level=9)


def _sparse(path: Path) -> None:
    """A file of a terabyte that takes no room."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _in_a_folder(path: Path) -> None:
    """A picture in a folder with the name of one: the folder is walked into, and no row of any."""
    path.parent.mkdir()
    path.write_bytes(encoded(_picture(20), "PNG"))


def _forbidden(path: Path) -> None:
    path.write_bytes(encoded(_picture(10), "PNG"))
    path.chmod(0)


_FRAMES: dict[str, Any] = {"save_all": True, "append_images": [_picture(21), _picture(22)]}
_JPEG, _PNG = encoded(_picture(1), "JPEG", quality=90), encoded(_picture(2), "PNG")
_ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_LONGEST = "l" * 251 + ".png"
SQUARE = (32, 32)
_QUADRANTS = Image.fromarray(quadrants())
GREY = (200, 200, 200)
_WIDE = quadrants().astype(np.uint16) * 257
_DEEP = np.full((32, 32), 200, np.uint32) * np.uint32(0x01010101)
_INVERTED = 65535 - np.full((32, 32), 200, np.uint16) * np.uint16(257)
_SELECTION = np.dstack([quadrants(), np.zeros((32, 32), np.uint8)])
_PAGES: list[tuple[Any, Tags]] = [(quadrants()[::2, ::-2].copy(), {254: [1]}), (quadrants(), {})]
_LINEAR = in_space(quadrants(), "linear")
_BAD_TEXT = chunk(b"tEXt", b"Title\0Guernica", is_sound=False)
_LARGE_TEXT = chunk(b"zTXt", b"Log\0\0" + zlib.compress(bytes(3 << 20)))


def _painted(kind: str, **options: Any) -> Callable[[Path], object]:
    return _saved(_QUADRANTS, kind, **options)


def _painted_in_space(kind: str, **options: Any) -> Callable[[Path], object]:
    """Colours as ProPhoto states them: read as sRGB they would be pale."""
    stored = Image.fromarray(in_space(quadrants(), "ProPhoto"))
    return _saved(stored, kind, icc_profile=rgb_profile("ProPhoto"), **options)


def _turned_tiff() -> bytes:
    stored = np.ascontiguousarray(np.rot90(quadrants()))  # Turned a quarter to the left.
    return tiff_file(stored, {274: [6]})


def _damaged_png() -> bytes:
    content = bytearray(png_file(quadrants()))
    content[content.index(b"IDAT") + 30] ^= 0x40
    return bytes(content)


TRAPS = (
    Trap("plain.jpg", _bytes(_JPEG), READ),
    Trap("capital.JPG", _saved(_picture(3), "JPEG"), READ),
    Trap("a-png.jpg", _saved(_picture(4), "PNG"), READ),
    Trap("a-webp.png", _saved(_picture(5), "WEBP"), READ),
    Trap("cmyk.jpg", _saved(_picture(6, "CMYK"), "JPEG"), READ),
    Trap("cmyk-profile.tif", _saved(_picture(16, "CMYK"), "TIFF", icc_profile=_ICC), READ),
    Trap("cmyk-bad-profile.tif", _saved(_picture(17, "CMYK"), "TIFF", icc_profile=b"x"), READ),
    Trap("sixteen-bits.png", _saved(_sixteen_bits(), "PNG"), READ),
    Trap("sixteen-bits.tif", _saved(_sixteen_bits(), "TIFF"), READ),
    Trap("palette.png", _saved(_transparent(True), "PNG", transparency=3), READ),
    Trap("alpha.webp", _saved(_transparent(False), "WEBP"), READ),
    Trap("bilevel.tif", _saved(_picture(11, "1"), "TIFF"), READ),
    Trap("grey.bmp", _saved(_picture(12, "L"), "BMP"), READ),
    Trap("animated.gif", _saved(_picture(13), "GIF", **_FRAMES), READ),
    Trap("animated.webp", _saved(_picture(14), "WEBP", **_FRAMES), READ),
    Trap("pages.tif", _saved(_picture(15), "TIFF", **_FRAMES), READ),
    *map(_turned, range(1, 9)),
    Trap("panorama.png", _saved(_picture(18, size=(3000, 20)), "PNG"), READ, (3000, 20)),
    _named("new\nline.png"),
    _named("quotes'\"`.png"),
    _named("emoji 🖼️🎨.png"),
    _named("right-to-left لوحة.png"),
    _named("turned \u202egnp.png"),
    _named("steers \x1b[2J\r\t.png"),
    _named("-rf *.png"),
    _named("a,b;c|d&e$(f).png"),
    _named(os.fsdecode(b"latin-\xe9\xff.png")),
    _named("cafe\u0301.png"),
    _named(_LONGEST),
    Trap("folder.jpg/inside.png", _in_a_folder, READ),
    Trap("link.png", lambda path: path.symlink_to("a-png.jpg"), READ),
    Trap("painted.jp2", _painted("JPEG2000"), READ, SQUARE, colour=RED),
    Trap("a-jp2.jpg", _painted("JPEG2000"), READ, SQUARE, colour=RED),
    Trap("painted.avif", _painted("AVIF", quality=95), READ, SQUARE, colour=RED),
    Trap("painted.jfif", _painted("JPEG", quality=95), READ, SQUARE, colour=RED),
    Trap(
        "no-end.jpg", _bytes(encoded(_QUADRANTS, "JPEG", quality=95)[:-2]), READ, SQUARE, colour=RED
    ),
    Trap("linear.png", _bytes(png_file(_LINEAR, gama(1.0))), READ, SQUARE, colour=RED),
    Trap("profile.png", _painted_in_space("PNG"), READ, SQUARE, colour=RED),
    Trap("profile.jpg", _painted_in_space("JPEG", quality=95), READ, SQUARE, colour=RED),
    Trap("profile.tif", _painted_in_space("TIFF"), READ, SQUARE, colour=RED),
    Trap("bad-text.png", _bytes(png_file(quadrants(), _BAD_TEXT)), READ, SQUARE, colour=RED),
    Trap("large-text.png", _bytes(png_file(quadrants(), _LARGE_TEXT)), READ, SQUARE, colour=RED),
    Trap("turned.tif", _bytes(_turned_tiff()), READ, SQUARE, colour=RED),
    Trap("inverted.tif", _bytes(tiff_file(_INVERTED, {262: [0]})), READ, SQUARE, colour=GREY),
    Trap("deep.tif", _bytes(tiff_file(_DEEP)), READ, SQUARE, colour=GREY),
    Trap("selection.tif", _bytes(tiff_file(_SELECTION, {338: [2]})), READ, SQUARE, colour=RED),
    Trap("copy-first.tif", _bytes(tiff_file(_PAGES)), READ, SQUARE, colour=RED),
    Trap("damaged.png", _bytes(_damaged_png()), "damaged or truncated: wrong checksum"),
    Trap(
        "signed.tif",
        _bytes(tiff_file(_DEEP.view(np.int32), {339: [2]})),
        "a 32-bit signed grey TIFF",
    ),
    Trap("lab.tif", _bytes(tiff_file(_WIDE, {262: [8]})), "a 16-bit CIELAB TIFF"),
    Trap("truncated.jpg", _bytes(_JPEG[: len(_JPEG) // 2]), "damaged or truncated"),
    Trap("truncated.png", _bytes(_PNG[: len(_PNG) // 2]), "damaged or truncated"),
    Trap("header-only.jpg", _bytes(_JPEG[:30]), "damaged or truncated"),
    Trap("empty.jpg", _bytes(b""), "the file is empty"),
    Trap("text.jpg", _bytes(b"Guernica, 1937\n" * 40), "not a picture, but text"),
    Trap("page.jpg", _bytes(b"<html>404 not found</html>"), "not a picture, but a web page"),
    Trap("program.png", _bytes(b"MZ\x90\0" * 64), "not a picture, but a Windows program"),
    Trap("drawing.jpg", _bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "a PostScript drawing"),
    Trap("document.jpg", _bytes(b"8BPS\0\1" + bytes(64)), "a Photoshop document (PSD)"),
    Trap("floating.tif", _saved(_picture(19, "F"), "TIFF"), "floating-point pixels"),
    Trap("pixel.png", _saved(_picture(1, size=(1, 1)), "PNG"), "a side under 16", limit=True),
    Trap("column.png", _saved(_picture(1, size=(1, 300)), "PNG"), "a side under 16", limit=True),
    Trap("strip.png", _saved(_picture(1, size=(30_000, 2)), "PNG"), "a side under 16", limit=True),
    Trap("bomb.png", _huge(14_200), "more than 200 million pixels"),
    Trap("terabyte.jpg", _sparse, "larger than 2 GiB"),
    Trap("loop.jpg", lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
    Trap("dangling.jpg", lambda path: path.symlink_to("nowhere.jpg"), "no such file"),
    Trap("forbidden.png", _forbidden, "permission denied"),
    Trap("pipe.jpg", make_pipe, "not a regular file"),
)
