"""Frozen layers: no gradient is computed for them."""

import pytest
import torch
from torch import Tensor

from artstyle.config import UnfreezeConfig
from artstyle.models.factory import build_network
from artstyle.models.unfreeze import train_mode, unfreeze


@pytest.mark.parametrize(("mode", "first"), [("blocks", "blocks.6"), ("head", "classifier")])
def test_no_graph_is_built_before_the_first_trained_part(mode: str, first: str) -> None:
    built = build_network("efficientnet_lite0", 4)
    unfreeze(
        built.network, built.spec, UnfreezeConfig.model_validate({"mode": mode, "blocks": 2}), 0
    )
    train_mode(built.network)
    reached: dict[str, bool] = {}

    def note(name: str, output: Tensor) -> None:
        reached[name] = output.requires_grad

    parts = [path for group in built.spec.blocks for path in group] + [built.spec.head]
    for name in parts:
        built.network.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: note(name, output)
        )
    built.network(torch.zeros(2, 3, 32, 32))
    cut = parts.index(first)
    assert [reached[name] for name in parts] == [n >= cut for n in range(len(parts))]
