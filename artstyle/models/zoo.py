"""The models, as data: what each needs to be built, fed, unfrozen and explained. No torch here."""

from dataclasses import dataclass
from typing import Literal

from artstyle.config import DataConfig
from artstyle.errors import UnknownNameError, UsageError
from artstyle.preprocessing import Interpolation, Preprocessing

Source = Literal["artstyle", "torchvision", "timm"]
RGB = tuple[float, float, float]

IMAGENET_MEAN: RGB = (0.485, 0.456, 0.406)
IMAGENET_STD: RGB = (0.229, 0.224, 0.225)
TIMM_PREFIX = "timm/"


@dataclass(frozen=True)
class ModelSpec:
    """One network.

    Module paths are dotted, as in ``network.get_submodule(path)``.
    """

    name: str
    source: Source
    builder: str
    """The name under which its source builds it."""
    image_size: int
    """Side in pixels of the square that it was trained on."""
    head: str
    """The last layer, which gives a logit a style."""
    blocks: tuple[tuple[str, ...], ...]
    """The backbone in parts, first to last, each one or more modules; the last N are unfrozen.
    Together they hold all parameters but the head's."""
    cam_layer: str
    """The layer whose activations are drawn as a heatmap; empty: none is known to serve."""
    mean: RGB = IMAGENET_MEAN
    std: RGB = IMAGENET_STD
    interpolation: Interpolation = "bilinear"
    weights: str = ""
    """The name of its ImageNet weights at its source; empty: it has none."""
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
        about="the baseline: four convolutions, trained from nothing",
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


def build_preprocessing(spec: ModelSpec, asked: DataConfig, prepared: DataConfig) -> Preprocessing:
    """Return what a model's pictures go through.

    Args:
        spec: Its normalisation, interpolation and own size.
        asked: The image size and fit that a run asks for.
        prepared: How files were read when the data set was prepared: so they are read for ever.
    """
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
"""Every model with a name of its own; ``timm/NAME`` reaches all others."""


def weights_at_start(name: str, asked: str | None) -> str:
    """Return where a model's first weights come from: ``imagenet``, ``none``, or a file.

    Asked for nothing, a model takes ImageNet's if it has them.
    """
    if asked is not None:
        return asked
    return "imagenet" if name not in MODELS or MODELS[name].has_weights else "none"


def refused_size(name: str, image_size: int | None, error: Exception) -> UsageError:
    """Return what to say of a network that takes only some sizes of picture, and not this one."""
    reason = " ".join(str(error).split())[:120]
    return UsageError(
        f"{name} takes no pictures of {image_size} pixels ({reason}); leave data.image_size out for"
        " the size it was made for"
    )


def require_model(name: str) -> None:
    """Check a model's name without loading torch; what stands after ``timm/`` is checked later.

    Raises:
        UnknownNameError: There is no such model.
    """
    if name not in MODELS and not name.startswith(TIMM_PREFIX):
        raise UnknownNameError("model", name, [*MODELS, f"{TIMM_PREFIX}NAME"])
