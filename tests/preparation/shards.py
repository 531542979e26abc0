"""Parquet shards as the Hugging Face hub writes them."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.preparation.wikiart_names import tiny_picture

FEATURES = {
    "style": {"names": ["Pop Art", "Art_Nouveau"], "_type": "ClassLabel"},
    "artist": {"names": ["Unknown Artist", "andy-warhol"], "_type": "ClassLabel"},
    "genre": {"names": ["Unknown Genre", "portrait"], "_type": "ClassLabel"},
}


def write_shard(path: Path, rows: Sequence[dict[str, Any]], features: object = FEATURES) -> None:
    """Write rows as a shard whose whole numbers have names in the metadata."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    labels = [(name, pyarrow.int64()) for name in ("artist", "genre", "style")]
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = pyarrow.schema([("image", image), *labels], metadata=metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path, row_group_size=10)


def write_table(path: Path, columns: Mapping[str, object], features: object = None) -> None:
    """Write columns of any kind as a shard."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    metadata = {"huggingface": json.dumps({"info": {"features": features or {}}})}
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.table(dict(columns)).replace_schema_metadata(metadata), path)


def stored(number: int, **labels: int | None) -> dict[str, Any]:
    """Return a row with a picture of its own."""
    buffer = io.BytesIO()
    tiny_picture(f"{number:06d}.jpg").save(buffer, "JPEG")
    row: dict[str, Any] = {"artist": 1, "genre": 1, "style": 0, **labels}
    return {"image": {"bytes": buffer.getvalue(), "path": None}, **row}
