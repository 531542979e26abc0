"""Engines that may answer for a network: each one core a thread, one resident batch."""

from collections.abc import Callable
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from artstyle.models.onnx_file import export_onnx, load_onnx_model
from numpy.typing import NDArray

from artstyle.devices import choose_device
from artstyle.inference import forward, read_ahead
from artstyle.models.checkpoint import load_style_model
from artstyle.models.folding import folded

Answer = Callable[[torch.Tensor], torch.Tensor]
Work = Callable[[], NDArray[np.float32]]


def plain(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build torch as it comes."""
    return _work(load_style_model(checkpoint, choose_device("cpu")).network, batches, batch_size)


def fold(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build torch with folded batch norms: what `predict` does."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    network = folded(model.network, model.preprocessing.image_size)
    return _work(network, batches, batch_size)


def compiled(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build torch.compile of that."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    torch.set_num_threads(1)
    network = folded(model.network, model.preprocessing.image_size)
    network.compile()
    return _work(network, batches, batch_size)


def onnx(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build ONNX Runtime."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(model, path)
        return _work(load_onnx_model(path).network, batches, batch_size)


def _work(network: torch.nn.Module, batches: int, batch_size: int) -> Work:
    images = torch.randn(batch_size, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    images = images.contiguous(memory_format=torch.channels_last)

    def answer(number: int) -> NDArray[np.float32]:
        torch.set_num_threads(1)
        return forward(network, images, None).numpy()

    answer(0)

    def work() -> NDArray[np.float32]:
        threads = cpu_count() or 1
        answers = read_ahead(range(batches), answer, threads=threads, ahead=2 * threads)
        return np.concatenate(list(answers))

    return work
