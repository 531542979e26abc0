"""Which device and precision are chosen."""

import pytest
import torch

from artstyle.devices import choose_device, choose_precision
from artstyle.errors import UsageError


def test_a_device_that_this_machine_lacks_is_refused_with_a_remedy() -> None:
    with pytest.raises(UsageError, match=r"no device 'cuda:77'.*--device auto"):
        choose_device("cuda:77")
    with pytest.raises(UsageError, match="no device 'gpu'"):
        choose_device("gpu")


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("fp32", None), ("bf16", torch.bfloat16), ("fp16", torch.float16), ("auto", None)],
)
def test_auto_precision_is_float32_on_a_cpu(name: str, dtype: torch.dtype | None) -> None:
    assert choose_precision(name, torch.device("cpu")) is dtype
