"""Formats by content, whatever the name; and what any other file is said to be."""

import gzip
import importlib.util
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from artstyle.errors import ImageError
from artstyle.pictures.formats.kinds import SUFFIXES, looks_like_picture
from tests.pictures.files import assert_shows, encoded, quadrants, read
from tests.pictures.formats.test_tiff import refusals_without_extras
from tests.pictures.test_image import STORED
from tests.posix import make_pipe

needs_heic = pytest.mark.skipif(
    not importlib.util.find_spec("pillow_heif"), reason="the extra heic is not installed"
)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("picture.png", b"x")
    return buffer.getvalue()


def brand(name: bytes, *others: bytes) -> bytes:
    content = name + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", 8 + len(content)) + b"ftyp" + content + bytes(100)


NAMED = {
    "a Photoshop document (PSD), which is not read; save it as": b"8BPS\0\1" + bytes(100),
    "a large Photoshop document (PSB), which is": b"8BPS\0\2" + bytes(100),
    "a JPEG XL picture, which is not read; save it as PNG, TIFF or JPEG": b"\xff\x0a" + bytes(100),
    "a JPEG XL picture, which": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100),
    "a JPEG XR picture": b"II\xbc\1" + bytes(100),
    "a PDF, which": b"%PDF-1.7\n" + bytes(100),
    "a PostScript drawing": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "a GIMP picture": b"gimp xcf v011" + bytes(100),
    "a Canon camera raw file (CR2)": b"II*\0\x10\0\0\0CR\2\0" + bytes(100),
    "a Canon camera raw file (CR3)": brand(b"crx "),
    "a Fujifilm camera raw file": b"FUJIFILMCCD-RAW 0201" + bytes(100),
    "an icon (ICO)": b"\0\0\1\0\1\0" + bytes(100),
    "a DICOM picture": bytes(128) + b"DICM" + bytes(100),
    "an OpenEXR picture": b"v/1\x01" + bytes(100),
    "a Netpbm picture": b"P6 4 4 255\n" + bytes(48),
    "an SVG drawing": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "not a picture, but text": b"Guernica, 1937\n" * 40,
    "not a picture, but text ": "Düsseldorf".encode("latin-1"),
    "not a picture, but a web page": b"\n<!DOCTYPE html><html>404 not found</html>",
    "not a picture, but a ZIP archive": zipped(),
    "not a picture, but a gzip archive": gzip.compress(b"x"),
    "not a picture, but a film": brand(b"isom", b"mp41"),
    "not a picture, but a Windows program": b"MZ\x90\0" * 64,
    "not a picture, but a Git LFS pointer; run 'git lfs pull'":
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "not a picture in a format that is read (JPEG, PNG": b"\x01\x02\x03\x04" * 40,
}  # fmt: skip


@pytest.mark.parametrize("reason", NAMED)
def test_a_refused_file_is_called_what_it_is(reason: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    path.write_bytes(NAMED[reason])
    assert not looks_like_picture(path)
    with pytest.raises(ImageError) as refused:
        read(NAMED[reason])
    assert str(refused.value).startswith(reason.strip())


EXACT: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 100, "subsampling": 0},
    "MPO": {"quality": 100, "subsampling": 0},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True},
}
READ = (*EXACT, "PNG", "TIFF", "BMP", "JPEG2000", "GIF")


@pytest.mark.parametrize("kind", READ)
def test_a_picture_is_read_whatever_its_name(kind: str, tmp_path: Path) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    frames = {"save_all": True, "append_images": [Image.new("RGB", (32, 32))]}
    options = EXACT.get(kind, {}) | (frames if kind == "MPO" else {})
    content = encoded(quadrants(), kind, **options)
    assert_shows(content, quadrants(), 6)
    for name in ("picture", "picture.txt", "picture.jpg"):
        path = tmp_path / name
        path.write_bytes(content)
        assert looks_like_picture(path)


def test_a_raw_codestream_and_deep_grey_of_jpeg_2000_are_read() -> None:
    assert_shows(encoded(quadrants(), "JPEG2000", no_jp2=True), quadrants())
    deep = Image.fromarray(quadrants()[..., 0].astype(np.uint16) * 257)
    expected = np.repeat(quadrants()[..., :1], 3, axis=2)
    assert_shows(encoded(deep, "JPEG2000"), expected)


@needs_heic
@pytest.mark.parametrize("turn", STORED)
def test_a_turned_heic_is_turned_once(turn: int) -> None:
    pillow_heif: Any = pytest.importorskip("pillow_heif")

    exif = Image.Exif()
    exif[0x0112] = turn
    stored = Image.fromarray(np.ascontiguousarray(STORED[turn](quadrants(64, 48))))
    buffer = io.BytesIO()
    pillow_heif.from_pillow(stored).save(buffer, quality=100, chroma=444, exif=exif.tobytes())
    assert_shows(buffer.getvalue(), quadrants(64, 48), 8)


@pytest.mark.parametrize("turn", STORED)
@pytest.mark.parametrize("kind", ["AVIF", "WEBP", "JPEG", "PNG"])
def test_a_turned_picture_is_turned_once(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = np.ascontiguousarray(STORED[turn](quadrants(64, 48)))
    content = encoded(stored, kind, exif=exif, **EXACT.get(kind, {}))
    assert_shows(content, quadrants(64, 48), 8)


def test_a_turn_that_only_xmp_states_is_left() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"></x:xmpmeta>'
    for kind in ("JPEG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        extra = {"tiffinfo": {700: xmp}} if kind == "TIFF" else {"xmp": xmp}
        assert read(encoded(quadrants(64, 32), kind, **options, **extra)).pixels.size == (64, 32)


def test_without_the_extra_a_heic_says_what_reads_it(tmp_path: Path) -> None:
    contents = [brand(b"heic"), brand(b"mif1", b"heic"), brand(b"msf1")]
    found = refusals_without_extras(contents, tmp_path)
    assert found == ['a HEIC picture; to read it: pip install "artstyle[heic]"'] * 3


def test_a_file_that_needs_an_extra_looks_like_a_picture_and_other_things_do_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "photo").write_bytes(brand(b"heic"))
    make_pipe(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("nowhere")
    assert looks_like_picture(tmp_path / "photo")
    for name in ("pipe", "empty", "link", "nowhere", "."):
        assert not looks_like_picture(tmp_path / name)


def test_the_usual_endings_count() -> None:
    asked = ".jfif .pjpeg .mpo .jp2 .j2k .jpf .jpx .avif .heic .heif .jpg .tif"
    assert set(asked.split()) <= SUFFIXES
    assert ".ico" not in SUFFIXES


def bmp(bits: int, pixels: bytes, *, top_down: bool = False, compression: int = 0) -> bytes:
    height = -32 if top_down else 32
    header = struct.pack(
        "<IiiHHIIiiII", 40, 32, height, 1, bits, compression, len(pixels), 0, 0, 0, 0
    )
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + header + pixels


def test_bmps_of_all_kinds_are_read() -> None:
    blue_first = np.dstack([quadrants()[..., ::-1], np.zeros((32, 32), np.uint8)])
    assert_shows(bmp(32, blue_first.tobytes(), top_down=True), quadrants())
    assert_shows(bmp(32, blue_first[::-1].tobytes()), quadrants())
    red, green, blue = (quadrants()[::-1, :, n].astype(np.uint16) >> 3 for n in range(3))
    assert_shows(bmp(16, (red << 10 | green << 5 | blue).astype("<u2").tobytes()), quadrants(), 8)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = (
        struct.pack("<IiiHHIIiiII", 108, 32, 32, 1, 32, 3, 4096, 0, 0, 0, 0) + masks + bytes(52)
    )
    content = b"BM" + struct.pack("<IHHI", 122 + 4096, 0, 0, 122) + header
    assert_shows(content + blue_first[::-1].tobytes(), quadrants())
