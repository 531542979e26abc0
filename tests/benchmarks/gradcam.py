"""Heatmaps against the `grad-cam` library, one picture at a time as its README does it.

The pictures are small enough that both see the very same pixels.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artstyle.devices import choose_device
from artstyle.explain.explain import explain_pictures
from artstyle.models.checkpoint import load_style_model
from artstyle.pictures.finding import PicturePath
from tests.benchmarks import corpora
from tests.benchmarks.contest import Contender, Contest
from tests.benchmarks.runs import trained_run

MODELS = ("efficientnet_lite0", "resnet50")
_PICTURES = 500
_TOLERANCE = 1e-3
_LIBRARY = "grad-cam, as its README"

Heat = NDArray[np.float32]


def contests(pictures: int | None) -> Iterator[Contest]:
    """Yield a contest for each network."""
    paths = tuple(corpora.paintings()[: pictures or _PICTURES])
    for model in MODELS:
        arguments = {"checkpoint": trained_run(model).best_path, "paths": paths}
        yield Contest(
            stage="gradcam",
            what=f"{model}, heat for {len(paths)} paintings, without drawing it",
            unit="picture",
            units=len(paths),
            contenders=(
                Contender("artstyle", f"{__name__}:artstyle", arguments, "artstyle"),
                Contender(_LIBRARY, "tests.benchmarks.peers.grad_cam_way:explain", arguments),
            ),
            compare=compare,
        )


def artstyle(checkpoint: Path, paths: tuple[Path, ...]) -> Callable[[], Heat]:
    """Build the heat of every picture, N x S x S."""
    model = load_style_model(checkpoint, choose_device("cpu"))
    pictures = [PicturePath(path) for path in paths]

    def work() -> Heat:
        found = (each.explained for each in explain_pictures(model, pictures))
        return np.stack([explained.heat_SS for explained in found if explained])

    return work


def compare(answers: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the largest difference between the two heats of any place of any picture."""
    if _LIBRARY not in answers:
        return {}
    difference = float(np.abs(answers["artstyle"] - answers[_LIBRARY]).max())
    assert difference <= _TOLERANCE, f"heats differ by {difference:.2g}"
    return {_LIBRARY: f"heats differ by {difference:.1g} at most"}
