"""The features of the starter's pictures, from the files as they are: no smaller copies.

    python -m tests.benchmarks.starter.features DATA PACK OUT

DATA holds the collections, PACK is what `tests.benchmarks.starter.pack` wrote. OUT gets
`features-efficientnet_lite0.npy`, float32, one row for each row of PACK's `pictures.csv`: what the
last layer of the ImageNet network sees, as `artstyle probe` computes it.
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from artstyle.inference import predict_logits
from artstyle.models.factory import build_network
from artstyle.models.onnx_export import export_onnx
from artstyle.models.onnx_model import load_onnx_model
from artstyle.models.style_model import StyleModel
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.image import read_image
from artstyle.storage.files import read_csv
from tests.benchmarks.starter.pictures import NETWORKS, PREPROCESSING

_EVERY = 500


def main() -> None:
    """Compute and write them, with a line for every 500 pictures."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    paths = [arguments.data / row["path"] for row in read_csv(arguments.pack / "pictures.csv")]
    model = _network(NETWORKS[0], arguments.pack)
    features = []
    for prediction in predict_logits(model, paths, _read, outputs=("features",)):
        if prediction.features_D is None:
            raise SystemExit(f"{prediction.item}: {prediction.error}")
        features.append(prediction.features_D)
        if len(features) % _EVERY == 0:
            print(f"{len(features):,} of {len(paths):,}", file=sys.stderr, flush=True)  # noqa: T201
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.save(arguments.out / f"features-{NETWORKS[0]}.npy", np.stack(features))


def _read(path: Path) -> Image.Image:
    rules = PREPROCESSING.rules
    return read_image(path, short_side_px=PREPROCESSING.read_size, rules=rules).pixels


def _network(name: str, pack: Path) -> StyleModel:
    """Return the ImageNet network as ONNX Runtime computes it: with two cores 1.6 times as fast."""
    built = build_network(name, 2, weights=str(pack / f"{name}.safetensors"))
    model = TorchModel(
        name=name,
        labels=("a", "b"),
        preprocessing=PREPROCESSING,
        fingerprint="",
        device=str(torch.device("cpu")),
        network=built.network.eval(),
        spec=built.spec,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx(model, path)
        return load_onnx_model(path)


if __name__ == "__main__":
    main()
