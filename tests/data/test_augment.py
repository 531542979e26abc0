"""Varying a picture: within its bounds, by the seed alone, and in one pass the same as in three."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from artstyle.config import AugmentConfig
from artstyle.data.augment import augmentation, random_box, varies
from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import EpochBatches, build_loader
from artstyle.pictures.preprocessing import Fit, Preprocessing
from artstyle.pictures.transforms import eval_transform, normalise
from artstyle.training.setup import labelled
from tests.preparation.pictures import painting

NOTHING = AugmentConfig(crop_scale=(1, 1), flip=0, trivial_augment=False, erasing=0)
EVERYTHING = AugmentConfig(rotation_degrees=15, crop_scale=(0.3, 1), flip=0.5, erasing=0.5)
CROP = NOTHING.model_copy(update={"crop_scale": (0.3, 0.9)})


def preprocessing(fit: Fit = "crop") -> Preprocessing:
    return Preprocessing(32, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bicubic", fit, 64)


@pytest.mark.parametrize("fit", ["crop", "squash"])
def test_without_variation_training_sees_what_evaluation_sees(fit: Fit) -> None:
    plan, picture = preprocessing(fit), painting(3)
    pixels = augmentation(plan, NOTHING)(picture, 7)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == torch.uint8
    assert torch.equal(normalise(pixels[None], plan)[0], eval_transform(plan)(picture))
    assert not varies(NOTHING)


@pytest.mark.parametrize(
    "change",
    [
        {"rotation_degrees": 5}, {"crop_scale": (0.9, 1)}, {"flip": 0.1}, {"trivial_augment": True},
        {"erasing": 0.1}, {"mixup_alpha": 0.2}, {"cutmix_alpha": 1.0},
    ],
)  # fmt: skip
def test_each_key_of_augment_varies_pictures(change: dict[str, object]) -> None:
    assert varies(NOTHING.model_copy(update=change))


@given(st.integers(20, 400), st.integers(20, 400), st.integers(0, 2**32))
def test_a_crop_lies_inside_and_keeps_the_share_and_ratio_asked_for(
    width: int, height: int, seed: int
) -> None:
    left, top, right, bottom = random_box((width, height), (0.5, 0.9), np.random.default_rng(seed))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    wide, high = right - left, bottom - top
    # Sides are whole pixels: at 20 pixels half a pixel is 2.5%.
    assert 3 / 4 * 0.93 <= wide / high <= 4 / 3 * 1.07
    if max(width, height) / min(width, height) < 1.2:
        assert 0.5 * 0.94 <= wide * high / (width * height) <= 0.9 * 1.06


@pytest.mark.parametrize("fit", ["crop", "squash"])
def test_the_seed_decides_and_torch_draws_on_as_if_nothing_had_been_drawn(fit: Fit) -> None:
    vary, picture = augmentation(preprocessing(fit), EVERYTHING), painting(3)
    before = torch.get_rng_state()
    once, again = vary(picture, 7), vary(picture, 7)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(once, again)
    assert not torch.equal(once, vary(picture, 8))


def test_squashing_and_cropping_in_one_pass_is_squashing_then_cropping() -> None:
    plan, picture = preprocessing("squash"), painting(3, (128, 96))
    for seed in range(20):
        box = random_box((64, 64), CROP.crop_scale, np.random.default_rng(seed))
        two_passes = picture.resize((64, 64), Image.Resampling.BICUBIC)
        two_passes = two_passes.crop(box).resize((32, 32))
        one_pass = augmentation(plan, CROP)(picture, seed).numpy()
        difference = np.abs(one_pass.astype(int) - np.asarray(two_passes)).mean()
        # Two passes blur twice; another box differs by 20 and more.
        assert difference < 6, difference


def test_what_is_erased_has_the_mean_colour_and_the_size_asked_for() -> None:
    erase = NOTHING.model_copy(update={"erasing": 1.0, "erasing_scale": (0.1, 0.2)})
    plan, white = preprocessing(), Image.new("RGB", (64, 64), "white")
    for seed in range(20):
        pixels = augmentation(plan, erase)(white, seed)
        erased = (pixels != 255).any(dim=2)
        assert torch.equal(pixels[erased].amax(dim=0), pixels[erased].amin(dim=0))
        assert pixels[erased][0].tolist() == [124, 116, 104]
        # 10% to 20% of 1,024 pixels; sides are whole pixels.
        assert 85 < int(erased.sum()) < 225


def test_threads_and_processes_give_the_same_batches(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    pictures = labelled(tiny_dataset, "train")
    vary = augmentation(preprocessing(), EVERYTHING)

    def images(workers: int, device: str) -> torch.Tensor:
        batches = EpochBatches(pictures.labels_N, 8, seed=1)
        loader = build_loader(pictures, vary, batches, workers, torch.device(device))
        return torch.cat([images for images, _ in loader])

    one = images(0, "cpu")
    assert len(one) == len(pictures.paths)
    assert torch.equal(one, images(4, "cpu"))
    # "meta" is here any device but the CPU: processes read for it.
    assert torch.equal(one, images(2, "meta"))
