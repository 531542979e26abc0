"""The plain candidates: logistic regression on frozen ImageNet features, in the same folds.

    python -m tests.benchmarks.starter.probe PACK OUT

OUT gets `features-NAME.npy` once for each network, and `probes.npz`: logits as in the answers of
`tests.benchmarks.starter`, for A (Lite0), A2-lite1, A2-lite2 and A3 (all three together).
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from artstyle.models.factory import build_network
from artstyle.models.folding import folded
from tests.benchmarks.starter.learning import Bench, answer
from tests.benchmarks.starter.pictures import FOLDS, NETWORKS, PREPROCESSING, Pack, read_pack

_C = 0.003
_CANDIDATES = {
    "A": NETWORKS[:1],
    "A2-lite1": NETWORKS[1:2],
    "A2-lite2": NETWORKS[2:],
    "A3": NETWORKS,
}


def main() -> None:
    """Write the features and the logits of all candidates."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pack = read_pack(arguments.pack)
    features = {name: _features(pack, arguments.pack, name, arguments.out) for name in NETWORKS}
    answers: dict[str, Any] = {}
    for candidate, names in _CANDIDATES.items():
        features_NF = np.concatenate([features[name] for name in names], axis=1)
        for fold in range(FOLDS["source"]):
            tested = pack.tested("source", fold)
            answers[f"{candidate}-source-{fold}.positions"] = tested
            answers[f"{candidate}-source-{fold}.logits"] = _logits(pack, features_NF, fold)
            np.savez_compressed(arguments.out / "probes.npz", **answers)


def _features(pack: Pack, folder: Path, name: str, out: Path) -> NDArray[np.float32]:
    """Return what the last layer would see of each picture, N x 1,280."""
    path = out / f"features-{name}.npy"
    if not path.is_file():
        built = build_network(name, 1, weights=str(folder / f"{name}.safetensors"))
        built.network.set_submodule(built.spec.head, nn.Identity())
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.backends.cudnn.allow_tf32 = False  # As in __main__: answers are in float32.
        network = folded(built.network.eval().to(device), PREPROCESSING.image_size)
        np.save(path, answer(Bench(pack, device), network, np.arange(len(pack.paths))))
    found: NDArray[np.float32] = np.load(path)
    return found


def _logits(pack: Pack, features_NF: NDArray[np.float32], fold: int) -> NDArray[np.float32]:
    """Return the logits of the tested pictures; a style that training lacks has a very low one."""
    training, tested = pack.training("source", fold), pack.tested("source", fold)
    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=2000)
    )
    probe.fit(features_NF[training], pack.labels_N[training])
    logits_NC = np.full((len(tested), len(pack.labels)), -1e4, dtype=np.float32)
    logits_NC[:, probe.classes_] = probe.decision_function(features_NF[tested])
    return logits_NC


if __name__ == "__main__":
    main()
