"""LitServe's way: a process per core, each with the model; batches are collected by the queue.

    python -m tests.benchmarks.peers.litserve_way RUN PORT

It reads a body as JSON or as a form; forms go to its workers as pickles.
"""

import os
import sys
from pathlib import Path
from typing import Any

import litserve
from fastapi import Request

from artstyle.engines import find_model
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.predict import predict_styles


class Styles(litserve.LitAPI):  # type: ignore[misc]
    """The same model, reading and rows as `artstyle serve`."""

    def __init__(self, run: str) -> None:
        super().__init__(max_batch_size=4, batch_timeout=0, api_path="/v1/predict")
        self._run = run

    def setup(self, device: str) -> None:
        self._model = find_model(self._run).load()

    def decode_request(self, request: Request) -> PicturePath:
        return PicturePath(Path("image"), content=request["images"].file.read())

    def batch(self, inputs: list[PicturePath]) -> list[PicturePath]:
        return inputs

    def predict(self, pictures: list[PicturePath]) -> list[dict[str, Any]]:
        rows = predict_styles(self._model, pictures, threads=1)
        return [{**row.to_dict(), "path": "image"} for row in rows]

    def unbatch(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return rows

    def encode_response(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"results": [row]}


if __name__ == "__main__":
    server = litserve.LitServer(
        Styles(sys.argv[1]), accelerator="cpu", workers_per_device=os.cpu_count(), timeout=60
    )
    server.run(
        port=int(sys.argv[2]), host="127.0.0.1", generate_client_file=False, log_level="error"
    )
