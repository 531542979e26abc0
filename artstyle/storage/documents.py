"""The base of the typed models of our JSON files: read with checks, written whole."""

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from artstyle.storage.checks import checked, require_version
from artstyle.storage.files import read_json, write_json


class Document(BaseModel):
    """A JSON file, or a part of one. Frozen; each field has a type and a sentence.

    Reading ignores keys that the model does not know, so that files with more keys still load.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )
    newest_format: ClassVar[int] = 1
    """The highest ``format_version`` that this version of artstyle can read."""

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a file.

        Raises:
            MissingError: The file does not exist.
            DataError: The file is damaged, or a later version of artstyle wrote it.
        """
        value = read_json(Path(path))
        require_version(value, cls.newest_format, path)
        return checked(value, cls, path)

    def write(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        write_json(Path(path), self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, keys in the order of the fields, as JSON has it."""
        return self.model_dump(mode="json", by_alias=True)
