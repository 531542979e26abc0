"""Checkpoints: weights, labels and preprocessing in one safetensors file; nothing that can run.

The network's tensors are named ``weights.*``, those of a training state ``state.*``.
Everything else is JSON in the file's metadata.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from artstyle.confidence.calibration import Calibration
from artstyle.devices import choose_device
from artstyle.errors import UsageError, WeightsError
from artstyle.models.factory import Built, build_network
from artstyle.models.header import (
    WEIGHTS,
    Header,
    fingerprint,
    header_text,
    opened,
    os_error,
    parse_metadata,
    read_header,
    read_text,
)
from artstyle.models.torch_model import TorchModel
from artstyle.storage.files import atomic_path
from artstyle.styles.names import visible

_STATE = "state."


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
    tensors = {f"{WEIGHTS}{key}": value for key, value in network.state_dict().items()}
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
            raise os_error(error, path) or error from None


def store_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration into the header of a checkpoint; its tensors stay as they are.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
        OSError: The disk is full, or fails.
    """
    header = replace(read_header(path), calibration=calibration)
    text = header_text(header, parse_metadata(read_text(path), path).state)
    write_tensors(path, _tensors(path), {"artstyle": text})


def read_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the network's weights and the training state.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
    """
    tensors = _tensors(path)
    try:
        state: dict[str, Any] = _decode(parse_metadata(read_text(path), path).state, tensors)
    except (LookupError, TypeError, ValueError, RecursionError):
        raise WeightsError(f"{path} holds a training state that artstyle did not write") from None
    return _weights(tensors), state


def load_style_model(path: str | Path, device: str | torch.device = "auto") -> TorchModel:
    """Load a checkpoint for predictions.

    Args:
        path: A checkpoint that training wrote, as ``RunFolder.best_path``.
        device: Where the network is put: a device, or its name as `choose_device` takes it.

    Raises:
        MissingError, WeightsError: The file does not exist, or is not one of our checkpoints.
        UsageError: This machine does not have the device.

    Examples:
        >>> model = artstyle.load_style_model("runs/tiny/checkpoints/best.safetensors", "cpu")
        >>> type(model.network).__name__
        'SimpleCNN'
    """
    path = Path(path)
    device = choose_device(device) if isinstance(device, str) else device
    header = read_header(path)
    stored = _weights(_tensors(path))
    weights = {key: _computable(value) for key, value in stored.items()}
    # First without memory: a header may ask for a network of any size, but the file has one size.
    with torch.device("meta"):
        _require_fit(weights, _build(header, path).network, header, path)
    built = _build(header, path)
    built.network.load_state_dict(weights)
    plain = ((key, stored[key].contiguous().numpy().tobytes()) for key in sorted(stored))
    return TorchModel(
        name=header.name,
        labels=header.labels,
        preprocessing=header.preprocessing,
        fingerprint=fingerprint(header, plain),
        device=str(device),
        network=built.network.eval().to(device).to(memory_format=torch.channels_last),
        spec=built.spec,
        calibration=header.calibration,
        synthetic=header.synthetic,
        multi=header.multi,
    )


def _tensors(path: Path) -> dict[str, Tensor]:
    with opened(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key.removeprefix(WEIGHTS): value
        for key, value in tensors.items()
        if key.startswith(WEIGHTS)
    }


def _computable(tensor: Tensor) -> Tensor:
    """Return weights that are stored in half precision in float32, in which they are used."""
    return tensor.float() if tensor.dtype == torch.float16 else tensor


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
