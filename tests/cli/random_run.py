"""A run that was never trained: all that `predict` and `gradcam` need, made at once."""

from pathlib import Path

import torch
from PIL import Image

from artstyle.config import Config
from artstyle.models.checkpoint import write_checkpoint
from artstyle.models.factory import build_network
from artstyle.models.header import Header
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.runs.folder import RunFolder
from tests.environments import environment

LABELS = ("Baroque", "Cubism", "Mannerism_Late_Renaissance", "Ukiyo_e")


def write_random_run(root: Path, name: str = "simple_cnn") -> Path:
    """Write ``root/runs/random``: a network at 32 pixels with random weights."""
    run = RunFolder(root / "runs/random")
    torch.manual_seed(0)
    network = build_network(name, len(LABELS), image_size=32).network
    preprocessing = Preprocessing(32, (0.5,) * 3, (0.5,) * 3, "bilinear", "crop", 48)
    run.begin(Config(), LABELS, environment())
    write_checkpoint(run.best_path, network, Header(name, LABELS, preprocessing, {}))
    return run.path


def paint(path: Path, size: tuple[int, int] = (60, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.linear_gradient("L").resize(size).convert("RGB").save(path)
    return path
