"""The library in the README's words."""

import ast
import doctest
import re
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

import artstyle
from artstyle.config import BalanceConfig, Config
from artstyle.data.dataset import DatasetFolder
from artstyle.eda.collection import open_collection
from artstyle.eda.explore import explore
from artstyle.errors import UnknownNameError, UsageError
from artstyle.painter.collection import paint
from artstyle.pictures.preprocessing import Preprocessing
from artstyle.runs.folder import RunFolder
from docs.generate import GROUPS

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.parametrize("name", sorted(artstyle._PUBLIC))
def test_every_public_name_loads_and_is_listed(name: str) -> None:
    assert getattr(artstyle, name) is getattr(import_module(artstyle._PUBLIC[name]), name)
    assert name in dir(artstyle)


def test_a_misspelt_name_is_an_attribute_error_that_names_the_right_one() -> None:
    with pytest.raises(AttributeError, match=r"'predict_style'\. Did you mean 'predict_styles'\?"):
        getattr(artstyle, "predict_style")  # noqa: B009  # mypy knows that there is none.
    assert not hasattr(artstyle, "qwertz")


def test_type_checkers_see_each_public_name_where_it_comes_from() -> None:
    tree = ast.parse(Path(artstyle.__file__).read_text("utf-8"))
    (block,) = (
        node for node in tree.body if isinstance(node, ast.If) and "TYPE" in ast.unparse(node.test)
        and isinstance(node.test, ast.Name)
    )  # fmt: skip
    imported = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == alias.asname
    }
    assert imported == artstyle._PUBLIC


def test_no_public_name_is_hidden_by_a_module_of_that_name() -> None:
    # After `import artstyle.NAME...`, the module would be found in its place.
    folder = Path(artstyle.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix in (".py", "")}
    assert modules & set(artstyle._PUBLIC) == {"metrics"}


def test_the_version_is_that_of_the_installed_package() -> None:
    assert artstyle.__version__ == version("artstyle")
    assert "__version__" in dir(artstyle)


def test_the_types_are_part_of_the_package() -> None:
    assert (Path(artstyle.__file__).parent / "py.typed").is_file()


@pytest.fixture
def workplace(
    tiny_run: RunFolder,
    tiny_dataset: DatasetFolder,
    tiny_paintings: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The folder that the examples are in: paintings, a data set, a run, scans."""
    shutil.copytree(tiny_paintings, tmp_path / "paintings")
    shutil.copytree(tiny_dataset.path, tmp_path / "data" / "processed")
    shutil.copytree(tiny_run.path, tmp_path / "runs" / "tiny")
    (tmp_path / "scans").mkdir()
    paint("Cubism", "boat", 1, 1, (96, 64)).image.save(tmp_path / "scans" / "boat.jpg")
    (tmp_path / "scans" / "damaged.jpg").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    collection = open_collection(Path("data/processed"), BalanceConfig(), seed=42)
    seen = Preprocessing(32, (0.5,) * 3, (0.5,) * 3, "bilinear", "crop", 40)
    explore(collection, Config(), seen, Path("data/eda"), sample=4)
    return tmp_path


def test_the_example_of_each_public_name_gives_what_it_shows(workplace: Path) -> None:
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
    without: list[str] = []
    wrong: list[str] = []
    for name in (name for names in GROUPS.values() for name in names):
        public = getattr(artstyle, name)
        (found,) = finder.find(public, name, module=False, globs={"artstyle": artstyle})
        if not found.examples:
            without.append(name)
        runner.run(found, out=wrong.append)
    assert without == []
    assert not wrong, "".join(wrong)


def test_the_example_of_the_readme_labels_pictures(
    tiny_run: RunFolder, tiny_paintings: Path, tmp_path: Path
) -> None:
    found = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    shutil.copytree(tiny_run.path, tmp_path / "runs" / "tiny")
    shutil.copytree(tiny_paintings / "Cubism", tmp_path / "more_pictures")
    (tmp_path / "more_pictures" / "damaged.jpg").write_text("no picture")
    done = subprocess.run(
        [sys.executable, "-c", found[1]], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 11
    assert sum("could not be read" in line for line in lines) == 1


def test_folders_of_a_text_and_of_a_path_are_the_same() -> None:
    assert DatasetFolder("data/one") == DatasetFolder(Path("data/one"))
    assert DatasetFolder("data/one").images_path == Path("data/one/images")
    assert RunFolder("runs/one", "results") == RunFolder(Path("runs/one"), Path("results"))
    assert repr(RunFolder("one")) == repr(RunFolder(Path("one")))


def test_each_function_with_a_path_takes_text_and_path_alike(
    tiny_run: RunFolder, tiny_dataset: DatasetFolder
) -> None:
    best, folder = tiny_run.best_path, tiny_run.path
    assert artstyle.find_run(str(folder)) == artstyle.find_run(folder) == tiny_run
    root = folder.parent
    assert artstyle.find_run("tiny", str(root)) == artstyle.find_run(Path("tiny"), root)
    models: list[artstyle.StyleModel] = [
        *(artstyle.load_style_model(file, "cpu") for file in (best, str(best))),
        *(artstyle.load_model(place, "torch", "cpu") for place in (folder, str(folder))),
    ]
    assert len({model.fingerprint for model in models}) == 1
    description = tiny_dataset.description_path
    assert artstyle.DatasetDescription.read(str(description)) == tiny_dataset.description
    config = str(tiny_run.config_path)
    assert artstyle.resolve_config(file=config) == artstyle.resolve_config(file=Path(config))
    picture = tiny_dataset.image_path(tiny_dataset.rows("test")[0])
    read = [artstyle.read_image(place).pixels.tobytes() for place in (picture, str(picture))]
    assert read[0] == read[1]
    built = artstyle.build_network("simple_cnn", 4, weights=best, image_size=32)
    assert built.notes


@pytest.mark.parametrize("name", ["find_pictures", "predict_styles", "explain_pictures"])
def test_each_function_with_pictures_takes_text_path_and_lists(
    name: str, tiny_run: RunFolder, tiny_paintings: Path
) -> None:
    model = artstyle.load_style_model(tiny_run.best_path, "cpu")
    folder = tiny_paintings / "Cubism"
    before = () if name == "find_pictures" else (model,)
    call = getattr(artstyle, name)
    expected = sorted(folder.glob("*.jpg"))
    for given in (folder, str(folder), [folder], [str(path) for path in expected]):
        assert [row.path for row in call(*before, given)] == expected


def test_a_model_in_a_notebook_is_one_line(tiny_run: RunFolder) -> None:
    model = artstyle.load_style_model(tiny_run.best_path, "cpu")
    assert repr(model) == "<TorchModel simple_cnn: 4 styles, 32 x 32 pixels, on cpu>"
    starter = artstyle.load_starter()
    assert repr(starter) == "<OnnxModel efficientnet_lite0: 22 styles, 224 x 224 pixels, on cpu>"
    built = artstyle.build_network("simple_cnn", 4)
    assert "\n" not in repr(built)


def test_wrong_names_are_refused_with_what_was_meant(tiny_run: RunFolder) -> None:
    model = artstyle.load_style_model(tiny_run.best_path, "cpu")
    with pytest.raises(UnknownNameError, match="Did you mean 'Cubism'"):
        list(artstyle.explain_pictures(model, [], style="Cubist"))
    with pytest.raises(UnknownNameError, match="Did you mean 'finetune'"):
        artstyle.resolve_config("finetun")
    with pytest.raises(UsageError, match="two runs or more"):
        artstyle.compare_runs(str(tiny_run.path))  # One run, and not its letters.
