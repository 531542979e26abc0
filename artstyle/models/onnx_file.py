"""Models as ONNX files, with labels and preprocessing; their logits equal the checkpoint's.

ONNX Runtime computes on a CPU, in float32. Nothing in such a file can run except its graph.
"""

import hashlib
import logging
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from artstyle.errors import MissingError, WeightsError, one_line
from artstyle.models.checkpoint import StyleModel, checkpoint_fingerprint
from artstyle.models.folding import folded
from artstyle.models.header import Header, header_text, parse_header
from artstyle.models.zoo import ModelSpec
from artstyle.painter.collection import STYLES, paint
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.transforms import normalise, square_transform
from artstyle.storage.files import atomic_path

LOGIT_TOLERANCE = 1e-3
"""If logits differ from the checkpoint's by more, the file is not written."""
_PICTURES, _BATCHES = 256, (1, 7)
_INPUT, _OUTPUT, _METADATA = "images", "logits", "artstyle"


class OnnxNetwork(nn.Module):
    """A session of ONNX Runtime as a network: N x 3 x S x S in, N x C out.

    It uses one core, like every network in `predict_logits` on a CPU. Several threads may call it
    at once.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        runtime = _import("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self.session = runtime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001  # its error classes have no common base
            reason = one_line(error)[:200]
            raise WeightsError(f"{path} is damaged or not an ONNX file: {reason}") from None

    def forward(self, images_N3SS: Tensor) -> Tensor:
        """Return logits, N x C."""
        logits_NC = self.session.run([_OUTPUT], {_INPUT: images_N3SS.contiguous().numpy()})[0]
        return torch.from_numpy(logits_NC)


def export_onnx(model: StyleModel, path: Path) -> float:
    """Write a model as an ONNX file that `load_onnx_model` reads; batches may have any size.

    Args:
        model: On a CPU.
        path: Ends in ``.onnx``; an existing file is replaced.

    Returns:
        The largest difference of any logit between file and model, over 256 synthetic paintings in
        batches of one and of seven.

    Raises:
        MissingError: The packages of ``artstyle[onnx]`` are not installed.
        WeightsError: The difference is more than 1e-3, or ONNX cannot express the network.
    """
    onnx = _import("onnx")
    about = {"checkpoint": model.fingerprint}
    header = Header(model.name, model.labels, model.preprocessing, about, model.calibration)
    with atomic_path(path) as temporary:
        _write_graph(model, temporary)
        graph = onnx.load(temporary)
        onnx.helper.set_model_props(graph, {_METADATA: header_text(header)})
        onnx.save(graph, temporary)
        difference = _largest_difference(model, OnnxNetwork(temporary))
        if not difference <= LOGIT_TOLERANCE:
            raise WeightsError(
                f"{path} was not written: its logits differ by {difference:.2g} from the"
                f" checkpoint's, more than {LOGIT_TOLERANCE:g}; use the checkpoint itself"
            )
    return difference


def load_onnx_model(path: Path, checkpoint: Path | None = None) -> StyleModel:
    """Load a file of `export_onnx`, for inference on a CPU.

    Args:
        path: The ONNX file.
        checkpoint: The checkpoint that it must have been exported from; None accepts any.

    Raises:
        MissingError: The file is missing, or ``artstyle[onnx]`` is not installed.
        WeightsError: The file was not written by artstyle, or is from another checkpoint.
    """
    if not path.is_file():
        raise MissingError(f"no ONNX file {path}; write it with 'artstyle export'")
    network = OnnxNetwork(path)
    metadata = network.session.get_modelmeta().custom_metadata_map
    header = parse_header(metadata.get(_METADATA, ""), path)
    if checkpoint and header.about.get("checkpoint") != checkpoint_fingerprint(checkpoint):
        raise WeightsError(
            f"{path} was not exported from {checkpoint};"
            " replace it with 'artstyle export --overwrite'"
        )
    size = header.preprocessing.image_size
    return StyleModel(
        name=header.name,
        network=network.eval(),
        labels=header.labels,
        preprocessing=header.preprocessing,
        spec=ModelSpec(header.name, "artstyle", "", size, head="", blocks=(), cam_layer=""),
        fingerprint=hashlib.sha256(path.read_bytes()).hexdigest()[:12],
        device=torch.device("cpu"),
        calibration=header.calibration,
    )


def _write_graph(model: StyleModel, path: Path) -> None:
    size = model.preprocessing.image_size
    network = folded(model.network, size).to(memory_format=torch.contiguous_format)
    # Two images: a graph that was traced with one may accept only one.
    images_N3SS = torch.zeros(2, 3, size, size)
    level = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        torch.onnx.export(
            network,
            (images_N3SS,),
            path,
            dynamo=True,
            external_data=False,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            verbose=False,
        )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise WeightsError(f"{model.name} cannot be expressed in ONNX: {reason}") from None
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


def _largest_difference(model: StyleModel, exported: nn.Module) -> float:
    pixels_NSS3 = np.stack(list(islice(_painted(model.preprocessing), _PICTURES)))
    images_N3SS = normalise(torch.from_numpy(pixels_NSS3), model.preprocessing)
    expected_NC = _logits(model.network, images_N3SS, 16)
    differences = [_logits(exported, images_N3SS, size) - expected_NC for size in _BATCHES]
    return max(float(difference.abs().max()) for difference in differences)


def _logits(network: nn.Module, images_N3SS: Tensor, batch_size: int) -> Tensor:
    starts = range(0, len(images_N3SS), batch_size)
    with torch.inference_mode():
        return torch.cat([network(images_N3SS[start : start + batch_size]) for start in starts])


def _painted(preprocessing: Preprocessing) -> Iterator[NDArray[np.uint8]]:
    """Yield endless synthetic paintings as the model sees them, S x S x 3."""
    square = square_transform(preprocessing)
    styles = list(STYLES)
    number = 0
    while True:
        painting = paint(styles[number % len(styles)], "portrait", number, number, (96, 96))
        yield np.asarray(square(painting.image))
        number += 1


def _import(name: str) -> Any:
    """Import an optional package.

    Raises:
        MissingError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingError(
            f"ONNX files need the package {name}: pip install 'artstyle[onnx]'"
        ) from None
