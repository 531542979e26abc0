"""The images of a request, read into memory and never written to a disk."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from artstyle.pictures.finding import PicturePath
from artstyle.serving.limits import Limits

FIELD = "images"
"""The form field of the images."""
UNNAMED = "image"
"""The name of an image that came without one."""
BUSY = {"Retry-After": "1"}
_FORM = "multipart/form-data"
_OTHER_KINDS = ("application/json", "application/x-www-form-urlencoded", "text/", "multipart/")


class _MemoryParser(MultiPartParser):
    """Reads a form without temporary files."""

    spool_max_size = 0  # None of a SpooledTemporaryFile goes to the disk at 0.


class Uploads:
    """Reads uploads, and counts their bytes until their requests are answered.

    Args:
        limits: What is accepted.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.bytes = 0
        """Of all requests that are not answered yet."""

    @contextmanager
    def counting(self) -> Iterator[Callable[[int], None]]:
        """Yield what counts the bytes of one request as they arrive.

        It raises HTTPException: 413 if the request is too large, 503 if all of them are.
        """
        mine = 0

        def add(count: int) -> None:
            nonlocal mine
            mine += count
            self.bytes += count
            if mine > self._limits.bytes:
                raise too_large(self._limits)
            if self.bytes > self._limits.total_bytes:
                raise HTTPException(503, "too many uploads at once; send it again later", BUSY)

        try:
            yield add
        finally:
            self.bytes -= mine

    async def read(self, request: Request, add: Callable[[int], None]) -> list[PicturePath]:
        """Return the images of a request.

        Args:
            request: With a multipart form, or with one image as its body.
            add: Of `counting`.

        Raises:
            HTTPException: 408, 413, 415, 422 or 503, with the reason.
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.bytes:
            raise too_large(self._limits)
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                pictures = await self._pictures(request, _counted(request, add))
        except TimeoutError:
            seconds = self._limits.upload_seconds
            raise HTTPException(408, f"the upload took more than {seconds:g} seconds") from None
        if not pictures:
            raise HTTPException(
                422, f"no image: send form fields named '{FIELD}', or one image as the body"
            )
        return pictures

    async def _pictures(
        self, request: Request, stream: AsyncGenerator[bytes, None]
    ) -> list[PicturePath]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == _FORM:
            return await self._form(request, stream)
        if kind.startswith(_OTHER_KINDS):
            raise HTTPException(
                415, f"not {kind}: send {_FORM}, or one image as image/* or octet-stream"
            )
        content = b"".join([chunk async for chunk in stream])
        return [PicturePath(Path(UNNAMED), content=content)] if content else []

    async def _form(
        self, request: Request, stream: AsyncGenerator[bytes, None]
    ) -> list[PicturePath]:
        most = self._limits.images
        parser = _MemoryParser(request.headers, stream, max_files=most, max_fields=most)
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise HTTPException(422, f"the form cannot be read: {error.message}") from None
        try:
            return [await _picture(field, value) for field, value in form.multi_items()]
        finally:
            await form.close()


async def _picture(field: str, value: UploadFile | str) -> PicturePath:
    if field != FIELD or isinstance(value, str):
        raise HTTPException(422, f"'{field}' is unknown: send files in '{FIELD}'")
    return PicturePath(Path(value.filename or UNNAMED), content=await value.read())


def too_large(limits: Limits) -> HTTPException:
    """Return the refusal of a body with too many bytes."""
    return HTTPException(
        413, f"more than {limits.bytes / 2**20:g} MiB; send fewer or smaller images"
    )


async def _counted(request: Request, add: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        add(len(chunk))
        yield chunk
