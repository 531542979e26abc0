"""Files: written whole or not at all, read with errors that name them, and hashed."""

import codecs
import csv
import glob
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import mkstemp
from typing import Any, TextIO

from artstyle.errors import ConfigError, DataError, MissingError, one_line

TEMPORARY_PREFIX = ".tmp"
"""How the names of unfinished files begin, ours and those of safetensors; a killed process leaves
one behind."""

_CHUNK_BYTES = 1 << 20
# Descriptions in museums' tables are longer than the 131,072 characters that csv allows. The limit
# is the whole process's, so it is only ever raised, to the most that every platform knows.
csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
# A spreadsheet reads a cell that begins so as a formula. Apostrophes are included: one that belongs
# to the text must differ from the one that is put before a formula.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
FORMULA_STARTS = frozenset("'=+-@\t\r")
"""The first characters of such cells."""
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Only setting the umask reads it, and that is not safe between threads: so once, at import.
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def atomic_path(path: Path, *, durable: bool = True, suffix: str | None = None) -> Iterator[Path]:
    """Yield a temporary path in the same folder; on success it replaces ``path``.

    The bytes reach the disk before the name does (write, fsync, rename). A process or a machine
    that dies leaves the old file or the new one, never half of one. Parents are made.

    Args:
        path: The file to write.
        durable: Wait until the disk has the bytes. Without it, only the death of the process is
            safe: for thousands of small files that can be made again, waiting for the disk
            after each would take most of the time.
        suffix: How the temporary name ends, for `remove_unfinished`; None takes the file's own.

    Raises:
        OSError: The disk is full, fails, or may not be written; it says which file.
    """
    ending = path.suffix if suffix is None else suffix
    with errors_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX, suffix=ending)
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
            # It is in its place now, or what went wrong before says more than that it stays.
            with suppress(OSError):
                temporary.unlink()


def remove_unfinished(folder: Path, suffix: str = "") -> None:
    """Remove the temporary files of `atomic_path` that killed processes left in a folder.

    Args:
        folder: No other process may write files with this suffix to it now.
        suffix: Only files whose name ends so are removed: ".html". Empty means all.
    """
    for path in folder.glob(f"{TEMPORARY_PREFIX}*{glob.escape(suffix)}"):
        if not path.is_dir():
            path.unlink(missing_ok=True)


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Let an error that names no file, or an unfinished one, name ``path``."""
    try:
        yield
    except OSError as error:
        name = error.filename
        if name is None or Path(os.fsdecode(name)).name.startswith(TEMPORARY_PREFIX):
            error.filename = str(path)
        raise


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
        MissingError: The file does not exist.
        DataError: The file is not JSON.
    """
    try:
        return json.loads(_read_text(path))
    except ValueError as error:
        raise DataError(f"{path} is not valid JSON: {error}") from None
    except RecursionError:
        raise DataError(f"{path} is nested too deeply to be JSON of ours") from None


def write_yaml(path: Path, value: Any) -> None:
    """Write ``value`` as YAML, keys in the order they have."""
    write_text(path, _yaml().safe_dump(value, sort_keys=False, allow_unicode=True))


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; tags that name Python objects are refused.

    Raises:
        MissingError: The file does not exist.
        ConfigError: The file is not YAML.
    """
    return parse_yaml(_read_text(path), path)


def parse_yaml(text: str, path: Path) -> Any:
    """Return the content of a YAML text, as `read_yaml`; ``path`` is for messages."""
    yaml = _yaml()
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path} is not valid YAML: {one_line(error)}") from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply for a configuration") from None


def _yaml() -> Any:
    """Return PyYAML, which most commands can start without."""
    return import_module("yaml")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write ``rows`` as UTF-8 CSV with bare line feeds, whole or not at all.

    Rows are consumed one by one. A path that is not valid UTF-8 keeps its bytes (surrogateescape).
    A text that a spreadsheet would take for a formula gets an apostrophe, as spreadsheets have it;
    ``read_csv(..., ours=True)`` takes it away again.
    """
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        write = csv_writer(file)
        write(columns)
        for row in rows:
            assert row.keys() <= set(columns)
            write([row.get(name, "") for name in columns])


def csv_writer(file: TextIO) -> Callable[[Sequence[object]], object]:
    """Return a function that writes a row, as `write_csv` writes them."""
    plain = csv.writer(file, lineterminator="\n")
    quoting = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(cells: Sequence[object]) -> object:
        ready = [inert(cell) for cell in cells]
        # Python before 3.13 leaves a carriage return bare, and readers end the row there.
        bare_return = any(isinstance(cell, str) and "\r" in cell for cell in ready)
        return (quoting if bare_return else plain).writerow(ready)

    return write


def inert(value: object) -> object:
    """Return a value for a cell: a text that begins like a formula with an apostrophe before it."""
    # A pattern for each of a million cells would take half a second.
    if not isinstance(value, str) or value[:1] not in FORMULA_STARTS:
        return value
    return f"'{value}" if _FORMULA.match(value) else value


def live(cell: str) -> str:
    """Undo `inert`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def read_csv(path: Path, *, ours: bool = False) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header, as `numbered_csv` does."""
    return (row for _, row in numbered_csv(path, ours=ours))


def numbered_csv(path: Path, *, ours: bool = False) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line where each row ends and the row, as the file is read.

    Args:
        path: A CSV file with a header.
        ours: Whether ``write_csv`` wrote it, which put an apostrophe before formulas.

    Raises:
        MissingError: The file does not exist.
        DataError: The file is not CSV, or a row has more fields than the header.
    """
    if not path.is_file():
        raise MissingError(f"no file {path}")
    with (
        errors_named(path),
        path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file,
    ):
        reader = csv.DictReader(file, restval="")
        try:
            for row in reader:
                if None in row:
                    raise DataError(
                        f"{path} line {reader.line_num}: more fields than the header has columns;"
                        " put fields with commas in quotes"
                    )
                cells = {name: live(cell) for name, cell in row.items()} if ours else row
                yield reader.line_num, cells
        except csv.Error as error:
            raise DataError(f"{path} line {reader.line_num} is not valid CSV: {error}") from None


def text_encoding(start: bytes) -> str:
    """Return the Python codec of a text by its first bytes; the codec takes the mark away.

    UTF-32 and UTF-16 by their byte-order mark; UTF-16 without one where more than half of the
    16-bit units have a zero upper byte and none a zero lower byte. Anything else is
    ``utf-8-sig``, which may still meet bytes that are not UTF-8.
    """
    for mark, codec in _MARKS.items():
        if start.startswith(mark):
            return codec
    pairs = len(start) // 2
    even, odd = start[: 2 * pairs : 2].count(0), start[1::2].count(0)
    if odd > pairs / 2 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > pairs / 2 and not odd else "utf-8-sig"


def decode_text(content: bytes) -> tuple[str, str]:
    """Return a text of others and its encoding: UTF-8, UTF-16, UTF-32 or Windows-1252.

    A line that is not UTF-8 is read as Windows-1252, the others stay UTF-8, so that tables which
    were joined from both keep all their letters. Bytes that neither knows become surrogates.

    Raises:
        UnicodeDecodeError: A text in UTF-16 or UTF-32 is damaged.
    """
    codec = text_encoding(content[:_CHUNK_BYTES])
    if codec != "utf-8-sig":
        return content.decode(codec), codec[:6].upper()
    try:
        return content.decode(codec), "UTF-8"
    except UnicodeDecodeError:
        lines = content.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
        return "".join(map(utf8_or_windows_1252, lines)), "Windows-1252"


def digest(value: Any) -> str:
    """Return the SHA-256 of plain data in hexadecimal; equal data give equal digests."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def utf8_or_windows_1252(line: bytes) -> str:
    """Return a line's text in the one of both encodings that it is in; odd bytes as surrogates."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="surrogateescape")


def _read_text(path: Path) -> str:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise MissingError(f"{path} is a pipe or a device, not a file")
    try:
        with errors_named(path):
            return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MissingError(f"no file {path}") from None
    except IsADirectoryError:
        raise MissingError(f"{path} is a folder, not a file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error.reason}") from None
