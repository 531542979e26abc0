"""Configuration: layers, origins, and what is said of a wrong key or value."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from artstyle.config import Config
from artstyle.errors import ArtstyleError, ConfigError, MissingError, UnknownNameError
from artstyle.recipes import (
    config_keys,
    explained_yaml,
    key_sentences,
    parse_override,
    recipes,
    resolve_config,
)


def test_later_layers_win_and_say_where_each_value_came_from(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("train:\n  epochs: 7\n  batch_size: 8\n")
    resolved = resolve_config(
        "finetune", str(file), ["train.batch_size=4"], {"train.epochs": ("--epochs", 9)}
    )
    assert resolved.config.train.epochs == 9
    assert resolved.config.train.batch_size == 4
    assert resolved.origins["train.epochs"] == "--epochs"
    assert resolved.origins["train.batch_size"] == "--set"
    assert resolved.origins["optim.lr"] == "recipe finetune"
    assert resolved.origins["data.fit"] == "default"


def test_epochs_asked_for_after_the_recipe_are_not_raised_to_its_least_steps(
    tmp_path: Path,
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("train:\n  min_steps: 50\n")
    flag = {"train.epochs": ("--epochs", 3)}
    assert resolve_config("recommended").config.train.min_steps == 600
    assert resolve_config("recommended", flags=flag).config.train.min_steps == 0
    assert resolve_config("recommended", None, ["train.epochs=3"]).config.train.min_steps == 0
    assert resolve_config("recommended", str(mine)).config.train.min_steps == 50
    both = ["train.min_steps=50", "train.epochs=3"]
    assert resolve_config("recommended", None, both).config.train.min_steps == 50


def test_a_misspelt_key_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"unknown key 'optim\.lrr'\. Did you mean 'optim\.lr'"):
        parse_override("optim.lrr=1")


def test_a_misspelt_key_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("trian:\n  epochs: 7\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: unknown key 'trian\.epochs'"):
        resolve_config("finetune", str(file))


def test_a_value_out_of_bounds_names_its_key_and_where_it_was_given() -> None:
    with pytest.raises(ConfigError, match=r"optim\.lr = -3 \(--set\): .*greater than 0"):
        resolve_config("finetune", overrides=["optim.lr=-3"])


def test_ratios_that_do_not_add_up_to_one_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"split\.ratios .*add up to 1\.2"):
        resolve_config(overrides=["split.ratios=[0.7, 0.2, 0.3]"])


def test_an_override_without_an_equals_sign_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"section\.key=value"):
        parse_override("optim.lr")


def test_an_unknown_recipe_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'finetune'"):
        resolve_config(file="finetun")


def test_a_config_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"gone\.yaml"):
        resolve_config(file=str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "a: [", "- 1", "3"])
def test_yaml_that_is_not_a_configuration_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(text)
    with pytest.raises(ArtstyleError) as caught:
        resolve_config(file=str(file))
    assert "odd.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_number_with_an_exponent_and_no_dot_is_a_number() -> None:
    assert parse_override("optim.lr=1e-3") == ("optim.lr", 0.001)


def test_every_key_has_a_sentence() -> None:
    sentences = key_sentences()
    assert sentences.keys() == config_keys().keys()
    assert [key for key, text in sentences.items() if not text.endswith(".")] == []


@pytest.mark.parametrize("name", sorted(recipes()))
def test_every_recipe_resolves_and_opens_with_what_it_is_and_its_command(name: str) -> None:
    assert resolve_config(name).config.model.name
    lines = recipes()[name].read_text("utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert any("artstyle " in line for line in lines if line.startswith("#"))


def test_what_config_show_prints_is_a_configuration_that_resolves_to_the_same(
    tmp_path: Path,
) -> None:
    resolved = resolve_config("baseline", overrides=["seed=7"])
    file = tmp_path / "shown.yaml"
    file.write_text(explained_yaml(resolved))
    assert resolve_config(None, str(file)).config == resolved.config


@given(st.sampled_from(sorted(config_keys())))
def test_every_key_can_be_set_to_its_own_default(key: str) -> None:
    default = config_keys()[key]
    resolved = resolve_config(overrides=[f"{key}={yaml.safe_dump(default, width=999)}"])
    assert resolved.config == Config()
    assert resolved.origins[key] == "--set"
