"""Which device torch computes on, and in which precision."""

import ctypes
import sys

import torch

from artstyle.errors import UsageError

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_NEVER = 2**31 - 1


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name.

    Args:
        name: ``cpu``, ``cuda``, ``cuda:1``, ``mps``; ``auto`` takes an accelerator if there is one.

    Raises:
        UsageError: This machine does not have the device.

    Examples:
        >>> artstyle.choose_device("cpu")
        device(type='cpu')
    """
    if name == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        return found or _prepared_cpu()
    try:
        device = torch.device(name)
        if device.type == "cpu":
            return _prepared_cpu()
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UsageError(
            f"no device '{name}' on this machine; --device auto takes what there is"
        ) from None
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype | None:
    """Return the dtype for autocast; None means float32 throughout.

    On an accelerator ``auto`` is bfloat16 if the hardware supports it, else float16. On a CPU it is
    float32: bfloat16 makes some networks faster there and others slower.
    """
    if name != "auto":
        return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[name]
    if device.type == "cpu":
        return None
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


def keep_freed_memory() -> bool:
    """Keep freed memory in the process, for the next batch.

    By default glibc maps new pages for each large tensor and returns them at once, so every layer
    of every batch pays for fresh pages. When the process keeps them, it pays only once:
    EfficientNet-Lite0 then answered 2 to 3 times as many images a second (2 cores, batch 32 at 224
    pixels). The process stays at its peak memory, which each batch reaches anyway.

    Returns:
        Whether the C library has the setting; only glibc does.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            return bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, _NEVER))
    return False


def _prepared_cpu() -> torch.device:
    keep_freed_memory()
    return torch.device("cpu")
