"""The table of models: how to build, feed, unfreeze and explain each. Loads without torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from artstyle.config import DataConfig
from artstyle.errors import UnknownNameError, UsageError, one_line
from artstyle.pictures.preprocessing import Interpolation, Preprocessing

Source = Literal["artstyle", "torchvision", "timm"]
RGB = tuple[float, float, float]

IMAGENET_MEAN: RGB = (0.485, 0.456, 0.406)
IMAGENET_STD: RGB = (0.229, 0.224, 0.225)
TIMM_PREFIX = "timm/"
DUAL_PREFIX = "dual/"
_JOIN = "+"


@dataclass(frozen=True)
class ModelSpec:
    """One model. Module paths are dotted, as in ``network.get_submodule(path)``."""

    name: str
    source: Source
    builder: str
    """The model's name at its source."""
    image_size: int
    """Side in pixels of the square images that it was trained on."""
    head: str
    """The last layer, with one logit per style."""
    blocks: tuple[tuple[str, ...], ...]
    """The backbone in parts, first to last, each of one or more modules; the last N are unfrozen.
    Together they have all parameters except the head's."""
    cam_layer: str
    """The layer whose activations a heatmap shows; empty if no layer is known to work."""
    content_layer: str = ""
    """The same for the content embedding, in a network of two streams."""
    new_layers: tuple[str, ...] = ()
    """Modules that begin at random like the head, and learn at its rate."""
    mean: RGB = IMAGENET_MEAN
    std: RGB = IMAGENET_STD
    interpolation: Interpolation = "bilinear"
    weights: str = ""
    """The name of its ImageNet weights at its source; empty if it has none."""
    about: str = ""

    @property
    def has_weights(self) -> bool:
        """Whether weights trained on ImageNet exist."""
        return bool(self.weights)


def _efficientnet(size: str, image_size: int, about: str) -> ModelSpec:
    return ModelSpec(
        name=f"efficientnet_{size}",
        source="torchvision",
        builder=f"efficientnet_{size}",
        image_size=image_size,
        head="classifier.1",
        blocks=tuple((f"features.{n}",) for n in range(9)),
        cam_layer="features.8",
        interpolation="bicubic",
        weights="IMAGENET1K_V1",
        about=about,
    )


def _efficientnet_lite(size: str, image_size: int, about: str) -> ModelSpec:
    return ModelSpec(
        name=f"efficientnet_{size}",
        source="timm",
        builder=f"tf_efficientnet_{size}",
        image_size=image_size,
        head="classifier",
        blocks=(
            ("conv_stem", "bn1"),
            *((f"blocks.{n}",) for n in range(7)),
            ("conv_head", "bn2"),
        ),
        cam_layer="bn2",
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        interpolation="bicubic",
        weights="offline",
        about=about,
    )


_SPECS = (
    ModelSpec(
        name="simple_cnn",
        source="artstyle",
        builder="simple_cnn",
        image_size=384,
        head="classifier.4",
        blocks=(*((f"features.{n}",) for n in range(4)), ("classifier.1",)),
        cam_layer="features.3.2",
        about="the baseline: four convolutions, trained from scratch",
    ),
    ModelSpec(
        name="resnet50",
        source="torchvision",
        builder="resnet50",
        image_size=224,
        head="fc.1",
        blocks=(("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",)),
        cam_layer="layer4",
        weights="IMAGENET1K_V2",
        about="He et al. 2015",
    ),
    _efficientnet("b0", 224, "Tan and Le 2019, the smallest"),
    _efficientnet("b3", 300, "Tan and Le 2019"),
    _efficientnet("b4", 380, "Tan and Le 2019, the largest here"),
    _efficientnet_lite("lite0", 224, "fast on a CPU; its weights come with artstyle[offline]"),
    _efficientnet_lite("lite1", 240, "a little deeper; weights as for lite0"),
    _efficientnet_lite("lite2", 260, "deeper and wider; weights as for lite0"),
)


def build_preprocessing(
    spec: ModelSpec, asked: DataConfig, prepared: DataConfig | None = None
) -> Preprocessing:
    """Return the preprocessing of a model's images.

    Args:
        spec: The model's normalisation, interpolation and image size.
        asked: The run's image size and fit.
        prepared: How `prepare` read the files, as ``DatasetFolder.data_config``; the model's
            images are always read like this. None takes it from ``asked``.

    Examples:
        >>> spec = artstyle.build_network("simple_cnn", num_styles=4).spec
        >>> asked = artstyle.resolve_config(overrides="data.image_size=32").config.data
        >>> prepared = artstyle.DatasetFolder("data/processed").data_config
        >>> seen = artstyle.build_preprocessing(spec, asked, prepared)
        >>> seen.image_size, seen.read_size
        (32, 40)
    """
    prepared = prepared or asked
    return Preprocessing(
        image_size=asked.image_size or spec.image_size,
        mean=spec.mean,
        std=spec.std,
        interpolation=spec.interpolation,
        fit=asked.fit,
        read_size=prepared.cache_size,
        background=prepared.background,
        max_pixels=prepared.max_pixels,
        min_side_px=prepared.min_side_px,
    )


MODELS = {spec.name: spec for spec in _SPECS}
"""Every named model; ``timm/NAME`` is any other model of timm, ``dual/NAME`` has two streams."""


def is_dual(name: str) -> bool:
    """Return whether a model has a style and a content embedding, as in ``dual/resnet50``."""
    return name.startswith(DUAL_PREFIX)


def backbone_name(name: str) -> str:
    """Return the network that two streams are built on; else the name itself."""
    return name.removeprefix(DUAL_PREFIX)


def member_names(name: str) -> list[str]:
    """Return the networks that a model joins, as in ``resnet50+efficientnet_b0``; else itself.

    Its images are prepared as for the first of them.
    """
    return name.split(_JOIN)


def joined_name(names: Sequence[str]) -> str:
    """Return the name of the model that joins the features of these networks."""
    return _JOIN.join(names)


def weights_at_start(name: str, asked: str | None) -> str:
    """Return the source of a model's initial weights: ``imagenet``, ``none``, or a file.

    If ``asked`` is None, a model takes ImageNet weights if all its networks have them.
    """
    if asked is not None:
        return asked
    members = member_names(name)
    backbones = map(backbone_name, members)
    known = all(member not in MODELS or MODELS[member].has_weights for member in backbones)
    return "imagenet" if known else "none"


def refused_size(name: str, image_size: int | None, error: Exception) -> UsageError:
    """Return the error for a network that does not accept this image size."""
    reason = one_line(error)[:120]
    return UsageError(
        f"{name} does not accept {image_size}-pixel images ({reason});"
        " leave data.image_size out for the model's own size"
    )


def require_model(name: str) -> None:
    """Check a model's name without loading torch; the part after ``timm/`` is checked later.

    Raises:
        UnknownNameError: No model has the name.
        UsageError: A joined model has the same network twice, or one of two streams.
    """
    members = member_names(name)
    for member in members:
        prefix = DUAL_PREFIX if is_dual(member) else ""
        if backbone_name(member) not in MODELS and not backbone_name(member).startswith(
            TIMM_PREFIX
        ):
            fitting = [spec.name for spec in _SPECS if not prefix or spec.source != "artstyle"]
            known = [f"{prefix}{each}" for each in (*fitting, f"{TIMM_PREFIX}NAME")]
            raise UnknownNameError("model", member, known)
        if is_dual(member) and len(members) > 1:
            raise UsageError(f"{member} has two embeddings and cannot be joined with other models")
        if members.count(member) > 1:
            raise UsageError(f"a model joins different networks, but {member} is named twice")


def require_single(name: str) -> None:
    """Check a model's name, and refuse a joined model: only `probe` trains those.

    Raises:
        UnknownNameError: No model has the name.
        UsageError: The name is that of a joined model.
    """
    require_model(name)
    if len(member_names(name)) > 1:
        raise UsageError(
            f"{name} joins several networks, which only 'artstyle probe' trains;"
            " choose one network with --model"
        )
