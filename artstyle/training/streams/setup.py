"""Two streams in a run: which genres they learn, and what they cannot be trained with."""

from collections.abc import Sequence

import numpy as np

from artstyle.config import Config
from artstyle.data.genres import genre_of
from artstyle.data.loading import Labels
from artstyle.data.manifest import ManifestRow
from artstyle.errors import ConfigError
from artstyle.models.zoo import is_dual

UNKNOWN = -1
"""The genre of a picture of which neither the data set nor the title says it."""


def require_trainable_streams(config: Config) -> None:
    """Refuse settings with which two streams cannot be trained.

    Raises:
        ConfigError: Pictures are mixed or may have several labels, genres are the labels, or the
            embeddings would not learn.
    """
    if not is_dual(config.model.name):
        return
    for refused, why, edit in (
        (
            config.augment.mixup_alpha or config.augment.cutmix_alpha,
            "compares pictures of one style each, and mixed pictures have two",
            "set augment.mixup_alpha=0 and augment.cutmix_alpha=0",
        ),
        (
            config.labels.multi,
            "compares pictures of one label each, and here they may have several (labels.multi)",
            "use another --model",
        ),
        (
            config.labels.target == "genre",
            "keeps style and genre apart, and the labels are genres (labels.target)",
            "use another --model",
        ),
        (
            config.unfreeze.mode in ("head", "staged"),
            "has embeddings that begin at random, and with the head alone they would not learn",
            "set unfreeze.mode=blocks or all",
        ),
    ):
        if refused:
            raise ConfigError(f"{config.model.name} {why}; {edit}")


def genre_targets(rows: Sequence[ManifestRow]) -> tuple[tuple[str, ...], Labels]:
    """Return the genres of training images in order of their names, and the number of each image's.

    An image whose genre is not known has -1.
    """
    found = [genre_of(row) for row in rows]
    names = sorted({genre.name for genre in found if genre})
    number = {name: n for n, name in enumerate(names)}
    targets_N = [number[genre.name] if genre else UNKNOWN for genre in found]
    return tuple(names), np.array(targets_N, dtype=np.int64)
