"""timm's way, as in its `inference.py`: its data set, loader and transform; its defaults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.data.dataset_factory import create_dataset
from timm.data.loader import create_loader

from artstyle.models.checkpoint import load_style_model
from artstyle.pictures.preprocessing import Preprocessing
from tests.benchmarks.peers.torchvision_way import Shrink

# Defaults of inference.py.
_BATCH, _WORKERS = 256, 2


def predict(checkpoint: Path, folder: Path) -> Callable[[], NDArray[np.float64]]:
    """Build answers for a folder: N x C probabilities."""
    device = torch.device("cpu")
    model = load_style_model(checkpoint, device)
    network = model.network.to(memory_format=torch.contiguous_format)
    loader = create_loader(
        create_dataset(name="", root=str(folder)),
        batch_size=_BATCH,
        use_prefetcher=True,
        num_workers=_WORKERS,
        device=device,
        **_data_config(model.preprocessing),
    )
    loader.dataset.transform.transforms.insert(0, Shrink(model.preprocessing.read_size))

    def work() -> NDArray[np.float64]:
        answers = []
        with torch.inference_mode():
            for images, _ in loader:
                answers.append(network(images).softmax(-1).numpy())
        return np.concatenate(answers).astype(np.float64)

    return work


def _data_config(preprocessing: Preprocessing) -> dict[str, Any]:
    size = preprocessing.image_size
    return {
        "input_size": (3, size, size),
        "interpolation": preprocessing.interpolation,
        "mean": preprocessing.mean,
        "std": preprocessing.std,
        "crop_pct": 1.0,
        "crop_mode": "squash" if preprocessing.fit == "squash" else "center",
    }
