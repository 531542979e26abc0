"""``_shards.json``: what was asked of all shards of a folder."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt

from artstyle.errors import UsageError
from artstyle.models.onnx_model import OnnxModel
from artstyle.models.style_model import StyleModel
from artstyle.pictures.finding import printable
from artstyle.storage.documents import Document

Kind = Literal["predict", "index", "gradcam"]
"""The command whose work the shards hold."""
Option = str | int | None


class ShardsDocument(Document):
    """``_shards.json``: written before the first shard, so that no two requests are ever mixed."""

    format_version: int = 1
    """The version of this format."""
    kind: Kind
    """The command."""
    shards: PositiveInt
    """How many shards the pictures are dealt to."""
    model: str
    """The fingerprint of the model."""
    network: str
    """The name of the model's network."""
    engine: Literal["onnx", "torch"]
    """What computes with it: both round differently in the last digit."""
    device: str
    """Where: ``cpu``, ``cuda`` or ``mps``."""
    batch_size: PositiveInt
    """Pictures per forward pass: other batches round differently in the last digit."""
    source: str
    """The absolute path of the folder, the pattern, or what the paths of a list start from."""
    options: dict[str, Option] = Field(default_factory=dict)
    """What else was asked for, by the names of the options."""
    release: str
    """The version of artstyle."""

    def require_same(self, asked: "ShardsDocument", out: str) -> None:
        """Refuse to continue shards that were begun with another request.

        Raises:
            UsageError: It names the first value that differs.
        """
        then, now = _flat(self), _flat(asked)
        for name in now:
            if then.get(name) != now[name]:
                raise UsageError(
                    f"{out} was begun with {name} {_shown(then.get(name))}, not"
                    f" {_shown(now[name])}; ask as before, name another --out, or say --overwrite"
                    " to answer all pictures again"
                )


def shards_document(
    kind: Kind,
    shards: int,
    model: StyleModel,
    device: str,
    batch_size: int,
    source: Path,
    options: Mapping[str, Option],
) -> ShardsDocument:
    """Return the document of a request that this version of artstyle answers."""
    return ShardsDocument(
        kind=kind,
        shards=shards,
        model=model.fingerprint,
        network=model.name,
        engine=engine_of(model),
        device=device.partition(":")[0],
        batch_size=batch_size,
        source=printable(source.absolute()),
        options=dict(options),
        release=version("artstyle"),
    )


def engine_of(model: StyleModel) -> Literal["onnx", "torch"]:
    """Return what computes the answers of a model."""
    return "onnx" if isinstance(model, OnnxModel) else "torch"


def _flat(document: ShardsDocument) -> dict[str, Option]:
    """Return the values by the names that a user knows."""
    return {
        "the command": document.kind,
        "--shards": document.shards,
        "the source": document.source,
        "the model": document.model,
        "--engine": document.engine,
        "--device": document.device,
        "--batch-size": document.batch_size,
        **{f"--{name}": value for name, value in document.options.items()},
        "artstyle": document.release,
    }


def _shown(value: Option) -> str:
    return "none" if value is None else str(value)
