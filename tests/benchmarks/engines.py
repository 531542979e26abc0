"""torch, torch.compile and ONNX Runtime: one resident batch, all cores, warmed up."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tests.benchmarks.contest import Contender, Contest
from tests.benchmarks.runs import trained_run

MODELS = ("efficientnet_lite0", "resnet50")
_BATCH, _PICTURES = 16, 512


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield a contest for each network."""
    batches = max(1, (pictures or _PICTURES) // _BATCH)
    for model in MODELS:
        arguments = {
            "checkpoint": trained_run(model).best_path,
            "batches": batches,
            "batch_size": _BATCH,
        }
        where = "tests.benchmarks.peers.engines"
        yield Contest(
            stage="engines",
            what=f"{model} at 224, batches of {_BATCH}, float32",
            unit="picture",
            units=batches * _BATCH,
            contenders=(
                Contender("artstyle (ONNX Runtime)", f"{where}:onnx", arguments, "artstyle"),
                Contender("torch, folded", f"{where}:fold", arguments),
                Contender("torch as it comes", f"{where}:plain", arguments),
                Contender("torch.compile", f"{where}:compiled", arguments),
            ),
            compare=compare,
        )


def compare(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Return how far each engine's logits are from artstyle's at most."""
    (_, own), *others = answers.items()
    words = {}
    for name, logits in others:
        difference = float(np.abs(logits - own).max())
        assert difference <= 1e-3 * max(1.0, float(np.abs(own).max())), f"{name}: {difference:.2g}"
        words[name] = f"logits differ by {difference:.1g} at most"
    return words
