"""Files that pretend to be models: each lies or attacks in one way, all else is as it should be."""

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from artstyle.models.factory import build_network

Write = Callable[[Path], None]
"""Writes its file; for checkpoints it takes the place of an honest one, which is there."""


class Payload:
    """What would write to a file if it were unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.canary}'",)


def pickles(canary: Path) -> dict[str, Write]:
    """Return files that run a program where they are unpickled: name -> writer."""
    weights = {"features.0.0.weight": torch.zeros(1), "payload": Payload(canary)}
    return {
        "a torch archive with a payload": lambda path: torch.save(weights, path),
        "the older torch format": lambda path: torch.save(
            weights, path, _use_new_zipfile_serialization=False
        ),
        "a bare pickle": lambda path: _write(path, pickle.dumps(Payload(canary))),
        "a pickle of protocol 0": lambda path: _write(path, pickle.dumps(Payload(canary), 0)),
        "a whole network": lambda path: torch.save(torch.nn.Linear(2, 2), path),
    }


def broken_weights() -> dict[str, Write]:
    """Return files for model.weights that run nothing and yet must not be read."""
    return {
        "text": lambda path: _write(path, b"weights"),
        "nothing": lambda path: _write(path, b""),
        "a list": lambda path: torch.save([torch.zeros(2)], path),
        "numbers for names": lambda path: torch.save({1: torch.zeros(2)}, path),
        "sparse tensors": lambda path: torch.save({"a": torch.zeros(2).to_sparse()}, path),
        "complex numbers": lambda path: torch.save({"a": torch.zeros(2) * 1j}, path),
        "a zip of something else": _zip_of_text,
        "a zip bomb": _zip_bomb,
        "no numbers": lambda path: torch.save(_resnet_with_nan(), path),
    }


def checkpoints(canary: Path) -> dict[str, Write]:
    """Return files that stand where a run's checkpoint should: name -> writer."""
    headers: dict[str, Callable[[dict[str, Any]], object]] = {
        "an import path for a model": lambda m: m.update(model="os.system"),
        "a path for a model": lambda m: m.update(model="../../etc/passwd"),
        "a hub repository for a model": lambda m: m.update(model="timm/hf-hub:stranger/model"),
        "a folder for a timm model": lambda m: m.update(model="timm/local-dir:/tmp"),
        "a tag that leads away": lambda m: m.update(model="timm/resnet50.x:y"),
        "another model": lambda m: m.update(model="resnet50"),
        "a number for a model": lambda m: m.update(model=7),
        "a format from the future": lambda m: m.update(format_version=10**6),
        "no labels": lambda m: m.update(labels=[]),
        "a text for labels": lambda m: m.update(labels="Cubism"),
        "numbers for labels": lambda m: m.update(labels=[1, 2, 3, 4]),
        "too many labels": lambda m: m.update(labels=[f"style {n}" for n in range(200_000)]),
        "a label twice": lambda m: m.update(labels=["A", "A", "B", "C"]),
        "labels that steer a terminal": lambda m: m.update(labels=["\x1b[2J", "B", "C", "D"]),
        "labels that turn lines around": lambda m: m.update(labels=["\u202egnp", "B", "C", "D"]),
        "labels of two lines": lambda m: m.update(labels=["A\nB", "B", "C", "D"]),
        "a list for preprocessing": lambda m: m.update(preprocessing=[1]),
        "an unknown step": lambda m: m["preprocessing"].update(program="rm"),
        "a missing step": lambda m: m["preprocessing"].pop("mean"),
        "pictures of a billion pixels a side": lambda m: m["preprocessing"].update(
            image_size=10**9
        ),
        "pictures larger than the weights": lambda m: m["preprocessing"].update(image_size=2048),
        "pictures of no pixels": lambda m: m["preprocessing"].update(image_size=0),
        "copies of a billion pixels a side": lambda m: m["preprocessing"].update(read_size=10**9),
        "a limit that is none": lambda m: m["preprocessing"].update(max_pixels=10**15),
        "a deviation of nothing": lambda m: m["preprocessing"].update(std=[0, 0, 0]),
        "a mean that is no number": lambda m: m["preprocessing"].update(mean=[0, 0, float("nan")]),
        "two colours": lambda m: m["preprocessing"].update(mean=[0, 0]),
        "an unknown filter": lambda m: m["preprocessing"].update(interpolation="os.system"),
        "a text for a calibration": lambda m: m.update(calibration="sure"),
        "a calibration for other labels": lambda m: m.update(calibration=_UNFITTED),
        "an accuracy that is no number": lambda m: m.update(
            calibration=_UNFITTED | {"labels": m["labels"], "accuracy": float("nan")}
        ),
        "a text for what it says of itself": lambda m: m.update(about="<script>"),
    }
    tensors: dict[str, Callable[[dict[str, Tensor]], object]] = {
        "weights that are no numbers": lambda t: t[_FIRST].fill_(float("nan")),
        "weights without end": lambda t: t[_FIRST].fill_(float("inf")),
        "weights too large to answer with": lambda t: t[_FIRST].fill_(3e38),
        "a tensor too few": lambda t: t.pop(_FIRST),
        "a tensor too many": lambda t: t.update({"weights.\x1b[2J": torch.zeros(1)}),
        "a tensor of another shape": lambda t: t.update({_FIRST: torch.zeros(2)}),
        "a tensor of another type": lambda t: t.update({_FIRST: t[_FIRST].bfloat16()}),
        "complex weights": lambda t: t.update({_FIRST: t[_FIRST] * 1j}),
    }
    files: dict[str, Write] = {
        "an empty file": lambda path: _write(path, b""),
        "a header of 2^62 bytes": lambda path: _write(path, struct.pack("<Q", 2**62) + b"{}"),
        "a header longer than the file": lambda path: _write(path, struct.pack("<Q", 900) + b"{}"),
        "a header that is no JSON": lambda path: _with_header(path, b"weights"),
        "a header nested too deeply": lambda path: _with_header(path, b'{"a":' * 50_000),
        "a tensor beyond the end": lambda path: _lying(path, [0, 2**40], [2**38]),
        "a tensor before the beginning": lambda path: _lying(path, [-4, 0], [1]),
        "a tensor that ends before it begins": lambda path: _lying(path, [8, 0], [2]),
        "a tensor of more numbers than bytes": lambda path: _lying(path, [0, 4], [2**60, 2**60]),
        "an unknown type of number": lambda path: _lying(path, [0, 4], [1], "PICKLE"),
        "safetensors of somebody else": lambda path: save_file({"a": torch.zeros(1)}, path),
        "metadata that is no JSON": lambda path: _rewrite(path, text="import os"),
        "metadata that is a list": lambda path: _rewrite(path, text="[1]"),
        "metadata nested too deeply": lambda path: _rewrite(path, text="[" * 100_000),
    }
    return (
        {name: _edited_header(edit) for name, edit in headers.items()}
        | {name: _edited_tensors(edit) for name, edit in tensors.items()}
        | files
        | {f"{name}, as a checkpoint": write for name, write in pickles(canary).items()}
    )


def relabel(path: Path, labels: list[str]) -> None:
    """Give an honest checkpoint other style names."""
    _edited_header(lambda metadata: metadata.update(labels=labels))(path)


_FIRST = "weights.features.0.0.weight"
_UNFITTED = {
    "labels": ["Sculpture"], "pictures": 1, "accuracy": 1.0, "majority": 1.0, "reason": "too few",
    "fitted": None,
}  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _metadata(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    metadata: dict[str, Any] = json.loads(header["__metadata__"]["artstyle"])
    return metadata


def _rewrite(path: Path, tensors: dict[str, Tensor] | None = None, text: str = "") -> None:
    tensors = tensors or load_file(path)
    save_file(tensors, path, metadata={"artstyle": text or json.dumps(_metadata(path))})


def _edited_header(edit: Callable[[dict[str, Any]], object]) -> Write:
    def write(path: Path) -> None:
        metadata = _metadata(path)
        edit(metadata)
        _rewrite(path, text=json.dumps(metadata))

    return write


def _edited_tensors(edit: Callable[[dict[str, Tensor]], object]) -> Write:
    def write(path: Path) -> None:
        tensors = load_file(path)
        edit(tensors)
        _rewrite(path, tensors)

    return write


def _with_header(path: Path, header: bytes) -> None:
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def _lying(path: Path, offsets: list[int], shape: list[int], dtype: str = "F32") -> None:
    header = {
        "__metadata__": {"artstyle": json.dumps(_metadata(path))},
        "weights.a": {"dtype": dtype, "shape": shape, "data_offsets": offsets},
    }
    _with_header(path, json.dumps(header).encode())
    with path.open("ab") as file:
        file.write(b"\0" * 4)


def _zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights", "none")


def _zip_bomb(path: Path) -> None:
    """A torch archive whose one tensor is 64 MB of zeros, packed to 64 kB as torch never does."""
    torch.save({"a": torch.zeros(1 << 24)}, path)
    with zipfile.ZipFile(path) as stored:
        parts = {name: stored.read(name) for name in stored.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)


def _resnet_with_nan() -> dict[str, Tensor]:
    state = build_network("resnet50", 4).network.state_dict()
    state["conv1.weight"].fill_(float("nan"))
    return state
