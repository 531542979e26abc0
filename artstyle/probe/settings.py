"""Which keys a probe uses, and which models it makes sense for. Loads without torch."""

from artstyle.config import ModelConfig
from artstyle.errors import UsageError
from artstyle.models.zoo import is_dual, member_names, require_model, weights_at_start

_USED = (
    "seed",
    "deterministic",
    "data.image_size",
    "data.fit",
    "model.name",
    "model.weights",
    "loss.class_weights",
    "train.device",
    "train.export",
    "probe.c",
)


def is_used(key: str) -> bool:
    """Return whether `artstyle probe` uses a dotted key of the configuration."""
    return key in _USED


def require_pretrained(config: ModelConfig) -> None:
    """Refuse a network with random weights: its features say nothing of a picture.

    Raises:
        UnknownNameError: No model has the name.
        UsageError: The model, or one that it joins, would start from random weights.
    """
    require_model(config.name)
    if is_dual(config.name):
        raise UsageError(
            f"a probe needs trained features, and the embeddings of {config.name} begin at random;"
            f" use 'artstyle finetune --model {config.name} --config dual'"
        )
    for member in member_names(config.name):
        if weights_at_start(member, config.weights) == "none":
            raise UsageError(
                f"a probe needs trained weights, and {member} would start from random ones;"
                " use --model efficientnet_lite0, or train the whole network with 'artstyle train'"
            )
