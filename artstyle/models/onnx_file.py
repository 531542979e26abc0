"""Models as ONNX files: labels and preprocessing inside, answers equal to the checkpoint's.

ONNX Runtime answers on a CPU, in float32. Nothing in such a file can run but its graph.
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

from artstyle.data.transforms import normalise, square_transform
from artstyle.errors import MissingError, WeightsError
from artstyle.files import atomic_path
from artstyle.models.checkpoint import StyleModel, checkpoint_fingerprint
from artstyle.models.folding import folded
from artstyle.models.header import Header, header_text, parse_header
from artstyle.models.zoo import ModelSpec
from artstyle.painter.collection import STYLES, paint
from artstyle.preprocessing import Preprocessing

LOGIT_TOLERANCE = 1e-3
"""A file whose logits differ by more from the checkpoint's is not written."""
_PICTURES, _BATCHES = 256, (1, 7)
_INPUT, _OUTPUT, _METADATA = "images", "logits", "artstyle"


class OnnxNetwork(nn.Module):
    """A session of ONNX Runtime in the place of a network: N x 3 x S x S in, N x C out.

    It uses one core, as `predict_logits` lets every network do on a CPU; several threads may ask
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
        except Exception as error:  # noqa: BLE001  # its own classes have no common root
            reason = " ".join(str(error).split())[:200]
            raise WeightsError(f"{path} is damaged or no ONNX file: {reason}") from None

    def forward(self, images_N3SS: Tensor) -> Tensor:
        """Return logits, N x C."""
        logits_NC = self.session.run([_OUTPUT], {_INPUT: images_N3SS.contiguous().numpy()})[0]
        return torch.from_numpy(logits_NC)


def export_onnx(model: StyleModel, path: Path) -> float:
    """Write a model as an ONNX file that `load_onnx_model` reads; batches may have any size.

    Args:
        model: On a CPU.
        path: Ends in ``.onnx``; takes the place of a file.

    Returns:
        The largest difference in any logit between file and model over 256 painted pictures, one
        at a time and seven at a time.

    Raises:
        MissingError: The packages of ``artstyle[onnx]`` are not installed.
        WeightsError: The difference is more than 1e-3, or the network has no form in ONNX.
    """
    onnx = _import("onnx")
    about = {"checkpoint": model.fingerprint}
    header = Header(model.name, model.labels, model.preprocessing, about)
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
    """Load what `export_onnx` wrote, for answering on a CPU.

    Args:
        path: The ONNX file.
        checkpoint: That it must have been written from; None takes any.

    Raises:
        MissingError: There is no such file, or ``artstyle[onnx]`` is not installed.
        WeightsError: It is no ONNX file of ours, or of another checkpoint.
    """
    if not path.is_file():
        raise MissingError(f"no ONNX file {path}; write it with 'artstyle export'")
    network = OnnxNetwork(path)
    metadata = network.session.get_modelmeta().custom_metadata_map
    header = parse_header(metadata.get(_METADATA, ""), path)
    if checkpoint and header.about.get("checkpoint") != checkpoint_fingerprint(checkpoint):
        raise WeightsError(
            f"{path} is not of {checkpoint}; write it anew with 'artstyle export --overwrite'"
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
    )


def _write_graph(model: StyleModel, path: Path) -> None:
    size = model.preprocessing.image_size
    network = folded(model.network, size).to(memory_format=torch.contiguous_format)
    # Two pictures: a graph that was traced with one may hold for one only.
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
        raise WeightsError(f"{model.name} has no form in ONNX: {reason}") from None
    finally:
        logging.getLogger("torch.onnx").setLevel(level)


def _largest_difference(model: StyleModel, exported: nn.Module) -> float:
    pixels_NSS3 = np.stack(list(islice(_painted(model.preprocessing), _PICTURES)))
    images_N3SS = normalise(torch.from_numpy(pixels_NSS3), model.preprocessing)
    expected_NC = _answers(model.network, images_N3SS, 16)
    differences = [_answers(exported, images_N3SS, size) - expected_NC for size in _BATCHES]
    return max(float(difference.abs().max()) for difference in differences)


def _answers(network: nn.Module, images_N3SS: Tensor, batch_size: int) -> Tensor:
    starts = range(0, len(images_N3SS), batch_size)
    with torch.inference_mode():
        return torch.cat([network(images_N3SS[start : start + batch_size]) for start in starts])


def _painted(preprocessing: Preprocessing) -> Iterator[NDArray[np.uint8]]:
    """Yield synthetic paintings without end, as the model sees them, S x S x 3."""
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
        MissingError: It is not there.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingError(
            f"ONNX files need the package {name}: pip install 'artstyle[onnx]'"
        ) from None
