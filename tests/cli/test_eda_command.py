import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.in_process import artstyle_text as artstyle


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "museum"
    rng = np.random.default_rng(0)
    for style in ("Cubism", "Fauvism"):
        (root / style).mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / style / f"someone_{number}.jpg")
    return root


def test_a_source_with_a_broken_file_is_reported_and_ends_with_3(
    source: Path, tmp_path: Path
) -> None:
    (source / "Cubism" / "broken.jpg").write_bytes(b"\xff\xd8 nothing more")
    done = artstyle("eda", "museum", "--set", "data.image_size=32", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "warning: Cubism/broken.jpg: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    out = tmp_path / "eda" / "museum"
    numbers = json.loads((out / "eda.json").read_text())
    assert numbers["preprocessing"]["image_size"] == 32
    assert "Cubism/broken.jpg" in (out / "eda.html").read_text()
    assert (out / "styles.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 2, "nowhere"),
        (["museum", "--set", "augment.flop=1"], 2, "Did you mean 'augment.flip'"),
        (["museum", "--sample", "0"], 2, "--sample"),
    ],
)
def test_a_wrong_argument_is_answered_with_one_line(
    source: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    done = artstyle("eda", *arguments, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "eda").exists()
