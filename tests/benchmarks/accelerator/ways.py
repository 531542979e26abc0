"""Training steps and answers, each as one library does them, on a batch in the device's memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from timm.loss.cross_entropy import LabelSmoothingCrossEntropy
from timm.optim._optim_factory import create_optimizer_v2
from torch import Tensor, nn
from torch.nn import functional

from artstyle.config import Config
from artstyle.data.loading import EpochBatches
from artstyle.models.factory import Built, build_network
from artstyle.models.torch_model import TorchModel
from artstyle.models.unfreeze import unfreeze
from artstyle.models.zoo import build_preprocessing
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.pictures.transforms import normalise
from artstyle.recipes import resolve_config
from artstyle.training.engine import Feed, Learner, Tally, train_epoch
from artstyle.training.losses import build_loss
from artstyle.training.optim import Schedule, build_optimizer
from artstyle.training.process_group import ProcessGroup

STYLES = 27
_DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}

Work = Callable[[], object]


@dataclass(frozen=True)
class Task:
    """A network with its batch, on a device."""

    model: str
    image_size: int
    batch_size: int
    device: torch.device
    smoke: bool = False
    """Whether to do each thing once and as small as it gets, to see that it works."""

    @property
    def backend(self) -> str:
        """The backend of torch.compile; the eager one compiles nothing."""
        return "eager" if self.smoke else "inductor"

    @property
    def steps(self) -> int:
        """Steps of a call of `artstyle_training`: an epoch has work of its own."""
        return 1 if self.smoke else 4

    @property
    def config(self) -> Config:
        """The configuration that artstyle trains by: all layers learn."""
        overrides = [
            "unfreeze.mode=all", f"data.image_size={self.image_size}",
            f"train.batch_size={self.batch_size}",
        ]  # fmt: skip
        return resolve_config("finetune", overrides=overrides).config

    def build(self, *, channels_last: bool = True) -> Built:
        """Return the network on its device, with random weights."""
        size = self.image_size if self.model.startswith("timm/") else None
        built = build_network(self.model, STYLES, image_size=size)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        built.network.to(self.device).to(memory_format=layout)
        return built

    def preprocessing(self, built: Built) -> Preprocessing:
        """Return how its images are prepared."""
        return build_preprocessing(built.spec, self.config.data)

    def pixels(self) -> Tensor:
        """Return a batch of 8-bit pixels, N x S x S x 3, in the device's memory."""
        shape = (self.batch_size, self.image_size, self.image_size, 3)
        drawn = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        return torch.from_numpy(drawn).to(self.device)

    def labels(self) -> Tensor:
        """Return a label for each image."""
        return torch.arange(self.batch_size, device=self.device) % STYLES

    def autocast(self, precision: str) -> torch.autocast:
        """Return autocast in a precision."""
        dtype = _DTYPES[precision]
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None)


def artstyle_training(task: Task, precision: str) -> Work:
    """Build ``task.steps`` steps of `train_epoch`, with its clipping, schedule and checks."""
    setup = artstyle_learner(task, precision)
    pixels, labels = task.pixels(), task.labels()

    def resident() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(task.steps):
            yield pixels, labels

    batches = EpochBatches(np.tile(labels.cpu().numpy(), task.steps), task.batch_size, seed=0)
    return lambda: train(setup, batches, resident(), task)


def artstyle_learner(task: Task, precision: str) -> tuple[Learner, Callable[[Tensor], Tensor]]:
    """Return what artstyle trains, and how it makes images of pixels."""
    config, built = task.config, task.build()
    unfreeze(built.network, built.spec, config.unfreeze, 0)
    optimizer = build_optimizer(built.network, built.spec, config.optim)
    labels_N = task.labels().cpu().numpy()
    learner = Learner(
        network=built.network,
        optimizer=optimizer,
        schedule=Schedule(optimizer, config.optim, updates_per_epoch=1000, epochs=10),
        scaler=torch.amp.GradScaler(task.device.type, enabled=precision == "fp16"),
        ema=None,
        loss=build_loss(config.loss, labels_N, STYLES, task.device),
        mix=None,
        precision=_DTYPES[precision],
    )
    seen = task.preprocessing(built)
    return learner, lambda pixels: normalise(pixels, seen).contiguous(
        memory_format=torch.channels_last
    )


def train(
    setup: tuple[Learner, Callable[[Tensor], Tensor]],
    batches: EpochBatches,
    loader: Iterator[tuple[Tensor, Tensor]],
    task: Task,
) -> float:
    """Train on the batches of a loader; return the mean loss."""
    learner, to_input = setup
    feed = Feed(batches, loader, to_input, learner.network)
    group = ProcessGroup(0, 1, task.device)
    return train_epoch(
        learner, feed, task.config.train, group, tally=Tally(), after_batch=lambda _: None
    ).loss


def compiled_training(task: Task, precision: str) -> Work:
    """Build a bare step of the same network, through torch.compile."""
    network = task.build().network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-4, fused=task.device.type == "cuda")
    compiled = torch.compile(network, backend=task.backend)
    images, labels = _images(task), task.labels()

    def step() -> None:
        with task.autocast(precision):
            loss = functional.cross_entropy(compiled(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def timm_training(task: Task, precision: str) -> Work:
    """Build a step as timm's train.py takes it with ``--channels-last --amp``.

    Its prefetcher normalises on the device, its loss is smoothed, its optimiser spares biases and
    norms; the loss is read only when it is logged.
    """
    built = task.build()
    network, seen = built.network.train(), task.preprocessing(built)
    optimizer = create_optimizer_v2(network, opt="adamw", lr=2e-4, weight_decay=0.01)
    criterion = LabelSmoothingCrossEntropy(0.1)  # type: ignore[no-untyped-call]
    scaler = torch.amp.GradScaler(task.device.type, enabled=precision == "fp16")
    pixels, labels = task.pixels().permute(0, 3, 1, 2).contiguous(), task.labels()
    mean, std = (
        torch.tensor([255 * value for value in values], device=task.device).view(1, 3, 1, 1)
        for values in (seen.mean, seen.std)
    )

    def step() -> None:
        images = pixels.float().sub_(mean).div_(std)
        images = images.contiguous(memory_format=torch.channels_last)
        with task.autocast(precision):
            loss = criterion(network(images), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

    return step


def torchvision_training(task: Task, precision: str) -> Work:
    """Build a step as in torchvision's references/classification/train.py.

    Images come normalised, planes stay apart, SGD has momentum, and each step reads its loss and
    its accuracy.
    """
    network = task.build(channels_last=False).network.train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    scaler = torch.amp.GradScaler(task.device.type, enabled=precision == "fp16")
    images, labels = _images(task, torch.contiguous_format), task.labels()

    def step() -> tuple[float, float]:
        with task.autocast(precision):
            output = network(images)
            loss = criterion(output, labels)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        right = (output.argmax(dim=1) == labels).float().mean()
        return loss.item(), right.item()

    return step


def artstyle_answers(task: Task, precision: str) -> Work:
    """Build the answers of `predict` for pixels in the machine's memory, folded batch norms."""
    built = task.build()
    model = TorchModel(
        name=task.model,
        labels=tuple(f"style-{number}" for number in range(STYLES)),
        preprocessing=task.preprocessing(built),
        fingerprint="",
        device=str(task.device),
        network=built.network.eval(),
        spec=built.spec,
        precision=_DTYPES[precision],
    )
    opened = model.opened()
    ready = opened.__enter__()  # Stays open for the length of the measurement.
    pixels_NSS3 = task.pixels().cpu().numpy()
    return lambda: ready.answer(pixels_NSS3)


def timm_answers(task: Task, precision: str) -> Work:
    """Build answers as timm's inference.py gives them, for images in the device's memory."""
    network, images = task.build().network.eval(), _images(task)

    def work() -> object:
        with torch.no_grad(), task.autocast(precision):
            return network(images).float().softmax(-1).cpu().numpy()

    return work


def compiled_answers(task: Task, precision: str) -> Work:
    """Build the same answers through torch.compile."""
    compiled = torch.compile(task.build().network.eval(), backend=task.backend)
    images = _images(task)

    def work() -> object:
        with torch.no_grad(), task.autocast(precision):
            return compiled(images).float().softmax(-1).cpu().numpy()

    return work


def _images(task: Task, layout: torch.memory_format = torch.channels_last) -> Tensor:
    size = task.image_size
    images = torch.randn(task.batch_size, 3, size, size, device=task.device)
    return images.contiguous(memory_format=layout)
