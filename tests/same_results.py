"""Run the demo's pipeline with fixed precision and record what came out, as hashes.

    python -m tests.same_results FOLDER [--against OTHER/hashes.json]

A change of structure must leave every hash as it was. Machines differ in the last bits of a
training, so compare two runs of one machine. Exits 1 where a hash differs.
"""

import csv
import hashlib
import json
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from artstyle.painter.collection import paint_collection

_PAINTINGS_PER_STYLE = 16
_FIXED = (
    "train.precision=fp32", "train.channels_last=false", "train.epochs=2", "data.workers=2",
)  # fmt: skip
# What a clock, a folder's name or this machine decides.
_CLOCKED = {"seconds", "images_per_second"}
_HEATMAP_DIGITS = re.compile(r"-[0-9a-f]{12}(?=-(overlay|panel)\.png$)")


def run_pipeline(folder: Path) -> None:
    """Run every command of the demo once, each in a process of its own."""
    for _ in paint_collection(folder / "paintings", _PAINTINGS_PER_STYLE):
        pass
    data, run = "data", "runs/run"
    _artstyle(folder, "prepare", "paintings", "--out", data, "--config", "demo")
    _artstyle(folder, "eda", data, "--config", "demo")
    fixed = [word for key in _FIXED for word in ("--set", key)]
    _artstyle(folder, "finetune", "--config", "demo", "--data", data, "--out", run, *fixed)
    _artstyle(folder, "evaluate", "--run", run, "--data", data)
    _artstyle(folder, "predict", "paintings", "--run", run, "--out", "predictions.csv")
    _artstyle(folder, "predict", "paintings", "--run", run, "--out", "predictions.json")
    _artstyle(folder, "gradcam", "paintings/Cubism", "--run", run)
    _artstyle(folder, "export", run)
    _artstyle(folder, "report", "--run", run)


def hashes(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 of all that a user of these folders relies on."""
    data, run = folder / "data", folder / "runs" / "run"
    evaluation = run / "evaluation" / "test"
    plain = [
        data / "manifest.csv", data / "rejected.csv", data / "dataset.json",
        run / "config.yaml", run / "labels.json", evaluation / "predictions.csv",
        folder / "predictions.csv", folder / "predictions.json",
        *sorted((run / "gradcam").rglob("*.csv")),
    ]  # fmt: skip
    found = {str(path.relative_to(folder)): _sha256([path.read_bytes()]) for path in plain}
    found["copies"] = _sha256(
        path.read_bytes() for path in sorted((data / "images").rglob("*")) if path.is_file()
        and path.name != "index.jsonl"
    )  # fmt: skip
    found["names in the dataset and run folders"] = _sha256(
        name.encode() for name in sorted(
            _HEATMAP_DIGITS.sub("", str(path.relative_to(folder)))
            for place in (data, run) for path in place.rglob("*")
        )
    )  # fmt: skip
    found["history"] = _sha256(_history(run / "history.csv"))
    for checkpoint in sorted((run / "checkpoints").glob("*.safetensors")):
        tensors = load_file(checkpoint)
        parts = (key.encode() + tensors[key].tobytes() for key in sorted(tensors))
        found[checkpoint.name] = _sha256(parts)
    for document in (evaluation / "report.json", data / "eda" / "eda.json"):
        found[document.name] = _sha256(_numbers(json.loads(document.read_text("utf-8")), ""))
    return found


def _artstyle(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "artstyle", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")


def _sha256(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()


def _history(path: Path) -> Iterable[bytes]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield repr([(key, value) for key, value in row.items() if key not in _CLOCKED]).encode()


def _numbers(value: Any, key: str) -> Iterable[bytes]:
    """Yield the keys and numbers of a document in its order; words may be put better."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(inner, f"{key}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, key)
    elif isinstance(value, (int, float)):
        yield f"{key} {value!r}".encode()


def main() -> None:
    """Run, write ``hashes.json`` and compare."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    run_pipeline(arguments.folder)
    found = hashes(arguments.folder)
    (arguments.folder / "hashes.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    before = json.loads(arguments.against.read_text("utf-8")) if arguments.against else found
    different = sorted(key for key in {*found, *before} if found.get(key) != before.get(key))
    lines = [f"{len(found) - len(different)} of {len(found)} hashes are equal", *different]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
