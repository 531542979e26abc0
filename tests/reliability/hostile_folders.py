"""What strangers may put into run folders and dataset folders: one lie a case."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from artstyle.data.dataset import DatasetFolder
from artstyle.runs.folder import RunFolder

Spoil = Callable[[Path], None]
"""Changes an honest folder."""

_LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)
)


def runs(canary: Path) -> dict[str, tuple[str, Spoil]]:
    """Return what spoils a run folder: name -> (the command that must refuse it, how)."""
    tag = f'!!python/object/apply:os.system ["touch {canary}"]'
    configs = {
        "a Python tag": f"seed: {tag}",
        "a Python tag for a key": f"{tag}: 1",
        "a Python name": "seed: !!python/name:os.system",
        "a billion laughs": f"{_LAUGHS}train: *a29",
        "a billion laughs for a number": f"{_LAUGHS}seed: *a29",
        "deep nesting": "[" * 20_000,
        "a list": "[1, 2]",
        "unknown keys": "train: {program: rm}",
        "a seed that is no number": "seed: '<script>'",
        "a network that is none": "model: {name: 7}",
        "control characters": "seed: \x1b[2J",
    }
    environments: dict[str, Any] = {
        "a list": [1],
        "null": None,
        "a text": "environment",
        "no data set": {"started": "2026"},
        "a data set that is a text": {"dataset": "/etc"},
        "a data set in a list": {"dataset": {"path": ["/etc"], "fingerprint": "a"}},
    }
    return (
        {
            f"config.yaml: {name}": ("report", _text("config.yaml", text))
            for name, text in configs.items()
        }
        | {
            f"environment.json: {name}": (command, _text("environment.json", json.dumps(value)))
            for name, value in environments.items()
            for command in ("evaluate",)
        }
        | {
            "environment.json: deep nesting": ("evaluate", _text("environment.json", "[" * 99_999)),
            "environment.json: packages that are a text": ("report", _environment(packages="x")),
            "environment.json: a command that is a number": ("report", _environment(command=3)),
            "environment.json: a time that is a number": ("report", _environment(started=1)),
            "labels.json: a dictionary": ("report", _text("labels.json", '{"a": 1}')),
            "labels.json: numbers": ("report", _text("labels.json", "[1, 2]")),
            "labels.json: no UTF-8": ("report", _text("labels.json", "[\udcff]")),
            "history.csv: no scores": ("report", _text("history.csv", "epoch\n1\n")),
            "history.csv: texts": ("report", _history("=cmd()")),
            "history.csv: no numbers": ("report", _history("nan")),
            "history.csv: endless": ("report", _history("1e999")),
            "history.csv: rows that are too long": ("report", _text("history.csv", "epoch\n1,2\n")),
            "report.json: a list": ("report", _text("evaluation/test/report.json", "[]")),
            "report.json: empty": ("report", _text("evaluation/test/report.json", "{}")),
            "report.json: deep": ("report", _text("evaluation/test/report.json", "[" * 99_999)),
            "heatmaps.jsonl: a list": ("report", _text("gradcam/heatmaps.jsonl", "[]\n")),
            "heatmaps.jsonl: no JSON": ("report", _text("gradcam/heatmaps.jsonl", "heat\n")),
            "heatmaps.jsonl: a way out": ("report", _heatmap(overlay="../../../secret.png")),
            "heatmaps.jsonl: an absolute path": ("report", _heatmap(panel="/etc/passwd.png")),
            "heatmaps.jsonl: an unknown method": ("report", _heatmap(method="os.system")),
            "heatmaps.jsonl: a text for a number": ("report", _heatmap(probability="<b>")),
            "a link for checkpoints": ("predict", _link("checkpoints")),
            "a link for heatmaps": ("gradcam", _link("gradcam")),
            "a link for evaluations": ("evaluate", _link("evaluation")),
            "a link for one evaluation": ("evaluate", _link("evaluation/test")),
        }
    )


def datasets() -> dict[str, tuple[str, Spoil]]:
    """Return what spoils a dataset folder: name -> (the command that must refuse it, how)."""
    descriptions: dict[str, Callable[[dict[str, Any]], object]] = {
        "labels that are a text": lambda d: d.update(labels="Cubism"),
        "labels that are numbers": lambda d: d.update(labels=[1, 2, 3, 4]),
        "a fingerprint that is a list": lambda d: d.update(fingerprint=[1]),
        "no configuration": lambda d: d.pop("config"),
        "a cache of no pixels": lambda d: d["config"]["data"].update(cache_size=0),
        "an unknown policy": lambda d: d["config"]["balance"].update(policy="os.system"),
        "a version that is a list": lambda d: d.update(format_version=[1], labels=None),
        "a version from the future": lambda d: d.update(format_version=99),
        "notes that are a number": lambda d: d.update(notes=3),
        "counts that are texts": lambda d: d["split"].update(totals={"train": "<script>"}),
    }
    cells = {
        "a path that leads out": {"cached": "../../secret.png"},
        "a path that leads out in the middle": {"cached": "images/../../../secret.png"},
        "an absolute path": {"cached": "/etc/passwd"},
        "a path with NUL": {"cached": "images/a\0.jpg"},
        "no width": {"width": "0"},
        "a negative height": {"height": "-7"},
        "a width without end": {"width": "9" * 5000},
        "a width in other digits": {"width": "٣٤"},
        "a split that is none": {"split": "os.system"},
        "a hash that is none": {"phash": "no hash at all!!"},
        "a style that steers a terminal": {"style": "\x1b[2J"},
        "a style that is not described": {"style": "Cubisme"},
    }
    return (
        {
            f"dataset.json: {name}": ("finetune", _description(edit))
            for name, edit in descriptions.items()
        }
        | {
            f"manifest.csv: {name}": ("finetune", _manifest(change))
            for name, change in cells.items()
        }
        | {
            "dataset.json: a list": ("eda", _text("dataset.json", "[1]")),
            "dataset.json: deep nesting": ("eda", _text("dataset.json", '{"a":' * 50_000)),
            "dataset.json: no UTF-8": ("eda", _text("dataset.json", "\udcff")),
            "manifest.csv: no columns": ("eda", _text("manifest.csv", "path\nx\n")),
            "manifest.csv: binary": ("eda", _text("manifest.csv", "\0\udcff\n\0")),
            "rejected.csv: rows that are too long": ("eda", _text("rejected.csv", "path\n1,2\n")),
        }
    )


def _text(name: str, text: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", errors="surrogateescape"))

    return spoil


def _environment(**changes: object) -> Spoil:
    def spoil(folder: Path) -> None:
        path = RunFolder(folder).environment_path
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")

    return spoil


def _history(value: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = RunFolder(folder).history_path
        header, *rows = path.read_text("utf-8").splitlines()
        cells = rows[0].split(",")
        cells[header.split(",").index("val_loss")] = value
        path.write_text("\n".join([header, ",".join(cells), *rows[1:]]), "utf-8")

    return spoil


def _heatmap(**changes: object) -> Spoil:
    record: dict[str, object] = {
        "path": "a.png", "style": "Cubism", "probability": 0.5, "method": "gradcam",
        "model": "0" * 12, "overlay": "a-overlay.png", "panel": "a-panel.png", "raw": None,
        "region": [0, 0, 1, 1],
    }  # fmt: skip
    return _text("gradcam/heatmaps.jsonl", json.dumps(record | changes) + "\n")


def _link(name: str) -> Spoil:
    """Put a link to a folder outside in the place of a folder of the run."""

    def spoil(folder: Path) -> None:
        inside, outside = folder / name, folder.parent / "elsewhere"
        if inside.exists():
            inside.rename(outside)
        else:
            outside.mkdir()
            inside.parent.mkdir(exist_ok=True)
        inside.symlink_to(outside)

    return spoil


def _description(edit: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = DatasetFolder(folder).description_path
        description = json.loads(path.read_text("utf-8"))
        edit(description)
        path.write_text(json.dumps(description), "utf-8")

    return spoil


def _manifest(change: dict[str, str]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = DatasetFolder(folder).manifest_path
        header, *rows = path.read_text("utf-8").splitlines()
        columns = header.split(",")
        at = next(n for n, row in enumerate(rows) if row.split(",")[columns.index("split")])
        cells = dict(zip(columns, rows[at].split(","), strict=True)) | change
        rows[at] = ",".join(cells.values())
        path.write_text("\n".join([header, *rows]), "utf-8")

    return spoil
