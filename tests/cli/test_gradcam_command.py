import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.in_process import artstyle
from tests.cli.random_run import paint, write_random_run


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("gradcam")
    write_random_run(root)
    for name in ("art/a.jpg", "art/sub/a.jpg", "art/Nymphéas.png"):
        paint(root / name)
    (root / "torn.jpg").write_bytes((root / "art/a.jpg").read_bytes()[:400])
    (root / "taken").mkdir()
    (root / "taken/thesis.txt").touch()
    return root


def test_heatmaps_go_into_the_run_and_bad_files_end_with_3(here: Path) -> None:
    arguments = ("--run", "latest", "--raw", "--method", "layercam")
    done = artstyle("gradcam", "art", "torn.jpg", *arguments, cwd=here)
    assert done.returncode == 3, done.stderr
    assert done.stdout == b"runs/random/gradcam/index.html\n"
    assert b"not read: torn.jpg: damaged or truncated" in done.stderr
    folder = here / "runs/random/gradcam"
    records = [json.loads(line) for line in (folder / "heatmaps.jsonl").read_text().splitlines()]
    assert [r["path"] for r in records] == ["art/Nymphéas.png", "art/a.jpg", "art/sub/a.jpg"]
    named = {record[kind] for record in records for kind in ("overlay", "panel", "raw")}
    assert named | {"index.html", "heatmaps.jsonl", ".lock"} == {
        path.name for path in folder.iterdir()
    }
    assert len(named) == 9
    heat = np.load(folder / records[0]["raw"])
    assert (heat.dtype, heat.shape) == (np.float32, (32, 32))
    assert 0 <= heat.min() <= heat.max() <= 1
    page = (folder / "index.html").read_text("utf-8")
    assert "torn.jpg" in page
    assert records[0]["panel"].removesuffix(".jpg")[-18:] in page


def test_a_chosen_style_goes_to_a_chosen_folder(here: Path) -> None:
    arguments = ("--style", "ukiyoe", "--out", "heat")
    done = artstyle("gradcam", "art/a.jpg", *arguments, cwd=here)
    assert done.returncode == 0, done.stderr
    (line,) = (here / "heat/heatmaps.jsonl").read_text().splitlines()
    assert json.loads(line)["style"] == "Ukiyo_e"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["art", "--style", "Cubsim"], b"error: unknown style 'Cubsim'. Did you mean 'Cubism'?"),
        (["art", "--out", "taken"], b"error: taken holds something other than heatmaps"),
        (["nowhere"], b"error: nothing to read: nowhere: no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    here: Path, arguments: list[str], message: bytes
) -> None:
    done = artstyle("gradcam", *arguments, cwd=here)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count(b"\n") == 1
