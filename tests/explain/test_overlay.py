import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artstyle.explain.overlay import (
    WHOLE,
    Region,
    display_picture,
    draw_overlay,
    draw_panel,
    seen_region,
)
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
    assert cold.tolist() == [128, 128, 128]
    assert unseen.tolist() == [45, 45, 45]


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (3000, 20), (32, 32), (512, 700)])
def test_pictures_of_any_shape_are_drawn(size: tuple[int, int]) -> None:
    picture = display_picture(Image.new("RGB", size, "red"))
    assert max(picture.size) <= 1536
    region = seen_region(picture.size, preprocessing(32))
    overlay = draw_overlay(picture, np.ones((32, 32), np.float32), region)
    assert overlay.size == picture.size


def test_a_panel_shows_everything_within_its_frame() -> None:
    picture = Image.new("RGB", (300, 200), (190, 10, 10))
    ranked = [
        RankedStyle("Mannerism_Late_Renaissance", 0.7),
        RankedStyle("$x_y$ \u6d6e\u4e16\u7d75", 0.2),
        RankedStyle("Ukiyo_e", 0.1),
    ]
    png = draw_panel(picture, picture, ranked, title="Heat for Cubism", note="a.jpg")
    with Image.open(io.BytesIO(png)) as panel:
        pixels = np.asarray(panel.convert("RGB")).astype(int)
    red = (pixels[..., 0] > pixels[..., 1] + 80).any(axis=0)
    edges = np.flatnonzero(np.diff(red.astype(int)))
    assert len(edges) == 4, "two pictures side by side"
    paper = pixels[0, 0]
    for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (border == paper).all()


def test_cold_heat_leaves_the_painting_as_it_is() -> None:
    pixels = torch.randint(0, 256, (64, 48, 3), dtype=torch.uint8).numpy()
    picture = Image.fromarray(pixels)
    overlay = draw_overlay(picture, np.zeros((32, 32), np.float32), WHOLE)
    assert (np.asarray(overlay) == pixels).all()
