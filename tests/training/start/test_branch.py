"""A branch begins from the weights of a run, and says so."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from artstyle.data.dataset import DatasetFolder
from artstyle.errors import RunError, UsageError
from artstyle.models.checkpoint import load_style_model, read_state
from artstyle.runs.folder import RunFolder
from artstyle.storage.files import read_json, write_json
from artstyle.training.setup import build_setup
from artstyle.training.start.branch import branch_of
from tests.cli.in_process import artstyle_text as artstyle
from tests.conftest import tiny_config
from tests.training.alone import alone


def test_a_branch_has_the_weights_and_settings_of_its_run_but_for_those_asked_for(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    words = ("--epochs", 1, "--set", "unfreeze.mode=none", "--out", "branch")
    done = artstyle("finetune", "--from", tiny_run.path, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    branch = RunFolder(tmp_path / "branch")
    # Nothing learns in it: what is kept is what it began from.
    ours, theirs = load_file(branch.best_path), load_file(tiny_run.best_path)
    assert [key for key in theirs if not torch.equal(ours[key], theirs[key])] == []
    parent = branch.environment().parent
    assert parent is not None
    assert (parent.path, parent.optimiser) == (str(tiny_run.path), False)
    assert parent.weights == load_style_model(tiny_run.best_path, torch.device("cpu")).fingerprint
    config, begun = branch.config(), tiny_run.config()
    assert config.model.weights == str(tiny_run.best_path)
    assert (config.train.epochs, config.unfreeze.mode) == (1, "none")
    assert (config.optim, config.augment) == (begun.optim, begun.augment)
    assert tiny_run.environment().parent is None


def test_a_branch_with_the_optimiser_has_its_moments_and_a_rate_of_its_own(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    asked = tiny_config("optim.lr=7e-5", "optim.schedule=constant")
    config, parent = branch_of(tiny_run, asked, tiny_dataset, keep_optimiser=True)
    session = alone(config, tiny_dataset, tmp_path / "run")
    learner = build_setup(type(session)(**{**vars(session), "parent": parent})).learner
    weights, stored = read_state(tiny_run.last_path)
    own = learner.network.state_dict()
    assert [key for key in weights if not torch.equal(weights[key], own[key])] == []
    state = learner.optimizer.state_dict()["state"]
    assert state.keys() == stored["optimizer"]["state"].keys() != set()
    for key, moments in stored["optimizer"]["state"].items():
        assert torch.equal(state[key]["exp_avg_sq"], moments["exp_avg_sq"])
    assert {group["lr"] for group in learner.optimizer.param_groups} == {7e-5}


def test_moments_of_other_parameters_are_refused(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    # Other groups of parameters: each would be given the moments of another.
    asked = tiny_config("optim.layer_decay=0.5")
    config, parent = branch_of(tiny_run, asked, tiny_dataset, keep_optimiser=True)
    session = alone(config, tiny_dataset, tmp_path / "run")
    with pytest.raises(UsageError, match="leave out --keep-optimiser"):
        build_setup(type(session)(**{**vars(session), "parent": parent}))


def test_what_cannot_be_branched_off_is_said_before_training(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder, tmp_path: Path
) -> None:
    other = DatasetFolder(Path(shutil.copytree(tiny_dataset.path, tmp_path / "data")))
    description = read_json(other.description_path)
    first, *rest = description["labels"]
    for labels, said in (
        ([*rest, first], "they are the same styles in another order"),
        (["Fauvism", *rest], f"{other.path} lacks {first}; {tiny_run.path} does not know Fauvism"),
    ):
        other.description_path.write_text(json.dumps(description | {"labels": labels}))
        with pytest.raises(RunError, match="a branch has the styles of its run") as caught:
            branch_of(tiny_run, tiny_config(), DatasetFolder(other.path))
        assert said in str(caught.value)
    with pytest.raises(UsageError, match=r"a run of simple_cnn, .* cannot be resnet50"):
        branch_of(tiny_run, tiny_config("model.name=resnet50"), tiny_dataset)
    with pytest.raises(UsageError, match="has the state of adamw, which sgd cannot use"):
        branch_of(tiny_run, tiny_config("optim.name=sgd"), tiny_dataset, keep_optimiser=True)
    done = RunFolder(Path(shutil.copytree(tiny_run.path, tmp_path / "done")))
    done.last_path.unlink()
    with pytest.raises(RunError, match="leave out --keep-optimiser"):
        branch_of(done, tiny_config(), tiny_dataset, keep_optimiser=True)


WRONG = {
    "other settings": (
        ("--resume", "{run}", "--epochs", 9, "--set", "optim.lr=1e-4"),
        "begin a branch of it: artstyle finetune --from {run} --epochs 9 --set optim.lr=1e-4",
    ),
    "the state of nothing": (("--keep-optimiser",), "--keep-optimiser goes with --from RUN"),
    "weights twice": (("--from", "{run}", "--set", "model.weights=a.pth"), "leave out --set model"),
    "a file": (("--from", "{run}/checkpoints/best.safetensors"), "--set model.weights="),
    "a run that is not there": (("--from", "gone"), "unknown run 'gone'"),
    "data that were moved": (("--resume", "{run}"), "name its new folder: --data FOLDER"),
    "data of the parent": (("--from", "{run}"), "name its new folder: --data FOLDER"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_branch_or_resume_is_said_in_one_line(
    case: str, tiny_run: RunFolder, tmp_path: Path
) -> None:
    run = RunFolder(Path(shutil.copytree(tiny_run.path, tmp_path / "run")))
    environment = read_json(run.environment_path)
    moved = environment["dataset"] | {"path": str(tmp_path / "gone")}
    write_json(run.environment_path, environment | {"dataset": moved})
    words, said = WRONG[case]
    given = [str(word).format(run=run.path) for word in words]
    done = artstyle("finetune", *given, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert said.format(run=run.path) in done.stderr
