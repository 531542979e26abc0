"""The words in a column of splits."""

from collections.abc import Mapping

from artstyle.collection.table import examples
from artstyle.errors import DataError
from artstyle.preparation.sources.source import split_name
from artstyle.preparation.tables.cells import is_nothing


def cell_splits(table: str, first: Mapping[str, str]) -> dict[str, str]:
    """Return what each word means: train, val or test, or "" for nothing.

    Args:
        table: The table's name, for the message.
        first: Word -> where it occurs first, "line 3".

    Raises:
        DataError: A word cannot be understood: a guess would move paintings between splits.
    """
    meant = {word: "" if is_nothing(word) else split_name(word) for word in first}
    unknown = [f"'{word}' ({first[word]})" for word, split in meant.items() if split is None]
    if unknown:
        raise DataError(
            f"{table}: unknown split {examples(unknown, len(unknown))}; write train, val or test"
        )
    return {word: split or "" for word, split in meant.items()}
