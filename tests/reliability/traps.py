"""Every kind of bad or odd picture file that is known, made on the fly, and what becomes of it."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from tests.data.pictures import painting

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
    Trap("truncated.jpg", _bytes(_JPEG[: len(_JPEG) // 2]), "damaged or truncated"),
    Trap("truncated.png", _bytes(_PNG[: len(_PNG) // 2]), "damaged or truncated"),
    Trap("header-only.jpg", _bytes(_JPEG[:30]), "damaged or truncated"),
    Trap("empty.jpg", _bytes(b""), "the file is empty"),
    Trap("text.jpg", _bytes(b"Guernica, 1937\n" * 40), "not a picture"),
    Trap("page.jpg", _bytes(b"<html>404 not found</html>"), "not a picture"),
    Trap("program.png", _bytes(b"MZ\x90\0" * 64), "not a picture"),
    Trap("drawing.jpg", _bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "not a picture"),
    Trap("floating.tif", _saved(_picture(19, "F"), "TIFF"), "floating-point pixels"),
    Trap("pixel.png", _saved(_picture(1, size=(1, 1)), "PNG"), "a side under 16", limit=True),
    Trap("column.png", _saved(_picture(1, size=(1, 300)), "PNG"), "a side under 16", limit=True),
    Trap("strip.png", _saved(_picture(1, size=(30_000, 2)), "PNG"), "a side under 16", limit=True),
    Trap("bomb.png", _huge(14_200), "more than 200 million pixels"),
    Trap("terabyte.jpg", _sparse, "larger than 2 GiB"),
    Trap("loop.jpg", lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
    Trap("dangling.jpg", lambda path: path.symlink_to("nowhere.jpg"), "no such file"),
    Trap("forbidden.png", _forbidden, "permission denied"),
    Trap("pipe.jpg", os.mkfifo, "not a regular file"),
)
