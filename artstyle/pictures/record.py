"""The record of a picture in the collection that it comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """What a list or a manifest says about a picture; None where it says nothing."""

    id: str | None
    """The accession number as the list has it, or the identifier of a manifest's canvas."""
    label: str | None = None
    manifest: str | None = None
    """The manifest that the picture comes from."""
    rights: str | None = None
    """The rights statement, usually an address."""
