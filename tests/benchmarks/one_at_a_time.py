"""A server that answers one picture at a time, as most examples do.

    python -m tests.benchmarks.one_at_a_time RUN PORT CORES

It reads, answers and sends as `artstyle serve` does. CORES is how many the network uses.
"""

import asyncio
import sys
from dataclasses import replace
from typing import Any

import onnxruntime
import uvicorn
from fastapi import FastAPI, Request

from artstyle.engines import find_model
from artstyle.models.onnx_model import OnnxModel
from artstyle.models.style_model import StyleModel
from artstyle.prediction.predict import predict_styles
from artstyle.serving.limits import Limits
from artstyle.serving.server import open_socket, settings
from artstyle.serving.uploads import Uploads


def build_app(model: StyleModel) -> FastAPI:
    app, turn, uploads = FastAPI(), asyncio.Lock(), Uploads(Limits())

    @app.post("/v1/predict")
    async def predict(request: Request) -> dict[str, Any]:
        with uploads.counting() as add:
            pictures = await uploads.read(request, add)
        async with turn:
            rows = await asyncio.to_thread(lambda: list(predict_styles(model, pictures, threads=1)))
        return {"results": [{**row.to_dict(), "path": row.path.as_posix()} for row in rows]}

    return app


def on_cores(run: str, cores: int) -> StyleModel:
    """Load a model whose network uses so many cores for one picture."""
    found = find_model(run)
    model = found.load()
    assert isinstance(model, OnnxModel)
    assert found.run
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    return replace(model, session=onnxruntime.InferenceSession(found.run.onnx_path, options))


if __name__ == "__main__":
    app = build_app(on_cores(sys.argv[1], int(sys.argv[3])))
    listening = open_socket("127.0.0.1", int(sys.argv[2]))
    uvicorn.Server(settings(app, Limits())).run([listening])
