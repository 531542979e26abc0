"""Files: written whole or not at all, read with errors that name them, and hashed."""

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import yaml

from artstyle.errors import ConfigError, DataError, MissingError

TEMPORARY_PREFIX = ".tmp-"
"""Of the names of files that are not whole yet; a process that is killed leaves one behind."""

_CHUNK_BYTES = 1 << 20
# Only setting the umask reads it, and that is not safe between threads: so once, at import.
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def atomic_path(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes the place of ``path``.

    The bytes reach the disk before the name does (write, fsync, rename), so that a process or a
    machine that dies leaves the old file or the new one, never half of one. Parents are made.
    Without ``durable`` that holds of a process only: for thousands of small files that can be
    made again, waiting for the disk after each would take most of the time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX, suffix=path.suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_UMASK)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write ``content`` to ``path``, whole or not at all; ``durable`` as in ``atomic_path``."""
    with atomic_path(path, durable=durable) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path``, whole or not at all."""
    write_bytes(path, text.encode("utf-8", errors="surrogateescape"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON; NaN and infinity are refused, not written."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        MissingError: There is no such file.
        DataError: It is no JSON.
    """
    try:
        return json.loads(_read_text(path))
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON: {error}") from None


def write_yaml(path: Path, value: Any) -> None:
    """Write ``value`` as YAML, keys in the order they have."""
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; tags that name Python objects are refused.

    Raises:
        MissingError: There is no such file.
        ConfigError: It is no YAML.
    """
    try:
        return yaml.safe_load(_read_text(path))
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} is not valid YAML: {reason}") from None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write ``rows`` as UTF-8 CSV with bare line feeds, whole or not at all.

    Rows are consumed one by one. A path that is no valid UTF-8 keeps its bytes (surrogateescape).
    """
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="raise")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header, as the file is read.

    Raises:
        MissingError: There is no such file.
        DataError: It is no CSV, or a row has more fields than the header.
    """
    if not path.is_file():
        raise MissingError(f"no file {path}")
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.DictReader(file, restval="")
        try:
            for row in reader:
                if None in row:
                    raise DataError(
                        f"{path} line {reader.line_num}: more fields than the header has columns;"
                        " put fields with commas in quotes"
                    )
                yield row
        except csv.Error as error:
            raise DataError(f"{path} line {reader.line_num} is not valid CSV: {error}") from None


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of plain data in hexadecimal; equal data give equal digests."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MissingError(f"no file {path}") from None
    except IsADirectoryError:
        raise MissingError(f"{path} is a folder, not a file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error.reason}") from None
