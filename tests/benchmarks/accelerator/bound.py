"""The bound of a network on a device: what its convolutions and matrix products take at least.

Three rates are measured on the device: of a large convolution and of a large matrix product, in
FLOP/s, and of a large copy, in bytes read and written a second. A layer then takes at least the
longer of two times: its arithmetic at the rate of its kind, and its input and output at the rate of
the copy. Attention counts as matrix products without memory. Everything else (norms, activations,
augmentation, the optimiser) counts as nothing, so 100% cannot be reached. A training step takes
three times the forward pass: the gradients of the input and of the weights cost as much each. The
first layer needs no gradient of its input; that makes the bound about 1% too slow.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

_SIDE = 28
"""Of the images of the large convolution, in pixels."""
_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Peaks:
    """Measured rates of a device."""

    conv: dict[str, float]
    """Precision -> FLOP/s."""
    matmul: dict[str, float]
    copy: float
    """Bytes read and written a second."""


@dataclass(frozen=True)
class Layer:
    """A convolution or a linear layer, for one image."""

    is_conv: bool
    flops: float
    elements: int
    """Of its input and its output."""


@dataclass(frozen=True)
class Cost:
    """The work of a forward pass for one image."""

    layers: tuple[Layer, ...]
    attention_flops: float

    @property
    def flops(self) -> float:
        """All counted arithmetic."""
        return sum(layer.flops for layer in self.layers) + self.attention_flops

    def seconds(self, peaks: Peaks, precision: str) -> float:
        """Return the least time of a forward pass for one image."""
        least = self.attention_flops / peaks.matmul[precision]
        for layer in self.layers:
            rate = (peaks.conv if layer.is_conv else peaks.matmul)[precision]
            memory = layer.elements * _BYTES[precision] / peaks.copy
            least += max(layer.flops / rate, memory)
        return least


def measure_peaks(device: torch.device, *, small: bool = False) -> Peaks:
    """Measure the rates; ``small`` takes sizes that a CPU does in no time."""
    side, channels, batch = (256, 64, 2) if small else (8192, 512, 128)
    numbers = (1 << 22) if small else (1 << 30)
    conv, matmul = {}, {}
    for precision in ("fp32", "bf16"):
        dtype = _DTYPES[precision]
        matmul[precision] = 2 * side**3 / seconds_of(_product(side, device, dtype), device)
        flops = 2 * batch * _SIDE**2 * channels**2 * 9
        conv[precision] = flops / seconds_of(_convolution(batch, channels, device, dtype), device)
    bytes_read = torch.zeros(numbers, device=device, dtype=torch.uint8)
    written = torch.empty_like(bytes_read)
    copy = 2 * numbers / seconds_of(lambda: written.copy_(bytes_read), device)
    for rates in (conv, matmul):
        rates["fp16"] = rates["bf16"]  # Tensor cores do both at one rate.
    return Peaks(conv, matmul, copy)


def _product(side: int, device: torch.device, dtype: torch.dtype) -> Callable[[], object]:
    square = torch.randn(side, side, device=device, dtype=dtype)
    product = torch.empty_like(square)
    return lambda: torch.mm(square, square, out=product)


def _convolution(
    batch: int, channels: int, device: torch.device, dtype: torch.dtype
) -> Callable[[], object]:
    """Return a 3 x 3 convolution that keeps the number of channels."""
    images = torch.randn(batch, channels, _SIDE, _SIDE, device=device, dtype=dtype)
    kernels = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype)
    images, kernels = (t.contiguous(memory_format=torch.channels_last) for t in (images, kernels))
    return lambda: functional.conv2d(images, kernels, padding=1)


def cost_of(network: nn.Module, image_size: int, device: torch.device) -> Cost:
    """Return the work of one image, as the network's layers do it."""
    layers: list[Layer] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        elements = inputs[0].numel() + output.numel()
        if isinstance(module, nn.Conv2d):
            kernel = module.kernel_size[0] * module.kernel_size[1] * module.in_channels
            layers.append(Layer(True, 2 * output.numel() * kernel / module.groups, elements))
        elif isinstance(module, nn.Linear):
            layers.append(Layer(False, 2 * output.numel() * module.in_features, elements))

    hooks = [module.register_forward_hook(note) for module in network.modules()]
    was_training = network.training
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network.eval()(torch.zeros(1, 3, image_size, image_size, device=device))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    known = sum(layer.flops for layer in layers)
    return Cost(tuple(layers), max(0.0, counter.get_total_flops() - known))


def seconds_of(
    work: Callable[[], object], device: torch.device, *, least: float = 0.3, before: int = 3
) -> float:
    """Return the mean time of a call over ``least`` seconds, after some that are not timed."""
    for _ in range(before):
        work()
    wait_for(device)
    calls, started = 0, time.perf_counter()
    while True:
        work()
        calls += 1
        # A device is asked rarely: waiting for it after each call would be timed as well.
        if calls & (calls - 1) == 0:
            wait_for(device)
            if time.perf_counter() - started >= least:
                return (time.perf_counter() - started) / calls


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was asked for."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
