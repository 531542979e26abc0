"""What int8 would give: accuracy and speed of a run's ONNX file before and after quantisation.

    python tests/benchmarks/int8.py runs/NAME [--pictures 256]

Static quantisation by ONNX Runtime, calibrated on pictures of train: weights per channel, QDQ.
Both files answer the test split; the time is that of one core, in turns, on batches in memory.
"""

import statistics
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.metrics import accuracy_score, f1_score

from artstyle.data.dataset import DatasetFolder
from artstyle.data.loading import Labelled, read_cached
from artstyle.devices import choose_device
from artstyle.models.checkpoint import load_style_model
from artstyle.models.onnx_export import export_onnx
from artstyle.models.onnx_model import open_session
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.square import normalised_pixels, square_transform
from artstyle.runs.folder import RunFolder
from artstyle.training.setup import labelled

_BATCH, _ROUNDS = 16, 5


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # the package has no types
    """Batches of normalised pictures, drawn from train with a seed."""

    def __init__(self, model: TorchModel, pictures: Labelled, count: int) -> None:
        chosen = np.random.default_rng(42).permutation(len(pictures.paths))[:count]
        paths = [pictures.paths[position] for position in chosen]
        self.feed = ({"images": batch} for batch in _batches(model, paths))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next batch, or None at the end."""
        return next(self.feed, None)


def _batches(model: TorchModel, paths: list[Path]) -> Iterator[NDArray[np.float32]]:
    square = square_transform(model.preprocessing)
    for start in range(0, len(paths), _BATCH):
        chosen = paths[start : start + _BATCH]
        pixels = np.stack([np.asarray(square(read_cached(path))) for path in chosen])
        yield normalised_pixels(pixels, model.preprocessing)


def _quantised(source: Path, target: Path, calibration: Calibration) -> None:
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    # Without VNNI sums of 8-bit products overflow 16 bits: weights keep 7 bits.
    quantize_static(prepared, target, calibration, per_channel=True, reduce_range=True)


def _answers(session: Any, batches: list[NDArray[np.float32]]) -> NDArray[np.int64]:
    return np.concatenate(
        [session.run(["logits"], {"images": batch})[0].argmax(axis=1) for batch in batches]
    )


def _seconds(session: Any, batches: list[NDArray[np.float32]]) -> float:
    started = time.perf_counter()
    for batch in batches:
        session.run(["logits"], {"images": batch})
    return time.perf_counter() - started


def main() -> None:
    """Print accuracy, macro F1 and milliseconds a picture, before and after."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--pictures", type=int, default=256, help="for calibration and timing")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    data = DatasetFolder(Path(run.environment().dataset.path))
    model = load_style_model(run.best_path, choose_device("cpu"))
    train, test = labelled(data, "train"), labelled(data, "test")
    with TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "int8.onnx"
        export_onnx(model, whole)
        _quantised(whole, small, Calibration(model, train, arguments.pictures))
        files = {"float32": whole, "int8": small}
        networks = {name: open_session(path.read_bytes(), path) for name, path in files.items()}
        sizes_mb = {"float32": whole.stat().st_size / 1e6, "int8": small.stat().st_size / 1e6}
    batches = list(_batches(model, list(test.paths)))
    answers = {name: _answers(network, batches) for name, network in networks.items()}
    timed = batches[: arguments.pictures // _BATCH]
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(_ROUNDS):
        for name, network in networks.items():
            seconds[name].append(_seconds(network, timed))
    present = np.unique(test.labels_N)
    for name, own in answers.items():
        accuracy = accuracy_score(test.labels_N, own)
        macro_f1 = f1_score(test.labels_N, own, average="macro", labels=present)
        ms = 1000 * statistics.median(seconds[name]) / (len(timed) * _BATCH)
        print(  # noqa: T201
            f"{name}: accuracy {accuracy:.3f}, macro F1 {macro_f1:.3f}, {ms:.1f} ms a picture,"
            f" {sizes_mb[name]:.1f} MB"
        )
    same = float((answers["float32"] == answers["int8"]).mean())
    print(f"the same style for {same:.1%} of {len(test.paths)} pictures")  # noqa: T201


if __name__ == "__main__":
    main()
