"""What ``index.json`` says: the model, the embeddings, and the files that hold them."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from artstyle.search.kinds import Kind
from artstyle.storage.documents import Document

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class GraphFile(Document):
    """A file of an approximate index."""

    name: Annotated[str, Field(pattern=r"^[a-z]+-\d{4,}\.usearch$")]
    """In the folder of the index."""
    kind: Kind
    """Which embeddings it is about."""
    first: NonNegativeInt
    """The row that the file begins with."""
    sha256: Digest
    """The hash of its content: a damaged file is never opened."""


class IndexDocument(Document):
    """``index.json``: written last, so that an index without it is not finished."""

    format_version: int = 1
    """The version of this format."""
    model: str
    """The fingerprint of the model: embeddings of two models are never mixed."""
    network: str
    """The name of the model's network."""
    run: str
    """How the model was named: a run's folder, ``starter``, or a file."""
    works: PositiveInt
    """How many pictures have embeddings."""
    unreadable: NonNegativeInt
    """How many pictures could not be read."""
    sizes: dict[Kind, PositiveInt]
    """Kind of embedding -> how many numbers each has."""
    checksum: NonNegativeInt
    """CRC-32 of the columns ends, paths, artists and checksums."""
    graphs: tuple[GraphFile, ...] = ()
    """The approximate index; none where all works are compared."""
    made: str
    """When, in UTC, ISO 8601."""
    release: str
    """The version of artstyle."""
