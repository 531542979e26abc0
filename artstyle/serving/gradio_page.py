"""The page made with Gradio: one picture, its three most probable styles, and the heat."""

import base64
import os
import re
from collections.abc import Awaitable, Callable
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gradio
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artstyle.errors import ArtstyleError
from artstyle.pictures.finding import PicturePath
from artstyle.prediction.rows import PredictionRow
from artstyle.prediction.wording import verdict_words
from artstyle.serving.limits import Limits
from artstyle.serving.served import HeatRequest, Models, ServedModel
from artstyle.styles.vocabulary import display_name, styles_named_by

TOP_STYLES = 3
KEPT_SECONDS = 60
"""Gradio writes uploads to a disk; they are deleted when they are older than this."""
_CHECK_SECONDS = 5
_MOST_WAITING = 64
TITLE = "Which style is this painting?"
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' blob: data:; font-src 'self' data:; object-src 'none'; base-uri 'self';"
    " form-action 'none'; frame-ancestors https://huggingface.co"
)
_FETCHES = re.compile("/gradio_api/(file|proxy)[=/]")
Answer = tuple[dict[str, float] | None, str, str, str]
"""The styles, how sure the answer is, the likely styles, and the heat in HTML."""
_NOTHING: Answer = (None, "", "", "")


def build_page(models: Models, folder: Path) -> gradio.Blocks:
    """Return the page.

    Args:
        models: The model in use.
        folder: Where Gradio keeps uploads until they are deleted; the caller deletes it.
    """
    # Gradio asks nobody for the folder but the environment.
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    page = gradio.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(_CHECK_SECONDS, KEPT_SECONDS)
    )
    with page:
        gradio.Markdown(f"# {TITLE}")
        model = gradio.Markdown()
        with gradio.Row():
            with gradio.Column():
                picture = gradio.File(label="Painting", height=160)
                gradio.Markdown(f"Uploads are deleted after {KEPT_SECONDS} seconds.")
                styles = gradio.Label(
                    label="Most probable styles", num_top_classes=TOP_STYLES, show_heading=False
                )
                sure = gradio.Textbox(label="How sure", interactive=False)
                likely = gradio.Textbox(label="Likely styles", interactive=False)
            # Its HTML component would need a policy that lets scripts be made from text.
            heat = gradio.Markdown(container=False)
        answer = [styles, sure, likely, heat]
        picture.async_move_resource_to_block_cache = _only_from(folder)
        picture.upload(
            lambda file: answer_picture(models.current, Path(file["path"])),
            picture, answer, api_name="predict", preprocess=False,
        )  # fmt: skip
        picture.clear(lambda: _NOTHING, None, answer, api_visibility="private")
        page.load(lambda: _model_words(models.current), None, model, api_visibility="private")
    page.queue(max_size=_MOST_WAITING, default_concurrency_limit=os.cpu_count())
    return page


def mount(app: FastAPI, page: gradio.Blocks) -> None:
    """Add the page to a service, at ``/``."""
    gradio.mount_gradio_app(app, page, "/", **options())


def options() -> dict[str, Any]:
    """Return how to launch or mount the page: nothing is recorded, and no Node is started."""
    return {
        "app_kwargs": {"middleware": [Middleware(_Guard)]},
        "footer_links": [],
        "max_file_size": Limits().bytes,
        "run_history": False,
        "ssr_mode": False,
    }


class _Guard:
    """Middleware that lets the page's own scripts run, and keeps Gradio from fetching files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = _POLICY
            await send(message)

        # These routes send any uploaded file, or what is at an address, to anyone.
        if _FETCHES.search(scope.get("path", "")):
            await PlainTextResponse("not found", 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send_with_policy)


def _only_from(folder: Path) -> Callable[[str], Awaitable[str]]:
    """Return what lets in uploads only.

    In a mounted page, Gradio 6.31 would read any file of this computer, and fetch any address.
    """

    async def checked(path: str) -> str:
        if not Path(path).resolve().is_relative_to(folder.resolve()):
            raise gradio.Error("send a file", print_exception=False)
        return path

    return checked


def answer_picture(served: ServedModel, path: Path) -> Answer:
    """Return what the page shows for a picture."""
    try:
        picture = PicturePath(Path(path.name), content=path.read_bytes())
    except FileNotFoundError:
        return None, "The upload is gone; drop the picture again.", "", ""
    (row,) = served.rows([picture])
    if row.styles is None:
        return None, f"Not read: {row.error}.", "", ""
    with styles_named_by(served.vocabulary):
        styles = {display_name(ranked.style): ranked.probability for ranked in row.styles}
        likely = ", ".join(display_name(style) for style in row.likely or ())
        words = verdict_words(row) or "This model cannot say how sure it is."
        return styles, words, likely, _heat(served, picture, row)


def _heat(served: ServedModel, picture: PicturePath, row: PredictionRow) -> str:
    """Return the heat over the picture in HTML: Gradio would write an image to the disk."""
    style = row.styles[0].style if row.styles else None
    try:
        drawn = served.heat(HeatRequest(picture, style, "png"))
    except ArtstyleError as error:
        return f"<p>No heatmap: {escape(str(error))}.</p>"
    name = escape(display_name(style or ""))
    data = base64.b64encode(drawn).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="Heatmap for {name}">'
        f"<figcaption>The hotter a region, the more it spoke for {name}.</figcaption></figure>"
    )


def _model_words(served: ServedModel) -> str:
    made = f"Model {served.model.name} {served.model.fingerprint}, artstyle {version('artstyle')}."
    return " ".join([made, *served.notes])
