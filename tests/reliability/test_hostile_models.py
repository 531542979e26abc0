"""Models from strangers: refused in one line, or used without harm; nothing in them ever runs."""

import ast
from pathlib import Path

import pytest
import torch

import artstyle as package
from artstyle.errors import WeightsError
from artstyle.models.factory import build_network
from artstyle.models.weights import load_weights
from artstyle.models.zoo import MODELS
from tests.cli.random_run import paint, write_random_run
from tests.reliability.commands import Commands, contents
from tests.reliability.hostile_models import broken_weights, checkpoints, pickles

NOWHERE = Path()


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run, for copying."""
    return write_random_run(tmp_path_factory.mktemp("honest")) / "checkpoints/best.safetensors"


@pytest.mark.parametrize("name", checkpoints(NOWHERE))
def test_a_checkpoint_that_lies_is_refused_in_one_line_and_runs_nothing(
    name: str, honest: Path, tmp_path: Path, artstyle: Commands
) -> None:
    canary = tmp_path / "canary"
    run = write_random_run(tmp_path)
    checkpoint = run / "checkpoints" / "best.safetensors"
    checkpoint.write_bytes(honest.read_bytes())
    checkpoints(canary)[name](checkpoint)
    picture = paint(tmp_path / "picture.png")
    before = contents(tmp_path)
    refusal = artstyle("predict", picture, "--run", run).refusal()
    assert str(checkpoint) in refusal or "NaN or infinite logits" in refusal
    assert contents(tmp_path) == before
    assert not canary.exists()


@pytest.mark.parametrize("name", [*pickles(NOWHERE), *broken_weights()])
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_weights_that_may_be_a_program_are_not_read(name: str, ending: str, tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / f"weights.{ending}"
    (pickles(canary) | broken_weights())[name](path)
    network = build_network("resnet50", 4).network
    before = network.state_dict()["fc.1.weight"].clone()
    with pytest.raises(WeightsError, match=str(path)) as refused:
        load_weights(network, MODELS["resnet50"], path)
    assert "\n" not in str(refused.value)
    assert not canary.exists()
    assert torch.equal(network.state_dict()["fc.1.weight"], before)


def test_training_from_hostile_weights_leaves_no_run_behind(
    tiny_dataset: package.DatasetFolder, tmp_path: Path, artstyle: Commands
) -> None:
    weights, canary = tmp_path / "resnet50.pth", tmp_path / "canary"
    pickles(canary)["a torch archive with a payload"](weights)
    said = artstyle(
        "finetune", "--data", tiny_dataset.path, "--out", tmp_path / "run", "--model", "resnet50",
        "--set", f"model.weights={weights}", "--set", "data.workers=0",
    )  # fmt: skip
    assert "does not fit resnet50" in said.refusal()
    assert contents(tmp_path) == {"resnet50.pth": contents(tmp_path)["resnet50.pth"]}


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Return every call of a function or method of that name in the package, with its module."""
    found = []
    for path in sorted(Path(package.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                found.append((path.name, node))
    return found


@pytest.mark.parametrize(
    "name",
    ["eval", "exec", "compile", "__import__", "yaml.load", "pickle.load", "pickle.loads",
     "torch.load", "pickle.Unpickler", "torch.jit.load",
     "pickle.dump", "pickle.dumps", "torch.save", "marshal.loads", "os.system", "joblib.load"],
)  # fmt: skip
def test_nothing_that_runs_what_it_reads_is_ever_called(name: str) -> None:
    assert calls(name) == []


def test_arrays_are_written_and_read_without_pickle() -> None:
    for name in ("np.save", "np.load", "np.savez"):
        for _, call in calls(name):
            keywords = {word.arg: ast.unparse(word.value) for word in call.keywords}
            assert keywords.get("allow_pickle") == "False"
