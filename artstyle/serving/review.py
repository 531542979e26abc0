"""The routes under which a person reviews a table of answers."""

import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse
from pydantic import ValidationError

from artstyle.errors import BusyError, MissingError, UnknownNameError
from artstyle.pictures.image import read_image
from artstyle.pictures.shrinking import shrink
from artstyle.prediction.review import REJECTED, ReviewFile
from artstyle.prediction.review_columns import ReviewRow
from artstyle.serving import documents
from artstyle.serving.access import own_name_guards
from artstyle.serving.documents import refusals
from artstyle.serving.served import Models

_SHORT_PX, _LONG_PX = 1200, 4000
_MOST_BYTES = 4096
Number = Annotated[int, InPath(ge=1, description="A row below the header, from 1.")]


def add_review(
    app: FastAPI, review: ReviewFile, models: Models, *, page: Path | None, has_token: bool
) -> None:
    """Add the routes of a review, and its page.

    Args:
        app: What they are added to.
        review: The table of answers.
        models: Name the styles that can be chosen, with the vocabulary's.
        page: The folder of the page; None adds none.
        has_token: Whether only who has the token is let in.
    """
    router = APIRouter(dependencies=own_name_guards(has_token=has_token))
    _add_rows(router, review, models)
    _add_picture(router, review, models)
    app.include_router(router)
    if page is not None:

        @app.get("/review", include_in_schema=False)
        async def index() -> Response:
            return FileResponse(page / "review.html")


def _add_rows(router: APIRouter, review: ReviewFile, models: Models) -> None:
    @router.get(
        "/v1/review",
        summary="The answers under review",
        response_model=documents.Review,
        responses=refusals(401, 403, 422),
    )
    def rows() -> Response:
        """Answer with all rows, and the styles that can be chosen."""
        reading, found = review.current()
        numbered = [{"row": n, **asdict(row)} for n, row in enumerate(found, start=1)]
        styles = _choices(found, models)
        document = {
            "file": review.path.name, "reading": reading, "rows": numbered, "styles": styles
        }  # fmt: skip
        # Escaped: a path may have bytes that are not UTF-8.
        return Response(json.dumps(document), media_type="application/json")

    @router.post(
        "/v1/review/{row}",
        summary="Accept, change or reject an answer",
        response_model=documents.Decision,
        responses=refusals(401, 403, 404, 409, 413, 415, 422),
        openapi_extra=documents.json_body(documents.Decision),
    )
    async def decide(row: Number, request: Request) -> Response:
        """Write the decision into the file; the answer comes when the disk has it."""
        decision = await _decision(request)
        await run_in_threadpool(_decide, review, models, row, decision)
        return JSONResponse({"review": decision.review})


def _add_picture(router: APIRouter, review: ReviewFile, models: Models) -> None:
    one_at_a_time = Lock()  # A scan may need a GB of memory.

    @router.get(
        "/v1/review/{row}/picture",
        summary="The picture of a row",
        response_class=Response,
        responses={
            200: {"content": {"image/jpeg": {}}, "description": "Shrunk, without metadata."},
            **refusals(401, 403, 404, 422),
        },
    )
    def picture(row: Number) -> Response:
        """Answer with the picture that the file names in this row, and with no other."""
        path = Path(_known(review, row).path)
        rules = models.current.model.preprocessing.rules
        buffer = io.BytesIO()
        with one_at_a_time:
            pixels = read_image(path, short_side_px=_SHORT_PX, rules=rules).pixels
            short_px = round(_LONG_PX * min(pixels.size) / max(pixels.size))
            shrink(pixels, max(1, short_px)).save(buffer, "JPEG", quality=90)
        headers = {"Cache-Control": "private, max-age=600"}
        return Response(buffer.getvalue(), media_type="image/jpeg", headers=headers)


def _choices(rows: Iterable[ReviewRow], models: Models) -> list[dict[str, Any]]:
    """Return the styles of the file, the model and the vocabulary, each once."""
    served = models.current
    named = [ranked.style for row in rows for ranked in row.styles or ()]
    styles = dict.fromkeys([*served.model.labels, *served.vocabulary.entries, *named])
    return [served.style(name) for name in styles]


async def _decision(request: Request) -> documents.Decision:
    # A browser sends JSON from another site's page only after it asked, and is refused.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send a decision as application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, f"a decision has at most {_MOST_BYTES} bytes")
    try:
        return documents.Decision.model_validate(json.loads(body))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "decision"
        raise HTTPException(422, f"{place}: {problem['msg']}") from None
    except (ValueError, RecursionError):
        raise HTTPException(422, 'a decision is JSON: {"review": "Cubism"}') from None


def _decide(review: ReviewFile, models: Models, number: int, decision: documents.Decision) -> None:
    row = _known(review, number)
    if decision.review not in ("", REJECTED, row.review):
        known = [style["style"] for style in _choices(review.rows(), models)]
        if decision.review not in known:
            raise HTTPException(422, UnknownNameError("style", decision.review, known).guess)
    try:
        review.review(number, decision.review, former=decision.former, reading=decision.reading)
    except BusyError as error:
        raise HTTPException(HTTPStatus.CONFLICT, str(error)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise HTTPException(500, f"{review.path.name} was not written: {reason}") from None


def _known(review: ReviewFile, number: int) -> ReviewRow:
    try:
        return review.row(number)
    except MissingError as error:
        raise HTTPException(404, str(error)) from None
