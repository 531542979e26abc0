"""The recipe for all of WikiArt: its networks exist, and a run of it, made small, trains."""

import re
from pathlib import Path

import timm

from artstyle.data.dataset import DatasetFolder
from artstyle.recipes import resolve_config
from artstyle.runs.folder import RunFolder
from artstyle.training.fit import fit

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "wikiart.md"


def test_every_network_on_the_page_is_one_of_timms_with_these_weights_and_takes_the_size() -> None:
    rows = re.findall(r"\| `timm/(\S+)` \| (\d+) \|", PAGE.read_text("utf-8"))
    named = resolve_config(file="best").config
    rows.append((named.model.name.removeprefix("timm/"), str(named.data.image_size)))
    assert len(rows) == 5
    for name, size in rows:
        assert timm.is_model_pretrained(name), name
        patch = re.search(r"patch(\d+)", name)
        assert patch is not None
        assert int(size) % int(patch[1]) == 0, name


def test_a_small_run_of_the_recipe_trains_all_layers_at_falling_rates(
    tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    small = (
        "model.name=timm/test_vit", "model.weights=none", "data.image_size=32", "data.workers=0",
        "train.epochs=2", "train.batch_size=4", "train.device=cpu", "train.precision=fp32",
        "train.channels_last=true", "optim.lr=1e-3", "optim.warmup_epochs=0",
    )  # fmt: skip
    config = resolve_config("finetune", "best", small).config
    run = fit(config, tiny_dataset, RunFolder(tmp_path / "run")).run
    losses = [float(row["plain_train_loss"]) for row in run.history()]
    assert losses[1] < losses[0]
    recorded = run.config()
    assert (recorded.optim.layer_decay, recorded.train.ema_decay) == (0.75, 0.999)
    assert recorded.unfreeze.mode == "all"
