"""One run as one YAML file: every key, its default, its bound and a sentence about it.

A resolved configuration is layered, later over earlier: the defaults here, the recipe of the
command, the file given with ``--config``, then flags and ``--set section.key=value``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
)

from artstyle.errors import ConfigError, MissingError, UnknownNameError
from artstyle.files import read_yaml

Fraction = Annotated[float, Field(ge=0, le=1)]
Byte = Annotated[int, Field(ge=0, le=255)]


class Section(BaseModel):
    """A group of keys: frozen, unknown keys refused, a sentence for each key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DataConfig(Section):
    """How files become pixels."""

    image_size: PositiveInt | None = None
    """Side in pixels of the square that the model sees; null takes the model's own."""
    cache_size: PositiveInt = 432
    """Shorter side in pixels of the copies that `prepare` makes; a little over the image size."""
    fit: Literal["crop", "squash"] = "crop"
    """How a picture becomes a square: its centre is cropped out, or it is squashed as a whole."""
    background: tuple[Byte, Byte, Byte] = (255, 255, 255)
    """RGB, seen through transparent pixels."""
    max_pixels: PositiveInt = 200_000_000
    """A picture with more pixels than this is rejected."""
    min_side_px: PositiveInt = 16
    """A picture with a side shorter than this is rejected."""
    workers: NonNegativeInt | None = None
    """Processes that decode and augment beside the main one; null means one per core."""


class QualityConfig(Section):
    """Which readable pictures may not be trusted."""

    two_styles: Literal["leave_out", "keep"] = "leave_out"
    """What happens to a painting that stands under two styles."""
    copies: Literal["leave_out", "keep"] = "leave_out"
    """Exact copies within a style: keep the first only, or all of them in one split."""
    near_distance: Annotated[int, Field(ge=-1, le=8)] = 3
    """Bits of 64 by which the perceptual hashes of copies may differ; -1: exact copies only."""


class BalanceConfig(Section):
    """How many pictures of each style take part."""

    policy: Literal["cap", "equal", "oversample", "none"] = "cap"
    """cap: at most max_per_style; equal: as many as the rarest; oversample: rare ones repeated in
    training, by index; none: as they are."""
    max_per_style: PositiveInt = 4000
    """Under `cap` and `oversample`, a seeded choice of this many is kept of each style."""
    min_per_style: PositiveInt = 10
    """A style with fewer pictures than this is left out."""


class SplitConfig(Section):
    """Which pictures train, which choose the checkpoint, which test."""

    group: Literal["auto", "image", "artist", "official"] = "auto"
    """image: each painting by itself; artist: all of an artist in one split; official: the splits
    that the source brings; auto: official for split folders and manifests, else image."""
    ratios: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (0.70, 0.15, 0.15)
    """Shares of train, val and test; they add up to 1."""

    @field_validator("ratios")
    @classmethod
    def _ratios_add_up(cls, ratios: tuple[float, float, float]) -> tuple[float, float, float]:
        if abs(sum(ratios) - 1) > 1e-6:
            raise ValueError(f"the three ratios add up to {sum(ratios):g}, not to 1")
        return ratios


class ModelConfig(Section):
    """Which network."""

    name: str = "efficientnet_b3"
    """A name that `artstyle models` lists, or timm/NAME."""
    weights: str = "imagenet"
    """imagenet, none, or a file of weights."""
    dropout: Fraction | None = None
    """Before the last layer; null takes the model's own."""


class UnfreezeConfig(Section):
    """Which layers learn."""

    mode: Literal["none", "head", "blocks", "all", "staged"] = "blocks"
    """none: nothing, the weights are taken as they are; head: the last layer; blocks: head and the
    last blocks; all: everything; staged: head first, then head and blocks."""
    blocks: PositiveInt = 3
    """How many of the last blocks learn under `blocks` and `staged`."""
    head_epochs: PositiveInt = 2
    """Under `staged`, epochs in which only the head learns."""


class AugmentConfig(Section):
    """How a training picture is varied."""

    rotation_degrees: NonNegativeFloat = 0
    """Turned by up to this angle either way."""
    crop_scale: tuple[Fraction, Fraction] = (0.7, 1.0)
    """Share of the area that a random crop keeps, from and to; 1 and 1 crops nothing away."""
    flip: Fraction = 0.5
    """Chance of a mirror image."""
    trivial_augment: bool = True
    """One random change of colour or shape a picture (Mueller and Hutter 2021)."""
    erasing: Fraction = 0.2
    """Chance that a rectangle is erased (Zhong et al. 2017)."""
    erasing_scale: tuple[Fraction, Fraction] = (0.02, 0.2)
    """Share of the area of the erased rectangle, from and to."""
    mixup_alpha: NonNegativeFloat = 0
    """Strength of mixup (Zhang et al. 2018); 0 is off. With CutMix, a batch takes one of them."""
    cutmix_alpha: NonNegativeFloat = 0
    """Strength of CutMix (Yun et al. 2019); 0 is off."""


class LossConfig(Section):
    """What training makes small."""

    name: Literal["cross_entropy", "focal"] = "cross_entropy"
    """The loss."""
    label_smoothing: Fraction = 0.1
    """Share of the target spread evenly over all styles."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: a style counts in inverse proportion to its training pictures."""
    focal_gamma: NonNegativeFloat = 2.0
    """Under `focal`, how much sure answers are discounted (Lin et al. 2017, eq. 4)."""


class OptimConfig(Section):
    """How the weights move."""

    name: Literal["adam", "adamw", "sgd"] = "adamw"
    """The optimiser."""
    lr: PositiveFloat = 2e-4
    """Peak learning rate."""
    backbone_lr: PositiveFloat | None = None
    """Peak learning rate of everything but the head; null takes optim.lr."""
    weight_decay: NonNegativeFloat = 0.01
    """Decay of the weights; biases and normalisation are not decayed."""
    momentum: Fraction = 0.9
    """Under `sgd`."""
    schedule: Literal["constant", "plateau", "cosine_restarts", "cosine"] = "cosine_restarts"
    """How the learning rate changes."""
    warmup_epochs: NonNegativeFloat = 0
    """Under `cosine`, epochs of linear warm-up."""
    restart_epochs: PositiveInt = 10
    """Under `cosine_restarts`, the length of the first cycle."""
    restart_factor: PositiveInt = 2
    """Under `cosine_restarts`, each cycle is this many times as long as the one before."""
    plateau_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Under `plateau`, the learning rate is multiplied by this."""
    plateau_patience: NonNegativeInt = 3
    """Under `plateau`, after this many epochs without a better validation score."""
    min_lr: NonNegativeFloat = 1e-6
    """The learning rate goes no lower."""


class TrainConfig(Section):
    """How long, how much at a time, on what."""

    epochs: PositiveInt = 20
    """At most this many passes over the training pictures."""
    max_minutes: PositiveFloat | None = None
    """No epoch starts that would, by the last one's time, end after this many minutes."""
    batch_size: PositiveInt = 32
    """Pictures a step, over all processes."""
    accumulate: PositiveInt = 1
    """Steps whose gradients are added up before the weights move."""
    max_grad_norm: NonNegativeFloat = 1.0
    """Gradients longer than this are clipped; 0 is off."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0
    """Decay a step of a moving average of the weights, which is then what counts; 0 is off."""
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    """balanced: each style is drawn equally often."""
    early_stopping: NonNegativeInt = 6
    """Stop after this many epochs without a better validation score; 0 is off."""
    monitor: Literal["accuracy", "macro_f1"] = "accuracy"
    """The validation score that chooses the best checkpoint."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """auto: bf16 or fp16 on an accelerator, fp32 on a CPU."""
    channels_last: bool = True
    """Whether pixels lie beside each other in memory rather than planes."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""


class TrackingConfig(Section):
    """Where the run is told of."""

    wandb: Literal["disabled", "offline", "online"] = "disabled"
    """Weights & Biases: nothing, files in the run folder, or its server."""
    project: str = "artstyle"
    """The project's name there."""


class Config(Section):
    """Everything that decides a run."""

    seed: NonNegativeInt = 42
    """Of every random choice."""
    deterministic: bool = False
    """Refuse algorithms whose result varies from run to run; slower on accelerators."""
    data: DataConfig = DataConfig()
    """How files become pixels."""
    quality: QualityConfig = QualityConfig()
    """Which readable pictures may not be trusted."""
    balance: BalanceConfig = BalanceConfig()
    """How many pictures of each style take part."""
    split: SplitConfig = SplitConfig()
    """Which pictures train, which choose the checkpoint, which test."""
    model: ModelConfig = ModelConfig()
    """Which network."""
    unfreeze: UnfreezeConfig = UnfreezeConfig()
    """Which layers learn."""
    augment: AugmentConfig = AugmentConfig()
    """How a training picture is varied."""
    loss: LossConfig = LossConfig()
    """What training makes small."""
    optim: OptimConfig = OptimConfig()
    """How the weights move."""
    train: TrainConfig = TrainConfig()
    """How long, how much at a time, on what."""
    tracking: TrackingConfig = TrackingConfig()
    """Where the run is told of."""


@dataclass(frozen=True)
class Resolved:
    """A configuration, and where each value came from."""

    config: Config
    origins: dict[str, str]
    """Dotted key -> "default", "recipe finetune", "file my.yaml", "--set", "--epochs"."""


def resolve_config(
    recipe: str | None = None,
    file: str | None = None,
    overrides: Sequence[str] = (),
    flags: Mapping[str, tuple[str, object]] | None = None,
) -> Resolved:
    """Lay the layers over each other and validate the result.

    Args:
        recipe: A name in ``configs/``, the command's own starting point.
        file: A YAML file, or a name in ``configs/``, given by the user.
        overrides: ``section.key=value``, values in YAML.
        flags: Dotted key -> (the flag's name, its value); values of None are ignored.

    Raises:
        MissingError: There is no such file.
        ConfigError, UnknownNameError: A key or a value is wrong.
    """
    values: dict[str, object] = {}
    origins = dict.fromkeys(config_keys(), "default")
    for origin, layer in _layers(recipe, file, overrides, flags or {}):
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
    return Resolved(_validate(values, origins), origins)


def config_keys() -> dict[str, object]:
    """Return every dotted key with its default, in the order of this file."""
    return config_values(Config())


def config_values(config: Config) -> dict[str, object]:
    """Return the value of every dotted key, in the order of this file."""
    return dict(_flatten(config.model_dump(mode="json")))


def key_sentences() -> dict[str, str]:
    """Return what each dotted key means, on one line."""
    sentences = {}
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key, inner in section.model_fields.items():
                sentences[f"{name}.{key}"] = " ".join((inner.description or "").split())
        else:
            sentences[name] = " ".join((field.description or "").split())
    return sentences


def explained_yaml(resolved: Resolved) -> str:
    """Return a configuration as YAML that says what each key means and where its value is from.

    The text is itself a configuration file.
    """
    sentences, lines, open_section = key_sentences(), [], ""
    for key, value in config_values(resolved.config).items():
        section, _, name = key.rpartition(".")
        if section != open_section:
            lines += ["", f"{section}:"]
            open_section = section
        indent = "  " if section else ""
        assigned = f"{indent}{name}: {_inline_yaml(value)}"
        lines += [f"{indent}# {sentences[key]}", f"{assigned:<40}  # {resolved.origins[key]}"]
    return "\n".join(lines)


def require_sections(overrides: Sequence[str], foreign: Sequence[str], command: str) -> None:
    """Refuse ``--set`` of a key that another command decides, rather than drop it in silence.

    Raises:
        ConfigError: A key is of one of the ``foreign`` sections; ``command`` is the one to use.
    """
    for override in overrides:
        key, _ = parse_override(override)
        if key.split(".")[0] in foreign:
            raise ConfigError(f"--set {key} has no effect here: it is for 'artstyle {command}'")


def parse_override(text: str) -> tuple[str, object]:
    """Split ``section.key=value``; the value is read as YAML.

    Raises:
        ConfigError: It has no equals sign, or the value is no YAML.
        UnknownNameError: There is no such key.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set {text}: write it as section.key=value, as in optim.lr=1e-3")
    _require_key(key.strip())
    try:
        return key.strip(), _yaml_number(yaml.safe_load(value))
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {text}: the value is not YAML: {_one_line(error)}") from None


def recipes() -> dict[str, Path]:
    """Return the named recipes that came with artstyle: name -> file."""
    return {path.stem: path for path in sorted(_recipe_folder().glob("*.yaml"))}


def _recipe_folder() -> Path:
    """Return ``configs/``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def _layers(
    recipe: str | None,
    file: str | None,
    overrides: Sequence[str],
    flags: Mapping[str, tuple[str, object]],
) -> Iterator[tuple[str, dict[str, object]]]:
    if recipe is not None:
        yield f"recipe {recipe}", _read_layer(recipes()[recipe])
    if file is not None:
        path = _find_config(file)
        yield f"file {path}", _read_layer(path)
    for key, (flag, value) in flags.items():
        if value is not None:
            yield flag, {key: value}
    for override in overrides:
        yield "--set", dict([parse_override(override)])


def _find_config(name: str) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    known = recipes()
    if name in known:
        return known[name]
    if path.suffix or len(path.parts) > 1:
        raise MissingError(f"no file {path}; named recipes: {', '.join(known)}")
    raise UnknownNameError("recipe", name, known)


def _read_layer(path: Path) -> dict[str, object]:
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a configuration is a mapping of sections, as in 'train:'")
    layer: dict[str, object] = {}
    for key, value in _flatten(content):
        try:
            _require_key(key)
        except UnknownNameError as error:
            raise ConfigError(f"{path}: {error}") from None
        layer[key] = _yaml_number(value)
    return layer


def _flatten(tree: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{name}.")
        else:
            yield name, value


def _require_key(key: str) -> None:
    known = config_keys()
    if key in known:
        return
    section = key.split(".")[0]
    nearby = [name for name in known if name.startswith(f"{section}.")]
    error = UnknownNameError("key", key, known)
    hint = str(error).split(" Choose from")[0]
    listing = f" Keys there: {', '.join(nearby)}." if nearby else ""
    raise ConfigError(f"{hint}{listing} 'artstyle config show' lists all keys.")


def _inline_yaml(value: object) -> str:
    """Return a value on one line; a bare scalar without YAML's end-of-document mark."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).split("\n")[0]


def _yaml_number(value: object) -> object:
    """Read ``1e-3`` as the number it is: YAML 1.1 wants a dot in it and makes it a text."""
    if isinstance(value, str) and "e" in value.lower():
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _validate(values: Mapping[str, object], origins: Mapping[str, str]) -> Config:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = value
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, origins)) from None


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    problems = []
    for detail in error.errors():
        key = ".".join(str(part) for part in detail["loc"][:2])
        known = next((name for name in origins if key == name or key.startswith(f"{name}.")), key)
        origin = origins.get(known, "")
        reason = detail["msg"].removeprefix("Value error, ")
        problems.append(f"{known} = {detail['input']!r} ({origin}): {reason}")
    return "; ".join(dict.fromkeys(problems))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
