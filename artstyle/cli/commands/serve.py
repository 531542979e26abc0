"""`artstyle serve`: a page in the browser, and answers for programs."""

import os
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artstyle import interrupts
from artstyle.cli.options import RunOption
from artstyle.cli.terminal.console import say, show, warn
from artstyle.errors import MissingError

if TYPE_CHECKING:
    from artstyle.prediction.review import ReviewFile
    from artstyle.serving.served import Models

TOKEN = "ARTSTYLE_TOKEN"
"""The environment variable of the token."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def serve(
    run: RunOption = "latest",
    host: Annotated[
        str, typer.Option("--host", help="The address to listen at; 0.0.0.0 is every one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port.")] = 5000,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page in the browser.")
    ] = False,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="Answer programs only, without the page.")
    ] = False,
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
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise MissingError(f"serve needs {missing[0]}: pip install 'artstyle[serve]'")
    from artstyle.serving.server import address, open_socket, require_page
    from artstyle.serving.server import run as run_service

    page = None if api_only else require_page()
    with _reviewed(review) as reviewed, open_socket(host, port) as listening:
        from artstyle.serving.api import build_app
        from artstyle.serving.served import Models

        models = Models(run)
        token = os.environ.get(TOKEN) or None
        app = build_app(models, token=token, page=page, review=reviewed)
        url = address(listening) + ("review" if page is not None and reviewed else "")
        for note in reviewed.notes() if reviewed else ():
            say(f"note: {note}")
        _say_start(models, host, token)
        show(url)
        if page is not None and not no_browser:
            _open_browser(url)
        run_service(app, listening, models, say)
    say("stopped")
    # All requests are answered; the interpreter's own shutdown takes seconds.
    interrupts.end_now(0)


def _reviewed(path: Path | None) -> "AbstractContextManager[ReviewFile | None]":
    if path is None:
        return nullcontext()
    from artstyle.prediction.review import opened_review

    return opened_review(path)


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
