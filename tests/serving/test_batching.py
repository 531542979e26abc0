"""The queue: whole batches, nothing lost, and one failure that stays one failure."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from artstyle.serving.batching import Batcher, QueueFullError


def run(body: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(body, timeout=20))


class Gate:
    """Counts batches, and holds the first until it is opened."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = threading.Event()

    def double(self, items: list[int]) -> list[int]:
        self.batches.append(items)
        assert self.open.wait(10)
        return [2 * item for item in items]


def test_what_waits_is_answered_in_whole_batches_while_the_loop_goes_on() -> None:
    async def body() -> None:
        gate = Gate()
        async with Batcher(gate.double, lambda: 4, 100, workers=1) as batcher:
            asked = [asyncio.create_task(batcher.answers([n])) for n in range(10)]
            while not gate.batches:  # The loop runs although the only worker is held.
                await asyncio.sleep(0.001)
            waiting = batcher.waiting
            gate.open.set()
            assert [await one for one in asked] == [[2 * n] for n in range(10)]
        assert waiting == 10 - len(gate.batches[0])
        assert max(map(len, gate.batches)) == 4
        assert [n for batch in gate.batches for n in batch] == list(range(10))

    run(body())


def test_few_items_are_spread_over_the_workers() -> None:
    async def body() -> None:
        gate = Gate()
        gate.open.set()
        async with Batcher(gate.double, lambda: 8, 100, workers=4) as batcher:
            await batcher.answers(range(4))
        assert sorted(gate.batches) == [[0], [1], [2], [3]]

    run(body())


def test_a_full_queue_takes_none_of_a_request() -> None:
    async def body() -> None:
        gate = Gate()
        async with Batcher(gate.double, lambda: 1, 3, workers=1) as batcher:
            held = asyncio.create_task(batcher.answers([0]))
            while not gate.batches:
                await asyncio.sleep(0.001)
            waiting = asyncio.create_task(batcher.answers([1, 2]))
            await asyncio.sleep(0)
            with pytest.raises(QueueFullError):
                await batcher.answers([3, 4])
            gate.open.set()
            assert (await held, await waiting) == ([0], [2, 4])
        assert gate.batches == [[0], [1], [2]]

    run(body())


def test_items_that_would_wait_too_long_are_refused_until_the_queue_is_shorter() -> None:
    def slow(items: list[int]) -> list[int]:
        time.sleep(0.02 * len(items))
        return items

    async def body() -> None:
        async with Batcher(slow, lambda: 1, 10_000, patience_seconds=0.5, workers=1) as batcher:
            await batcher.answers(range(30))  # It learns how long an item takes.
            taken = [asyncio.create_task(batcher.answers([n])) for n in range(1000)]
            done = await asyncio.gather(*taken, return_exceptions=True)
            refused = [each for each in done if isinstance(each, QueueFullError)]
            assert 2 < len(taken) - len(refused) < 100
            assert batcher.has_room()
            assert await batcher.answers([5]) == [5]

    run(body())


def test_items_whose_request_was_given_up_are_not_computed() -> None:
    async def body() -> None:
        gate = Gate()
        async with Batcher(gate.double, lambda: 1, 9, workers=1) as batcher:
            held = asyncio.create_task(batcher.answers([0]))
            while not gate.batches:
                await asyncio.sleep(0.001)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(batcher.answers([1]), 0.01)
            gate.open.set()
            assert (await held, await batcher.answers([2])) == ([0], [4])
        assert gate.batches == [[0], [2]]

    run(body())


def test_an_item_that_fails_fails_alone() -> None:
    def inverse(items: list[int]) -> list[float]:
        return [1 / item for item in items]

    async def body() -> None:
        async with Batcher(inverse, lambda: 8, 9, workers=1) as batcher:
            asked = [asyncio.create_task(batcher.answers([n])) for n in (1, 0, 2)]
            good, bad, other = await asyncio.gather(*asked, return_exceptions=True)
        assert (good, other) == ([1], [0.5])
        assert isinstance(bad, ZeroDivisionError)

    run(body())
