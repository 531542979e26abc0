"""What a misspelt path may have meant."""

import os
from difflib import get_close_matches
from pathlib import Path


def did_you_mean(path: Path) -> str:
    """Return " Did you mean 'scans'?" for a path that does not exist; empty if nothing is near.

    The first part of the path that does not exist is compared with the names in its folder,
    whatever their case. What is suggested exists.
    """
    missing = next((p for p in (*reversed(path.parents), path) if not os.path.lexists(p)), path)
    try:
        names = sorted(entry.name for entry in missing.parent.iterdir())
    except OSError:
        return ""
    folded = {name.casefold(): name for name in reversed(names)}
    for near in get_close_matches(missing.name.casefold(), folded, cutoff=0.75):
        meant = missing.parent / folded[near] / path.relative_to(missing)
        if os.path.lexists(meant):
            return f" Did you mean '{meant}'?"
    return ""
