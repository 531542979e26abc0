"""The optimiser's groups and the learning-rate schedule."""

import pytest

from artstyle.config import OptimConfig
from artstyle.models.factory import build_network
from artstyle.training.optim import build_optimizer, cosine_share


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
