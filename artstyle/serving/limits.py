"""What a service accepts: sizes, numbers and times."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of a service; what exceeds them is refused with the reason."""

    images: int = 64
    """Images in a request."""
    bytes: int = 100 * 2**20
    """Bytes of a request's body."""
    total_bytes: int = 2**30
    """Bytes of all uploads that are in memory."""
    queue: int = 256
    """Images that wait for an answer."""
    upload_seconds: float = 60
    """How long the upload of a request may take."""
    answer_seconds: float = 60
    """How long its images may wait for their answers."""
    stop_seconds: int = 20
    """How long requests in flight may take once the service is asked to stop."""
    connections: int = 1000
    """Open connections; fewer where the system allows few open files."""
    head_seconds: float = 20
    """How long a new connection may take to ask, and one that was answered to ask again."""
    send_seconds: float = 60
    """How long an answer may wait for a client that does not read it."""
