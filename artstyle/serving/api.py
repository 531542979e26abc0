"""The routes of a service."""

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route

from artstyle.errors import ArtstyleError, ImageError, UsageError
from artstyle.prediction.review import ReviewFile
from artstyle.serving import documents
from artstyle.serving.access import Access
from artstyle.serving.documents import image_body, refusals
from artstyle.serving.limits import Limits
from artstyle.serving.review import add_review
from artstyle.serving.served import HeatFormat, Models
from artstyle.serving.service import Service
from artstyle.serving.similar import add_similar
from artstyle.serving.uploads import BUSY

_MOST_STYLES = 1000
_IMAGE_REFUSALS = refusals(401, 408, 413, 415, 422, 503, 504)
TopK = Annotated[int, Query(ge=1, le=_MOST_STYLES, description="How many styles a row names.")]


def build_app(
    models: Models,
    *,
    limits: Limits | None = None,
    token: str | None = None,
    page: Path | None = None,
    review: ReviewFile | None = None,
) -> FastAPI:
    """Return the application that answers.

    Args:
        models: The model in use.
        limits: What is accepted; None takes the defaults.
        token: Whoever has it is answered; None answers everyone, and refuses to swap models.
        page: The folder of the page at ``/``; None serves none.
        review: The answers that people review at ``/review``; None serves none.
    """
    service = Service(models, limits or Limits())
    # Swagger's page would load its scripts from elsewhere.
    app = FastAPI(
        title="artstyle",
        description="Recognise the style of paintings. Images are held in memory until the answer.",
        version=version("artstyle"),
        docs_url=None,
        redoc_url=None,
        lifespan=service.opened,
    )
    app.add_middleware(Access, token=token, monitor=service.monitor)
    _add_error_answers(app)
    _add_answers(app, service)
    add_similar(app, service, has_token=token is not None)
    _add_model(app, service, token)
    _add_health(app, service)
    if page is not None:
        _add_page(app, page)
    if review is not None:
        add_review(app, review, models, page=page, has_token=token is not None)
    return app


def _add_answers(app: FastAPI, service: Service) -> None:
    @app.post(
        "/v1/predict",
        summary="Name the most probable styles of images",
        response_model=documents.Results,
        responses=_IMAGE_REFUSALS,
        openapi_extra=image_body(many=True),
    )
    async def predict(request: Request, top_k: TopK = 3) -> Response:
        """Answer with a row for each image, in order; unreadable ones have an error in theirs."""
        rows = await service.answer(request, top_k)
        if len(rows) == 1 and rows[0].error:
            raise HTTPException(422, rows[0].error)
        # Names as they were sent: Windows would turn the slashes of a path.
        results = [{**row.to_dict(), "path": row.path.as_posix()} for row in rows]
        return JSONResponse({"results": results})

    @app.post(
        "/v1/gradcam",
        summary="Show where in an image a style is found",
        response_class=Response,
        responses={
            200: {
                "model": documents.Heat,
                "description": "The heat over the picture, or the map.",
                "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
            },
            **_IMAGE_REFUSALS,
        },
        openapi_extra=image_body(many=False),
    )
    async def gradcam(
        request: Request,
        style: Annotated[
            str | None, Query(description="A style of the model; by default the predicted one.")
        ] = None,
        format: Annotated[HeatFormat, Query(description="An overlay, or the map.")] = "png",
    ) -> Response:
        """Answer with the heat over the image in PNG, or with the map and the row in JSON."""
        drawn = await service.heat(request, style, format)
        return Response(drawn, media_type="image/png" if format == "png" else "application/json")


def _add_model(app: FastAPI, service: Service, token: str | None) -> None:
    @app.get(
        "/v1/model",
        summary="The model that answers",
        response_model=documents.Model,
        responses=refusals(401),
    )
    async def model() -> Response:
        """Answer with its styles, how right it was on its validation pictures, and the limits."""
        return JSONResponse(service.models.current.document(service.limits))

    @app.post(
        "/v1/model",
        summary="Answer with another model",
        response_model=documents.Model,
        responses=refusals(401, 403, 422),
    )
    async def swap(
        run: Annotated[
            str | None, Query(min_length=1, description="A run; by default the present name again.")
        ] = None,
    ) -> Response:
        """Load a run's model; requests in flight are answered, and it answers those that follow."""
        if token is None:
            raise HTTPException(403, "start the service with ARTSTYLE_TOKEN to change its model")
        try:
            served = await asyncio.to_thread(service.models.swap, run)
        except (ArtstyleError, OSError) as error:
            raise HTTPException(422, f"{error}; the former model answers") from None
        service.monitor.swaps.inc()
        return JSONResponse(served.document(service.limits))

    @app.get(
        "/v1/styles",
        summary="The styles that it knows",
        response_model=list[documents.Style],
        responses=refusals(401),
    )
    async def styles() -> Response:
        """Answer with each style, its name as people read it, and its group."""
        return JSONResponse(service.models.current.styles())


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", summary="Whether the process answers", response_model=documents.Status)
    async def healthz() -> Response:
        """Answer as long as the process does."""
        return JSONResponse({"status": "ok"})

    @app.get(
        "/readyz",
        summary="Whether it takes images",
        response_model=documents.Status,
        responses=refusals(503),
    )
    async def readyz() -> Response:
        """Answer 503 while the queue is full."""
        if not (service.is_ready and service.rows.has_room()):
            raise HTTPException(503, "too many images wait", BUSY)
        return JSONResponse({"status": "ready"})

    @app.get(
        "/metrics",
        summary="Numbers for Prometheus",
        response_class=PlainTextResponse,
        responses=refusals(401),
    )
    async def metrics() -> Response:
        """Answer with counts, times and memory in Prometheus's text format."""
        return Response(service.monitor.text(), media_type=CONTENT_TYPE_LATEST)


def _add_page(app: FastAPI, page: Path) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return FileResponse(page / "index.html")

    app.mount("/page", StaticFiles(directory=page))


def _add_error_answers(app: FastAPI) -> None:
    """Answer every error with ``{"error": reason}``."""

    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: StarletteHTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # Starlette lists the methods of the first route with this path only.
            allowed = (_methods(route, request.url.path) for route in app.routes)
            headers["Allow"] = ", ".join(sorted(set().union(*allowed)))
        return JSONResponse({"error": error.detail}, error.status_code, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return JSONResponse({"error": _first_problem(error.errors()[0])}, 422)

    @app.exception_handler(ArtstyleError)
    async def failed(_: Request, error: ArtstyleError) -> Response:
        theirs = isinstance(error, (ImageError, UsageError))
        return JSONResponse({"error": str(error)}, 422 if theirs else 500)

    @app.exception_handler(500)
    async def broken(_: Request, error: object) -> Response:
        return JSONResponse({"error": "artstyle failed; its log says how"}, 500)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: ClientDisconnect) -> Response:
        return JSONResponse({"error": "the upload was not finished"}, 400)


def _methods(route: BaseRoute, path: str) -> set[str]:
    return set(route.methods or ()) if isinstance(route, Route) and route.path == path else set()


def _first_problem(problem: dict[str, Any]) -> str:
    return f"{problem['loc'][-1]}: {problem['msg']}"
