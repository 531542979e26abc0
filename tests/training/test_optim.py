"""The optimiser's groups, the learning-rate schedule, the average of the weights."""

import pytest
from timm.optim._param_groups import param_groups_layer_decay
from torch import nn
from torch.optim import Optimizer

from artstyle.config import OptimConfig
from artstyle.models.factory import build_network
from artstyle.training.optim import Schedule, build_ema, build_optimizer, cosine_share, ema_decay


def test_the_cosine_schedule_rises_to_its_peak_and_falls_to_its_floor() -> None:
    shares = [cosine_share(step, 4, 20, 0.01) for step in range(21)]
    assert shares[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert shares == sorted(shares[:5]) + sorted(shares[5:], reverse=True)
    assert shares[20] == pytest.approx(0.01)
    assert shares[12] == pytest.approx(0.01 + 0.99 / 2)


def test_the_smallest_rate_bounds_the_backbone_as_well_as_the_head() -> None:
    built = build_network("simple_cnn", 3, image_size=32)
    config = OptimConfig(
        lr=1e-3, backbone_lr=1e-5, min_lr=2e-6, schedule="cosine", warmup_epochs=0, name="sgd"
    )
    optimizer = build_optimizer(built.network, built.spec, config)
    schedule = Schedule(optimizer, config, updates_per_epoch=5, epochs=2)
    for _ in range(10):
        optimizer.step()
        schedule.after_update()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([2e-6] * 4)


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


def rates(network: nn.Module, optimizer: Optimizer) -> dict[str, float]:
    """Return the learning rate of each parameter."""
    found = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    return {name: found[id(p)] for name, p in network.named_parameters()}


def test_with_layer_decay_each_block_learns_at_a_share_of_the_rate_of_the_next() -> None:
    built = build_network("simple_cnn", 3, image_size=32)
    config = OptimConfig(lr=1e-3, backbone_lr=8e-4, layer_decay=0.5, weight_decay=0.05)
    optimizer = build_optimizer(built.network, built.spec, config)
    expected = {
        "classifier.4": 1e-3, "classifier.1": 4e-4, "features.3.0": 2e-4, "features.2.0": 1e-4,
        "features.1.0": 5e-5, "features.0.0": 2.5e-5, "features.0.1": 2.5e-5,
    }  # fmt: skip
    found = rates(built.network, optimizer)
    assert {path: found[f"{path}.weight"] for path in expected} == pytest.approx(expected)
    # The history shows the first group's rate as the head's.
    assert optimizer.param_groups[0]["lr"] == 1e-3
    decays = [group["weight_decay"] for group in optimizer.param_groups]
    assert decays == [0.05, 0.0] * (len(decays) // 2)


def test_layer_decay_of_a_transformer_is_timms_but_for_its_last_norm() -> None:
    built = build_network("timm/vit_tiny_patch16_224", 3, image_size=32)
    config = OptimConfig(lr=1e-3, layer_decay=0.65)
    ours = rates(built.network, build_optimizer(built.network, built.spec, config))
    groups = param_groups_layer_decay(built.network, layer_decay=0.65)
    shares = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    theirs = {name: 1e-3 * shares[id(p)] for name, p in built.network.named_parameters()}
    # timm lets the last norm learn like the head; here it belongs to the last block.
    theirs |= dict.fromkeys(("norm.weight", "norm.bias"), 0.00065)
    assert ours == pytest.approx(theirs)
    assert ours["cls_token"] == ours["pos_embed"] == pytest.approx(1e-3 * 0.65**13)


def test_restarts_never_raise_a_rate_that_is_below_the_smallest() -> None:
    built = build_network("simple_cnn", 3, image_size=32)
    config = OptimConfig(lr=1e-3, layer_decay=0.1, min_lr=1e-4, name="sgd", restart_epochs=1)
    optimizer = build_optimizer(built.network, built.spec, config)
    schedule = Schedule(optimizer, config, updates_per_epoch=8, epochs=1)
    before = [group["lr"] for group in optimizer.param_groups]
    optimizer.step()
    schedule.after_update()
    after = [group["lr"] for group in optimizer.param_groups]
    assert all(now <= then for now, then in zip(after, before, strict=True))


def test_the_average_of_the_weights_warms_up_and_resumes_where_it_was() -> None:
    # Decays: 2/11 and 3/12 of the earlier average; from the fourth update on the bound of 0.3.
    weights = [1.0, 12.0, 2.0, 9.0, 5.0]
    second = 2 / 11 * 1 + 9 / 11 * 12
    third = second / 4 + 3 / 4 * 2
    fourth = 0.3 * third + 0.7 * 9
    expected = [1, second, third, fourth, 0.3 * fourth + 0.7 * 5]
    network = nn.Linear(1, 1, bias=False)
    ema = build_ema(network, 0.3)
    assert ema is not None
    averages = []
    for step, weight in enumerate(weights):
        if step == 3:  # As a resumed run does.
            stored, ema = ema.state_dict(), build_ema(nn.Linear(1, 1, bias=False), 0.3)
            assert ema is not None
            ema.load_state_dict(stored)
        nn.init.constant_(network.weight, weight)
        ema.update_parameters(network)
        averages.append(ema.module.state_dict()["weight"].item())
    # float32 holds seven digits.
    assert averages == pytest.approx(expected, rel=1e-6)


def test_the_averages_decay_rises_to_its_bound() -> None:
    assert [ema_decay(0.99, t) for t in (1, 8, 80)] == pytest.approx([2 / 11, 0.5, 0.9])
    assert ema_decay(0.99, 891) == ema_decay(0.99, 10_000) == 0.99 > ema_decay(0.99, 889)
