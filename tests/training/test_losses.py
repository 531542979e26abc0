"""Losses against PyTorch's own and hand-worked numbers."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from artstyle.config import LossConfig, OptimConfig
from artstyle.models.factory import build_network
from artstyle.training.losses import build_loss, focal_loss, one_hot, smooth
from artstyle.training.optim import build_optimizer, cosine_share

LABELS = np.array([0, 0, 0, 1])
CPU = torch.device("cpu")


def logits() -> torch.Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def test_cross_entropy_is_a_number_for_each_picture() -> None:
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


def test_focal_loss_discounts_a_sure_answer_by_its_remaining_doubt() -> None:
    sure = torch.tensor([[math.log(9.0), 0.0]])  # probability 0.9
    loss = focal_loss(sure, torch.tensor([[1.0, 0.0]]), gamma=2)
    assert loss.item() == pytest.approx(0.1**2 * -math.log(0.9), rel=1e-5)


def test_the_cosine_schedule_rises_to_its_peak_and_falls_to_its_floor() -> None:
    shares = [cosine_share(step, 4, 20, 0.01) for step in range(21)]
    assert shares[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert shares == sorted(shares[:5]) + sorted(shares[5:], reverse=True)
    assert shares[20] == pytest.approx(0.01)
    assert shares[12] == pytest.approx(0.01 + 0.99 / 2)


def test_the_optimiser_gives_head_and_backbone_their_own_rates_and_spares_norms() -> None:
    built = build_network("simple_cnn", 3, image_size=32)
    config = OptimConfig(lr=1e-3, backbone_lr=1e-4, weight_decay=0.05)
    optimizer = build_optimizer(built.network, built.spec, config)
    found = {
        id(p): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for p in group["params"]
    }
    named = dict(built.network.named_parameters())
    assert found[id(named["classifier.4.weight"])] == (1e-3, 0.05)
    assert found[id(named["classifier.4.bias"])] == (1e-3, 0)
    assert found[id(named["features.0.0.weight"])] == (1e-4, 0.05)
    assert found[id(named["features.0.1.weight"])] == (1e-4, 0)
    assert len(found) == len(named)
