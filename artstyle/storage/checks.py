"""Data from outside, checked against the types and bounds that it must have."""

from functools import cache
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from artstyle.errors import DataError

Shape = TypeVar("Shape")


def checked(value: Any, shape: type[Shape], where: Path | str) -> Shape:
    """Return plain data as the type it claims to be: a dataclass, a TypedDict, ``list[str]``.

    Args:
        value: As JSON or YAML gave it.
        shape: What it must be.
        where: The file that it comes from, for the message.

    Raises:
        DataError: A key is missing or has another type, or a number is out of bounds.
    """
    try:
        # mypy takes no type for hashable.
        return cast(Shape, _adapter(shape).validate_python(value))  # type: ignore[arg-type]
    except ValidationError as error:
        raise DataError(f"{where} is damaged or not ours: {first_problem(error)}") from None


def require_version(record: Any, known: int, where: Path | str) -> None:
    """Refuse a record that a later version of artstyle wrote.

    Raises:
        DataError: Its ``format_version`` is above ``known``.
    """
    version = record.get("format_version", 0) if isinstance(record, dict) else 0
    if isinstance(version, int) and version > known:
        raise DataError(f"{where} was written by a later version of artstyle")


def first_problem(error: ValidationError) -> str:
    """Return on one line which value is refused first, and why; a long value is cut short."""
    problem = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(map(str, problem["loc"])) or "its content"
    reason = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "missing":
        return f"{short_repr(key)} is missing"
    return f"{short_repr(key)} is {short_repr(problem['input'])}: {reason}"


@cache
def _adapter(shape: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
