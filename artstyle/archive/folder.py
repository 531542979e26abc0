"""A folder of shards: its document, which shards are finished, and how one is written."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from artstyle.archive.document import ShardsDocument
from artstyle.archive.listing import Listing, digest_of
from artstyle.archive.places import Place
from artstyle.errors import DataError, UsageError
from artstyle.storage.checks import checked, require_version
from artstyle.storage.files import digest, write_json
from artstyle.storage.parquet import import_pyarrow

DOCUMENT = "_shards.json"
"""Readers of Parquet folders pass over names that begin so."""
Row = Sequence[Any]
"""The values of a row, one for each column."""

_ROW_GROUP = 1000
"""Rows that are held in memory at once, with the embeddings or pictures in them."""
_KEY = b"artstyle"
_SHARD = re.compile(r"part-\d{5,}-of-\d{5,}\.parquet")


@dataclass(frozen=True)
class ShardColumn:
    """A column of a shard."""

    name: str
    type: str
    """``string``, ``float64``, ``binary``, or ``float32[D]`` for D numbers."""


@dataclass(frozen=True)
class Summary:
    """What a finished shard says of itself, without reading its rows."""

    rows: int
    failed: int
    """How many of the rows have an error."""
    pictures: str
    """The digest of the pictures that were answered."""
    request: str
    """The digest of what was asked."""


@dataclass(frozen=True)
class ShardFolder:
    """Shards of one request."""

    place: Place
    out: str
    """As the user named it, for messages."""
    document: ShardsDocument

    def require_free(self, *, overwrite: bool) -> None:
        """Check that shards may be made here as asked; nothing is written.

        Raises:
            UsageError: The folder holds something else, or shards of another request.
            DataError: Its document is damaged.
        """
        names = self.place.names()
        shards = set(filter(_SHARD.fullmatch, names))
        if names - shards - {DOCUMENT} and (overwrite or DOCUMENT not in names):
            raise UsageError(f"--out {self.out} holds other files; name a new folder")
        if overwrite or not shards:
            return
        if DOCUMENT in names:
            self._read_document().require_same(self.document, self.out)
            shards -= set(map(self.name, range(self.document.shards)))
        if shards:
            raise UsageError(
                f"--out {self.out} holds shards of another request, as {min(shards)}, or an"
                " --overwrite ended early; name a new folder, or say --overwrite to answer all"
                " pictures again"
            )

    def begin(self, *, overwrite: bool) -> None:
        """Write the document, unless there are shards that stay.

        Raises:
            UsageError: As `require_free`; another process may have begun since it was called.
            DataError: The document is damaged.
        """
        self.require_free(overwrite=overwrite)
        names = self.place.names()
        shards = sorted(filter(_SHARD.fullmatch, names))
        if shards and not overwrite:
            return
        # The document first: shards without one are never continued.
        for name in [DOCUMENT, *shards]:
            if name in names:
                self.place.remove(name)
        with self.place.written(DOCUMENT) as path:
            write_json(path, self.document.to_dict())

    def name(self, shard: int) -> str:
        """Return the name of a shard's file."""
        return f"part-{shard:05}-of-{self.document.shards:05}.parquet"

    def unfinished(self, listing: Listing) -> list[int]:
        """Return the shards that are still to be made.

        Raises:
            UsageError, DataError: As `finished`.
        """
        names = self.place.names()
        missing = []
        for shard in range(self.document.shards):
            if self.name(shard) in names:
                self.finished(shard, listing)
            else:
                missing.append(shard)
        return missing

    def finished(self, shard: int, listing: Listing) -> Summary:
        """Return what a finished shard says of itself, if it answers what is asked.

        Raises:
            UsageError: It answers other pictures than the listing has, or another request.
            DataError: It is damaged.
        """
        found, name = self.summary(shard), self.name(shard)
        if found.request != self._request:
            raise UsageError(
                f"{self.out} holds answers to another request in {name}; name another --out, or say"
                " --overwrite to answer all pictures again"
            )
        if found.pictures != digest_of(listing.lines(shard)):
            raise UsageError(
                f"{self.out} holds answers for other pictures: {name} has {found.rows:,}, the"
                f" source now names {listing.counts[shard]:,} there, or names them otherwise; name"
                " the source as before, or another --out; or remove this file to answer its"
                " pictures again, or say --overwrite to answer all"
            )
        return found

    def summary(self, shard: int) -> Summary:
        """Return what a finished shard says of itself.

        Raises:
            DataError: It is damaged.
        """
        with self.place.opened(self.name(shard)) as file, self._damage_named(shard):
            found = import_pyarrow().parquet.read_metadata(file)
            says = json.loads((found.metadata or {})[_KEY])
            return Summary(found.num_rows, says["failed"], says["pictures"], says["request"])

    def write(
        self, shard: int, columns: Sequence[ShardColumn], tables: Iterable[Any], pictures: str
    ) -> None:
        """Write a shard, whole or not at all.

        Its bytes depend on the rows alone: not on how tables share them, and it has no date.

        Args:
            shard: Its number.
            columns: One of them is ``error``.
            tables: As `tables_of` gives them, in the order of the shard's lines.
            pictures: The digest of these lines.
        """
        pyarrow = import_pyarrow()
        failed = 0
        with (
            self.place.written(self.name(shard)) as path,
            # With checksums: a flipped bit of a number is not seen otherwise.
            pyarrow.parquet.ParquetWriter(
                path, schema_of(columns), write_page_checksum=True
            ) as writer,
        ):
            for group in _regrouped(tables):
                failed += len(group) - group.column("error").null_count
                writer.write_table(group)
            says = {"failed": failed, "pictures": pictures, "request": self._request}
            writer.add_key_value_metadata({_KEY: json.dumps(says).encode()})

    def read(self, shard: int, columns: list[str]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a finished shard with some of their columns, a group at a time.

        Raises:
            DataError: It is damaged.
        """
        with self.place.opened(self.name(shard)) as file:
            with self._damage_named(shard):
                parquet = import_pyarrow().parquet.ParquetFile(
                    file, page_checksum_verification=True
                )
            for number in range(parquet.num_row_groups):
                with self._damage_named(shard):
                    group = parquet.read_row_group(number, columns=columns, use_threads=False)
                yield from _rows(group)

    @property
    def _request(self) -> str:
        """The digest of the document: a shard that was made for another one is never taken."""
        return digest(self.document.to_dict())

    @contextmanager
    def _damage_named(self, shard: int) -> Iterator[None]:
        try:
            yield
        except (import_pyarrow().ArrowException, KeyError, ValueError, OSError) as error:
            # Arrow raises plain OSErrors without a number; those of a file system have one.
            if isinstance(error, OSError) and (type(error) is not OSError or error.errno):
                raise
            raise DataError(
                f"{self.out.rstrip('/')}/{self.name(shard)} is damaged; remove it and run the same"
                " command again"
            ) from None

    def _read_document(self) -> ShardsDocument:
        with self.place.opened(DOCUMENT) as file:
            content = file.read()
        where = f"{self.out.rstrip('/')}/{DOCUMENT}"
        try:
            value = json.loads(content)
        except ValueError as error:
            raise DataError(f"{where} is not valid JSON: {error}") from None
        require_version(value, ShardsDocument.newest_format, where)
        return checked(value, ShardsDocument, where)


def schema_of(columns: Sequence[ShardColumn]) -> Any:
    """Return the schema of Arrow."""
    return import_pyarrow().schema([(each.name, _arrow_type(each.type)) for each in columns])


def tables_of(rows: Iterable[Row], columns: Sequence[ShardColumn]) -> Iterator[Any]:
    """Yield tables of Arrow with the rows, as they come."""
    pyarrow, schema, stream = import_pyarrow(), schema_of(columns), iter(rows)
    while group := list(islice(stream, _ROW_GROUP)):
        arrays = [
            pyarrow.array(values, field.type)
            for values, field in zip(zip(*group, strict=True), schema, strict=True)
        ]
        yield pyarrow.table(arrays, schema=schema)


def _regrouped(tables: Iterable[Any]) -> Iterator[Any]:
    """Yield the same rows in tables of one size, the last apart, each in one piece."""
    pyarrow = import_pyarrow()
    held: list[Any] = []
    for table in tables:
        held.append(table)
        while sum(map(len, held)) >= _ROW_GROUP:
            joined = pyarrow.concat_tables(held)
            yield joined.slice(0, _ROW_GROUP).combine_chunks()
            held = [joined.slice(_ROW_GROUP)]
    if any(map(len, held)):
        yield pyarrow.concat_tables(held).combine_chunks()


def _arrow_type(name: str) -> Any:
    pyarrow = import_pyarrow()
    if name.endswith("]"):
        base, _, size = name[:-1].partition("[")
        return pyarrow.list_(getattr(pyarrow, base)(), int(size))
    return getattr(pyarrow, name)()


def _rows(group: Any) -> Iterator[dict[str, Any]]:
    """Yield rows; lists of numbers stay arrays of NumPy."""
    columns = {
        name: [
            None if not value.is_valid else value.values.to_numpy() for value in group.column(name)
        ]
        if hasattr(group.schema.field(name).type, "list_size")
        else group.column(name).to_pylist()
        for name in group.column_names
    }
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))
