"""A tiny model in an ONNX file, made at once, and a service that answers with it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import uvicorn
from onnx import helper, numpy_helper

from artstyle.confidence.calibration import fit_calibration
from artstyle.models.header import Header, header_text
from artstyle.models.onnx_model import INPUT, LOGITS, METADATA, sealed
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.serving.api import build_app
from artstyle.serving.limits import Limits
from artstyle.serving.served import Models
from artstyle.serving.server import open_socket, settings

LABELS = ("Baroque", "Cubism", "Pop_Art", "Ukiyo_e")
_SIDE, _MAPS = 32, 8


def write_model(path: Path, seed: int = 0) -> Path:
    """Write a network with random weights: convolution, ReLU, mean, one linear layer."""
    rng = np.random.default_rng(seed)
    weights = {
        "filters": rng.normal(size=(_MAPS, 3, 5, 5)) / 3,
        "head": rng.normal(size=(len(LABELS), _MAPS, 1, 1)) * 3,
    }
    nodes = [
        helper.make_node("Conv", [INPUT, "filters"], ["responses"], strides=[4, 4]),
        helper.make_node("Relu", ["responses"], ["last"]),
        helper.make_node("Conv", ["last", "head"], ["maps"]),
        helper.make_node("ReduceMean", ["last", "sides"], ["features"], keepdims=0),
        helper.make_node("ReduceMean", ["maps", "sides"], [LOGITS], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [_tensor(INPUT, "N", 3, _SIDE, _SIDE)],
        [
            _tensor(LOGITS, "N", len(LABELS)),
            _tensor("features", "N", _MAPS),
            _tensor("maps", "N", len(LABELS), 7, 7),
        ],
        [
            *(numpy_helper.from_array(value.astype(np.float32), name)
              for name, value in weights.items()),
            numpy_helper.from_array(np.array([2, 3]), "sides"),
        ],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    preprocessing = Preprocessing(_SIDE, (0.5,) * 3, (0.25,) * 3, "bilinear", "crop", 48)
    targets_N = rng.integers(0, len(LABELS), 80)
    logits_NC = rng.normal(size=(80, len(LABELS))) + 3 * np.eye(len(LABELS))[targets_N]
    calibration = fit_calibration(logits_NC, targets_N, LABELS)
    header = Header("tiny", LABELS, preprocessing, {}, calibration)
    helper.set_model_props(model, {METADATA: header_text(header)})
    onnx.checker.check_model(model)
    path.write_bytes(sealed(model.SerializeToString()))
    return path


@contextmanager
def service(model: Path | Models, limits: Limits | None = None, **options: Any) -> Iterator[str]:
    """Run a service in a thread on a free port; yield its address."""
    models = model if isinstance(model, Models) else Models(str(model))
    app = build_app(models, limits=limits, **options)
    listening = open_socket("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(settings(app, limits or Limits()))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield url
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()


def _tensor(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape))
