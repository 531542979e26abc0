"""Losses against PyTorch's own and hand-worked numbers."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from artstyle.config import LossConfig
from artstyle.training.losses import build_loss, focal_loss, one_hot, smooth

LABELS = np.array([0, 0, 0, 1])
CPU = torch.device("cpu")


def logits() -> torch.Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def test_cross_entropy_is_one_loss_for_each_image() -> None:
    loss = build_loss(LossConfig(label_smoothing=0), LABELS, 2, CPU)
    # Two equal logits: the true style has probability 1/2.
    losses = loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    torch.testing.assert_close(losses, torch.full((2,), math.log(2)))


def test_balanced_weights_make_the_rare_style_count_more() -> None:
    config = LossConfig(label_smoothing=0, class_weights="balanced")
    losses = build_loss(config, LABELS, 2, CPU)(torch.zeros(2, 2), torch.tensor([0, 1]))
    # N / (C n_c): 4 / (2 * 3) and 4 / (2 * 1).
    torch.testing.assert_close(losses, torch.tensor([2 / 3, 2.0]) * math.log(2))


def test_focal_loss_with_gamma_zero_is_cross_entropy() -> None:
    targets = torch.tensor([0, 1, 2, 0, 1, 2])
    focal = focal_loss(logits(), smooth(one_hot(targets, 3), 0.1), gamma=0)
    expected = functional.cross_entropy(logits(), targets, label_smoothing=0.1, reduction="none")
    torch.testing.assert_close(focal, expected)


def test_focal_loss_discounts_a_confident_prediction_by_its_error_squared() -> None:
    sure = torch.tensor([[math.log(9.0), 0.0]])  # probability 0.9
    loss = focal_loss(sure, torch.tensor([[1.0, 0.0]]), gamma=2)
    assert loss.item() == pytest.approx(0.1**2 * -math.log(0.9), rel=1e-5)
