"""What is passed over is counted alike by prepare, eda and predict; no library says a word."""

import shutil
from pathlib import Path

import pytest

from artstyle.runs.folder import RunFolder
from tests.preparation.pictures import write_collection, write_painting
from tests.reliability.commands import Commands, contents

QUICK = ("--set", "balance.min_per_style=3", "--set", "data.workers=0")
COUNTED = "note: 4 files passed over: 2 .mov, 1 .psd, 1 .txt; --list-skipped names them"
NAMED = [
    f"passed over: {name}"
    for name in ("Cubism/IMG_1.MOV", "Cubism/IMG_2.mov", "Rococo/a\\x1b[2J.psd", "notes.txt")
]


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Rococo"), 4)
    for name in ("Cubism/IMG_1.MOV", "Cubism/IMG_2.mov", "Rococo/a\x1b[2J.psd", "notes.txt"):
        (museum / name).touch()
    for name in ("Thumbs.db", "Cubism/.DS_Store", "Cubism/desktop.ini", "Rococo/._a.jpg"):
        (museum / name).touch()
    for folder in ("@eaDir", "$RECYCLE.BIN", "__MACOSX", ".Trash"):
        write_painting(museum / "Cubism" / folder / "a_b.jpg", 77)
    return museum


def test_the_three_commands_count_and_name_the_same_files(
    museum: Path, tiny_run: RunFolder, tmp_path: Path, artstyle: Commands
) -> None:
    before = contents(museum)
    ways = {
        "prepare": ("prepare", museum, "--out", tmp_path / "data", *QUICK),
        "prepare --dry-run": ("prepare", museum, "--out", tmp_path / "dry", "--dry-run", *QUICK),
        "eda": ("eda", museum, "--out", tmp_path / "eda", "--set", "data.image_size=32"),
        "predict": ("predict", museum, "--run", tiny_run.path, "--format", "csv"),
    }
    for name, words in ways.items():
        brief, full = artstyle(*words), artstyle(*words, "--list-skipped")
        assert (brief.code, full.code) == (0, 0), (name, brief.err, full.err)
        assert COUNTED in brief.err.splitlines(), name
        assert "passed over: C" not in brief.err
        named = [line for line in full.err.splitlines() if line.startswith("passed over: ")]
        assert sorted(line.replace(f"{museum}/", "") for line in named) == NAMED, name
        assert "passed over" not in full.out
    assert len(artstyle(*ways["predict"]).out.splitlines()) == 1 + 8
    assert contents(museum) == before


def test_one_style_is_reported_and_not_trained_on(
    museum: Path, tmp_path: Path, artstyle: Commands
) -> None:
    shutil.rmtree(museum / "Rococo")
    prepared = artstyle("prepare", museum, "--out", tmp_path / "data", *QUICK)
    assert prepared.code == 0
    assert "note: only one style, Cubism: training needs at least two" in prepared.err
    assert "Next:" not in prepared.err
    words = ("--data", tmp_path / "data", "--out", tmp_path / "run", "--model", "simple_cnn")
    tiny = ("--set", "model.weights=none", "--set", "data.image_size=32")
    refusal = artstyle("finetune", *words, *tiny).refusal()
    assert "has only one style, Cubism" in refusal
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("styles", [("Cubism",), ("Cubism", "🎨 名前", "لوحة")])
def test_no_warning_of_a_library_reaches_the_user(
    styles: tuple[str, ...], tmp_path: Path, artstyle: Commands
) -> None:
    museum = write_collection(tmp_path / "museum", styles, 4)
    for words in (
        ("prepare", museum, "--out", tmp_path / "data", *QUICK),
        ("eda", museum, "--out", tmp_path / "eda", "--set", "data.image_size=32"),
        ("eda", tmp_path / "data", "--out", tmp_path / "eda2"),
    ):
        # A warning is an error in tests (pyproject.toml).
        assert artstyle(*words).code == 0
