import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from artstyle.explain.overlay import (
    WHOLE,
    Region,
    colour_scale,
    display_picture,
    draw_overlay,
    seen_region,
)
from artstyle.explain.panel import draw_panel
from artstyle.pictures.preprocessing import Fit, Preprocessing
from artstyle.pictures.transforms import eval_transform
from artstyle.prediction.rows import RankedStyle


def preprocessing(image_size: int, fit: Fit = "crop") -> Preprocessing:
    return Preprocessing(image_size, (0, 0, 0), (1, 1, 1), "bilinear", fit, 432)


@given(width=st.integers(40, 400), height=st.integers(40, 400))
def test_the_region_is_the_part_that_the_transform_lets_through(width: int, height: int) -> None:
    # Each pixel tells of where it is: red of x, green of y.
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 / width, y * 255 / height, 0 * x], axis=-1)
    picture = Image.fromarray(pixels.astype(np.uint8))
    image = eval_transform(preprocessing(32))(picture).numpy()
    region = seen_region(picture.size, preprocessing(32))
    half_px = 0.5 / 32
    middle = np.array([image[0].mean(), image[1].mean()])
    expected = [(region.left + region.right) / 2, (region.top + region.bottom) / 2]
    np.testing.assert_allclose(middle, expected, atol=half_px)
    spans = [region.right - region.left, region.bottom - region.top]
    np.testing.assert_allclose(np.ptp(image[:2], axis=(1, 2)), spans, atol=4 * half_px)


def test_regions_worked_by_hand() -> None:
    # 200x100 becomes 64x32: the square begins 16 pixels from the left.
    assert seen_region((200, 100), preprocessing(32)) == Region(0.25, 0, 0.75, 1)
    assert seen_region((100, 400), preprocessing(32)) == Region(0, 0.375, 1, 0.625)
    assert seen_region((100, 400), preprocessing(32, "squash")) == WHOLE
    assert seen_region((100, 100), preprocessing(32)) == WHOLE


def test_heat_in_a_corner_of_the_square_is_drawn_at_that_corner_of_the_region() -> None:
    picture = Image.new("RGB", (200, 100), (128, 128, 128))
    heat = np.zeros((32, 32), np.float32)
    heat[:16, :16] = 1
    overlay = np.asarray(draw_overlay(picture, heat, Region(0.25, 0, 0.75, 1))).astype(int)
    hot, cold, unseen = overlay[20, 70], overlay[80, 130], overlay[50, 20]
    assert hot[0] > 200 > hot[2] + 50
    assert np.ptp(cold) == np.ptp(unseen) == 0, "grey"
    assert unseen[0] < cold[0] - 40


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (3000, 20), (32, 32), (512, 700)])
def test_pictures_of_any_shape_are_drawn(size: tuple[int, int]) -> None:
    picture = display_picture(Image.new("RGB", size, "red"))
    assert max(picture.size) <= 1536
    region = seen_region(picture.size, preprocessing(32))
    overlay = draw_overlay(picture, np.ones((32, 32), np.float32), region)
    assert overlay.size == picture.size


def lab(pixel: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L*a*b* of an sRGB pixel, by littleCMS."""
    srgb, target = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    picture = Image.fromarray(pixel.reshape(1, 1, 3))
    converted = ImageCms.profileToProfile(picture, srgb, target, outputMode="LAB")
    assert converted is not None
    light, a, b = (float(value) for value in np.asarray(converted)[0, 0])
    return np.array([light * 100 / 255, (a + 128) % 256 - 128, (b + 128) % 256 - 128])


@pytest.mark.parametrize(
    "paint",
    [(0, 0, 0), (255, 255, 255), (128, 128, 128), (230, 170, 40), (240, 200, 60), (200, 90, 20),
     (90, 40, 10), (252, 255, 164), (150, 30, 90), (20, 60, 160)],
)  # fmt: skip
@pytest.mark.parametrize(("unsure", "least"), [(False, 40), (True, 20)])
def test_heat_is_seen_on_paint_of_any_colour(
    paint: tuple[int, int, int], unsure: bool, least: float
) -> None:
    """A difference of 2 can just be seen; two clearly different colours differ by 20 or more."""
    heat = np.zeros((32, 32), np.float32)
    heat[:, 16:] = 1
    picture = Image.new("RGB", (128, 128), paint)
    overlay = np.asarray(draw_overlay(picture, heat, WHOLE, unsure=unsure))
    cold, hot = lab(overlay[64, 10]), lab(overlay[64, 118])
    assert np.linalg.norm(hot - cold) > least
    assert np.abs(cold[1:]).max() <= 1, "the cold part is grey"


def test_heat_of_an_unsure_answer_is_paler_and_its_line_is_broken() -> None:
    heat = np.zeros((32, 32), np.float32)
    heat[8:24, 8:24] = 1
    picture = Image.new("RGB", (256, 256), (128, 128, 128))
    sure, unsure = (
        np.asarray(draw_overlay(picture, heat, WHOLE, unsure=unsure)).astype(int)
        for unsure in (False, True)
    )
    assert np.ptp(sure[128, 128]) > 1.5 * np.ptp(unsure[128, 128]) > 0
    white = [int((pixels == 255).all(axis=-1).sum()) for pixels in (sure, unsure)]
    assert 0.4 * white[0] < white[1] < 0.6 * white[0]


RANKED = [
    RankedStyle("Mannerism_Late_Renaissance", 0.7),
    RankedStyle("$x_y$ \u6d6e\u4e16\u7d75", 0.2),
    RankedStyle("Ukiyo_e", 0.1),
]


@pytest.mark.parametrize("size", [(1500, 200), (900, 600), (500, 500), (450, 640), (100, 700)])
def test_a_panel_shows_two_pictures_within_its_frame_and_no_empty_third(
    size: tuple[int, int],
) -> None:
    picture = Image.new("RGB", size, (190, 10, 10))
    panel = draw_panel(picture, picture, RANKED, title="Heat for Cubism, 70%", note="a.jpg")
    pixels = np.asarray(panel).astype(int)
    red = (pixels[..., 0] > pixels[..., 1] + 80).any(axis=0)
    assert len(np.flatnonzero(np.diff(red.astype(int)))) == 4, "two pictures side by side"
    paper = pixels[0, 0]
    for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (border == paper).all()
    filled = (pixels != paper).any(axis=-1)
    for lines in (filled.any(axis=0), filled.any(axis=1)):
        gaps = np.diff(np.flatnonzero(np.concatenate([[True], lines, [True]])))
        assert gaps.max() < len(lines) / 3


def test_cold_heat_leaves_the_painting_in_grey() -> None:
    pixels = torch.randint(0, 256, (64, 48, 3), dtype=torch.uint8).numpy()
    picture = Image.fromarray(pixels)
    overlay = np.asarray(draw_overlay(picture, np.zeros((32, 32), np.float32), WHOLE))
    assert (np.ptp(overlay, axis=-1) == 0).all()
    light = np.asarray(picture.convert("L"))
    assert np.corrcoef(light.ravel(), overlay[..., 0].ravel())[0, 1] > 0.999


def test_the_scale_shows_three_quarters_of_infernos_colours_on_mid_grey() -> None:
    heat_W = np.linspace(0, 1, 200, dtype=np.float32)
    inferno_W3 = matplotlib.colormaps["inferno"](0.25 + 0.65 * heat_W)[:, :3]
    grey, opacity_W1 = (0.12 + 0.74) / 2, 0.75 * heat_W[:, None]
    expected_W3 = 255 * ((1 - opacity_W1) * grey + opacity_W1 * inferno_W3)
    # Half a step of rounding, and what float32 loses.
    np.testing.assert_allclose(np.asarray(colour_scale(200))[0], expected_W3, atol=0.51)
