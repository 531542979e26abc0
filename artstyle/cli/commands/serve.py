"""`artstyle serve`: a page in the browser, and answers for programs."""

import os
import sys
import threading
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from artstyle import interrupts
from artstyle.cli.options import IndexRunOption
from artstyle.cli.terminal.console import say, show, warn
from artstyle.errors import MissingError, UsageError

if TYPE_CHECKING:
    from artstyle.prediction.review import ReviewFile
    from artstyle.search.index import Index
    from artstyle.serving.served import Models

TOKEN = "ARTSTYLE_TOKEN"
"""The environment variable of the token."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
ServedIndexOption = Annotated[
    Path | None,
    typer.Option("--index", metavar="INDEX", help="Also name similar works of this index."),
]
_NEEDED = {
    "serve": ("fastapi", "uvicorn", "python_multipart", "prometheus_client"),
    "gradio": ("gradio", "prometheus_client"),
}
"""What each extra of the package installs."""


def serve(
    run: IndexRunOption = None,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen at; 0.0.0.0 is every one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port.")] = 5000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page in the browser.")
    ] = False,
    page: Annotated[
        Literal["plain", "gradio"],
        typer.Option("--page", help="The page in full, or a small one made with Gradio."),
    ] = "plain",
    api_only: Annotated[
        bool, typer.Option("--api-only", help="Answer programs only, without the page.")
    ] = False,
    index: ServedIndexOption = None,
    review: Annotated[
        Path | None,
        typer.Option(
            "--review",
            metavar="FILE",
            help="Review the answers in a CSV file of `predict`; each decision is saved in it.",
        ),
    ] = None,
) -> None:
    """Open a page that names the styles of pictures, and answer programs at the same address.

    By default only this computer reaches it, and pictures are never stored.

    To let colleagues in the house use it:
    1. Choose a long password: export ARTSTYLE_TOKEN=... Without it, everyone who reaches it is in.
    2. artstyle serve --host 0.0.0.0 --no-browser, and open the port for the house's network only.
    3. They open http://NAME-OF-THIS-COMPUTER:5000 and give the password; any user name will do.
    4. Passwords and pictures travel unencrypted: outside the house, put a proxy with TLS before it.
    5. Ctrl-C stops it once all requests are answered.
    """
    if api_only and page == "gradio":
        raise UsageError("--api-only serves no page; leave out --page gradio or --api-only")
    if review and page == "gradio":
        raise UsageError("--review has a page of its own; leave out --page gradio")
    extra = "gradio" if page == "gradio" else "serve"
    if missing := [name for name in _NEEDED[extra] if find_spec(name) is None]:
        raise MissingError(f"serve needs {missing[0]}: pip install 'artstyle[{extra}]'")
    from artstyle.serving.server import address, open_socket, require_page
    from artstyle.serving.server import run as run_service

    folder = None if api_only or page == "gradio" else require_page()
    with ExitStack() as stack:
        reviewed = _opened(review, stack)
        searched = _searched(index)
        listening = stack.enter_context(open_socket(host, port))
        from artstyle.serving.api import build_app
        from artstyle.serving.served import Models

        models = Models(run or (searched.document.run if searched else "latest"), searched)
        if reviewed and models.current.model.multi:
            from artstyle.styles.targets import refused_several

            raise refused_several("--review works", "leave it out")
        token = os.environ.get(TOKEN) or None
        app = build_app(models, token=token, page=folder, review=reviewed)
        if page == "gradio":
            from artstyle.serving.gradio_page import build_page, mount

            uploads = stack.enter_context(TemporaryDirectory(prefix="artstyle-"))
            mount(app, build_page(models, Path(uploads)))
        url = address(listening) + ("review" if folder is not None and reviewed else "")
        for note in reviewed.notes() if reviewed else ():
            say(f"note: {note}")
        _say_start(models, host, token)
        show(url)
        if not api_only and not no_browser:
            _open_browser(url)
        run_service(app, listening, models, say)
    say("stopped")
    # All requests are answered; the interpreter's own shutdown takes seconds.
    interrupts.end_now(0)


def _opened(review: Path | None, stack: ExitStack) -> "ReviewFile | None":
    """Return the answers that are reviewed until the stack ends."""
    if review is None:
        return None
    from artstyle.prediction.review import opened_review

    return stack.enter_context(opened_review(review))


def _searched(path: Path | None) -> "Index | None":
    """Return the index that is searched, ready for the first request."""
    if path is None:
        return None
    from artstyle.search.index import open_index

    index = open_index(path)
    if index.is_approximate:
        _ = index.graphs  # They are compared with their checksums.
    if not Path(index.work(0).path).is_file():
        say(
            f"note: the works of {path} are not found from this folder, so they have no"
            " thumbnails; start the service where the index was made"
        )
    return index


def _say_start(models: "Models", host: str, token: str | None) -> None:
    served = models.current
    for note in served.notes:
        say(f"note: {note}")
    if host not in _LOOPBACK and token is None:
        warn(f"everyone who reaches this computer can use it; set {TOKEN} to ask for a password")
    say(f"Model {served.model.fingerprint} answers at the address below; Ctrl-C stops it.")


def _open_browser(url: str) -> None:
    """Open the page where there is a desktop; a browser in the terminal would hide the messages."""
    import webbrowser

    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
