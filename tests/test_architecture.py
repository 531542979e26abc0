"""The house rules, enforced: imports point down, and torch stays out of the entrance."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import artstyle

PACKAGE = Path(artstyle.__file__).parent

# From the ground up; a module imports only from lower floors or its own package's earlier names.
FLOORS = (
    ("errors", "progress", "interrupts"),
    ("storage", "devices", "starter", "settings"),
    ("config", "styles"),
    ("pictures", "metrics", "recipes", "painter"),
    ("presentation", "runs", "data", "confidence", "collection", "iiif"),
    ("preparation", "models", "tracking"),
    ("engines", "inference"),
    ("training", "evaluation", "prediction", "eda"),
    ("explain", "probe", "search"),
    ("report", "crossval", "serving", "sharing", "archive"),
    ("comparison",),
    ("cli",),
    ("__main__", "__init__"),
)
HEAVY = (
    "torch", "numpy", "PIL", "pydantic", "rich.table", "timm", "wandb", "matplotlib", "torchvision",
    "sklearn", "pytorch_grad_cam", "onnxruntime",
)  # fmt: skip


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def floor_of(room: str) -> int:
    return next(n for n, rooms in enumerate(FLOORS) if room in rooms)


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("artstyle"):
            parts = (node.module or "").split(".")
            rooms |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("artstyle.")}
    return rooms


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_imports_only_from_lower_floors_or_its_own_room(path: Path) -> None:
    room = room_of(path)
    for imported in imported_rooms(path) - {room}:
        assert floor_of(imported) < floor_of(room), f"{room} imports {imported}"


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(path) for path in modules()}
    assert rooms == {room for floor in FLOORS for room in floor}


def test_no_room_is_too_full() -> None:
    inside = Counter(path.parent for path in modules() if path.name != "__init__.py")
    assert inside.pop(PACKAGE) < 12
    assert max(inside.values()) <= 16, inside.most_common(3)


def test_no_init_file_but_the_root_holds_code() -> None:
    inner = [path for path in modules() if path.name == "__init__.py" and path.parent != PACKAGE]
    assert [path for path in inner if path.read_text().strip()] == []


def loaded_by(code: str) -> list[str]:
    script = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_artstyle_loads_nothing_heavy() -> None:
    assert loaded_by("import artstyle") == []


def test_help_loads_neither_torch_nor_numpy_nor_pillow_nor_pydantic() -> None:
    code = """
from artstyle.cli.app import app
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    app(["--help"])
assert "Usage" in shown.getvalue()
"""
    assert set(loaded_by(code)) & {"torch", "numpy", "PIL", "pydantic", "timm", "wandb"} == set()


@pytest.mark.parametrize(
    "module",
    [
        "config", "recipes", "runs.folder", "runs.finding", "metrics",
        "styles.names", "styles.vocabulary", "storage.documents", "confidence.answers",
        "models.header", "pictures.preprocessing", "data.manifest", "data.dataset",
        "data.description", "preparation.split", "preparation.balance",
        "preparation.sources.opening", "collection.picture_list", "preparation.prepare",
        "models.zoo", "evaluation.document", "eda.document",
        "prediction.output", "prediction.predict", "inference", "engines", "models.onnx_model",
        "explain.explain", "explain.gallery",
    ],
)  # fmt: skip
def test_stages_before_training_start_without_torch(module: str) -> None:
    assert "torch" not in loaded_by(f"import artstyle.{module}")


def test_a_network_of_torch_needs_nothing_heavier_than_torch() -> None:
    loaded = loaded_by("import artstyle.inference, artstyle.models.checkpoint")
    assert set(loaded) == {"torch", "numpy", "PIL", "pydantic"}


@pytest.mark.parametrize("command", [["train"], ["finetune"], ["prepare", "."], ["config", "show"]])
def test_a_mistyped_key_is_reported_before_torch_loads(command: list[str]) -> None:
    code = f"""
from artstyle.cli.app import app
from artstyle.errors import UsageError
try:
    app([*{command!r}, "--set", "optim.lrr=1"], standalone_mode=False)
except UsageError as error:
    assert "optim.lrr" in str(error) and "optim.lr" in str(error).split("lrr", 1)[1], error
else:
    raise AssertionError("the key was taken")
"""
    assert "torch" not in loaded_by(code)
