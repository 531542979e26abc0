"""The routes that name similar works of an index, and show them."""

import json
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response

from artstyle.errors import ImageError
from artstyle.search.index import Index
from artstyle.search.kinds import By
from artstyle.search.neighbours import Wanted
from artstyle.serving import documents
from artstyle.serving.access import own_name_guards
from artstyle.serving.documents import image_body, refusals
from artstyle.serving.service import Service

_MOST_WORKS = 1000
TopK = Annotated[int, Query(ge=1, le=_MOST_WORKS, description="How many works a row names.")]


def add_similar(app: FastAPI, service: Service, *, has_token: bool) -> None:
    """Add the routes of similar works; without an index they answer 404 and say what to do.

    Args:
        app: What they are added to.
        service: With the model, and the index if it has one.
        has_token: Whether only who has the token is let in.
    """
    router = APIRouter(dependencies=own_name_guards(has_token=has_token))
    _add_rows(router, service)
    _add_picture(router, service)
    app.include_router(router)


def _add_rows(router: APIRouter, service: Service) -> None:
    @router.post(
        "/v1/similar",
        summary="Name the works of the index that look most like images",
        response_model=documents.SimilarResults,
        responses=refusals(401, 403, 404, 408, 413, 415, 422, 503, 504),
        openapi_extra=image_body(many=True),
    )
    async def similar(
        request: Request,
        top_k: TopK = 10,
        by: Annotated[By, Query(description="What is compared; most models have style.")] = "style",
        mask_artist: Annotated[
            bool,
            Query(
                description="Leave out works by the image's own artist, whom its name says:"
                " Style/artist_title.jpg."
            ),
        ] = False,
    ) -> Response:
        """Answer with a row for each image, in order; one without neighbours says why."""
        wanted = Wanted(by, top_k, mask_artist)
        wanted.require_of(_index(service))
        rows = await service.find(request, wanted)
        if len(rows) == 1 and rows[0].error:
            raise HTTPException(422, rows[0].error)
        results = [{**row.to_dict(), "path": row.path.as_posix()} for row in rows]
        # Escaped: a path may have bytes that are not UTF-8.
        return Response(json.dumps({"results": results}), media_type="application/json")


def _add_picture(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/similar/picture",
        summary="A work of the index, in small",
        response_class=Response,
        responses={
            200: {"content": {"image/jpeg": {}}, "description": "Shrunk, without metadata."},
            **refusals(401, 403, 404, 422, 503, 504),
        },
    )
    async def picture(path: Annotated[str, Query(description="As a row names it.")]) -> Response:
        """Answer with the picture of a work, read from its file; with no other file."""
        if not _index(service).has_file(path):
            raise HTTPException(404, "the index has no work with this file, seen from this folder")
        try:
            shrunk = await service.thumbnail(Path(path))
        except (ImageError, OSError) as error:
            reason = error if isinstance(error, ImageError) else error.strerror
            raise HTTPException(422, f"its file cannot be read: {reason}") from None
        headers = {"Cache-Control": "private, max-age=600"}
        return Response(shrunk, media_type="image/jpeg", headers=headers)


def _index(service: Service) -> Index:
    index = service.models.index
    if index is None:
        raise HTTPException(404, "no similar works: start the service with --index INDEX")
    return index
