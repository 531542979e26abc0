"""Files of weights, as people have them: taken, or refused in one line; nothing in them runs."""

import argparse
import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from artstyle.errors import WeightsError
from artstyle.models.checkpoint import write_checkpoint
from artstyle.models.factory import Built, build_network
from artstyle.models.header import Header
from artstyle.models.torch_file import read_tensors
from artstyle.pictures.preprocessing import Preprocessing

OURS = ("Baroque", "Cubism", "Ukiyo_e")
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    """A small network, whose weights all files here hold."""
    torch.manual_seed(1)
    network = build_network("simple_cnn", 3, image_size=32).network
    network.train()(torch.randn(4, 3, 32, 32))  # so that norms have counted and averaged
    return network


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def built(path: Path, styles: tuple[str, ...] = OURS) -> Built:
    return build_network("simple_cnn", len(styles), image_size=32, weights=str(path), styles=styles)


def body(state: State) -> State:
    """Return what is not of the head."""
    return {key: value for key, value in state.items() if not key.startswith("classifier.4.")}


def assert_taken(taken: Built, state: State, factor: float = 1.0) -> None:
    found = taken.network.state_dict()
    for key, value in body(state).items():
        assert torch.equal(found[key], value * factor if value.is_floating_point() else value), key


def prefixed(state: State, prefix: str) -> State:
    return {prefix + key: value for key, value in state.items()}


CONTAINERS: dict[str, Callable[[State], Any]] = {
    "": lambda state: state,
    "module.": partial(prefixed, prefix="module."),
    "_orig_mod.": partial(prefixed, prefix="_orig_mod."),
    "module._orig_mod.model.": partial(prefixed, prefix="module._orig_mod.model."),
    "backbone.": partial(prefixed, prefix="backbone."),
    "net.": lambda state: {"net": state},
    "model.": lambda state: {"model": state, "epoch": 3},
    "model_state_dict.": lambda state: {"epoch": 3, "model_state_dict": state},
    "weights.net.module.": lambda state: {"weights": {"net": prefixed(state, "module.")}},
    "state_dict.model.": lambda state: {
        "state_dict": prefixed(state, "model."),
        "pytorch-lightning_version": "2.4.0",
        "hyper_parameters": {"lr": np.float64(0.1), "out": Path("x")},
        "callbacks": {"ModelCheckpoint": argparse.Namespace(best=np.ones(2))},
        "loops": {"reduce": sum},
    },
    "state_dict.": lambda state: {
        "state_dict": OrderedDict(state),
        "args": argparse.Namespace(lr=0.1, device=torch.device("cpu")),
        "optimizer": {"state": {0: {"exp_avg": state["features.0.0.weight"]}}},
    },
}


@pytest.mark.parametrize("prefix", CONTAINERS)
def test_weights_are_found_under_the_names_that_frameworks_give_them(
    prefix: str, trained: nn.Module, file: Path
) -> None:
    torch.save(CONTAINERS[prefix](trained.state_dict()), file)
    taken = built(file)
    assert_taken(taken, trained.state_dict())
    told = f", names without '{prefix}'" if prefix else ""
    assert taken.notes["weights"].endswith(f"tensors from {file}{told}")


def test_safetensors_are_known_by_their_content_and_may_have_prefixes(
    trained: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / "model.bin"
    save_file(prefixed(trained.state_dict(), "module."), path)
    assert_taken(built(path), trained.state_dict())


@pytest.mark.parametrize("name", ["state_dict_ema", "model_ema", "ema"])
def test_a_moving_average_is_preferred_and_named(name: str, trained: nn.Module, file: Path) -> None:
    state = trained.state_dict()
    average = {
        key: value * 2 if value.is_floating_point() else value for key, value in state.items()
    }
    torch.save({"state_dict": state, name: average}, file)
    taken = built(file)
    assert_taken(taken, state, factor=2.0)
    assert f"names without '{name}.' (moving average)" in taken.notes["weights"]


def test_the_counter_of_an_averaged_model_is_told_as_unexpected(
    trained: nn.Module, file: Path
) -> None:
    torch.save(AveragedModel(trained).state_dict(), file)
    assert built(file).notes["weights"].endswith("'module.'; unexpected 1: n_averaged")


def test_two_networks_that_fit_are_refused_with_their_names(trained: nn.Module, file: Path) -> None:
    state = trained.state_dict()
    torch.save({"teacher": prefixed(state, "backbone."), "student": state}, file)
    with pytest.raises(WeightsError, match=r"2 networks that fit.*'student\.', 'teacher\."):
        built(file)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_tensors_are_those_that_torch_reads(zipped: bool, protocol: int, file: Path) -> None:
    shared = torch.arange(24.0).reshape(4, 6)
    tensors = {
        "turned": shared.t()[1:, ::2],
        "shared": shared[2:],
        "parameter": nn.Parameter(torch.randn(2, 3)),
        "none": torch.zeros(0, 3),
        "scalar": torch.tensor(7),
        "spread": torch.ones(1).expand(5),
        "buffer": nn.Buffer(torch.ones(2)),
    }
    types = (torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int16, torch.bool)
    tensors |= {str(kind): torch.tensor([0, 1, 3]).to(kind) for kind in types}
    torch.save(
        {"deep": tensors}, file, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped
    )
    read = read_tensors(file)
    expected = torch.load(file, weights_only=False)["deep"]
    assert list(read) == [f"deep.{name}" for name in tensors]
    for name, value in expected.items():
        assert read[f"deep.{name}"].dtype == value.dtype
        assert torch.equal(read[f"deep.{name}"], value), name


class Payload:
    """What creates a file where it is unpickled."""

    def __init__(self, canary: Path, rebuild: bool = False) -> None:
        self.command, self.rebuild = f"touch '{canary}'", rebuild

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        if self.rebuild:
            arguments: tuple[object, ...] = (os.system, Tensor, (self.command,), {})
            return torch._tensor._rebuild_from_type_v2, arguments
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_what_would_run_stays_data(zipped: bool, trained: nn.Module, tmp_path: Path) -> None:
    canary, file, state = tmp_path / "canary", tmp_path / "weights.pth", trained.state_dict()
    beside = {"state_dict": state, "args": Payload(canary), "deep": {"er": [Payload(canary)]}}
    torch.save(beside, file, _use_new_zipfile_serialization=zipped)
    assert_taken(built(file), state)
    assert not canary.exists()
    torch.load(file, weights_only=False)
    assert canary.exists()  # so it could have run


@pytest.mark.parametrize("rebuild", [True, False])
def test_a_program_in_the_place_of_a_tensor_is_refused_and_does_not_run(
    rebuild: bool, trained: nn.Module, tmp_path: Path
) -> None:
    canary, file = tmp_path / "canary", tmp_path / "weights.pth"
    payloads = {key: Payload(canary, rebuild) for key in trained.state_dict()}
    torch.save(payloads, file)
    with pytest.raises(WeightsError, match=r"system|_rebuild_from_type_v2"):
        built(file)
    assert not canary.exists()


HOSTILE = {
    # {"a": call}, where the call's first argument is the call itself.
    "a call inside itself": b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_parameter\n"
    b"]q\x00Rq\x01h\x00h\x01a0h\x01s.",
    "a far place in the memory": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a text longer than the file": b"\x80\x02X\xff\xff\xff\x7fa.",
    "bytes longer than all memory": b"\x80\x05\x96" + struct.pack("<Q", 2**50) + b".",
    "a dictionary a hundred times in itself": b"\x80\x02}q\x00("
    + b"".join(b"X\x02\x00\x00\x00%02dh\x00" % n for n in range(100))
    + b"u.",
    "a key that takes forever to hash": b"\x80\x02})" + b"q\x01h\x01\x86" * 200 + b"Ns.",
    "an extension": b"\x80\x02\x82\x01.",
    "no end": b"\x80\x02}",
    "more taken than there is": b"\x80\x020000.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pickle_that_attacks_its_reader_is_refused_at_once(name: str, file: Path) -> None:
    header = b"".join(
        pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    )
    file.write_bytes(header + HOSTILE[name] + pickle.dumps([], 2))
    with pytest.raises(WeightsError, match=str(file)) as refused:
        built(file)
    assert "\n" not in str(refused.value)


def _flipped(path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:3000])


@pytest.mark.filterwarnings("ignore:.*jit:FutureWarning")
@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.mkdir(), "is a folder; name a file"),
        (lambda path: path.touch(), "it is empty"),
        (lambda path: path.write_text("hello"), "neither safetensors nor"),
        (lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"), "git lfs"),
        (lambda path: path.write_text("\n<!DOCTYPE html>"), "a web page"),
        (lambda path: torch.save(nn.Linear(2, 2), path), r"state_dict\(\)"),
        (lambda path: torch.save({"model": nn.Linear(2, 2), "epoch": 1}, path), "Linear"),
        (lambda path: torch.save({"epoch": 1, "loss": 2.0}, path), "but epoch, loss"),
        (lambda path: torch.save({"a": torch.zeros(1, device="meta")}, path), "meta"),
        (lambda path: torch.jit.save(torch.jit.script(nn.Linear(2, 2)), path), "TorchScript"),
        (_flipped, "CRC"),
        (_cut, "cut short"),
    ],
)
def test_what_holds_no_weights_is_refused_with_the_reason(
    write: Callable[[Path], object], reason: str, file: Path
) -> None:
    write(file)
    with pytest.raises(WeightsError, match=reason) as refused:
        built(file)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_has_no_match_is_told_with_counts_and_three_names(file: Path) -> None:
    source = build_network("efficientnet_lite0", 3).network.state_dict()
    lost = [key for key in source if key.startswith("blocks.3.1.bn")]
    state = {key: value for key, value in source.items() if key not in lost}
    torch.save(state | {f"extra{n}": torch.zeros(1) for n in range(4)}, file)
    notes = build_network("efficientnet_lite0", 3, weights=str(file)).notes
    assert notes["weights"].endswith(
        "; missing 12: blocks.3.1.bn1.weight, blocks.3.1.bn1.bias, blocks.3.1.bn1.running_mean ..."
        "; unexpected 4: extra0, extra1, extra2 ..."
    )


def test_weights_of_another_architecture_are_refused(trained: nn.Module, file: Path) -> None:
    torch.save(trained.state_dict(), file)
    with pytest.raises(WeightsError, match=r"does not fit efficientnet_lite0: 0 of 245.*missing"):
        build_network("efficientnet_lite0", 3, weights=str(file))


def test_weights_of_a_deeper_network_are_refused(trained: nn.Module, file: Path) -> None:
    deeper = trained.state_dict() | {"features.9.0.weight": torch.zeros(2, 2, 3, 3)}
    torch.save(deeper, file)
    with pytest.raises(WeightsError, match=r"fewer blocks; it lacks 1: features\.9\.0\.weight"):
        built(file)


def test_whole_numbers_are_not_taken_for_weights(trained: nn.Module, file: Path) -> None:
    torch.save({key: value.to(torch.int8) for key, value in trained.state_dict().items()}, file)
    with pytest.raises(WeightsError, match=r"of another shape .*int8 .*not float32"):
        built(file)


def test_half_precision_is_taken(trained: nn.Module, file: Path) -> None:
    state = trained.state_dict()
    halves = {key: v.bfloat16() if v.is_floating_point() else v for key, v in state.items()}
    torch.save(halves, file)
    assert_taken(built(file), {key: v.float() for key, v in halves.items()})


def checkpoint(path: Path, network: nn.Module, styles: tuple[str, ...]) -> Path:
    preprocessing = Preprocessing(32, (0.5,) * 3, (0.5,) * 3, "bicubic", "crop", 64)
    write_checkpoint(path, network, Header("simple_cnn", styles, preprocessing, {}), {"a": 1})
    return path


def test_a_head_keeps_the_rows_of_the_styles_that_both_know(
    trained: nn.Module, tmp_path: Path
) -> None:
    theirs = ("Ukiyo_e", "Rococo", "Baroque")
    path = checkpoint(tmp_path / "best.safetensors", trained, theirs)
    torch.manual_seed(2)
    fresh = build_network("simple_cnn", 5, image_size=32).network.get_submodule("classifier.4")
    torch.manual_seed(2)
    taken = built(path, (*OURS, "Realism", "Pop_Art"))
    old, new = trained.get_submodule("classifier.4"), taken.network.get_submodule("classifier.4")
    for leaf in ("weight", "bias"):
        expected = getattr(fresh, leaf).clone()
        expected[0], expected[2] = getattr(old, leaf)[2], getattr(old, leaf)[0]
        assert torch.equal(getattr(new, leaf), expected)
    assert taken.notes["head"] == ("2 of 5 styles kept by name, 3 random: Cubism, Realism, Pop_Art")
    assert_taken(taken, trained.state_dict())


def test_a_head_of_the_same_styles_is_kept_whole(trained: nn.Module, tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "best.safetensors", trained, OURS)
    taken = built(path)
    assert taken.notes["head"] == "all 3 styles kept by name"
    for key, value in trained.state_dict().items():
        assert torch.equal(taken.network.state_dict()[key], value)


def test_a_head_without_names_stays_random_though_it_would_fit(
    trained: nn.Module, file: Path
) -> None:
    torch.save(trained.state_dict(), file)
    taken = built(file)
    key = "classifier.4.weight"
    assert not torch.equal(taken.network.state_dict()[key], trained.state_dict()[key])
    assert taken.notes["head"].startswith("random, since the file does not name")
