"""TIFF files of all kinds: read right, or refused with what they are and what would read them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from artstyle.errors import ImageError
from tests.pictures.files import (
    Pixels,
    Tags,
    as_rgb,
    assert_shows,
    encoded,
    grey_steps,
    quadrants,
    read,
    tiff_file,
)
from tests.pictures.test_image import STORED

PROJECT = Path(__file__).parents[3]
HAS_EXTRA = importlib.util.find_spec("tifffile") and importlib.util.find_spec("imagecodecs")
needs_extra = pytest.mark.skipif(not HAS_EXTRA, reason="the extra tiff is not installed")
Samples = npt.NDArray[np.unsignedinteger]
GREY16 = grey_steps().astype(np.uint16) * 257
GREY32 = grey_steps().astype(np.uint32) * 0x01010101
RGB16 = quadrants().astype(np.uint16) * 257
RGB32 = quadrants().astype(np.uint32) * 0x01010101
GREY = as_rgb(grey_steps())
INK = np.dstack([255 - quadrants(), np.zeros((32, 32), np.uint8)])
HALF = np.full((32, 32), 128, np.uint8)
HALF_OVER_WHITE = np.rint(quadrants() * (128 / 255) + 255 * (127 / 255)).astype(np.uint8)
PREMULTIPLIED = np.rint(quadrants() * (128 / 255)).astype(np.uint8)
MAP = np.random.default_rng(0).integers(1, 256, (3, 256), np.uint8)
WIDE_MAP = (MAP.astype(np.uint16) * 257).ravel().tolist()
DEEP_MAP = np.tile(np.arange(65536) // 256 * 257, 3).tolist()


def planar(samples: Samples) -> Samples:
    return np.ascontiguousarray(samples.transpose(2, 0, 1))


def with_extra_sample(colour: Samples, sample: Samples) -> Samples:
    return np.dstack([colour, sample])


# Read with or without the extra.
KINDS: dict[str, tuple[Samples, Tags, Pixels]] = {
    "8-bit grey": (grey_steps(), {}, GREY),
    "8-bit grey, 0 is white": (255 - grey_steps(), {262: [0]}, GREY),
    "16-bit grey": (GREY16, {}, GREY),
    "32-bit grey": (GREY32, {}, GREY),
    "32-bit grey, all of the range": (
        GREY32 | np.uint32(0x80000000),
        {},
        as_rgb(grey_steps() | 0x80),
    ),
    "palette": (grey_steps(), {262: [3], 320: WIDE_MAP}, MAP.T[grey_steps()]),
    "palette of 8 bits": (grey_steps(), {262: [3], 320: MAP.ravel().tolist()}, MAP.T[grey_steps()]),
    "16-bit RGB": (RGB16, {}, quadrants()),
    "planar RGB": (planar(quadrants()), {284: [2], 262: [2]}, quadrants()),
    "CMYK": (INK, {262: [5]}, quadrants()),
    "CMYK, 255 is no ink": (255 - INK, {262: [5], 336: [255, 0]}, quadrants()),
    "16-bit CMYK": (INK.astype(np.uint16) * 257, {262: [5]}, quadrants()),
    "alpha": (with_extra_sample(quadrants(), HALF), {338: [2]}, HALF_OVER_WHITE),
    "premultiplied alpha": (with_extra_sample(PREMULTIPLIED, HALF), {338: [1]}, HALF_OVER_WHITE),
    "alpha 0 everywhere": (with_extra_sample(quadrants(), HALF * 0), {338: [2]}, quadrants()),
    "16-bit alpha 0": (with_extra_sample(RGB16, RGB16[..., 0] * 0), {338: [2]}, quadrants()),
    "grey, alpha 0": (
        with_extra_sample(grey_steps(), grey_steps() * 0),
        {338: [2], 262: [1]},
        GREY,
    ),
    "an unspecified sample": (with_extra_sample(quadrants(), HALF), {338: [0]}, quadrants()),
}
# Of one byte order only, or not at all, known to Pillow.
EXTRA_KINDS: dict[str, tuple[Samples, Tags, Pixels, str]] = {
    "planar": (planar(RGB16), {284: [2], 262: [2]}, quadrants(), "a 16-bit planar RGB TIFF"),
    "32 bits": (RGB32, {}, quadrants(), "a 32-bit RGB TIFF"),
    "grey and alpha": (
        with_extra_sample(GREY16, GREY16 * 0 + 65535), {338: [2], 262: [1]}, GREY,
        "a 16-bit grey with alpha TIFF",
    ),
    "planar alpha": (
        planar(with_extra_sample(quadrants(), HALF)), {284: [2], 262: [2], 338: [2]},
        HALF_OVER_WHITE, "an 8-bit planar RGB with alpha TIFF",
    ),
    "CMYK and alpha": (
        with_extra_sample(INK, HALF * 0 + 255), {262: [5], 338: [2]}, quadrants(),
        "an 8-bit CMYK with alpha TIFF",
    ),
    "16-bit palette": (
        grey_steps().astype(np.uint16) * 256,
        {262: [3], 320: DEEP_MAP},
        GREY, "a 16-bit palette TIFF",
    ),
}  # fmt: skip
BIG_ENDIAN_NEEDS_EXTRA = frozenset({"32-bit grey", "32-bit grey, all of the range"})


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", KINDS)
def test_a_kind_that_pillow_knows_is_read_right(name: str, order: str) -> None:
    samples, tags, shown = KINDS[name]
    if order == ">" and name in BIG_ENDIAN_NEEDS_EXTRA and not HAS_EXTRA:
        pytest.skip("the extra tiff is not installed")
    assert_shows(tiff_file(samples, tags, order), shown, 1 if "alpha" in name else 0)


def test_sixteen_bits_of_which_0_is_white_are_turned_round() -> None:
    assert_shows(tiff_file(65535 - GREY16, {262: [0]}), GREY)


@needs_extra
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", EXTRA_KINDS)
def test_a_kind_that_pillow_does_not_know_is_read_with_the_extra(name: str, order: str) -> None:
    samples, tags, shown, _ = EXTRA_KINDS[name]
    assert_shows(tiff_file(samples, tags, order), shown, 1)


def refusals_without_extras(contents: list[bytes], folder: Path) -> list[str]:
    """Return why files are refused where no extra is installed."""
    for n, content in enumerate(contents):
        (folder / f"{n:03}").write_bytes(content)
    script = """
import sys
sys.modules.update(dict.fromkeys(("tifffile", "imagecodecs", "pillow_heif")))
from pathlib import Path
from artstyle.errors import ImageError
from artstyle.pictures.image import read_image
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        print(read_image(path))
    except ImageError as error:
        print(str(error).removeprefix(f"{path}: "))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, folder], cwd=PROJECT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_without_the_extra_the_reason_says_what_it_is_and_what_reads_it(tmp_path: Path) -> None:
    contents = [tiff_file(samples, tags) for samples, tags, _, _ in EXTRA_KINDS.values()]
    packed = [(34887, "LERC"), (33003, "JPEG 2000")]
    contents += [tiff_file(quadrants(), {259: [code]}) for code, _ in packed]
    contents.append(tiff_file(GREY32, {}, ">"))
    contents.append(encoded(quadrants(), "TIFF").replace(b"II*\0", b"MM\0+", 1))
    names = [name for *_, name in EXTRA_KINDS.values()]
    names += [f"an 8-bit RGB TIFF with {name} compression" for _, name in packed]
    names += ["a 32-bit grey TIFF"]
    *found, damaged = refusals_without_extras(contents, tmp_path)
    assert found == [f'{name}; to read it: pip install "artstyle[tiff]"' for name in names]
    assert damaged.startswith("damaged or truncated")


REFUSED: dict[str, tuple[npt.NDArray[np.generic], Tags, str]] = {
    "float": (grey_steps() / np.float32(255), {339: [3]}, "a 32-bit floating-point grey TIFF"),
    "half": (
        (quadrants() / 255).astype(np.float16), {339: [3] * 3}, "a 16-bit floating-point RGB TIFF",
    ),
    "signed": (GREY16.astype(np.int16), {339: [2]}, "a 16-bit signed grey TIFF"),
    "signed bytes": (grey_steps().view(np.int8), {339: [2]}, "an 8-bit signed grey TIFF"),
    "signed 32": (GREY32.view(np.int32), {339: [2]}, "a 32-bit signed grey TIFF"),
    "64 bits": (GREY32.astype(np.uint64), {}, "a 64-bit grey TIFF"),
    "a range of its own": (grey_steps().astype(np.uint32), {}, "of which the largest is 210"),
    # Scaled by the whole range, all of it would be black.
    "20 of 32 bits": (grey_steps().astype(np.uint32) << 12, {}, "of which the largest is 860160"),
    "16-bit CIELAB": (RGB16, {262: [8]}, "a 16-bit CIELAB TIFF, which is not read; save it as RGB"),
    "ICC Lab": (quadrants(), {262: [9]}, r"an 8-bit ICC L\*a\*b\* TIFF, which is not read"),
    "raw": (GREY16, {262: [32803]}, "a camera raw file"),
    "spot inks": (INK, {262: [5], 332: [2]}, "its inks are not cyan, magenta, yellow and black"),
    "subsampled YCbCr": (quadrants(), {262: [6], 530: [2, 2]}, "an 8-bit YCbCr TIFF"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_one_meaning_is_refused_with_what_it_is(name: str) -> None:
    samples, tags, reason = REFUSED[name]
    with pytest.raises(ImageError, match=reason):
        read(tiff_file(samples, tags))


@pytest.mark.parametrize("turn", STORED)
@pytest.mark.parametrize("kind", ["plain", "lzw", "planar"])
def test_a_turned_tiff_is_turned_once(turn: int, kind: str) -> None:
    upright = quadrants(48, 32)
    stored = np.ascontiguousarray(STORED[turn](upright))
    if kind == "lzw":
        exif = Image.Exif()
        exif[0x0112] = turn
        content = encoded(stored, "TIFF", compression="tiff_lzw", exif=exif)
    elif kind == "plain":
        content = tiff_file(stored, {274: [turn]})
    elif HAS_EXTRA:
        wide = planar(stored.astype(np.uint16) * 257)
        content = tiff_file(wide, {274: [turn], 284: [2], 262: [2]})
    else:
        pytest.skip("the extra tiff is not installed")
    assert_shows(content, upright)
    assert (read(content).width, read(content).height) == (48, 32)


SMALL_COPY = quadrants()[::4, ::4].copy()


@pytest.mark.parametrize("mark", [{254: [1]}, {255: [2]}, {254: [4]}, {254: [5]}])
def test_of_several_pages_the_first_that_is_not_a_copy_or_mask_is_read(mark: Tags) -> None:
    later = quadrants()[::-1].copy()
    pages: list[tuple[Samples, Tags]] = [
        (SMALL_COPY, mark),
        (SMALL_COPY, {254: [1]}),
        (quadrants(), {254: [0]}),
        (later, {}),
    ]
    for order in "<>":
        assert_shows(tiff_file(pages, order=order), quadrants())
    assert_shows(tiff_file([(quadrants(), {254: [2]}), (later, {254: [2]})]), quadrants())
    assert_shows(tiff_file([(SMALL_COPY, mark)]), SMALL_COPY)


@needs_extra
@pytest.mark.parametrize("is_big", [False, True])
def test_pages_below_a_page_and_pyramids_are_looked_at(is_big: bool, tmp_path: Path) -> None:
    tifffile: Any = pytest.importorskip("tifffile")

    path = tmp_path / "pyramid.tif"
    large = np.kron(quadrants(), np.ones((4, 4, 1), np.uint8))
    tiles = {"tile": (16, 16), "compression": "zlib", "photometric": "rgb", "metadata": None}
    with tifffile.TiffWriter(path, bigtiff=is_big) as file:
        file.write(large, subifds=2, **tiles)
        file.write(large[::2, ::2].copy(), subfiletype=1, **tiles)
        file.write(large[::4, ::4].copy(), subfiletype=1, **tiles)
    assert_shows(path.read_bytes(), large)
    with tifffile.TiffWriter(path, bigtiff=is_big) as file:
        file.write(large[::4, ::4].copy(), subfiletype=1, subifds=1, photometric="rgb")
        file.write(large, **tiles)
    assert_shows(path.read_bytes(), large)


@needs_extra
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "compression", ["lzw", "zlib", "zstd", "lzma", "packbits", "webp", "lerc", "jpeg2000"]
)
def test_every_compression_is_read(compression: str, order: str, tmp_path: Path) -> None:
    tifffile: Any = pytest.importorskip("tifffile")

    if compression == "lerc" and order == ">":
        pytest.skip("tifffile does not write it")
    exact = {"level": 100, "lossless": True} if compression == "webp" else {}
    options = {"compression": compression, "byteorder": order, "metadata": None}
    for samples in [quadrants(), RGB16][: 1 if compression in ("webp", "lerc") else 2]:
        for predictor in [False, True][: 2 if compression in ("lzw", "zlib", "zstd") else 1]:
            path = tmp_path / "picture.tif"
            tifffile.imwrite(
                path, samples, photometric="rgb", predictor=predictor,
                compressionargs=exact, bigtiff=True, **options,
            )  # fmt: skip
            assert_shows(path.read_bytes(), quadrants())


@needs_extra
@pytest.mark.parametrize("compression", [None, "zlib", "zstd", "lerc", "jpeg2000"])
def test_a_cut_off_file_is_refused_by_the_extra_too(
    compression: str | None, tmp_path: Path
) -> None:
    tifffile: Any = pytest.importorskip("tifffile")

    path = tmp_path / "planar.tif"
    noise = np.random.default_rng(0).integers(0, 65536, (3, 64, 64), np.uint16)
    tifffile.imwrite(
        path, noise, photometric="rgb", planarconfig="separate", compression=compression,
        metadata=None,
    )  # fmt: skip
    content = path.read_bytes()
    read(content)
    for share in (0.3, 0.6, 0.95):
        with pytest.raises(ImageError, match="damaged or truncated"):
            read(content[: int(len(content) * share)])
