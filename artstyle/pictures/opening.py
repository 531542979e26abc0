"""Opening a picture's file: regular files of a bounded size only."""

import io
import stat
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from artstyle.errors import ImageError
from artstyle.pictures.faults import fault
from artstyle.storage.files import errors_named

_MAX_FILE_BYTES = 2 << 30


def read_bytes(path: Path) -> bytes:
    """Return the content of a picture's file.

    Raises:
        ImageError: It is missing, no regular file, or cannot be read.
        OSError: The machine lacks something that reading needs, or its disk fails.
    """
    with errors_named(path), opened(path) as file:
        try:
            return file.read()
        except MemoryError:
            raise ImageError("too large for this machine's memory") from None
        except OSError as error:
            raise ImageError(f"cannot be read: {fault(error)}") from None


def named(source: Path | bytes) -> AbstractContextManager[None]:
    """Name the file in its errors; bytes have no name."""
    return nullcontext() if isinstance(source, bytes) else errors_named(source)


def opened(source: Path | bytes) -> BinaryIO:
    """Return a picture's file, or the bytes of one, to be read.

    Raises:
        ImageError: It is missing, empty, too large, no regular file, or cannot be opened.
        OSError: The machine lacks something that reading needs, or its disk fails.
    """
    if isinstance(source, bytes):
        if not source:
            raise ImageError("the file is empty")
        return io.BytesIO(source)
    _require_regular_file(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise ImageError(f"cannot be opened: {fault(error)}") from None


def _require_regular_file(path: Path) -> None:
    """Refuse anything but a file with content, before opening it: a pipe would block."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ImageError("no such file") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be opened: {fault(error)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise ImageError("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("not a regular file")
    if not status.st_size:
        raise ImageError("the file is empty")
    if status.st_size > _MAX_FILE_BYTES:
        raise ImageError("the file is larger than 2 GiB")
