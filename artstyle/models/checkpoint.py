"""Checkpoints: weights, labels and preprocessing in one safetensors file; nothing that can run.

The tensors of the network stand under ``weights.``, those of a training state under ``state.``.
Everything else is JSON in the file's metadata.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from artstyle.errors import MissingError, WeightsError
from artstyle.files import atomic_path
from artstyle.models.factory import build_network
from artstyle.models.zoo import ModelSpec
from artstyle.preprocessing import Preprocessing

_FORMAT_VERSION = 1
_WEIGHTS, _STATE = "weights.", "state."


@dataclass(frozen=True)
class StyleModel:
    """A network that is ready to answer, with all that its answers mean."""

    name: str
    network: nn.Module
    """In evaluation mode, on ``device``."""
    labels: tuple[str, ...]
    """The style of each logit."""
    preprocessing: Preprocessing
    spec: ModelSpec
    fingerprint: str
    """12 hexadecimal digits over weights, labels and preprocessing: two models that could answer
    differently have two fingerprints."""
    device: torch.device


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of itself."""

    name: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    about: dict[str, Any]
    """Plain data: the epoch, the score."""


def write_checkpoint(
    path: Path,
    network: nn.Module,
    header: Header,
    state: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: Ends in ``.safetensors``.
        network: Its parameters and buffers are written as they are.
        header: What the checkpoint says of itself.
        state: Nested dicts, lists, tensors and plain values, given back by ``read_state``.
    """
    tensors = {f"{_WEIGHTS}{key}": value for key, value in network.state_dict().items()}
    plain = _encode(state or {}, _STATE, tensors)
    metadata = {
        "format_version": _FORMAT_VERSION,
        "model": header.name,
        "labels": list(header.labels),
        "preprocessing": header.preprocessing.to_dict(),
        "about": header.about,
        "state": plain,
    }
    ready = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(ready, temporary, metadata={"artstyle": json.dumps(metadata)})


def read_header(path: Path) -> Header:
    """Return what a checkpoint says of itself, without its tensors.

    Raises:
        MissingError, WeightsError: The file is not there, or no checkpoint of ours.
    """
    return _header(_metadata(path), path)


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the network's weights and the training state.

    Raises:
        MissingError, WeightsError: The file is not there, or no checkpoint of ours.
    """
    metadata = _metadata(path)
    tensors = _tensors(path)
    weights = {
        key.removeprefix(_WEIGHTS): value
        for key, value in tensors.items()
        if key.startswith(_WEIGHTS)
    }
    return weights, _decode(metadata["state"], tensors)


def load_style_model(path: Path, device: torch.device) -> StyleModel:
    """Load a checkpoint for answering.

    Raises:
        MissingError, WeightsError: The file is not there, or no checkpoint of ours.
    """
    header = read_header(path)
    weights, _ = read_state(path)
    built = build_network(
        header.name, len(header.labels), image_size=header.preprocessing.image_size
    )
    try:
        built.network.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise WeightsError(f"{path} does not fit the model {header.name}: {reason}") from None
    return StyleModel(
        name=header.name,
        network=built.network.eval().to(device).to(memory_format=torch.channels_last),
        labels=header.labels,
        preprocessing=header.preprocessing,
        spec=built.spec,
        fingerprint=_fingerprint(header, weights),
        device=device,
    )


def _fingerprint(header: Header, weights: Mapping[str, Tensor]) -> str:
    plain = [header.name, list(header.labels), header.preprocessing.to_dict()]
    total = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for key in sorted(weights):
        total.update(key.encode())
        total.update(weights[key].contiguous().numpy().tobytes())
    return total.hexdigest()[:12]


def _metadata(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MissingError(f"no checkpoint {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, Any] = json.loads(file.metadata()["artstyle"])
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is damaged or no safetensors file: {error}") from None
    except (TypeError, KeyError, ValueError):
        raise WeightsError(f"{path} was not written by artstyle") from None
    if metadata.get("format_version", 0) > _FORMAT_VERSION:
        raise WeightsError(f"{path} was written by a later version of artstyle")
    return metadata


def _header(metadata: Mapping[str, Any], path: Path) -> Header:
    try:
        return Header(
            name=str(metadata["model"]),
            labels=tuple(str(label) for label in metadata["labels"]),
            preprocessing=Preprocessing.from_dict(metadata["preprocessing"]),
            about=dict(metadata["about"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} has an incomplete header: {error}") from None


def _tensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def _encode(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return ``value`` as JSON; its tensors go to ``tensors`` and leave their names behind.

    Dicts become lists of pairs, since JSON would turn an optimiser's integer keys into texts.
    """
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[k, _encode(v, f"{name}{k}.", tensors)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"list": [_encode(v, f"{name}{n}.", tensors) for n, v in enumerate(value)]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a training state holds plain types only, but {name} is {type(value)}")


def _decode(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]]
    if "list" in value:
        return [_decode(item, tensors) for item in value["list"]]
    return {key: _decode(item, tensors) for key, item in value["dict"]}
