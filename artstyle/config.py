"""The configuration of a run: every key with its default, its bounds and a sentence."""

from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

from artstyle.settings.dual import DualConfig
from artstyle.settings.section import Fraction, Section
from artstyle.settings.tracking import TrackingConfig
from artstyle.storage.limits import MAX_CACHE_SIZE, MAX_IMAGE_SIZE, MAX_PIXELS, Byte


class DataConfig(Section):
    """How files become pixels."""

    image_size: Annotated[int, Field(ge=16, le=MAX_IMAGE_SIZE)] | None = None
    """Side in pixels of the model's square input; null: the model's own size."""
    cache_size: Annotated[int, Field(ge=1, le=MAX_CACHE_SIZE)] = 432
    """Shorter side in pixels of the copies that `prepare` makes; a little over the image size."""
    fit: Literal["crop", "squash"] = "crop"
    """How an image becomes square. crop: keep its centre; squash: change its aspect ratio."""
    background: tuple[Byte, Byte, Byte] = (255, 255, 255)
    """RGB colour behind transparent pixels."""
    max_pixels: Annotated[int, Field(ge=1, le=MAX_PIXELS)] = 200_000_000
    """An image with more pixels than this is rejected."""
    min_side_px: PositiveInt = 16
    """An image with a side shorter than this is rejected."""
    workers: NonNegativeInt | None = None
    """How many images are read at once, by `prepare` and in training; null: one per core."""


class QualityConfig(Section):
    """Which readable images are left out, and why."""

    two_styles: Literal["leave_out", "keep"] = "leave_out"
    """What happens to a painting that is listed under two styles."""
    copies: Literal["leave_out", "keep"] = "leave_out"
    """Exact copies within a style. leave_out: keep the first only; keep: all, in one split."""
    near_distance: Annotated[int, Field(ge=-1, le=8)] = 6
    """How many of 64 bits of two copies' perceptual hashes may differ; -1: exact copies only."""


class BalanceConfig(Section):
    """How many images of each style are used."""

    policy: Literal["cap", "equal", "oversample", "none"] = "cap"
    """cap: at most max_per_style; equal: as many as the rarest style has; oversample: training
    repeats the images of rare styles; none: all images, once."""
    max_per_style: PositiveInt = 4000
    """With `cap` and `oversample`: at most this many images of each style, chosen by the seed."""
    min_per_style: PositiveInt = 10
    """A style with fewer images than this is left out."""


class SplitConfig(Section):
    """Which images are for training, for choosing the checkpoint, and for testing."""

    group: Literal["auto", "image", "artist", "source", "official"] = "auto"
    """image: each painting by itself; artist: all paintings of an artist in one split; source: all
    paintings of a collection in one split; official: the splits that the data come with; auto:
    official where the data come with splits for all paintings, else image."""
    ratios: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = (0.70, 0.15, 0.15)
    """Shares of train, val and test; their sum is 1."""
    file: str | None = None
    """A table of paths with their split or fold, which is then the official split: a file, or the
    name of one that comes with artstyle, such as wikiart27-artist-disjoint."""
    fold: PositiveInt = 1
    """With a file of folds: the fold that is the test; the one after it is val, the rest train."""

    @field_validator("ratios")
    @classmethod
    def _ratios_add_up(cls, ratios: tuple[float, float, float]) -> tuple[float, float, float]:
        if abs(sum(ratios) - 1) > 1e-6:
            raise ValueError(f"the three ratios add up to {sum(ratios):g}, not to 1")
        return ratios


class StylesConfig(Section):
    """What the styles are called."""

    file: str | None = None
    """A vocabulary of your own styles: a table as `artstyle styles --format csv` prints it. It is
    recorded in the data set and in its runs; null: artstyle's vocabulary alone."""


class LabelsConfig(Section):
    """What is recognised: the styles, or another property of the paintings."""

    target: Annotated[str, Field(min_length=1)] = "style"
    """The column whose values are the labels: style, artist, genre, or another of the table."""
    multi: bool = False
    """Whether a painting may have several labels, written A|B; each is then answered by itself."""

    @property
    def one(self) -> str:
        """The word for one label, with its article: "a style", "an artist"."""
        return f"{'an' if self.target[:1].lower() in 'aeiou' else 'a'} {self.target}"

    @property
    def plural(self) -> str:
        """The word for several labels: styles, artists, genres, or "values of COLUMN"."""
        known = self.target in ("style", "artist", "genre")
        return f"{self.target}s" if known else f"values of {self.target}"


STYLE_LABELS = LabelsConfig()
"""What is recognised unless the user says otherwise: one style for each painting."""


class ModelConfig(Section):
    """Which network."""

    name: str = "efficientnet_b3"
    """A name that `artstyle models` lists, timm/NAME, or dual/NAME for two streams. With `probe`,
    several joined by +."""
    weights: str | None = None
    """imagenet, none, or a file of weights; null: ImageNet weights if the model has them."""
    dropout: Fraction | None = None
    """Dropout rate before the last layer; null: the model's own."""


class UnfreezeConfig(Section):
    """Which layers are trained."""

    mode: Literal["none", "head", "blocks", "all", "staged"] = "blocks"
    """none: nothing, the weights stay as they are; head: the last layer; blocks: the head and the
    last blocks; all: everything; staged: the head first, then head and blocks."""
    blocks: PositiveInt = 3
    """With `blocks` and `staged`: how many of the last blocks are trained."""
    head_epochs: PositiveInt = 2
    """With `staged`: epochs in which only the head is trained."""


class AugmentConfig(Section):
    """How training images are augmented."""

    rotation_degrees: NonNegativeFloat = 0
    """Largest angle of the random rotation, in both directions."""
    crop_scale: tuple[Fraction, Fraction] = (0.7, 1.0)
    """Smallest and largest share of the area that a random crop keeps; [1, 1] is off."""
    flip: Fraction = 0.5
    """Probability of a horizontal flip."""
    trivial_augment: bool = True
    """One random change of colour or shape per image (Mueller and Hutter 2021)."""
    erasing: Fraction = 0.2
    """Probability that a random rectangle is erased (Zhong et al. 2017)."""
    erasing_scale: tuple[Fraction, Fraction] = (0.02, 0.2)
    """Smallest and largest share of the area that is erased."""
    mixup_alpha: NonNegativeFloat = 0
    """Strength of mixup (Zhang et al. 2018); 0 is off. With CutMix on too, each batch gets one."""
    cutmix_alpha: NonNegativeFloat = 0
    """Strength of CutMix (Yun et al. 2019); 0 is off."""

    @field_validator("crop_scale", "erasing_scale")
    @classmethod
    def _from_comes_before_to(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] > scale[1]:
            raise ValueError("the smaller share comes first")
        return scale


class LossConfig(Section):
    """The loss that training minimises."""

    name: Literal["cross_entropy", "focal"] = "cross_entropy"
    """The loss function."""
    label_smoothing: Fraction = 0.1
    """Share of the target that is spread evenly over all styles."""
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: a style's weight is inversely proportional to its number of training images."""
    focal_gamma: NonNegativeFloat = 2.0
    """With `focal`: how strongly confident predictions are discounted (Lin et al. 2017, eq. 4)."""


class OptimConfig(Section):
    """How the weights are updated."""

    name: Literal["adam", "adamw", "sgd"] = "adamw"
    """The optimiser."""
    lr: PositiveFloat = 2e-4
    """Peak learning rate."""
    backbone_lr: PositiveFloat | None = None
    """Peak learning rate of all layers except the head; null: optim.lr."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1
    """Each block learns at this share of the rate of the block after it, the last one at this share
    of backbone_lr (Clark et al. 2020, Bao et al. 2022); 1 is off."""
    weight_decay: NonNegativeFloat = 0.01
    """Weight decay; biases and normalisation are not decayed."""
    momentum: Fraction = 0.9
    """With `sgd`: the momentum."""
    schedule: Literal["constant", "plateau", "cosine_restarts", "cosine"] = "cosine_restarts"
    """The learning-rate schedule."""
    warmup_epochs: NonNegativeFloat = 0
    """With `cosine`: epochs of linear warm-up."""
    restart_epochs: PositiveInt = 10
    """With `cosine_restarts`: epochs of the first cycle."""
    restart_factor: PositiveInt = 2
    """With `cosine_restarts`: each cycle is this many times as long as the one before."""
    plateau_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """With `plateau`: the factor that lowers the learning rate."""
    plateau_patience: NonNegativeInt = 3
    """With `plateau`: epochs without a better validation score before the rate is lowered."""
    min_lr: NonNegativeFloat = 1e-6
    """Smallest learning rate; a layer whose peak rate is smaller keeps that."""


class TrainConfig(Section):
    """How long, in which batches, on which device."""

    epochs: PositiveInt = 20
    """At most this many passes over the training images."""
    min_steps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """With few training images, more epochs are planned, for at least this many updates of the
    weights; 0 is off, and so is a recipe's value where `epochs` is set after it."""
    max_minutes: PositiveFloat | None = None
    """No epoch starts that would end later than this many minutes, judged by the last epoch."""
    save_minutes: PositiveFloat = 5
    """The last checkpoint is also written within an epoch, every so many minutes. A run that is
    killed loses no more than that."""
    batch_size: PositiveInt = 32
    """Images per batch, over all processes."""
    accumulate: PositiveInt = 1
    """Batches whose gradients are added up before the weights are updated."""
    max_grad_norm: NonNegativeFloat = 1.0
    """Gradients with a larger norm than this are clipped; 0 is off."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0
    """EMA decay per update, less in the first updates; when on, the averaged weights are validated
    and saved; 0 is off."""
    sampler: Literal["shuffle", "balanced", "artists"] = "shuffle"
    """balanced: each style is drawn equally often. artists: also, within a style, an artist with
    four times as many images is drawn only twice as often; unknown artists count separately."""
    early_stopping: NonNegativeInt = 6
    """Stop after this many epochs without a better validation score; 0 is off."""
    monitor: Literal["accuracy", "macro_f1"] = "accuracy"
    """The validation score that chooses the best checkpoint; macro_f1 where a painting may have
    several labels."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights are kept; use last if validation has too few images to choose by."""
    keep_state: bool = False
    """Keep last.safetensors once the run is done, so that it can be resumed with more epochs."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """auto: half precision if two short measurements find it clearly faster, else fp32. Fix it if
    runs must be equal to the bit: other measurements may choose differently."""
    channels_last: bool | Literal["auto"] = "auto"
    """Whether memory holds images pixel by pixel (NHWC), not plane by plane; auto: as measured."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    export: bool = False
    """Whether the run ends with its model.onnx, which answers on a CPU without torch."""


class ProbeConfig(Section):
    """The logistic regression of `artstyle probe`."""

    c: PositiveFloat | None = None
    """Inverse strength of the penalty on standardised features, as scikit-learn's C; null: chosen
    by cross-validation within train."""


class Config(Section):
    """Everything that decides a run.

    Examples:
        >>> artstyle.Config().data.cache_size
        432
        >>> artstyle.resolve_config("finetune", overrides="optim.lr=1e-3").config.optim.lr
        0.001
    """

    seed: NonNegativeInt = 42
    """Seed for all random choices."""
    deterministic: bool = False
    """Refuse algorithms whose result varies from run to run; slower on accelerators."""
    data: DataConfig = DataConfig()
    """How files become pixels."""
    quality: QualityConfig = QualityConfig()
    """Which readable images are left out, and why."""
    balance: BalanceConfig = BalanceConfig()
    """How many images of each style are used."""
    split: SplitConfig = SplitConfig()
    """Which images are for training, for choosing the checkpoint, and for testing."""
    styles: StylesConfig = StylesConfig()
    """What the styles are called."""
    labels: LabelsConfig = LabelsConfig()
    """What is recognised: the styles, or another property of the paintings."""
    model: ModelConfig = ModelConfig()
    """Which network."""
    unfreeze: UnfreezeConfig = UnfreezeConfig()
    """Which layers are trained."""
    augment: AugmentConfig = AugmentConfig()
    """How training images are augmented."""
    loss: LossConfig = LossConfig()
    """The loss that training minimises."""
    optim: OptimConfig = OptimConfig()
    """How the weights are updated."""
    train: TrainConfig = TrainConfig()
    """How long, in which batches, on which device."""
    dual: DualConfig = DualConfig()
    """What the two streams of dual/NAME learn besides the styles."""
    probe: ProbeConfig = ProbeConfig()
    """The logistic regression of `artstyle probe`."""
    tracking: TrackingConfig = TrackingConfig()
    """Where the run is logged while it learns."""
