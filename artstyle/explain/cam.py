"""Class activation maps: which regions of a picture decide its style, with `grad-cam`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, LayerCAM
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from artstyle.errors import UsageError
from artstyle.explain.heat import Heatmaps
from artstyle.explain.methods import Method, Stream
from artstyle.models.networks.dual import DualNetwork
from artstyle.models.style_model import Pixels
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.transforms import normalise

METHODS: dict[Method, type[BaseCAM]] = {
    "gradcam": GradCAM,  # Selvaraju et al. 2017
    "gradcam++": GradCAMPlusPlus,  # Chattopadhay et al. 2018
    "layercam": LayerCAM,  # Jiang et al. 2021
    "eigencam": EigenCAM,  # Muhammad and Yeasin 2020; the same map for every style
}
"""Method -> the class of `grad-cam` that makes it."""

ToMaps = Callable[[Tensor], Tensor]
"""Turns a layer's output into feature maps, N x channels x H x W."""


@contextmanager
def open_cam(model: TorchModel, method: Method, stream: Stream = "style") -> Iterator[BaseCAM]:
    """Hook a map maker to the model; on exit, the model is as before.

    The graph begins at the explained layer: the layers before it run without a graph, and no
    weight gets a gradient. The maps stay the same; most of the time and memory is saved.

    Raises:
        UsageError: The model has no known layer whose output is a map of the picture, or no content
            embedding.
    """
    layer = _cam_layer(model, stream)
    network = _ContentStream(model.network) if stream == "content" else model.network
    with _frozen(model.network):
        # This hook comes before those of `grad-cam`, which must see what it returns.
        cut = layer.register_forward_hook(_begin_graph)
        try:
            cam = METHODS[method](network, [layer], _to_maps(network, model, layer))
            try:
                yield cam
            finally:
                # Not `with cam`: its exit catches an IndexError of ours and prints it.
                cam.activations_and_grads.release()
        finally:
            cut.remove()


def gradient_heatmaps(
    model: TorchModel, cam: BaseCAM, pixels_NSS3: Pixels, label: int | None
) -> Heatmaps:
    """Return one heatmap for each picture, at the size of the input.

    Args:
        model: The model of ``cam``.
        cam: From ``open_cam``.
        pixels_NSS3: The pictures.
        label: The style to explain; None explains the predicted style of each picture.
    """
    images_N3SS = normalise(torch.from_numpy(pixels_NSS3).to(model.device), model.preprocessing)
    if "features" not in model.outputs_for_confidence:
        return make_heatmaps(cam, images_N3SS, label)
    seen: list[Tensor] = []
    head = model.network.get_submodule(model.spec.head)
    hook = head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    try:
        maps = make_heatmaps(cam, images_N3SS, label)
    finally:
        hook.remove()
    return replace(maps, features_ND=seen[0].detach().float().cpu().numpy())


class _ContentStream(nn.Module):
    """The content embedding of a network of two streams, N x D, as its only answer."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_N3SS: Tensor) -> Tensor:
        assert isinstance(self.network, DualNetwork)
        return self.network.streams(images_N3SS).content_ND


def content_heatmaps(model: TorchModel, cam: BaseCAM, pixels_NSS3: Pixels) -> Heatmaps:
    """Return heatmaps of what the content embedding is made of, with the style's answers.

    The embedding has no labels. Its target is its product with itself held fixed: the map shows
    what brings a picture nearer to where it is.

    Args:
        model: The model of ``cam``.
        cam: From ``open_cam``, for the content stream.
        pixels_NSS3: The pictures.
    """
    images_N3SS = normalise(torch.from_numpy(pixels_NSS3).to(model.device), model.preprocessing)
    answers = model.answer(pixels_NSS3, "features")
    heat_NHW = cam(images_N3SS, [_onto_itself] * len(images_N3SS))
    labels_N = answers.logits_NC.argmax(axis=-1)
    return Heatmaps(heat_NHW, answers.logits_NC, labels_N, answers.features_ND)


def _onto_itself(embedding_D: Tensor) -> Tensor:
    return embedding_D @ embedding_D.detach()


def make_heatmaps(cam: BaseCAM, images_N3SS: Tensor, label: int | None) -> Heatmaps:
    """Return one heatmap for each picture, at the size of the input.

    Args:
        cam: From ``open_cam``.
        images_N3SS: Normalised, as the model's transform gives them.
        label: The style to explain; None explains the predicted style of each picture.
    """
    targets = None if label is None else [ClassifierOutputTarget(label)] * len(images_N3SS)
    heat_NHW = cam(images_N3SS, targets)
    logits_NC = cam.outputs.detach().float().cpu().numpy()
    predicted_N = logits_NC.argmax(axis=-1)
    labels_N = predicted_N if label is None else np.full_like(predicted_N, label)
    return Heatmaps(heat_NHW, logits_NC, labels_N)


def _cam_layer(model: TorchModel, stream: Stream) -> nn.Module:
    """Return the layer that ``ModelSpec`` names for a stream (`artstyle.models.zoo`)."""
    path = model.spec.cam_layer if stream == "style" else model.spec.content_layer
    try:
        if not path:
            raise AttributeError
        return model.network.get_submodule(path)
    except AttributeError:
        raise UsageError(_refusal(model, "none of its layers is known to keep positions")) from None


def _to_maps(network: Any, model: TorchModel, layer: nn.Module) -> ToMaps | None:
    """Return what turns the layer's output into maps; None if it is maps already."""
    shape = _output_shape(network, model, layer)
    if len(shape) == 4:
        # timm marks Swin and similar models so; all others put channels first.
        return _channels_first if getattr(network, "output_fmt", "") == "NHWC" else None
    grid: Sequence[int] | None = getattr(getattr(network, "patch_embed", None), "grid_size", None)
    if len(shape) != 3 or grid is None:
        raise UsageError(_refusal(model, f"{model.spec.cam_layer} gives no map"))
    prefix = shape[1] - grid[0] * grid[1]
    if prefix not in (0, getattr(network, "num_prefix_tokens", 0)):
        raise UsageError(_refusal(model, f"its {shape[1]} tokens do not fill a {grid} grid"))

    def tokens_to_maps(tokens_NLC: Tensor) -> Tensor:
        places_NLC = tokens_NLC[:, prefix:]
        maps_NHWC = places_NLC.reshape(-1, grid[0], grid[1], places_NLC.shape[-1])
        return _channels_first(maps_NHWC)

    return tokens_to_maps


def _channels_first(maps_NHWC: Tensor) -> Tensor:
    return maps_NHWC.permute(0, 3, 1, 2)


def _output_shape(network: nn.Module, model: TorchModel, layer: nn.Module) -> tuple[int, ...]:
    """Return the shape of the layer's output for one blank picture; () if it is not a tensor."""
    shapes: list[tuple[int, ...]] = []

    def note(module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        shapes.append(tuple(output.shape) if isinstance(output, Tensor) else ())

    size = model.preprocessing.image_size
    handle = layer.register_forward_hook(note)
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, size, size, device=model.device))
    finally:
        handle.remove()
    return shapes[0] if len(shapes) == 1 else ()


def _begin_graph(module: nn.Module, inputs: tuple[Any, ...], output: object) -> object:
    if not isinstance(output, Tensor):
        return output
    # A copy: the next layer may work in place, which autograd does not allow on a leaf.
    return output.detach().requires_grad_().clone()


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


def _refusal(model: TorchModel, reason: str) -> str:
    return f"no heatmap can be drawn for {model.name}: {reason}; choose another model"
