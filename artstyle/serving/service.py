"""What the routes of a service share: the model, the queues, the limits, and the counts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from fastapi import FastAPI, HTTPException, Request

from artstyle.pictures.finding import PicturePath
from artstyle.pictures.thumbnails import small_jpeg
from artstyle.prediction.rows import PredictionRow
from artstyle.search.neighbours import SimilarRow, Wanted
from artstyle.serving.batching import Batcher, QueueFullError
from artstyle.serving.limits import Limits
from artstyle.serving.monitoring import Monitor
from artstyle.serving.served import HeatFormat, HeatRequest, Models, SimilarRequest
from artstyle.serving.uploads import BUSY, Uploads

Value = TypeVar("Value")

_THUMBNAIL_PX = 320


class Service:
    """What the routes share: the model, the queues, and the counts.

    Args:
        models: The model in use.
        limits: What is accepted.
    """

    def __init__(self, models: Models, limits: Limits) -> None:
        self.models, self.limits, self.uploads = models, limits, Uploads(limits)
        self.monitor = Monitor(
            lambda: self.rows.waiting + self.heats.waiting + self.similar.waiting,
            lambda: self.uploads.bytes,
        )
        # Half, as it is an estimate: who is taken should not be told 504.
        waits = (limits.queue, limits.answer_seconds / 2)
        self.rows = Batcher(self._answer, lambda: models.current.model.batch_size, *waits)
        self.heats = Batcher(self._draw, lambda: 1, *waits)
        self.similar = Batcher(self._find, lambda: models.current.model.batch_size, *waits)
        self.thumbnails = Batcher(self._shrink, lambda: 1, *waits)
        self.is_ready = False

    def _answer(self, pictures: list[PicturePath]) -> list[PredictionRow]:
        self.monitor.batches.observe(len(pictures))
        return self.models.current.rows(pictures)

    def _draw(self, wanted: list[HeatRequest]) -> list[bytes]:
        return [self.models.current.heat(each) for each in wanted]

    def _find(self, wanted: list[SimilarRequest]) -> list[SimilarRow]:
        self.monitor.batches.observe(len(wanted))
        return self.models.current.similar(wanted)

    def _shrink(self, paths: list[Path]) -> list[bytes]:
        return [small_jpeg(path, _THUMBNAIL_PX) for path in paths]

    @asynccontextmanager
    async def opened(self, _: FastAPI) -> AsyncIterator[None]:
        """Answer while the block runs."""
        async with self.rows, self.heats, self.similar, self.thumbnails:
            self.is_ready = True
            yield
            self.is_ready = False

    async def answer(self, request: Request, top_k: int) -> list[PredictionRow]:
        """Return a row for each image of a request."""
        with self.uploads.counting() as add:
            pictures = await self.uploads.read(request, add)
            rows = await self._in_time(self.rows.answers(pictures))
        self._count(rows)
        return [replace(row, styles=row.styles and row.styles[:top_k]) for row in rows]

    async def heat(self, request: Request, style: str | None, kind: HeatFormat) -> bytes:
        """Return the heat of the one image of a request."""
        with self.uploads.counting() as add:
            pictures = await self.uploads.read(request, add)
            if len(pictures) > 1:
                raise HTTPException(422, f"{len(pictures)} images: send one at a time")
            wanted = HeatRequest(pictures[0], style, kind)
            (drawn,) = await self._in_time(self.heats.answers([wanted]))
            return drawn

    async def find(self, request: Request, wanted: Wanted) -> list[SimilarRow]:
        """Return the similar works of each image of a request."""
        with self.uploads.counting() as add:
            pictures = await self.uploads.read(request, add)
            requests = [SimilarRequest(picture, wanted) for picture in pictures]
            rows = await self._in_time(self.similar.answers(requests))
        self._count(rows)
        return rows

    async def thumbnail(self, path: Path) -> bytes:
        """Return a picture of this computer in small, as a JPEG."""
        (shrunk,) = await self._in_time(self.thumbnails.answers([path]))
        return shrunk

    def _count(self, rows: Sequence[PredictionRow | SimilarRow]) -> None:
        for row in rows:
            self.monitor.images.labels("unreadable" if row.error else "answered").inc()

    async def _in_time(self, answers: Awaitable[list[Value]]) -> list[Value]:
        try:
            async with asyncio.timeout(self.limits.answer_seconds):
                return await answers
        except TimeoutError:
            seconds = self.limits.answer_seconds
            raise HTTPException(504, f"no answer after {seconds:g} seconds") from None
        except QueueFullError:
            raise HTTPException(503, "too many images wait; send it again later", BUSY) from None
