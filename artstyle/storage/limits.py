"""Bounds of numbers that come from outside: a stranger's file must not ask for any memory."""

from typing import Annotated

from pydantic import Field

MAX_IMAGE_SIZE = 2048
MAX_CACHE_SIZE = 8192
MAX_PIXELS = 2_000_000_000
"""No machine has memory for more."""

Byte = Annotated[int, Field(ge=0, le=255)]
