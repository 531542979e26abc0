"""A network of torch as the model that answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from artstyle.models.folding import folded
from artstyle.models.networks.dual import DualNetwork
from artstyle.models.style_model import Answers, Output, Pixels, StyleModel
from artstyle.models.zoo import ModelSpec
from artstyle.pictures.transforms import normalise


@dataclass(frozen=True, repr=False)
class TorchModel(StyleModel):
    """A network of torch; ``device`` is where it is."""

    network: nn.Module
    """In evaluation mode, on ``device``."""
    spec: ModelSpec
    precision: torch.dtype | None = None
    """Dtype for autocast; None computes in float32."""
    threads: int | None = None
    """Cores of one call; None takes torch's setting."""
    is_open: bool = False
    """Whether `opened` gave it."""

    @property
    def outputs(self) -> frozenset[Output]:
        """``features`` if the last layer is linear, ``content`` if there are two streams."""
        if isinstance(self.network, DualNetwork):
            return frozenset({"features", "content"})
        head = dict(self.network.named_modules()).get(self.spec.head)
        return frozenset({"features"} if isinstance(head, nn.Linear) else ())

    @property
    def batch_size(self) -> int:
        """On a CPU each core computes its own batch.

        A small batch stays in the core's cache, and the cores finish at about the same time. Below
        16, torch computes 1x1 convolutions on one core with a slower algorithm.
        """
        return 16 if self.is_concurrent else 32

    @property
    def is_concurrent(self) -> bool:
        """Whether the model is on a CPU."""
        return self.device == "cpu"

    def answer(self, pixels_NSS3: Pixels, *outputs: Output) -> Answers:
        """Return logits for pictures, and their embeddings if they are asked for."""
        if self.threads is not None:
            torch.set_num_threads(self.threads)  # For this thread and those that start later.
        pixels = torch.from_numpy(pixels_NSS3).to(self.device)
        images_N3SS = normalise(pixels, self.preprocessing)
        if "content" in outputs:
            return _both_streams(self.network, images_N3SS, self.precision)
        if "features" not in outputs:
            return Answers(forward(self.network, images_N3SS, self.precision).cpu().numpy())
        network, keep = _keeping_features(self.network, self.spec.head)
        logits_NC = forward(network, images_N3SS, self.precision)
        (features_ND,) = keep.inputs
        return Answers(logits_NC.cpu().numpy(), features_ND.float().cpu().numpy())

    @contextmanager
    def opened(self) -> Iterator[StyleModel]:
        """Yield the model with folded batch norms; on a CPU each call takes one core."""
        if self.is_open:
            yield self
            return
        cores = torch.get_num_threads()
        network = folded(self.network, self.preprocessing.image_size)
        try:
            threads = 1 if self.is_concurrent else None
            yield replace(self, network=network, threads=threads, is_open=True)
        finally:
            torch.set_num_threads(cores)


def forward(network: nn.Module, images_N3HW: Tensor, precision: torch.dtype | None) -> Tensor:
    """Return float32 logits, N x C, computed without gradients in the given precision."""
    with _computing(images_N3HW.device, precision):
        logits_NC: Tensor = network(images_N3HW)
    return logits_NC.float()


@contextmanager
def _computing(device: torch.device, precision: torch.dtype | None) -> Iterator[None]:
    """Compute without gradients in the given precision."""
    enabled = precision is not None
    with torch.inference_mode(), torch.autocast(device.type, dtype=precision, enabled=enabled):
        yield


def _both_streams(
    network: nn.Module, images_N3SS: Tensor, precision: torch.dtype | None
) -> Answers:
    assert isinstance(network, DualNetwork)
    with _computing(images_N3SS.device, precision):
        both = network.streams(images_N3SS)
        logits_NC = network.logits(both.style_ND)
    logits, style, content = (
        part.float().cpu().numpy() for part in (logits_NC, both.style_ND, both.content_ND)
    )
    return Answers(logits, style, content_ND=content)


class _Keep(nn.Module):
    """A layer that keeps its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.inputs: list[Tensor] = []

    def forward(self, values: Tensor) -> Tensor:
        self.inputs.append(values)
        result: Tensor = self.layer(values)
        return result


def _keeping_features(network: nn.Module, head: str) -> tuple[nn.Module, _Keep]:
    """Return a network that shares all layers but keeps its head's input.

    A hook would be seen by every thread that computes with the network; this copy is one call's.
    """
    name, _, rest = head.partition(".")
    changed: nn.Module
    if rest:
        changed, keep = _keeping_features(network.get_submodule(name), rest)
    else:
        changed = keep = _Keep(network.get_submodule(name))
    shared = copy(network)
    shared._modules = {**network._modules, name: changed}
    return shared, keep
