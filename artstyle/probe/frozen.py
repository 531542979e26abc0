"""Features of a network that does not learn: what its last layer would see of each image."""

import numpy as np
from numpy.typing import NDArray
from torch import nn

from artstyle.data.loading import Labelled, read_cached
from artstyle.errors import UsageError
from artstyle.inference import predict_logits
from artstyle.models.torch_model import TorchModel
from artstyle.progress import Progress, silent
from artstyle.training.features import without_head


def frozen_features(
    model: TorchModel,
    images: Labelled,
    progress: Progress = silent,
    name: str = "images",
) -> NDArray[np.float32]:
    """Return the features of all images, N x F, as evaluation prepares them.

    Args:
        model: In evaluation mode; unchanged when this returns.
        images: Images of the cache.
        progress: Called after each image.
        name: What the images are, for the progress: ``train``.

    Raises:
        DataError: An image of the cache is missing or damaged.
        WeightsError: A feature is NaN or infinite.
    """
    total = len(images.paths)
    features_NF = np.empty((0, 0), np.float32)
    with without_head(model.network, model.spec):
        found = predict_logits(model, images.paths, read_cached)
        for row, prediction in enumerate(found):
            # `read_cached` raises where an image cannot be read.
            assert prediction.logits_C is not None
            if not row:
                features_NF = np.empty((total, len(prediction.logits_C)), np.float32)
            features_NF[row] = prediction.logits_C
            progress(f"computing features of {name}", row + 1, total)
    return features_NF


def linear_head(model: TorchModel) -> nn.Linear:
    """Return the last layer of a network.

    Raises:
        UsageError: It is another kind of layer.
    """
    head = model.network.get_submodule(model.spec.head)
    if type(head) is not nn.Linear:
        raise UsageError(
            f"{model.name} does not end in a linear layer, which a probe fits; use another --model"
        )
    return head
