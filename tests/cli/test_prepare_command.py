import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from artstyle.cli.app import app
from artstyle.data.dataset import DatasetFolder
from artstyle.errors import UnknownNameError
from tests.cli.in_process import artstyle_text
from tests.preparation.pictures import write_collection

QUICK = ("--set", "data.cache_size=24", "--set", "balance.min_per_style=3")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "artstyle", "prepare", *map(str, arguments)]


def artstyle(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return artstyle_text("prepare", *arguments, cwd=cwd)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "museum", ("Cubism", "Ukiyo_e"), 12)


def test_a_data_set_is_made_where_training_looks_for_it(museum: Path, tmp_path: Path) -> None:
    done = artstyle("museum", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "data/processed/dataset.json").read_text())["labels"] == [
        "Cubism",
        "Ukiyo_e",
    ]
    for word in (
        "Ukiyo-e",
        "all styles",
        "split by: image (auto); seed: 42",
        "each artist's usual style",
    ):
        assert word in done.stdout
    assert "Next: artstyle probe" in done.stderr


def test_known_styles_are_renamed_and_merged_with_a_note_and_others_left_alone(
    tmp_path: Path,
) -> None:
    write_collection(tmp_path / "museum", ("ukiyoe", "Ukiyo-e print", "Kubismus", "Nanga"), 6)
    done = artstyle("museum", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    description = json.loads((tmp_path / "data/processed/dataset.json").read_text())
    assert description["labels"] == ["Cubism", "Nanga", "Ukiyo_e"]
    assert (
        "note: spellings taken for one style, Ukiyo_e: 'Ukiyo-e print' and 'ukiyoe'" in done.stderr
    )
    assert "note: known styles, renamed: 'Kubismus' as Cubism; a styles.file" in done.stderr


def test_a_vocabulary_of_ones_own_keeps_names_and_is_recorded(tmp_path: Path) -> None:
    write_collection(tmp_path / "museum", ("Kubismus", "Cubism"), 6)
    own = tmp_path / "own.csv"
    own.write_text("style,en\nKubismus,Cubism in Bohemia\n", "utf-8")
    done = artstyle("museum", *QUICK, "--set", "styles.file=own.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    dataset = DatasetFolder(tmp_path / "data/processed")
    assert dataset.labels == ("Cubism", "Kubismus")
    assert "Cubism in Bohemia" in done.stdout
    own.unlink()
    assert dataset.vocabulary().name("Kubismus") == "Cubism in Bohemia"
    page = artstyle_text("eda", "data/processed", cwd=tmp_path)
    assert page.returncode == 0, page.stderr
    text = (tmp_path / "data/processed/eda/eda.html").read_text("utf-8")
    assert "Cubism in Bohemia" in text
    assert artstyle("museum", *QUICK, cwd=tmp_path).returncode == 0
    assert dataset.vocabulary().name("Kubismus") == "Cubism"


def test_unreadable_files_are_named_and_end_with_3(museum: Path, tmp_path: Path) -> None:
    (museum / "Cubism" / "empty.jpg").touch()
    done = artstyle("museum", "--out", "out", *QUICK, cwd=tmp_path)
    assert done.returncode == 3
    assert "warning: Cubism/empty.jpg: the file is empty" in done.stderr
    assert "left out: 1 not readable as pictures" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dry_run_writes_nothing(museum: Path, tmp_path: Path) -> None:
    done = artstyle("museum", "--dry-run", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "24 pictures would be read, 0 are unchanged" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["museum"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no file or folder nowhere"),
        (["museum", "--set", "train.epochs=3"], "train.epochs has no effect here: it is for"),
        (["museum", "--set", "data.image_size=224"], "data.image_size has no effect here"),
        (["museum", "--set", "balance.polcy=cap"], "Did you mean 'balance.policy'?"),
        (["museum", "--set", "split.ratios=[1,1,1]"], "add up to 3"),
        (["museum", "--format", "folder"], "unknown format 'folder'. Did you mean 'folders'?"),
        (["museum", "--out", "museum"], "is inside the source"),
    ],
)
def test_a_wrong_request_ends_with_2_and_one_line(
    arguments: list[str], message: str, museum: Path, tmp_path: Path
) -> None:
    before = contents(museum)
    done = artstyle(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert done.stdout == ""
    assert contents(museum) == before


def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Ukiyo_e"), 150)
    options = (*QUICK, "--set", "data.workers=2")
    whole = artstyle(museum, "--out", "whole", *options, cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    random = Random(0)
    for _ in range(6):
        process = subprocess.Popen(
            command(museum, "--out", "killed", *options),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
        )
        time.sleep(random.uniform(0.3, 1.6))
        process.kill()
        process.wait()
    again = artstyle(museum, "--out", "killed", *options, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_an_interrupt_ends_it_soon_with_130(tmp_path: Path) -> None:
    museum = write_collection(tmp_path / "museum", ("Cubism", "Ukiyo_e"), 150)
    process = subprocess.Popen(
        command(museum, "--out", "out", "--set", "data.workers=2"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    index = tmp_path / "out" / "images" / "index.jsonl"
    while process.poll() is None and not (index.is_file() and index.stat().st_size > 1000):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not (tmp_path / "out" / "dataset.json").exists()


def test_a_table_is_read_by_the_names_and_the_folder_that_are_given(
    museum: Path, tmp_path: Path
) -> None:
    names = sorted(f"{path.parent.name}\\{path.name}" for path in museum.glob("*/*.jpg"))
    lines = "".join(f"{name};{name[0]}\n" for name in names)
    (tmp_path / "table.csv").write_text(f"Datei;Stil\n{lines}", "utf-16")
    named = ("--columns", "path=Datei,style=stil", "--images", "museum")
    done = artstyle("table.csv", *named, "--dry-run", *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "format: manifest" in done.stdout
    assert "24 pictures would be read" in done.stdout


@pytest.mark.parametrize("command", ["prepare", "eda"])
def test_mistakes_in_named_columns_are_shown_before_anything_is_read(
    command: str, museum: Path
) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown column 'paht'\. Did you mean 'path'\?"):
        app([command, str(museum), "--columns", "paht=File"], standalone_mode=False)
