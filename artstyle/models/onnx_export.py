"""Export of a model to an ONNX file whose answers are proven equal to the checkpoint's."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from artstyle.errors import MissingError, WeightsError
from artstyle.models.checkpoint import load_style_model
from artstyle.models.folding import folded
from artstyle.models.header import Header, header_text
from artstyle.models.networks.dual import DualNetwork
from artstyle.models.onnx_model import (
    CHECKPOINT,
    INPUT,
    LOGITS,
    METADATA,
    load_onnx_model,
    sealed,
)
from artstyle.models.style_model import Answers, Output, Pixels, StyleModel
from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import ModelSpec
from artstyle.painter.collection import STYLES, paint
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.square import square_transform
from artstyle.progress import Progress, silent
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import atomic_path

LOGIT_TOLERANCE = 1e-3
"""If logits differ from the checkpoint's by more, the file is not written."""
# The mean of a feature map, computed in another order, differs by rounding alone.
_POOLING_TOLERANCE = 1e-4
_PICTURES, _BATCHES = 64, (1, 7)


def export_onnx(model: TorchModel, path: Path) -> float:
    """Write a model as an ONNX file that `load_onnx_model` reads; batches may have any size.

    A network that ends in a linear layer also gives ``features``; one whose features are the mean
    of its last feature maps also gives ``maps``; one of two streams also gives ``content``.

    Args:
        model: On a CPU.
        path: Ends in ``.onnx``; an existing file is replaced.

    Returns:
        The largest difference of any answer between file and model, over 64 synthetic paintings in
        batches of one and of seven.

    Raises:
        MissingError: The packages for writing ONNX files are not installed.
        WeightsError: The difference is more than 1e-3, or ONNX cannot express the network.
    """
    onnx = _import("onnx")
    _import("onnxscript")
    about = {CHECKPOINT: model.fingerprint}
    header = Header(
        model.name,
        model.labels,
        model.preprocessing,
        about,
        model.calibration,
        model.synthetic,
        model.multi,
    )
    with atomic_path(path) as temporary:
        _write_graph(model, temporary)
        graph = onnx.load(temporary)
        onnx.helper.set_model_props(graph, {METADATA: header_text(header)})
        temporary.write_bytes(sealed(graph.SerializeToString()))
        difference = _largest_difference(model, load_onnx_model(temporary))
        if not difference <= LOGIT_TOLERANCE:
            raise WeightsError(
                f"{path} was not written: its answers differ by {difference:.2g} from the"
                f" checkpoint's, more than {LOGIT_TOLERANCE:g}; use the checkpoint itself"
            )
    return difference


def export_run(run: RunFolder, progress: Progress = silent) -> bool:
    """Write the best checkpoint of a run as its ``model.onnx``, if ONNX can express it.

    A ``model.onnx`` of other weights is deleted, so that it never answers.

    Args:
        run: The run.
        progress: Called before and after: it takes seconds.

    Returns:
        Whether the file was written; otherwise torch answers for the run.

    Raises:
        OSError: The disk is full, or fails.
    """
    stage = f"writing {run.onnx_path.name}"
    progress(stage, 0, 1)
    model = load_style_model(run.best_path, torch.device("cpu"))
    try:
        export_onnx(model, run.onnx_path)
        written = True
    except (MissingError, WeightsError):
        run.onnx_path.unlink(missing_ok=True)
        written = False
    progress(stage, 1, 1, "done" if written else "not possible")
    return written


class _WithOutputs(nn.Module):
    """A network that returns its logits and then what else it can give."""

    def __init__(self, network: nn.Module, spec: ModelSpec, image_size: int) -> None:
        super().__init__()
        self.network, self.spec = network, spec
        self.outputs = _possible_outputs(network, spec, image_size)

    def forward(self, images_N3SS: Tensor) -> tuple[Tensor, ...]:
        if not self.outputs:
            return (self.network(images_N3SS),)
        if isinstance(self.network, DualNetwork):
            both = self.network.streams(images_N3SS)
            return self.network.logits(both.style_ND), both.style_ND, both.content_ND
        logits_NC, features_ND, last_NDHW = _observed(self.network, self.spec, images_N3SS)
        given = [logits_NC, features_ND]
        if "maps" in self.outputs:
            weight_CD: Any = self.network.get_submodule(self.spec.head).weight
            given.append(functional.conv2d(last_NDHW, weight_CD[:, :, None, None]))
        return tuple(given)


def _possible_outputs(network: nn.Module, spec: ModelSpec, image_size: int) -> tuple[Output, ...]:
    """Return what the network can give besides logits; one forward pass shows it."""
    if isinstance(network, DualNetwork):
        return ("features", "content")
    head = dict(network.named_modules()).get(spec.head)
    if not isinstance(head, nn.Linear):
        return ()
    image = torch.linspace(-2, 2, 3 * image_size**2).reshape(1, 3, image_size, image_size)
    with torch.inference_mode():
        _, features, last = _observed(network, spec, image)
    if features.dim() != 2:
        return ()
    if not isinstance(last, Tensor) or last.dim() != 4 or last.shape[1] != features.shape[1]:
        return ("features",)
    limit = _POOLING_TOLERANCE * max(float(features.abs().max()), 1.0)
    is_pooled = bool((last.mean(dim=(2, 3)) - features).abs().max() <= limit)
    return ("features", "maps") if is_pooled else ("features",)


def _observed(network: nn.Module, spec: ModelSpec, images_N3SS: Tensor) -> tuple[Tensor, Any, Any]:
    """Return logits, the last layer's input, and the output of the layer that heatmaps explain."""
    seen: dict[str, Any] = {}

    def note_features(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        seen["features"] = inputs[0]

    def note_last(module: nn.Module, inputs: tuple[Any, ...], output: object) -> None:
        seen["last"] = output

    hooks = [network.get_submodule(spec.head).register_forward_pre_hook(note_features)]
    if spec.cam_layer:
        layer = network.get_submodule(spec.cam_layer)
        hooks.append(layer.register_forward_hook(note_last))
    try:
        logits_NC: Tensor = network(images_N3SS)
    finally:
        for hook in hooks:
            hook.remove()
    return logits_NC, seen["features"], seen.get("last")


def _write_graph(model: TorchModel, path: Path) -> None:
    size = model.preprocessing.image_size
    network = deepcopy(folded(model.network, size)).to(memory_format=torch.contiguous_format)
    for module in network.modules():
        # The exporter takes twice as long for layers that work in place.
        if isinstance(getattr(module, "inplace", None), bool):
            module.inplace = False  # type: ignore[assignment]
    observed = _WithOutputs(network, model.spec, size).eval()
    # Two images: a graph that was traced with one may accept only one.
    images_N3SS = torch.zeros(2, 3, size, size)
    try:
        with _quiet():
            torch.onnx.export(
                observed,
                (images_N3SS,),
                path,
                dynamo=True,
                external_data=False,
                input_names=[INPUT],
                output_names=[LOGITS, *observed.outputs],
                dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise WeightsError(f"{model.name} cannot be expressed in ONNX: {reason}") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter: it warns of what torch and onnxscript will change in themselves."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _largest_difference(model: TorchModel, exported: StyleModel) -> float:
    """Return by how much any number of the file's differs from the model's at most.

    A map's mean is compared with the logit without its bias.
    """
    pixels_NSS3 = painted_pixels(model.preprocessing, _PICTURES)
    outputs = tuple(exported.outputs)
    embeddings = tuple(output for output in outputs if output != "maps")
    expected = _answers(model, pixels_NSS3, 16, embeddings)
    differences = []
    for size in _BATCHES:
        given = _answers(exported, pixels_NSS3, size, outputs)
        differences.append(given.logits_NC - expected.logits_NC)
        for ours, theirs in (
            (expected.features_ND, given.features_ND),
            (expected.content_ND, given.content_ND),
        ):
            if ours is not None and theirs is not None:
                differences.append(theirs - ours)
        if given.maps_NCHW is not None:
            head: Any = model.network.get_submodule(model.spec.head)
            bias_C = 0 if head.bias is None else head.bias.detach().numpy()
            differences.append(given.maps_NCHW.mean(axis=(2, 3)) + bias_C - expected.logits_NC)
    return max(float(np.abs(difference).max()) for difference in differences)


def _answers(
    model: StyleModel, pixels_NSS3: Pixels, batch_size: int, outputs: tuple[Output, ...]
) -> Answers:
    parts = [
        model.answer(pixels_NSS3[start : start + batch_size], *outputs)
        for start in range(0, len(pixels_NSS3), batch_size)
    ]
    return Answers(
        np.concatenate([part.logits_NC for part in parts]),
        _joined([part.features_ND for part in parts]),
        _joined([part.maps_NCHW for part in parts]),
        _joined([part.content_ND for part in parts]),
    )


def _joined(parts: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    given = [part for part in parts if part is not None]
    return np.concatenate(given) if given else None


def painted_pixels(preprocessing: Preprocessing, count: int) -> Pixels:
    """Return synthetic paintings as the model sees them, N x S x S x 3."""
    return np.stack(list(islice(_painted(preprocessing), count)))


def _painted(preprocessing: Preprocessing) -> Iterator[Pixels]:
    """Yield endless synthetic paintings as the model sees them, S x S x 3."""
    square = square_transform(preprocessing)
    styles = list(STYLES)
    number = 0
    while True:
        painting = paint(styles[number % len(styles)], "portrait", number, number, (96, 96))
        yield np.asarray(square(painting.image))
        number += 1


def _import(name: str) -> Any:
    """Import a package that writing needs.

    Raises:
        MissingError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingError(
            f"writing ONNX files needs the package {name}: pip install {name}"
        ) from None
