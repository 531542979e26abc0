"""Run every command over the traps, and tell what became of each.

    python -m tests.reliability.trap_runs FOLDER

Prints JSON: command -> name of the trap -> "read" or the reason why not. The folder must be new.
"""

import contextlib
import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from artstyle.__main__ import main
from artstyle.data.dataset import DatasetFolder
from artstyle.data.manifest import ManifestRow, write_manifest
from artstyle.explain.folder import HeatmapFolder
from artstyle.pictures.finding import printable
from tests.cli.random_run import LABELS
from tests.data.described import write_description
from tests.evaluation.tiny import write_run
from tests.preparation.pictures import write_collection
from tests.reliability.traps import READ, TRAPS, write_all

SOME_FAILED = 3
NAMES = tuple(trap.name for trap in TRAPS)

Outcomes = dict[str, str]


def run(*words: str | Path) -> str:
    """Run a command that must end with 3, and return what it said."""
    said, code = io.StringIO(), 0
    sys.argv = ["artstyle", *map(str, words)]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    assert code == SOME_FAILED, (words, code, said.getvalue())
    assert "Traceback" not in said.getvalue()
    return said.getvalue()


def prepare(root: Path) -> Outcomes:
    source = write_collection(root / "paintings", LABELS, 4)
    write_all(source / LABELS[0] / "traps")
    few = ["--set", "balance.min_per_style=4", "--set", "data.workers=0"]
    run("prepare", source, "--out", root / "data", *few)
    return _of_tables(root / "data" / "manifest.csv", root / "data" / "rejected.csv")


def eda(root: Path) -> Outcomes:
    run("eda", root / "paintings", "--out", root / "eda")
    numbers = json.loads((root / "eda" / "eda.json").read_text("utf-8"))
    rejected = {_name(row["path"]): row["detail"] for row in numbers["rejected"]}
    total = numbers["measured"] + len(numbers["rejected"])
    assert total == numbers["paintings"] == 4 * len(LABELS) + len(TRAPS)
    return {name: rejected.get(name, READ) for name in NAMES}


def predict(root: Path, folder: Path) -> Outcomes:
    run("predict", folder, "--run", root / "runs/random", "--out", root / "p.jsonl")
    lines = (root / "p.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == len(TRAPS)
    return {_name(row["path"]): row["error"] or READ for row in rows}


def gradcam(root: Path, folder: Path) -> Outcomes:
    said = run("gradcam", folder, "--run", root / "runs/random", "--out", root / "heat")
    known = {printable(folder / name): name for name in NAMES}
    drawn = {known[record.path]: READ for record in HeatmapFolder(root / "heat").records()}
    assert len(drawn) + said.count("not read: ") == len(TRAPS)
    for line in said.splitlines():
        path = next((path for path in known if line.startswith(f"not read: {path}: ")), None)
        if path is not None:
            drawn[known[path]] = line.removeprefix(f"not read: {path}: ")
    return drawn


def evaluate(root: Path, data: DatasetFolder) -> Outcomes:
    run("evaluate", "--run", root / "runs/random", "--data", data.path, "--out", root / "scores")
    with (root / "scores" / "predictions.csv").open(
        encoding="utf-8", errors="surrogateescape", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(TRAPS)
    return {NAMES[int(row["path"])]: row["error"] or READ for row in rows}


def _dataset_of_traps(path: Path) -> DatasetFolder:
    """Write a data set whose copies are the traps."""
    write_all(path / "images")
    rows = [
        ManifestRow(str(n), LABELS[n % len(LABELS)], "", "", "", "test", "", 40, 28, "0" * 64,
                    "0" * 16, f"images/{name}")
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    write_manifest(path / "manifest.csv", rows)
    write_description(path / "dataset.json", rows)
    return DatasetFolder(path)


def _of_tables(manifest: Path, rejected: Path) -> Outcomes:
    outcomes = {}
    for row in _traps_in(manifest):
        outcomes[_name(row["path"])] = READ
        outcomes[f"size of {_name(row['path'])}"] = f"{row['width']}x{row['height']}"
        outcomes[f"copy of {_name(row['path'])}"] = str(manifest.parent / row["cached"])
    unreadable = [row for row in _traps_in(rejected) if row["reason"] == "unreadable"]
    return outcomes | {_name(row["path"]): row["detail"] for row in unreadable}


def _traps_in(table: Path) -> Iterable[dict[str, str]]:
    with table.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [row for row in csv.DictReader(file) if "/traps/" in row["path"]]


def _name(path: str) -> str:
    """Return what a path is called below the folder of traps."""
    return path.rpartition("/traps/")[2]


def run_all(root: Path) -> dict[str, Outcomes]:
    """Run all commands; those that take files get the folder that `prepare` has seen."""
    data = _dataset_of_traps(root / "copies")
    write_run(root / "runs/random", data, LABELS)
    outcomes = {"prepare": prepare(root)}
    traps = root / "paintings" / LABELS[0] / "traps"
    return outcomes | {
        "eda": eda(root),
        "predict": predict(root, traps),
        "gradcam": gradcam(root, traps),
        "evaluate": evaluate(root, data),
    }


if __name__ == "__main__":
    json.dump(run_all(Path(sys.argv[1])), sys.stdout)
