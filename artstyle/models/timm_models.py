"""Models from timm: built by name, and described from what timm records of them."""

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

# Modules whose children count as blocks of their own.
_SEQUENCES = ("blocks", "stages", "layers")


def build(
    architecture: str,
    *,
    pretrained: bool = False,
    image_size: int | None = None,
    dropout: float | None = None,
) -> nn.Module:
    """Build a network as timm knows it.

    Args:
        architecture: timm's name, with or without a tag of weights.
        pretrained: Whether its weights are loaded, downloaded on first use.
        image_size: Side in pixels, for models that are built for one size; others take any.
        dropout: Before the last layer; None takes the model's own.
    """
    options: dict[str, Any] = {} if dropout is None else {"drop_rate": dropout}
    if image_size is not None:
        # Only models with position embeddings or windows take it; the others refuse the word.
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
        UnknownNameError: timm has no such model.
        WeightsError: Its weights cannot be had.
    """
    builder = name.removeprefix(TIMM_PREFIX)
    architecture = builder.split(".")[0]
    if not timm.is_model(architecture) or not _is_known(builder, architecture):
        raise UnknownNameError("timm model", builder, timm.list_models(f"{architecture[:5]}*")[:12])
    if pretrained and not _hub_answers():
        # Or it would try again and again, for minutes; what it has in its cache still serves.
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
    """Return whether timm's weights can be asked for; behind a proxy, only asking would tell."""
    if getproxies():
        return True
    try:
        create_connection((urlsplit(constants.ENDPOINT).hostname, 443), timeout=5).close()
    except OSError:
        return False
    return True


def _is_known(builder: str, architecture: str) -> bool:
    """Return whether a tag of weights is one of timm's own, never a path or a place on the hub."""
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
    """Return the backbone's parts; what stands after a block goes with it."""
    groups: list[list[str]] = [[]]
    for name, child in network.named_children():
        if name == head.split(".")[0]:
            groups[-1] += [f"{name}.{part}" for part in _parameters_beside(child, head)]
        elif name in _SEQUENCES:
            groups += [[f"{name}.{part}"] for part, _ in child.named_children()]
        elif re.fullmatch(r"layer\d", name):
            groups.append([name])
        elif any(True for _ in child.parameters()):
            groups[-1].append(name)
    return tuple(tuple(group) for group in groups if group)


def _parameters_beside(root: nn.Module, head: str) -> list[str]:
    """Return the parts of a head module, such as its norm, that are not the last layer itself."""
    last = head.split(".")[-1]
    return [
        name
        for name, child in root.named_children()
        if "." in head and name != last and any(True for _ in child.parameters())
    ]


def _cam_layer(network: Any) -> str:
    """Return the layer to explain: before the last attention, or the last feature map."""
    if hasattr(network, "num_prefix_tokens") and hasattr(network, "blocks"):
        return f"blocks.{len(network.blocks) - 1}.norm1"
    features = getattr(network, "feature_info", None)
    return str(features[-1]["module"]) if features else ""
