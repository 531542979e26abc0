"""Heatmaps of each stream of a network of two."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from artstyle.errors import UsageError
from artstyle.explain.explain import explain_pictures
from artstyle.explain.folder import HeatmapFolder
from artstyle.explain.gallery import write_heatmaps
from artstyle.explain.methods import Stream
from artstyle.models.checkpoint import load_style_model
from artstyle.models.torch_model import TorchModel
from artstyle.runs.folder import RunFolder


@pytest.fixture
def model(dual_run: RunFolder) -> TorchModel:
    """Larger than the run's 32 pixels, whose last maps have one position, and no heat."""
    stored = load_style_model(dual_run.best_path, "cpu")
    return replace(stored, preprocessing=replace(stored.preprocessing, image_size=96))


def test_both_streams_of_a_picture_are_drawn_next_to_each_other(
    model: TorchModel, tiny_paintings: Path, tmp_path: Path
) -> None:
    pictures = sorted(tiny_paintings.glob("*/*.jpg"))[:2]
    folder = HeatmapFolder(tmp_path / "heat")
    folder.open()
    heats: dict[Stream, np.ndarray] = {}
    for stream in ("style", "content"):
        explained = list(explain_pictures(model, pictures, stream=stream))
        found = [each.explained.heat_SS for each in explained if each.explained]
        heats[stream] = np.stack(found)
        write_heatmaps(folder, explained, model, "gradcam")
    assert heats["style"].shape == heats["content"].shape == (2, 96, 96)
    assert heats["content"].max() > 0
    assert not np.allclose(heats["style"], heats["content"])
    records = folder.records()
    assert [record.stream for record in records] == ["style", "style", "content", "content"]
    assert len({record.overlay for record in records}) == 4
    assert "what the content embedding is made of" in folder.index_path.read_text("utf-8")
    assert not [p for p in model.network.parameters() if p.grad is not None]


def test_a_content_stream_knows_no_styles(model: TorchModel, tiny_paintings: Path) -> None:
    with pytest.raises(UsageError, match="leave --style or --stream out"):
        next(explain_pictures(model, tiny_paintings, stream="content", style="Cubism"))


def test_a_model_of_one_embedding_has_no_content_stream(
    two_colours: TorchModel, tiny_paintings: Path
) -> None:
    with pytest.raises(UsageError, match="has one embedding, of style"):
        next(explain_pictures(two_colours, tiny_paintings, stream="content"))
