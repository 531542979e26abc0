"""An ONNX file as the model that answers: ONNX Runtime on a CPU, in float32. No torch here.

Nothing in such a file can run except its graph.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from artstyle.errors import MissingError, WeightsError, one_line
from artstyle.models.header import Header, checkpoint_fingerprint, parse_header
from artstyle.models.style_model import Answers, Output, Pixels, StyleModel
from artstyle.pictures.square import normalised_pixels

INPUT, LOGITS, METADATA, CHECKPOINT = "images", "logits", "artstyle", "checkpoint"
"""Names in the file: of its input and first output, of the header, and in the header's ``about``
of the fingerprint of the checkpoint that it was exported from."""
SHAPES: dict[Output, int] = {"features": 2, "maps": 4, "content": 2}
"""Further outputs that a file may have -> their number of axes."""


# A metadata entry of ONNX as protobuf writes it (ModelProto's field 14), up to its value: the
# SHA-256 of all bytes before it, in 64 digits. ONNX Runtime would answer with damaged weights.
_SEAL, _DIGITS = b"\x72\x4a\x0a\x06sha256\x12\x40", 64


@dataclass(frozen=True, repr=False)
class OnnxModel(StyleModel):
    """A session of ONNX Runtime. Several threads may call it at once; each call uses one core."""

    session: Any

    @property
    def outputs(self) -> frozenset[Output]:
        """Those of ``features``, ``maps`` and ``content`` that the file has."""
        names = {output.name for output in self.session.get_outputs()}
        return frozenset(name for name in SHAPES if name in names)

    @property
    def batch_size(self) -> int:
        """A few: no faster alone, and so the cores finish at about the same time."""
        return 4

    @property
    def is_concurrent(self) -> bool:
        """Always: each call uses one core."""
        return True

    def answer(self, pixels_NSS3: Pixels, *outputs: Output) -> Answers:
        """Return logits for pictures, and what else is asked for; only that is computed."""
        images_N3SS = normalised_pixels(pixels_NSS3, self.preprocessing)
        only = import_module("onnxruntime").RunOptions()
        only.only_execute_path_to_fetches = True
        logits_NC, *others = self.session.run([LOGITS, *outputs], {INPUT: images_N3SS}, only)
        found = dict(zip(outputs, others, strict=True))
        return Answers(logits_NC, found.get("features"), found.get("maps"), found.get("content"))

    @contextmanager
    def opened(self) -> Iterator[StyleModel]:
        """Yield the model as it is."""
        yield self


def load_onnx_model(path: Path, checkpoint: Path | None = None) -> OnnxModel:
    """Load a file of `export_onnx`.

    Args:
        path: The ONNX file.
        checkpoint: The checkpoint that it must have been exported from; None accepts any.

    Raises:
        MissingError: The file is missing, or ONNX Runtime is not installed.
        WeightsError: The file was not written by artstyle, or is from another checkpoint.
    """
    if not path.is_file():
        raise MissingError(f"no ONNX file {path}; write it with 'artstyle export'")
    content = path.read_bytes()
    digest = _checked_digest(content, path)
    session = open_session(content, path)
    header = parse_header(session.get_modelmeta().custom_metadata_map.get(METADATA, ""), path)
    _require_shapes(session, header, path)
    if checkpoint and header.about.get(CHECKPOINT) != checkpoint_fingerprint(checkpoint):
        raise WeightsError(
            f"{path} was not exported from {checkpoint};"
            " replace it with 'artstyle export --overwrite'"
        )
    return OnnxModel(
        name=header.name,
        labels=header.labels,
        preprocessing=header.preprocessing,
        fingerprint=digest[:12],
        device="cpu",
        session=session,
        calibration=header.calibration,
        synthetic=header.synthetic,
        multi=header.multi,
    )


def sealed(content: bytes) -> bytes:
    """Return an ONNX file with its checksum as the last entry of its metadata."""
    return content + _SEAL + hashlib.sha256(content).hexdigest().encode()


def _checked_digest(content: bytes, path: Path) -> str:
    """Return the SHA-256 of a file; those of earlier versions hold no checksum to compare it with.

    Raises:
        WeightsError: The checksum in the file is another.
    """
    body, stored = memoryview(content)[:-_DIGITS], content[-_DIGITS:]
    if body[-len(_SEAL) :] != _SEAL:
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256(body[: -len(_SEAL)]).hexdigest()
    if digest.encode() != stored:
        raise WeightsError(
            f"{path} is damaged: its content does not fit its checksum;"
            " write it again with 'artstyle export --overwrite'"
        )
    return digest


def open_session(content: bytes, path: Path) -> Any:
    """Return a session of ONNX Runtime that uses one core a call.

    Raises:
        MissingError: ONNX Runtime is not installed.
        WeightsError: The content is not an ONNX file; ``path`` is its name in the message.
    """
    # Official builds report their use to Microsoft, and number the computer, unless told not to.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        runtime = import_module("onnxruntime")
    except ImportError:
        raise MissingError(
            "ONNX files need the package onnxruntime: pip install onnxruntime"
        ) from None
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  # its error classes have no common base
        reason = one_line(error)[:200]
        raise WeightsError(f"{path} is damaged or not an ONNX file: {reason}") from None


def _require_shapes(session: Any, header: Header, path: Path) -> None:
    """Refuse a graph whose input or outputs are not those of its header.

    Raises:
        WeightsError: A shape or a type differs, or an output is missing.
    """
    size, count = header.preprocessing.image_size, len(header.labels)
    given = {each.name: each for each in [*session.get_inputs(), *session.get_outputs()]}
    wanted: dict[str, list[int | None]] = {INPUT: [None, 3, size, size], LOGITS: [None, count]}
    wanted |= {name: [None, None] for name in ("features", "content") if name in given}
    wanted |= {"maps": [None, count, None, None]} if "maps" in given else {}
    for name, shape in wanted.items():
        found = given[name].shape if name in given else None
        fits = (
            found is not None
            and len(found) == len(shape)
            and all(side is None or side == there for side, there in zip(shape, found, strict=True))
        )
        if not fits or given[name].type != "tensor(float)":
            raise WeightsError(
                f"{path} cannot answer: '{name}' has the shape {found} and should have"
                f" {' x '.join('any' if side is None else str(side) for side in shape)};"
                " write the file again with 'artstyle export --overwrite'"
            )
