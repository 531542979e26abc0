"""What can go wrong with a picture's file, in words, and what is the machine's fault instead."""

import errno
import struct
import zlib

from PIL import Image

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
"""What decoders were seen to raise on damaged files."""
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
"""Files that are read with these must not count as unreadable."""


def fault(error: BaseException) -> str:
    """Return what is wrong with a file, in one line.

    Raises:
        OSError: Nothing is: the machine lacks something, or a share is gone.
    """
    if isinstance(error, OSError) and error.errno in FAULTS_OF_THE_MACHINE:
        raise error
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split()) or type(error).__name__
