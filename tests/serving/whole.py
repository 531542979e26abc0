"""What only `nox -s page` installs: Gradio, a browser's driver, axe-core, Schemathesis."""

import os
from importlib.util import find_spec

import pytest

AXE = os.environ.get("ARTSTYLE_AXE", "")
"""The file of axe-core; `nox -s page` sets it, and then nothing may be skipped."""


def need(module: str) -> None:
    """Skip a test, or all tests of a module, where a package is not installed."""
    if find_spec(module) is None:
        lack(f"{module} is not installed; nox -s page installs it")


def lack(what: str) -> None:
    """Skip what cannot be tested here; in `nox -s page`, fail."""
    if AXE:
        pytest.fail(what)
    pytest.skip(what, allow_module_level=True)
