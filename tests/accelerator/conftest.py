"""The devices that these tests run on.

A test that takes ``device`` runs on the CPU too. One that takes ``accelerator`` needs a GPU of
NVIDIA, and is skipped without. ``ARTSTYLE_ACCELERATOR`` names another device for both: with ``cpu``
the tests themselves can be checked without a GPU.
"""

import os
from collections.abc import Iterator

import pytest
import torch

_NAME = os.environ.get("ARTSTYLE_ACCELERATOR", "cuda")


@pytest.fixture(params=["cpu", pytest.param("accelerator", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """The name of a device as ``train.device`` takes it: the CPU's, then the accelerator's."""
    return "cpu" if request.param == "cpu" else _accelerator()


@pytest.fixture
def accelerator() -> str:
    """The name of the accelerator as ``train.device`` takes it."""
    return _accelerator()


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    """Let no later test inherit what a deterministic run asks of torch."""
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False


def _accelerator() -> str:
    if _NAME == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a GPU of NVIDIA; torch finds none")
    return _NAME
