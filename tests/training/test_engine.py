"""One update of the weights."""

import torch
from torch import nn

from artstyle.config import OptimConfig
from artstyle.training.engine import Learner, update_weights
from artstyle.training.losses import build_loss
from artstyle.training.optim import Schedule, build_ema
from tests.conftest import tiny_config

CPU = torch.device("cpu")


def test_gradients_that_overflow_lower_the_scale_and_change_nothing_else() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 3.0)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    plan = OptimConfig(schedule="cosine", lr=0.5, min_lr=0)
    ema = build_ema(network, 0.5)
    assert ema is not None
    learner = Learner(
        network=network,
        optimizer=optimizer,
        schedule=Schedule(optimizer, plan, updates_per_epoch=2, epochs=1),
        scaler=torch.amp.GradScaler("cpu", init_scale=4.0),
        ema=ema,
        loss=build_loss(tiny_config().loss, torch.zeros(1, dtype=torch.int64).numpy(), 2, CPU),
        mix=None,
        precision=torch.float16,
    )
    found = []
    for gradient in (torch.inf, 4.0):
        learner.scaler.scale(torch.ones(1))  # As each loss is.
        network.weight.grad = torch.full((1, 1), gradient)
        update_weights(learner, max_grad_norm=0)
        rate = optimizer.param_groups[0]["lr"]
        found.append((network.weight.item(), rate, int(ema.n_averaged), learner.scaler.get_scale()))
    # The second gradient is 4 times 2, the scale by then: 4 / 2 * 0.5 = 1 less. Half of the way,
    # the cosine is at half of its rate.
    assert found == [(3.0, 0.5, 0, 2.0), (2.0, 0.25, 1, 2.0)]
