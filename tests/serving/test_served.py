"""The model of a service, called from several threads."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from artstyle.pictures.finding import PicturePath
from artstyle.serving.limits import Limits
from artstyle.serving.served import HeatRequest, ServedModel
from tests.cli.random_run import LABELS, write_random_run


def test_the_model_is_described_with_the_card_of_its_run(tmp_path: Path) -> None:
    run = write_random_run(tmp_path)
    assert ServedModel(str(run)).document(Limits())["card"] is None
    (run / "card.md").write_text("# É", "utf-8")
    assert ServedModel(str(run)).document(Limits())["card"] == "# É"


def test_a_damaged_onnx_file_is_said_and_torch_answers(tmp_path: Path) -> None:
    run = write_random_run(tmp_path)
    (run / "model.onnx").write_bytes(b"half a file")
    served = ServedModel(str(run))
    assert [note for note in served.notes if "model.onnx is damaged" in note]
    assert len(served.rows([PicturePath(Path("gone.jpg"))])) == 1


def test_heat_from_torch_is_right_from_many_threads_at_once(
    pictures: dict[str, bytes], tmp_path: Path
) -> None:
    served = ServedModel(str(write_random_run(tmp_path)))
    wanted = [
        HeatRequest(PicturePath(Path(name), content=content), style, "json")
        for name, content in pictures.items()
        for style in LABELS
    ]
    with ThreadPoolExecutor(8) as pool:
        together = [json.loads(heat) for heat in pool.map(served.heat, wanted)]
    for heat, request in zip(together, wanted, strict=True):
        alone = json.loads(served.heat(request))
        assert heat["style"] == alone["style"]
        # Torch adds in another order in another thread; another style's map is far off.
        np.testing.assert_allclose(heat["map"], alone["map"], atol=2e-3)
