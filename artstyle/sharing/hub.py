"""A folder for Hugging Face, as timm loads it: config, weights, model card, and a script."""

import json
import shutil
from collections.abc import Iterator
from importlib import import_module, resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from artstyle.models.torch_model import TorchModel
from artstyle.runs.folder import RunFolder
from artstyle.sharing.card import model_card
from artstyle.sharing.description import KEY, describe
from artstyle.sharing.plain import PlainNetwork
from artstyle.storage.files import atomic_path, write_json
from artstyle.styles.vocabulary import display_name

CONFIG = "config.json"
SCRIPT = "predict.py"
CARD = "README.md"

# What timm knows about its own weights, and what does not hold for ours.
_NOT_OURS = ("tag", "license", "origin_url", "paper_ids", "paper_name", "description", "notes")


def write_hub_folder(model: TorchModel, plain: PlainNetwork, run: RunFolder, folder: Path) -> None:
    """Write the folder; other files in it stay, such as a licence.

    Args:
        model: The model.
        plain: The same as timm's own network.
        run: Its evaluations and environment are in the card.
        folder: Made if needed.
    """
    with TemporaryDirectory() as name:
        made = Path(name)
        import_module("timm.models").save_for_hf(
            plain.network,
            made,
            model_config=_model_config(model),
            model_args=dict(plain.arguments),
            safe_serialization=True,
            data_config=_data_config(model),
        )
        _remove_claims(made / CONFIG)
        (made / CARD).write_text(model_card(model, plain, run), encoding="utf-8")
        (made / SCRIPT).write_text(script_text(), encoding="utf-8")
        # Nothing loads without it, so an interrupted replacement never answers with mixed files.
        (folder / CONFIG).unlink(missing_ok=True)
        for path in _config_last(made):
            with atomic_path(folder / path.name) as temporary:
                shutil.copyfile(path, temporary)


def script_text() -> str:
    """Return the script that answers without artstyle; docs/how-to/share.md shows it."""
    return (resources.files("artstyle.sharing") / "predict.py.txt").read_text("utf-8")


def _model_config(model: TorchModel) -> dict[str, Any]:
    return {
        "label_names": list(model.labels),
        "label_descriptions": {label: display_name(label) for label in model.labels},
        KEY: describe(model),
    }


def _data_config(model: TorchModel) -> dict[str, Any]:
    """Return the preprocessing in timm's words, which do not have the shrinking on reading."""
    prepared = model.preprocessing
    return {
        "input_size": (3, prepared.image_size, prepared.image_size),
        "mean": prepared.mean,
        "std": prepared.std,
        "interpolation": prepared.interpolation,
        "crop_pct": 1.0,
        "crop_mode": "squash" if prepared.fit == "squash" else "center",
    }


def _remove_claims(path: Path) -> None:
    config = json.loads(path.read_text("utf-8"))
    for key in _NOT_OURS:
        config["pretrained_cfg"].pop(key, None)
    write_json(path, config)


def _config_last(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.iterdir() if path.name != CONFIG)
    yield folder / CONFIG
