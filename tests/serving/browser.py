"""Pages in a real browser: Chromium or Chrome, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.serving.whole import AXE, lack, need

WAIT_MS = 60_000
"""A browser, a service and other tests share the machine."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def started_browser() -> Iterator[Any]:
    """Yield a browser of this computer."""
    need("playwright")
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415

    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        lack("neither Chromium nor Chrome is installed")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Any, url: str, *, width: int = 1280, own_clock: bool = False, **options: Any
) -> Iterator[Any]:
    """Yield an open page; at the end, nothing failed in it and it asked for nothing elsewhere.

    Args:
        browser: What `started_browser` yields.
        url: The page's address.
        width: Of the window, in CSS pixels.
        own_clock: Whether the test can let time pass in the page.
        options: Of Playwright's contexts.
    """
    problems: list[str] = []
    viewport = {"width": width, "height": 900}
    context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda sent: problems.extend(_elsewhere(sent.url, url)))
        if own_clock:
            page.clock.install()
        page.goto(url)
        yield page
    finally:
        context.close()
    assert problems == []


def _elsewhere(address: str, url: str) -> list[str]:
    service = str(httpx.URL(url).join("/"))
    return [] if address.startswith((service, "blob:", "data:")) else [address]


def files(pictures: dict[str, bytes]) -> list[dict[str, Any]]:
    """Return pictures as a file chooser takes them."""
    return [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in pictures.items()
    ]


def assert_fits(page: Any) -> None:
    """Nothing sticks out to the right, and axe-core finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if not AXE:
        return
    page.evaluate(Path(AXE).read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [
        (it["id"], it["nodes"][0]["html"])
        for it in found["violations"]
        if it["impact"] in ("serious", "critical")
    ] == []
