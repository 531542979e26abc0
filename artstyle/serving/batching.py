"""Requests that wait together are answered together, in threads, from a bounded queue."""

import asyncio
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


_SMOOTHING = 0.1
"""The weight of the last batch in the time that an item takes."""


class QueueFullError(Exception):
    """So many images wait, or for so long, that no more are taken."""


class Batcher(Generic[Item, Value]):
    """Answers what waits, in batches; open it with ``async with``.

    Each worker takes its share of what waits, so that a few images are spread over the cores and
    many are answered in whole batches.

    Args:
        compute: Returns a value for each item; called in several threads at once.
        batch_size: Returns how many items a call takes at most.
        capacity: Items that may wait.
        patience_seconds: Further items are refused while those that wait will take longer.
        workers: Threads; None takes one per core.
    """

    def __init__(
        self,
        compute: Callable[[list[Item]], Sequence[Value]],
        batch_size: Callable[[], int],
        capacity: int,
        patience_seconds: float = math.inf,
        workers: int | None = None,
    ) -> None:
        self._compute, self._batch_size = compute, batch_size
        self._patience_seconds, self._item_seconds = patience_seconds, 0.0
        self._workers = workers or os.cpu_count() or 1
        self._queue = asyncio.Queue[tuple[Item, asyncio.Future[Value]]](capacity)
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="answer")
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Batcher[Item, Value]":
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return self._queue.qsize()

    def has_room(self, items: int = 1) -> bool:
        """Return whether so many more would be taken now."""
        fits = self._queue.maxsize - self._queue.qsize() >= items
        return fits and self._queue.qsize() * self._item_seconds <= self._patience_seconds

    async def answers(self, items: Sequence[Item]) -> list[Value]:
        """Return a value for each item, in order.

        If the caller stops waiting, items that are still in the queue are dropped.

        Raises:
            QueueFullError: Not all of them fit in the queue, or what is in it will take too long;
                then none is taken.
        """
        if not self.has_room(len(items)):
            raise QueueFullError
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in items]
        for pair in zip(items, futures, strict=True):
            self._queue.put_nowait(pair)
        return list(await asyncio.gather(*futures))

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            share = -(-(1 + self._queue.qsize()) // self._workers)
            for _ in range(min(share, self._batch_size(), 1 + self._queue.qsize()) - 1):
                batch.append(self._queue.get_nowait())
            wanted = [pair for pair in batch if not pair[1].done()]
            if wanted and not await self._answered(wanted) and len(wanted) > 1:
                for pair in wanted:
                    await self._answered([pair])

    async def _answered(self, batch: list[tuple[Item, asyncio.Future[Value]]]) -> bool:
        """Answer a batch; return False if it failed, and is to be tried one by one."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        done = loop.run_in_executor(self._pool, self._compute, [item for item, _ in batch])
        await asyncio.wait([done])
        seconds = (loop.time() - began) / len(batch) / self._workers
        self._item_seconds += _SMOOTHING * (seconds - self._item_seconds)
        error = done.exception()
        if error is not None and len(batch) > 1:
            return False
        for n, (_, future) in enumerate(batch):
            if not future.done() and error is not None:
                future.set_exception(error)
            elif not future.done():
                future.set_result(done.result()[n])
        return True
