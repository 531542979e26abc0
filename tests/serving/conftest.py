"""A service with a tiny model, and pictures to send to it."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.serving.browser import started_browser
from tests.serving.tiny import service, write_model


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ONNX file; for reading only."""
    return write_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="session")
def pictures() -> dict[str, bytes]:
    """Pictures in several formats and shapes, by name."""
    rng = np.random.default_rng(7)
    made = {}
    for n, kind in enumerate(["jpeg", "png", "webp", "tiff", "bmp"] * 2):
        coarse = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        image = Image.fromarray(coarse).resize((60 + 11 * n, 50 + 7 * n), Image.Resampling.BICUBIC)
        image.save(buffer, kind)
        made[f"scans/{n} é.{kind}"] = buffer.getvalue()
    return made


@pytest.fixture(scope="module")
def url(model_file: Path) -> Iterator[str]:
    """The address of a service with the default limits and no token."""
    with service(model_file) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium or Chrome, where Playwright can drive one."""
    with started_browser() as found:
        yield found


@pytest.fixture(scope="module")
def expect(browser: Any) -> Any:
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect  # noqa: PLC0415

    return expect
