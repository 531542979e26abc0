"""The probability of a group of styles: the sum over its styles."""

from functools import cache

import numpy as np

from artstyle.metrics import FloatArray
from artstyle.styles.vocabulary import style_group


@cache
def group_matrix(labels: tuple[str, ...]) -> tuple[tuple[str | None, ...], FloatArray]:
    """Return the G groups, and which style is in which, C x G with ones and zeros.

    A style without a known group stands alone; its group is None.
    """
    keys = [style_group(style) or (style,) for style in labels]
    groups = list(dict.fromkeys(keys))
    members_CG = np.array([[float(key == group) for group in groups] for key in keys])
    return tuple(group if isinstance(group, str) else None for group in groups), members_CG
