"""The numbers of a service, for Prometheus."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

# The times at which counters began double the text, and nobody asked for them.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BATCHES = (1, 2, 4, 8, 16, 32)


class Monitor:
    """Counts of one service.

    Args:
        waiting: Returns how many images wait.
        uploaded: Returns how many bytes of uploads are in memory.
    """

    def __init__(self, waiting: Callable[[], int], uploaded: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "artstyle_requests", "Answered requests.", ("route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "artstyle_request_seconds",
            "From a request to its answer, with the upload.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.images = Counter(
            "artstyle_images", "Images with a row.", ("outcome",), registry=registry
        )
        self.batches = Histogram(
            "artstyle_batch_images", "Images of a batch.", buckets=_BATCHES, registry=registry
        )
        self.swaps = Counter("artstyle_model_swaps", "Models put in use.", registry=registry)
        queue = Gauge("artstyle_queue_images", "Images that wait.", registry=registry)
        queue.set_function(waiting)
        uploads = Gauge("artstyle_upload_bytes", "Uploads in memory.", registry=registry)
        uploads.set_function(uploaded)

    def text(self) -> bytes:
        """Return all numbers in Prometheus's text format."""
        return generate_latest(self._registry)
