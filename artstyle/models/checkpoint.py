"""Checkpoints: weights, labels and preprocessing in one safetensors file; nothing that can run.

The network's tensors are named ``weights.*``, those of a training state ``state.*``.
Everything else is JSON in the file's metadata.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from artstyle.confidence.calibration import Calibration
from artstyle.errors import MissingError, UsageError, WeightsError, one_line
from artstyle.models.factory import Built, build_network
from artstyle.models.header import Header, header_text, parse_header, parse_metadata
from artstyle.models.zoo import ModelSpec
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.storage.files import atomic_path
from artstyle.styles.names import visible

_WEIGHTS, _STATE = "weights.", "state."


@dataclass(frozen=True)
class StyleModel:
    """A network that is ready to answer, with its labels and preprocessing."""

    name: str
    network: nn.Module
    """In evaluation mode, on ``device``."""
    labels: tuple[str, ...]
    """The style of each logit."""
    preprocessing: Preprocessing
    spec: ModelSpec
    fingerprint: str
    """12 hexadecimal digits over weights, labels, preprocessing and calibration: two models that
    could answer differently have two fingerprints."""
    device: torch.device
    calibration: Calibration | None = None
    """How sure its answers are; None for models of earlier versions."""


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
        header: The description of the model.
        state: Nested dicts, lists, tensors and plain values, given back by ``read_state``.
    """
    tensors = {f"{_WEIGHTS}{key}": value for key, value in network.state_dict().items()}
    text = header_text(header, _encode(state or {}, _STATE, tensors))
    ready = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    write_tensors(path, ready, {"artstyle": text})


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file, whole or not at all.

    Raises:
        OSError: The disk is full, or fails; it says which file.
    """
    with atomic_path(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:
            raise _os_error(error, path) or error from None


def store_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration into the header of a checkpoint; its tensors stay as they are.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
        OSError: The disk is full, or fails.
    """
    header = replace(read_header(path), calibration=calibration)
    text = header_text(header, parse_metadata(_text(path), path).state)
    write_tensors(path, _tensors(path), {"artstyle": text})


def read_header(path: Path) -> Header:
    """Return the header of a checkpoint, without its tensors.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
    """
    return parse_header(_text(path), path)


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the network's weights and the training state.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
    """
    tensors = _tensors(path)
    try:
        state: dict[str, Any] = _decode(parse_metadata(_text(path), path).state, tensors)
    except (LookupError, TypeError, ValueError, RecursionError):
        raise WeightsError(f"{path} holds a training state that artstyle did not write") from None
    return _weights(tensors), state


def load_style_model(path: Path, device: torch.device) -> StyleModel:
    """Load a checkpoint for predictions.

    Args:
        path: A checkpoint that training wrote, as ``RunFolder.best_path``.
        device: Where the network is put, as ``choose_device`` returns it.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
    """
    header = read_header(path)
    weights = _weights(_tensors(path))
    # First without memory: a header may ask for a network of any size, but the file has one size.
    with torch.device("meta"):
        _require_fit(weights, _build(header, path).network, header, path)
    built = _build(header, path)
    built.network.load_state_dict(weights)
    return StyleModel(
        name=header.name,
        network=built.network.eval().to(device).to(memory_format=torch.channels_last),
        labels=header.labels,
        preprocessing=header.preprocessing,
        spec=built.spec,
        fingerprint=_fingerprint(header, weights),
        device=device,
        calibration=header.calibration,
    )


def checkpoint_fingerprint(path: Path) -> str:
    """Return the fingerprint that the model of a checkpoint has."""
    return _fingerprint(read_header(path), _weights(_tensors(path)))


def _fingerprint(header: Header, weights: Mapping[str, Tensor]) -> str:
    plain = [header.name, list(header.labels), header.preprocessing.to_dict()]
    if header.calibration is not None:
        plain.append(header.calibration.to_dict())
    total = hashlib.sha256(json.dumps(plain, sort_keys=True).encode())
    for key in sorted(weights):
        total.update(key.encode())
        total.update(weights[key].contiguous().numpy().tobytes())
    return total.hexdigest()[:12]


def _text(path: Path) -> str:
    with _opened(path) as file:
        return str((file.metadata() or {}).get("artstyle", ""))


def _tensors(path: Path) -> dict[str, Tensor]:
    with _opened(path) as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key.removeprefix(_WEIGHTS): value
        for key, value in tensors.items()
        if key.startswith(_WEIGHTS)
    }


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a safetensors file; its header must agree with its size.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not a safetensors file.
    """
    if not path.is_file():
        raise MissingError(f"no checkpoint {path}")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        reason = visible(one_line(error))[:200]
        raise WeightsError(f"{path} is damaged or not a safetensors file: {reason}") from None
    except RuntimeError as error:
        # The file is opened once more by torch: with too many open, that is what fails.
        raise _os_error(error, path) or error from None


def _os_error(error: Exception, path: Path) -> OSError | None:
    """Return the system's error in a message of safetensors or torch, if there is one."""
    number = re.search(r"\((?:os error )?(\d+)\)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1])), str(path)) if number else None


def _build(header: Header, path: Path) -> Built:
    """Build the network that a checkpoint names; its name is looked up, never imported."""
    size = header.preprocessing.image_size
    try:
        return build_network(header.name, len(header.labels), image_size=size)
    except UsageError as error:
        raise WeightsError(f"{path} cannot be used: {error}") from None


def _require_fit(
    weights: Mapping[str, Tensor], network: nn.Module, header: Header, path: Path
) -> None:
    """Refuse weights that do not fit the network, or are not finite."""
    wanted = network.state_dict()
    for key in sorted({*wanted, *weights}):
        asked, given = wanted.get(key), weights.get(key)
        if asked is None or given is None or _kind(asked) != _kind(given):
            raise WeightsError(
                f"{path} does not fit the model {header.name} with {len(header.labels)} styles:"
                f" '{visible(key)}' is {_kind(given)} and should be {_kind(asked)}"
            )
        if not given.isfinite().all():
            raise WeightsError(f"{path} cannot answer: '{key}' holds NaN or infinite values")


def _kind(tensor: Tensor | None) -> str:
    if tensor is None:
        return "absent"
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{dtype} {'x'.join(map(str, tensor.shape)) or 'scalar'}"


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
