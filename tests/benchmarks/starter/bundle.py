"""Make the starter model: the run folder that is part of the package, and its card.

    python -m tests.benchmarks.starter.bundle PACK FEATURES [--out artstyle/starter]

PACK is what `tests.benchmarks.starter.pack` wrote, FEATURES what
`tests.benchmarks.starter.features` wrote. `configs/starter.yaml` is the recipe.
"""

import hashlib
import platform
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from artstyle import metrics
from artstyle.confidence.calibration import Calibration, fit_calibration
from artstyle.confidence.familiarity import style_means
from artstyle.config import Config
from artstyle.models.checkpoint import load_style_model, write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.models.onnx_export import export_onnx
from artstyle.models.onnx_model import METADATA, sealed
from artstyle.probe.regression import LinearHead, fit_head
from artstyle.recipes import resolve_config
from artstyle.runs.environment import RecordedDataset, RunEnvironment
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import write_bytes
from tests.benchmarks.starter.card import learnt_answers, write_card
from tests.benchmarks.starter.pictures import FOLDS, PREPROCESSING, Pack, Positions, read_pack

_NETWORK = "efficientnet_lite0"
_TRAINING_ONLY = ("paintings2/", "wikiart11/")

Features = NDArray[np.float32]


def main() -> None:
    """Fit, calibrate, write and describe."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path)
    parser.add_argument("features", type=Path)
    parser.add_argument("--out", type=Path, default=Path("artstyle/starter"))
    arguments = parser.parse_args()
    config = resolve_config("probe", "starter", [], {}).config
    pack = read_pack(arguments.pack)
    features_NF: Features = np.load(arguments.features / f"features-{_NETWORK}.npy")
    answers = {regime: out_of_fold(pack, features_NF, config, regime) for regime in FOLDS}
    answers["validation"] = validation(pack, answers)
    calibration = calibrated(pack, features_NF, *answers["validation"])
    head = _head(pack, features_NF, config, pack.training("source", None))
    write_run(RunFolder(arguments.out), config, pack, arguments.pack, head, calibration,
              unseen_scores(pack, *answers["source"]))  # fmt: skip
    photographs_NF = features_NF[pack.photographs]
    write_card(arguments.out / "card.md", pack, answers, calibration, photographs_NF)


def out_of_fold(
    pack: Pack, features_NF: Features, config: Config, regime: str
) -> tuple[Positions, Features]:
    """Return the tested positions of a regime and their logits, by heads that saw none of them."""
    positions, logits = [], []
    for fold in range(FOLDS[regime]):
        tested = pack.tested(regime, fold)
        head = _head(pack, features_NF, config, pack.training(regime, fold))
        positions.append(tested)
        logits.append(head.logits(features_NF[tested]))
    return np.concatenate(positions), np.concatenate(logits)


def validation(
    pack: Pack, answers: Mapping[str, tuple[Positions, Features]]
) -> tuple[Positions, Features]:
    """Return answers for all styles: of unseen sources, or of unseen artists if no source has any.

    A style that no tested source has is as frequent among them as the other styles are in the mean.
    """
    positions, logits_NC = learnt_answers(pack, answers)
    others, others_NC = answers["artist"]
    present, chosen = np.unique(pack.labels_N[positions]), []
    for label in sorted(set(range(len(pack.labels))) - set(present.tolist())):
        candidates = np.flatnonzero(pack.labels_N[others] == label)
        count = min(len(positions) // len(present), len(candidates))
        chosen.append(np.random.default_rng(label).choice(candidates, count, replace=False))
    extra = np.concatenate([np.empty(0, np.int64), *chosen])
    return (
        np.concatenate([positions, others[extra]]),
        np.concatenate([logits_NC, others_NC[extra]]),
    )


def calibrated(
    pack: Pack, features_NF: Features, positions: Positions, logits_NC: Features
) -> Calibration:
    """Return the calibration, fitted on answers by heads that had not seen the source, or artist.

    The means of styles that decide what is familiar come from the two collections that are never
    tested; a style that they lack has no mean.
    """
    known = pack.training("source", None)
    strangers = known[[pack.paths[at].startswith(_TRAINING_ONLY) for at in known]]
    return fit_calibration(
        logits_NC.astype(np.float64),
        pack.labels_N[positions],
        pack.labels,
        features_ND=features_NF[positions],
        means_CD=style_means(features_NF[strangers], pack.labels_N[strangers]),
    )


def write_run(
    run: RunFolder,
    config: Config,
    pack: Pack,
    folder: Path,
    head: LinearHead,
    calibration: Calibration,
    scores: Mapping[str, float],
) -> None:
    """Write the run folder: what a probe writes, in half precision, and the ONNX file."""
    weights = str(folder / f"{_NETWORK}.safetensors")
    built = build_network(_NETWORK, len(pack.labels), weights=weights)
    network, layer = built.network.eval(), built.network.get_submodule(built.spec.head)
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight_CF))
        layer.bias.copy_(torch.from_numpy(head.bias_C))
    run.begin(config, pack.labels, _environment(config, folder, len(pack.training("source", None))))
    run.write_history([{"epoch": 1, **scores}])
    header = Header(_NETWORK, pack.labels, PREPROCESSING, {"epoch": 1, "c": config.probe.c},
                    calibration)  # fmt: skip
    write_checkpoint(run.best_path, network.half(), header)
    model = load_style_model(run.best_path, torch.device("cpu"))
    export_onnx(model, run.onnx_path)
    _halve(run.onnx_path, model.network)


def unseen_scores(pack: Pack, positions: Positions, logits_NC: Features) -> dict[str, float]:
    """Return the scores of the history: on paintings from sources that were not seen."""
    targets_N = pack.labels_N[positions]
    confusion_CC = metrics.confusion_matrix(targets_N, logits_NC.argmax(axis=1), len(pack.labels))
    return {
        "val_loss": metrics.log_loss(logits_NC, targets_N),
        "val_accuracy": metrics.accuracy(confusion_CC),
        "val_macro_f1": metrics.macro_average(metrics.style_scores(confusion_CC)).f1,
    }


def _head(pack: Pack, features_NF: Features, config: Config, learnt: Positions) -> LinearHead:
    assert config.probe.c is not None
    labels_N = pack.labels_N[learnt]
    return fit_head(features_NF[learnt], labels_N, len(pack.labels), config.probe.c, balanced=True)


def _environment(config: Config, folder: Path, count: int) -> RunEnvironment:
    content = (folder / "pictures.csv").read_bytes()
    return RunEnvironment(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        command=("python", "-m", "tests.benchmarks.starter.bundle", "PACK", "FEATURES"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: version(name) for name in ("numpy", "scikit-learn", "timm", "torch")},
        device="cpu",
        device_name="CPU",
        threads=1,
        processes=1,
        seed=config.seed,
        dataset=RecordedDataset(
            path=f"{count:,} paintings (artstyle/starter/card.md)",
            fingerprint=hashlib.sha256(content).hexdigest(),
        ),
    )


def _halve(path: Path, network: nn.Module) -> None:
    """Store the weights of an ONNX file in half precision; it computes in float32 as before.

    Batch norms are folded into its convolutions. A product of half-precision weights and a norm's
    scale is not a half-precision number, so the file keeps both and multiplies when it is opened.
    """
    graph = onnx.load(path)
    stored = {each.name: each for each in graph.graph.initializer}
    known = list(_folded_weights(network))
    nodes = []
    for name, tensor in stored.items():
        value = numpy_helper.to_array(tensor)
        if value.dtype != np.float32 or value.ndim < 2 or value.size < 1024:
            continue
        half, scale = _factors(value, known)
        graph.graph.initializer.remove(tensor)
        graph.graph.initializer.append(numpy_helper.from_array(half, f"{name}.half"))
        graph.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes += [
            helper.make_node("Cast", [f"{name}.half"], [f"{name}.float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]),
        ]
    for node in reversed(nodes):
        graph.graph.node.insert(0, node)
    header = next(entry.value for entry in graph.metadata_props if entry.key == METADATA)
    helper.set_model_props(graph, {METADATA: header})  # Without the checksum of the old content.
    onnx.checker.check_model(graph)
    write_bytes(path, sealed(graph.SerializeToString()))


def _folded_weights(network: nn.Module) -> Iterator[tuple[Features, Features, Features]]:
    """Yield for each convolution its weights, its norm's scale, and the product of both."""
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for convolution, norm in zip(convolutions, norms, strict=True):
        assert norm.running_var is not None
        weight = convolution.weight.detach()
        scale = (norm.weight * torch.rsqrt(norm.running_var + norm.eps)).detach()
        scale_O111 = scale.reshape(-1, 1, 1, 1)
        yield weight.numpy(), scale_O111.numpy(), (weight * scale_O111).numpy()


def _factors(
    value: Features, known: Sequence[tuple[Features, Features, Features]]
) -> tuple[NDArray[np.float16], Features]:
    """Return half-precision weights and the scale that give ``value`` back."""
    for weight, scale, folded in known:
        if folded.shape == value.shape and np.allclose(folded, value, rtol=1e-5, atol=1e-8):
            return weight.astype(np.float16), scale.astype(np.float32)
    half = value.astype(np.float16)
    assert np.array_equal(half.astype(np.float32), value), "a weight that is not folded is half"
    return half, np.ones((), np.float32)


if __name__ == "__main__":
    main()
