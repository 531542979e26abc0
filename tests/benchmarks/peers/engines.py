"""Engines that may answer for a network: each one core a thread, one resident batch."""

from collections.abc import Callable
from dataclasses import replace
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from artstyle.devices import choose_device
from artstyle.inference import read_ahead
from artstyle.models.checkpoint import load_style_model
from artstyle.models.folding import folded
from artstyle.models.onnx_export import export_onnx
from artstyle.models.onnx_model import load_onnx_model
from artstyle.models.style_model import StyleModel

Work = Callable[[], NDArray[np.float32]]


def plain(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build torch as it comes."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    return _work(replace(model, threads=1), batches, batch_size)


def fold(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build torch with folded batch norms: what `predict --engine torch` does."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    network = folded(model.network, model.preprocessing.image_size)
    return _work(replace(model, network=network, threads=1), batches, batch_size)


def compiled(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build torch.compile of that."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    network = folded(model.network, model.preprocessing.image_size)
    network.compile()
    return _work(replace(model, network=network, threads=1), batches, batch_size)


def onnx(checkpoint: Path, batches: int, batch_size: int) -> Work:
    """Build ONNX Runtime."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(load_style_model(checkpoint, choose_device("cpu")), path)
        return _work(load_onnx_model(path), batches, batch_size)


def _work(model: StyleModel, batches: int, batch_size: int) -> Work:
    side = model.preprocessing.image_size
    shape = (batch_size, side, side, 3)
    pixels_NSS3 = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def answer(number: int) -> NDArray[np.float32]:
        return model.answer(pixels_NSS3).logits_NC

    answer(0)

    def work() -> NDArray[np.float32]:
        threads = cpu_count() or 1
        answers = read_ahead(range(batches), answer, threads=threads, ahead=2 * threads)
        return np.concatenate(list(answers))

    return work
