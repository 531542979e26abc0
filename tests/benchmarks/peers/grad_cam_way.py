"""The `grad-cam` library as its README uses it: one picture, one call."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pytorch_grad_cam import GradCAM

from artstyle.models.checkpoint import load_style_model
from tests.benchmarks.peers.torchvision_way import plain_transform


def explain(checkpoint: Path, paths: tuple[Path, ...]) -> Callable[[], NDArray[np.float32]]:
    """Build the heat of every picture for its predicted style, N x S x S."""
    model = load_style_model(checkpoint, torch.device("cpu"))
    network = model.network.to(memory_format=torch.contiguous_format)
    layers = [network.get_submodule(model.spec.cam_layer)]
    transform = plain_transform(model.preprocessing)

    def work() -> NDArray[np.float32]:
        heats = []
        for path in paths:
            picture = Image.open(path).convert("RGB")
            with GradCAM(model=network, target_layers=layers) as cam:
                heats.append(cam(input_tensor=transform(picture)[None], targets=None)[0])
        return np.stack(heats)

    return work
