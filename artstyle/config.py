"""One run as one YAML file: every key, its default, its bound and a sentence about it."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

MAX_IMAGE_SIZE = 2048
MAX_CACHE_SIZE = 8192
MAX_PIXELS = 2_000_000_000
"""Beyond these no machine has the memory; a checkpoint from a stranger may not ask for more."""

Fraction = Annotated[float, Field(ge=0, le=1)]
Byte = Annotated[int, Field(ge=0, le=255)]


class Section(BaseModel):
    """A group of keys: frozen, unknown keys refused, a sentence for each key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DataConfig(Section):
    """How files become pixels."""

    image_size: Annotated[int, Field(ge=16, le=MAX_IMAGE_SIZE)] | None = None
    """Side in pixels of the square that the model sees; null takes the model's own."""
    cache_size: Annotated[int, Field(ge=1, le=MAX_CACHE_SIZE)] = 432
    """Shorter side in pixels of the copies that `prepare` makes; a little over the image size."""
    fit: Literal["crop", "squash"] = "crop"
    """How a picture becomes a square: its centre is cropped out, or it is squashed as a whole."""
    background: tuple[Byte, Byte, Byte] = (255, 255, 255)
    """RGB, seen through transparent pixels."""
    max_pixels: Annotated[int, Field(ge=1, le=MAX_PIXELS)] = 200_000_000
    """A picture with more pixels than this is rejected."""
    min_side_px: PositiveInt = 16
    """A picture with a side shorter than this is rejected."""
    workers: NonNegativeInt | None = None
    """How many pictures are read at once, by `prepare` and in training; null means one per core."""


class QualityConfig(Section):
    """Which readable pictures may not be trusted."""

    two_styles: Literal["leave_out", "keep"] = "leave_out"
    """What happens to a painting that stands under two styles."""
    copies: Literal["leave_out", "keep"] = "leave_out"
    """Exact copies within a style: keep the first only, or all of them in one split."""
    near_distance: Annotated[int, Field(ge=-1, le=8)] = 6
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
    weights: str | None = None
    """imagenet, none, or a file of weights; null takes ImageNet's where the model has them."""
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

    @field_validator("crop_scale", "erasing_scale")
    @classmethod
    def _from_comes_before_to(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] > scale[1]:
            raise ValueError("the smaller share comes first")
        return scale


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
    save_minutes: PositiveFloat = 5
    """The last checkpoint is also written within an epoch, whenever this many minutes have passed:
    a run that dies loses no more."""
    batch_size: PositiveInt = 32
    """Pictures a step, over all processes."""
    accumulate: PositiveInt = 1
    """Steps whose gradients are added up before the weights move."""
    max_grad_norm: NonNegativeFloat = 1.0
    """Gradients longer than this are clipped; 0 is off."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0
    """Decay a step of a moving average of the weights, which is then what counts; 0 is off."""
    sampler: Literal["shuffle", "balanced", "artists"] = "shuffle"
    """balanced: each style is drawn equally often; artists: as balanced, and within a style an
    artist with four times as many pictures only twice as often, so that no one stands for it (each
    picture by an unknown artist is nobody else's)."""
    early_stopping: NonNegativeInt = 6
    """Stop after this many epochs without a better validation score; 0 is off."""
    monitor: Literal["accuracy", "macro_f1"] = "accuracy"
    """The validation score that chooses the best checkpoint."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights answer; last where validation has too few pictures to choose by."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """auto: half precision where a short measurement finds it clearly faster, else fp32; fix it
    where runs must be equal to the bit, as a measurement may come out otherwise."""
    channels_last: bool | Literal["auto"] = "auto"
    """Whether pixels lie beside each other in memory rather than planes; auto: as measured."""
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
