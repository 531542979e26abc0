"""Faults of a picture's file in words, separate from the machine's faults."""

import errno
import struct
import zlib

from PIL import Image

from artstyle.errors import one_line

DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""Errors that decoders raised on damaged files."""
FAULTS_OF_THE_MACHINE = frozenset(
    {
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ESTALE,
        errno.ENOTCONN,
        errno.EHOSTDOWN,
    }
)
"""A file that fails with one of these must not count as unreadable."""


def fault(error: BaseException) -> str:
    """Return what is wrong with a file, in one line.

    Raises:
        OSError: The file is not at fault: the machine lacks something, or a share is gone.
    """
    if isinstance(error, OSError) and error.errno in FAULTS_OF_THE_MACHINE:
        raise error
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return one_line(error)
