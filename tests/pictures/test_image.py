"""The one image loader against pictures whose right pixels are known."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from artstyle.errors import ImageError
from artstyle.pictures.image import ImageRules, read_image
from artstyle.pictures.opening import read_bytes
from artstyle.pictures.shrinking import DRAFT_MARGIN, shrink
from artstyle.preparation.cache import COPY_MARGIN
from tests.posix import make_pipe
from tests.preparation.pictures import painting

Pixels = npt.NDArray[np.uint8]
SMALL = ImageRules(min_side_px=1)


def encoded(pixels: Pixels | Image.Image, kind: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(content: bytes, rules: ImageRules = SMALL) -> Pixels:
    return np.asarray(read_image(content, rules=rules).pixels)


@pytest.fixture
def picture() -> Pixels:
    """Every pixel differs from every other: 20 wide, 12 high."""
    y, x = np.mgrid[:12, :20]
    return np.stack([x * 12, y * 20, x + y], axis=-1).astype(np.uint8)


# What EXIF says was done to the upright picture when it was stored.
STORED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("turn", STORED)
def test_a_turned_picture_is_read_upright(turn: int, picture: Pixels) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = np.ascontiguousarray(STORED[turn](picture))
    image = read_image(encoded(stored, "PNG", exif=exif), rules=SMALL)
    assert np.array_equal(np.asarray(image.pixels), picture)
    assert (image.width, image.height) == (20, 12)


@pytest.mark.parametrize("turn", [0, 9, 300])
def test_a_turn_that_exif_does_not_know_is_ignored(turn: int, picture: Pixels) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    assert np.array_equal(decoded(encoded(picture, "PNG", exif=exif)), picture)


def test_a_turned_jpeg_is_shrunk_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.zeros((60, 90, 3), np.uint8)
    stored[:, :45] = 255
    image = read_image(encoded(stored, "JPEG", exif=exif), short_side_px=20)
    assert image.pixels.size == (20, 30)
    assert (image.width, image.height) == (60, 90)
    top, bottom = np.asarray(image.pixels)[:12].mean(), np.asarray(image.pixels)[18:].mean()
    assert top > 250 > 5 > bottom


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_shows_the_background(kind: str) -> None:
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:, :, 0], pixels[:10, :, 3], pixels[10:, :, 3] = 200, 0, 255
    options = {"lossless": True} if kind == "WEBP" else {}
    rules = ImageRules(background=(10, 20, 30))
    result = decoded(encoded(pixels, kind, **options), rules)
    assert result[0, 0].tolist() == [10, 20, 30]
    assert result[19, 0].tolist() == [200, 0, 0]


def test_half_transparency_mixes_with_the_background() -> None:
    pixels = np.full((20, 20, 4), (200, 100, 0, 128), np.uint8)
    mixed = decoded(encoded(pixels, "PNG"))[0, 0].astype(int)
    # 128/255 of the colour over white, to within rounding
    assert np.abs(mixed - [227.4, 177.2, 127.0]).max() <= 1


def test_a_transparent_palette_colour_shows_the_background() -> None:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(1, (0, 10, 20, 20))
    result = decoded(encoded(image, "PNG", transparency=0))
    assert result[0, 0].tolist() == [255, 255, 255]
    assert result[19, 0].tolist() == [0, 255, 0]


def test_sixteen_bit_grey_is_divided_by_257_and_rounded() -> None:
    grey = np.linspace(0, 65535, 400).round().astype(np.uint16).reshape(20, 20)
    result = decoded(encoded(Image.fromarray(grey), "PNG"))
    expected = np.rint(grey / 257).astype(np.uint8)
    assert np.array_equal(result, np.repeat(expected[..., None], 3, axis=2))


def test_grey_palette_and_bilevel_become_rgb() -> None:
    grey = np.arange(0, 250, dtype=np.uint8).reshape(10, 25)
    assert np.array_equal(decoded(encoded(grey, "PNG"))[..., 1], grey)
    bilevel = Image.fromarray(np.eye(20, dtype=np.uint8) * 255).convert("1")
    assert np.array_equal(decoded(encoded(bilevel, "TIFF"))[..., 2], np.eye(20) * 255)


def test_cmyk_without_a_profile_is_inverted() -> None:
    cmyk = Image.new("CMYK", (20, 20), (255, 0, 0, 0))
    image = read_image(encoded(cmyk, "TIFF"))
    assert image.mode == "CMYK"
    assert np.asarray(image.pixels)[0, 0].tolist() == [0, 255, 255]


def test_a_broken_cmyk_profile_does_not_reject_the_picture() -> None:
    cmyk = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    result = decoded(encoded(cmyk, "TIFF", icc_profile=b"no profile"))
    assert result[0, 0].tolist() == [255, 0, 0]


def test_an_rgb_profile_on_cmyk_pixels_does_not_reject_the_picture() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cmyk = Image.new("CMYK", (20, 20), (0, 255, 255, 0))
    assert decoded(encoded(cmyk, "TIFF", icc_profile=profile))[0, 0].tolist() == [255, 0, 0]


def test_of_an_animation_the_first_frame_is_read() -> None:
    first, second = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")
    for kind in ("GIF", "WEBP", "TIFF"):
        content = encoded(first, kind, save_all=True, append_images=[second], lossless=True)
        assert decoded(content)[0, 0].tolist() == [255, 0, 0], kind


def test_floating_point_pixels_are_refused() -> None:
    pixels = Image.fromarray(np.zeros((20, 20), np.float32))
    with pytest.raises(ImageError, match="floating-point"):
        read_image(encoded(pixels, "TIFF"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_cut_off_file_is_rejected_not_half_decoded(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    content = encoded(noise, kind)
    read_image(content)
    with pytest.raises(ImageError):
        read_image(content[: int(len(content) * share)])


def test_of_a_damaged_tiff_only_the_one_error_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    content = bytearray(encoded(noise, "TIFF", compression="tiff_lzw"))
    content[200:400] = b"\xff" * 200
    with pytest.raises(ImageError, match="damaged"):
        read_image(bytes(content))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["empty.jpg", "words.jpg", "folder.jpg", "nowhere.jpg"])
def test_what_is_not_a_picture_is_rejected_with_its_reason(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "words.jpg").write_text("Guernica, 1937")
    (tmp_path / "folder.jpg").mkdir()
    reasons = {
        "empty.jpg": "empty",
        "words.jpg": "not a picture",
        "folder.jpg": "a folder",
        "nowhere.jpg": "no such file",
    }
    with pytest.raises(ImageError, match=reasons[name]):
        read_image(tmp_path / name)


def test_no_bytes_are_no_picture() -> None:
    with pytest.raises(ImageError, match="the file is empty"):
        read_image(b"")


def test_a_pipe_is_rejected_without_waiting_for_it(tmp_path: Path) -> None:
    make_pipe(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="not a regular file"):
        read_image(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="not a regular file"):
        read_bytes(tmp_path / "pipe.jpg")


def test_the_ending_of_the_name_does_not_matter(tmp_path: Path, picture: Pixels) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded(picture, "PNG"))
    assert read_image(path, rules=SMALL).format == "PNG"


def test_too_many_pixels_are_rejected_before_they_are_decoded() -> None:
    """The header says 100,000 x 100,000; there are no pixels behind it."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    content = bytearray(encoded(np.zeros((16, 16, 3), np.uint8), "PNG"))
    content[16:29] = header
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    with pytest.raises(ImageError, match=r"more than 200 million pixels; raise data\.max_pixels"):
        read_image(bytes(content))


def test_a_side_under_the_limit_is_rejected() -> None:
    with pytest.raises(ImageError, match=r"a side under 16 pixels; lower data\.min_side_px"):
        read_image(encoded(np.zeros((15, 300, 3), np.uint8), "PNG"))


@pytest.mark.parametrize("size", [(100, 100), (101, 333), (997, 640), (1001, 1501), (3001, 2003)])
def test_a_jpeg_is_shrunk_to_the_size_that_any_other_format_is(size: tuple[int, int]) -> None:
    y, x = np.mgrid[: size[1], : size[0]]
    smooth = np.stack([x * 255 / size[0], y * 255 / size[1], (x + y) % 251], axis=-1)
    smooth[..., 2] = 128
    pixels = smooth.astype(np.uint8)
    jpeg = read_image(encoded(pixels, "JPEG", quality=95), short_side_px=100).pixels
    png = read_image(encoded(pixels, "PNG"), short_side_px=100).pixels
    assert jpeg.size == png.size
    assert min(jpeg.size) == 100
    # The gradient runs over the whole picture: a shift by one pixel would differ by 1.7.
    difference = np.abs(np.asarray(jpeg).astype(int) - np.asarray(png)).mean()
    assert difference < 1


def whole_and_fraction(content: bytes, short_side_px: int, margin: float) -> float:
    """Return by how much shrinking while decoding differs from shrinking afterwards, of 255."""
    whole = shrink(read_image(content).pixels, short_side_px)
    fraction = read_image(content, short_side_px=short_side_px, draft_margin=margin).pixels
    assert whole.size == fraction.size
    return float(np.abs(np.asarray(whole).astype(int) - np.asarray(fraction)).mean())


@pytest.mark.parametrize("short_side_px", [432, 300, 250, 130])
@pytest.mark.parametrize(("margin", "most"), [(COPY_MARGIN, 1.0), (DRAFT_MARGIN, 0.5)])
def test_a_scan_decoded_at_a_fraction_differs_by_little(
    short_side_px: int, margin: float, most: float
) -> None:
    scan = encoded(painting(1, (2400, 1800)), "JPEG", quality=90)
    assert 0 < whole_and_fraction(scan, short_side_px, margin) < most


@pytest.mark.shared
def test_the_sharpest_paintings_differ_by_no_more_than_a_copys_own_jpeg() -> None:
    """At native resolution, where detail is as fine as pixels; scans of museums are softer."""
    paintings = Path(__file__).parents[3] / "shared" / "data" / "paintings"
    if not paintings.is_dir():
        pytest.skip("the real paintings are not here")
    contents = [path.read_bytes() for path in sorted(paintings.glob("*/*.jpg"))[::40]]
    # 352 / 4 / 70: just above the margin, the worst case. Seen: 1.4 on average, 4.8 at most; the
    # JPEG of a copy differs by 2.1.
    differences = [whole_and_fraction(content, 70, COPY_MARGIN) for content in contents]
    assert np.mean(differences) < 2.1
    assert max(differences) < 6


def test_a_smaller_picture_is_not_enlarged(picture: Pixels) -> None:
    image = read_image(encoded(picture, "PNG"), short_side_px=100, rules=SMALL)
    assert np.array_equal(np.asarray(image.pixels), picture)
    assert shrink(image.pixels, 12).size == (20, 12)
