"""The gradients of some updates, for the trackers that log them."""

from typing import Any

import torch

from artstyle.config import Config
from artstyle.tracking.trackers import Trackers
from artstyle.training.setup import Setup


def log_gradients(trackers: Trackers, config: Config, setup: Setup) -> None:
    """Log each layer's gradients every ``tracking.gradients`` updates, as the optimiser sees them.

    They are clipped by then, and belong to all batches of the update. With half precision, an
    update that the scaler skips has none, and is not counted.
    """
    every, accumulate = config.tracking.gradients, config.train.accumulate
    if not every or not trackers:
        return
    batches, network = setup.feed.batches, setup.learner.network
    per_epoch = -(-len(batches) // accumulate)
    place = {"epoch": -1, "done": 0}

    def before_update(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if place["epoch"] != batches.epoch:
            place.update(epoch=batches.epoch, done=batches.first // accumulate)
        place["done"] += 1
        update = batches.epoch * per_epoch + place["done"]
        if update % every == 0:
            found = {
                name: parameter.grad.float().cpu().numpy()
                for name, parameter in network.named_parameters()
                if parameter.grad is not None
            }
            trackers.log_gradients(update, found)

    setup.learner.optimizer.register_step_pre_hook(before_update)
