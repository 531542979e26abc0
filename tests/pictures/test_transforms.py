"""The transform against torchvision's, which is written apart from ours."""

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from artstyle.pictures.preprocessing import Fit, Preprocessing
from artstyle.pictures.square import normalised_pixels, square_transform
from artstyle.pictures.transforms import eval_transform, normalise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("fit", ["crop", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@given(st.integers(16, 150), st.integers(16, 150), st.integers(16, 70))
def test_a_picture_becomes_what_torchvision_makes_of_it(
    fit: Fit, interpolation: Literal["bilinear", "bicubic"], width: int, height: int, side: int
) -> None:
    reference = v2.Compose(
        [
            v2.Resize([side, side] if fit == "squash" else side, InterpolationMode(interpolation)),
            v2.CenterCrop(side),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(list(MEAN), list(STD)),
        ]
    )
    ours = eval_transform(Preprocessing(side, MEAN, STD, interpolation, fit, side))
    picture = noise(width, height)
    assert torch.equal(ours(picture), reference(picture))


@pytest.mark.parametrize("fit", ["crop", "squash"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@given(st.integers(16, 150), st.integers(16, 150), st.integers(16, 70))
def test_without_torch_a_network_is_given_the_very_same_numbers(
    fit: Fit, interpolation: Literal["bilinear", "bicubic"], width: int, height: int, side: int
) -> None:
    plan = Preprocessing(side, MEAN, STD, interpolation, fit, side)
    picture = noise(width, height)
    ours = normalised_pixels(np.asarray(square_transform(plan)(picture))[None], plan)[0]
    np.testing.assert_array_equal(ours, eval_transform(plan)(picture).numpy())


def test_normalised_pixels_stay_beside_each_other_and_the_bytes_as_they_were() -> None:
    plan = Preprocessing(8, MEAN, STD, "bilinear", "crop", 8)
    pixels_NHW3 = torch.arange(2 * 8 * 8 * 3).reshape(2, 8, 8, 3).to(torch.uint8)
    before = pixels_NHW3.clone()
    images_N3HW = normalise(pixels_NHW3, plan)
    assert images_N3HW.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(pixels_NHW3, before)
