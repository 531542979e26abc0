"""Models from timm: built by name, and described by timm's own metadata."""

import re
from contextlib import suppress
from socket import create_connection
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import timm
from huggingface_hub import constants
from torch import nn

from artstyle.errors import UnknownNameError, UsageError
from artstyle.models.weights import no_download
from artstyle.models.zoo import TIMM_PREFIX, ModelSpec, refused_size

# Each child of these modules is a block.
_SEQUENCES = ("blocks", "stages", "layers")


def build(
    architecture: str,
    *,
    pretrained: bool = False,
    image_size: int | None = None,
    dropout: float | None = None,
) -> nn.Module:
    """Build a network by its name in timm.

    Args:
        architecture: timm's name, with or without a tag of weights.
        pretrained: Whether to load its weights, with a download on first use.
        image_size: Side in pixels, for models that are built for one size; others take any.
        dropout: Rate before the last layer; None takes the model's own.
    """
    options: dict[str, Any] = {} if dropout is None else {"drop_rate": dropout}
    if image_size is not None:
        # Only models with position embeddings or windows have this argument.
        with suppress(TypeError):
            network: nn.Module = timm.create_model(
                architecture, pretrained=pretrained, img_size=image_size, **options
            )
            return network
    network = timm.create_model(architecture, pretrained=pretrained, **options)
    return network


def build_any(
    name: str, *, pretrained: bool, image_size: int | None, dropout: float | None
) -> tuple[nn.Module, ModelSpec]:
    """Build ``timm/NAME`` and describe it.

    Raises:
        UnknownNameError: timm does not have the model.
        WeightsError: Its weights cannot be downloaded.
    """
    builder = name.removeprefix(TIMM_PREFIX)
    architecture = builder.split(".")[0]
    if not timm.is_model(architecture) or not _is_known(builder, architecture):
        raise UnknownNameError("timm model", builder, timm.list_models(f"{architecture[:5]}*")[:12])
    if pretrained and not _hub_answers():
        # Otherwise it retries for minutes. Weights in its cache can still be used.
        constants.HF_HUB_OFFLINE = True
    try:
        network = build(builder, pretrained=pretrained, image_size=image_size, dropout=dropout)
    except (OSError, RuntimeError) as error:
        if not pretrained:
            raise
        raise no_download(name, error) from None
    except (AssertionError, ValueError) as error:
        raise refused_size(name, image_size, error) from None
    return network, _describe(name, network)


def _hub_answers() -> bool:
    """Return whether the host of timm's weights can be reached; behind a proxy, assume so."""
    if getproxies():
        return True
    try:
        create_connection((urlsplit(constants.ENDPOINT).hostname, 443), timeout=5).close()
    except OSError:
        return False
    return True


def _is_known(builder: str, architecture: str) -> bool:
    """Return whether a tag of weights is one of timm's, not a path or another repository."""
    return builder == architecture or builder in timm.list_pretrained(f"{architecture}.*")


def _describe(name: str, network: Any) -> ModelSpec:
    given = network.pretrained_cfg
    head = given.get("classifier")
    if not isinstance(head, str):
        raise UsageError(f"{name} has more than one head, which artstyle cannot replace")
    return ModelSpec(
        name=name,
        source="timm",
        builder=name.removeprefix(TIMM_PREFIX),
        image_size=given["input_size"][-1],
        head=head,
        blocks=_blocks(network, head),
        cam_layer=_cam_layer(network),
        mean=tuple(given["mean"]),
        std=tuple(given["std"]),
        interpolation="bicubic" if given["interpolation"] == "bicubic" else "bilinear",
        weights="hub",
    )


def _blocks(network: nn.Module, head: str) -> tuple[tuple[str, ...], ...]:
    """Return the backbone's parts; a module that is not a block goes with the block before it."""
    groups: list[list[str]] = [[]]
    for name, child in network.named_children():
        if name == head.split(".")[0]:
            groups[-1] += [f"{name}.{part}" for part in _other_parts(child, head)]
        elif name in _SEQUENCES:
            groups += [[f"{name}.{part}"] for part, _ in child.named_children()]
        elif re.fullmatch(r"layer\d", name):
            groups.append([name])
        elif any(True for _ in child.parameters()):
            groups[-1].append(name)
    return tuple(tuple(group) for group in groups if group)


def _other_parts(root: nn.Module, head: str) -> list[str]:
    """Return the parts of a head module that are not the last layer itself, such as its norm."""
    last = head.split(".")[-1]
    return [
        name
        for name, child in root.named_children()
        if "." in head and name != last and any(True for _ in child.parameters())
    ]


def _cam_layer(network: Any) -> str:
    """Return the layer to explain: the one before the last attention, or the last feature map."""
    if hasattr(network, "num_prefix_tokens") and hasattr(network, "blocks"):
        return f"blocks.{len(network.blocks) - 1}.norm1"
    features = getattr(network, "feature_info", None)
    return str(features[-1]["module"]) if features else ""
