"""What `artstyle export` writes, loaded by the libraries themselves, and without artstyle."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from huggingface_hub import ModelCard
from PIL import Image
from safetensors.torch import load_file

from artstyle.confidence.calibration import Calibration, Fitted, LikelySets
from artstyle.config import Config, DataConfig
from artstyle.errors import UsageError
from artstyle.evaluation.evaluate import evaluate
from artstyle.models.checkpoint import load_style_model, write_checkpoint
from artstyle.models.factory import Built, build_network
from artstyle.models.header import Header
from artstyle.models.onnx_export import painted_pixels
from artstyle.models.torch_model import TorchModel
from artstyle.models.zoo import MODELS, build_preprocessing
from artstyle.painter.collection import paint
from artstyle.pictures.colour import coded_profile
from artstyle.pictures.transforms import normalise
from artstyle.runs.folder import RunFolder
from artstyle.sharing.export import export_model
from artstyle.sharing.formats import require_available
from artstyle.sharing.hub import script_text
from tests.cli.in_process import artstyle_text
from tests.cli.random_run import LABELS
from tests.docs.pages import ROOT
from tests.environments import environment
from tests.evaluation.tiny import STYLES, write_dataset

PAGE = (ROOT / "docs/how-to/share.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
SIDE, READ = 64, 96
TEMPERATURE = 1.7
OUTSIDE = [name for name, spec in MODELS.items() if spec.source != "artstyle"]


def write_run(
    run: RunFolder, built: Built, name: str, fit: str = "crop", labels: tuple[str, ...] = LABELS
) -> TorchModel:
    """Write a run of a network with a temperature, and load its model."""
    asked = DataConfig.model_validate({"image_size": SIDE, "fit": fit, "cache_size": READ})
    likely = LikelySets(coverage=0.9, temperature=1, least=0.1)
    fitted = Fitted(temperature=TEMPERATURE, sure=None, group_sure=None, likely=likely)
    calibration = Calibration(
        labels=labels, pictures=40, accuracy=0.5, majority=0.3, reason="", fitted=fitted
    )
    preprocessing = build_preprocessing(built.spec, asked, asked)
    run.begin(Config(), labels, environment())
    header = Header(name, labels, preprocessing, {}, calibration)
    write_checkpoint(run.best_path, built.network, header)
    return load_style_model(run.best_path, torch.device("cpu"))


def random_network(name: str) -> Built:
    """Every weight and statistic is random, so that none can be exchanged unseen."""
    torch.manual_seed(0)
    built = build_network(name, len(LABELS), image_size=SIDE)
    for value in built.network.state_dict().values():
        if value.is_floating_point():
            value.mul_(1 + 0.1 * torch.rand_like(value)).add_(0.02 * torch.rand_like(value))
    return built


def responsive_network(name: str) -> Built:
    """Its answers depend on the picture, as after training.

    The Lites need their ImageNet weights for that: their norms drown small random signals.
    """
    torch.manual_seed(0)
    weights = "imagenet" if "lite" in name else "none"
    built = build_network(name, len(LABELS), weights=weights, image_size=SIDE)
    asked = DataConfig(image_size=SIDE)
    preprocessing = build_preprocessing(built.spec, asked, asked)
    images_N3SS = normalise(torch.from_numpy(painted_pixels(preprocessing, 12)), preprocessing)
    for module in built.network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        built.network.train()(images_N3SS)
        logits_NC = built.network.eval()(images_N3SS)
        head: Any = built.network.get_submodule(built.spec.head)
        head.weight.div_(logits_NC.std(dim=0)[:, None])
        head.bias.sub_(built.network(images_N3SS).mean(dim=0))
    return built


@dataclass(frozen=True)
class Shared:
    run: RunFolder
    model: TorchModel

    def export(self, form: Any) -> Path:
        path = self.run.path / {"torch": "model.pt2", "onnx": "model.onnx", "hub": "hub"}.get(
            form, f"model-{form}.safetensors"
        )
        export_model(self.model, self.run, path, form)
        return path


@pytest.fixture(scope="module", params=OUTSIDE)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    run = RunFolder(tmp_path_factory.mktemp("shared") / "run")
    return Shared(run, write_run(run, random_network(request.param), request.param))


def assert_same(model: TorchModel, network: torch.nn.Module) -> None:
    images_N3SS = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected_NC, found_NC = model.network(images_N3SS), network.eval()(images_N3SS)
    assert float(expected_NC.std()) > 1e-3
    torch.testing.assert_close(found_NC, expected_NC, rtol=1e-4, atol=1e-4)


def test_weights_load_strictly_in_timms_own_network_and_answer_alike(shared: Shared) -> None:
    weights = load_file(shared.export("timm"))
    network = timm.create_model(shared.model.spec.builder, num_classes=len(LABELS))
    network.load_state_dict(weights, strict=True)
    assert_same(shared.model, network)


def test_weights_load_strictly_in_torchvisions_own_network_and_answer_alike(
    shared: Shared,
) -> None:
    if shared.model.spec.source != "torchvision":
        pytest.skip(f"torchvision does not have {shared.model.name}")
    weights = load_file(shared.export("torchvision"))
    build: Callable[..., torch.nn.Module] = getattr(torchvision.models, shared.model.spec.builder)
    network = build(num_classes=len(LABELS))
    network.load_state_dict(weights, strict=True)
    assert_same(shared.model, network)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of each kind that the documented lines read."""
    folder = tmp_path_factory.mktemp("pictures")
    first, second = (
        paint(style, "house", 0, 3, (500, 380)).image for style in ("Cubism", "Fauvism")
    )
    turned = Image.Exif()
    turned[0x0112] = 6
    first.save(folder / "large-turned.jpg", exif=turned, quality=90)
    second.save(folder / "wide-gamut.jpg", icc_profile=coded_profile(12, 13), quality=90)
    first.save(folder / "srgb.jpg", icc_profile=coded_profile(1, 13), quality=90)
    second.resize((140, 90)).save(folder / "small.png")
    second.resize((80, 70)).save(folder / "below-read-size.png")
    first.convert("L").save(folder / "grey.png")
    first.convert("P").save(folder / "palette.gif")
    first.convert("CMYK").save(folder / "inks.tif")
    see_through = second.convert("RGBA")
    see_through.putalpha(Image.radial_gradient("L").resize(second.size))
    see_through.save(folder / "see-through.png")
    return folder


DRIVER = """
import contextlib, io, json, os, runpy, sys
sys.modules["artstyle"] = None
forms = json.loads(sys.argv[1])
pictures = json.loads(sys.argv[2])
answers = {}
for name, script in forms.items():
    sys.argv = [script, *pictures]
    os.chdir(os.path.dirname(script))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(script, run_name="__main__")
    answers[name] = json.loads(printed.getvalue())
print(json.dumps(answers))
"""


FORMS = {
    ("efficientnet_b0", "crop"): ("hub", "timm", "torchvision"),
    ("efficientnet_lite0", "squash"): ("hub",),
    ("simple_cnn", "crop"): ("torch", "onnx"),
}


def test_the_documented_lines_give_the_answers_of_predict_without_artstyle(
    pictures: Path, tmp_path: Path
) -> None:
    """For both kinds of square, and for each form in which a model is shared."""
    lines, loading = BLOCKS[0], {block.split("\n")[0]: block for block in BLOCKS[1:]}
    start, end = lines.index("about = "), lines.index("\n\n\ndef read")
    scripts, expected = {}, {}
    for (name, fit), forms in FORMS.items():
        run = RunFolder(tmp_path / "runs" / name)
        shared = Shared(run, write_run(run, responsive_network(name), name, fit))
        expected[name] = predicted(run, pictures)
        for form in forms:
            exported = shared.export(form)
            own = lines if form == "hub" else lines[:start] + loading[f"# {form}"] + lines[end:]
            script = (exported if form == "hub" else run.path) / f"by_{form}.py"
            script.write_text(own, encoding="utf-8")
            scripts[f"{name} {form}"] = str(script)
    paths = sorted(expected["simple_cnn"])
    assert len(paths) == 9
    command = [sys.executable, "-c", DRIVER, json.dumps(scripts), json.dumps(paths)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for form, answers in json.loads(done.stdout).items():
        for path, probabilities in expected[form.split()[0]].items():
            assert answers[path] == pytest.approx(probabilities, abs=1e-4), (form, path)
    for name, answers in expected.items():
        likeliest = [max(probabilities.values()) for probabilities in answers.values()]
        # Otherwise a wrong preprocessing would go unseen.
        assert max(likeliest) - min(likeliest) > 0.05, name


def predicted(run: RunFolder, pictures: Path) -> dict[str, dict[str, float]]:
    """Path -> style -> probability, as the command says it."""
    words = ("--run", run.path, "--format", "json", "--top-k", "9")
    done = artstyle_text("predict", pictures, *words, cwd=run.path)
    return {
        row["path"]: {each["style"]: each["probability"] for each in row["styles"]}
        for row in json.loads(done.stdout)
    }


def test_the_documented_lines_are_those_of_the_folder_and_thirty() -> None:
    assert BLOCKS[0] == script_text()
    passed_over = set[int]()
    for node in ast.walk(ast.parse(BLOCKS[0])):
        if isinstance(node, ast.Import | ast.ImportFrom):
            passed_over.add(node.lineno)
        elif isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            passed_over.add(node.body[0].lineno)
    lines = enumerate(BLOCKS[0].splitlines(), start=1)
    code = [line for number, line in lines if number not in passed_over]
    assert len([line for line in code if line.strip() and line.strip()[0] != "#"]) == 30


def test_a_hub_folder_loads_in_timm_and_its_card_has_the_figures(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "secret-place/paintings")
    run = RunFolder(tmp_path / "run")
    name = "efficientnet_lite0"
    model = write_run(run, random_network(name), name, "squash", STYLES)
    evaluation = evaluate(run, data)
    hub = run.path / "hub"
    hub.mkdir()
    (hub / "LICENSE").write_text("mine", encoding="utf-8")
    words = ("export", run.path, "--format", "hub")
    for overwrite in ((), ("--overwrite",)):
        refused = artstyle_text(*words, *overwrite, cwd=tmp_path)
        assert (refused.returncode, [path.name for path in hub.iterdir()]) == (2, ["LICENSE"])
    (hub / "LICENSE").unlink()
    artstyle_text(*words, cwd=tmp_path)
    (hub / "LICENSE").write_text("mine", encoding="utf-8")
    done = artstyle_text(*words, "--overwrite", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{hub}\n")
    assert f"hf upload USER/NAME {hub}" in done.stderr
    assert_same(model, timm.create_model(f"local-dir:{hub}", pretrained=True))
    config = json.loads((hub / "config.json").read_text("utf-8"))
    assert config["label_names"] == list(STYLES)
    given = config["pretrained_cfg"]
    assert given["mean"] == given["std"] == [0.5, 0.5, 0.5]
    assert (given["input_size"], given["crop_mode"]) == ([3, SIDE, SIDE], "squash")
    assert (given["interpolation"], given["crop_pct"]) == ("bicubic", 1.0)
    card = ModelCard.load(hub / "README.md")
    results = {(r.dataset_split, r.metric_name): r.metric_value for r in card.data.eval_results}
    assert results["test", "Accuracy"] == pytest.approx(evaluation.report.accuracy, abs=1e-6)
    assert results["test", "Macro F1"] == pytest.approx(evaluation.report.macro_f1, abs=1e-6)
    assert card.data.library_name == "timm"
    assert {path.name for path in hub.iterdir()} == {
        "config.json", "model.safetensors", "predict.py", "README.md", "LICENSE",
    }  # fmt: skip
    assert all("secret-place" not in path.read_text("latin-1") for path in hub.iterdir())


def test_a_program_of_torch_takes_any_batch_and_holds_nothing_that_can_run_on_loading(
    tmp_path: Path,
) -> None:
    run = RunFolder(tmp_path / "run")
    shared = Shared(run, write_run(run, random_network("simple_cnn"), "simple_cnn"))
    path = shared.export("torch")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pickled = [n for n in names if archive.read(n)[:2] in (b"\x80\x02", b"\x80\x04")]
    assert pickled == []
    network = torch.export.load(path).module()
    for count in (1, 5):
        images_N3SS = torch.randn(count, 3, SIDE, SIDE)
        with torch.inference_mode():
            expected_NC = shared.model.network(images_N3SS)
            torch.testing.assert_close(network(images_N3SS), expected_NC, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "library", "said"),
    [
        ("simple_cnn", "timm", "timm does not have simple_cnn, which is artstyle's own"),
        ("simple_cnn", "torchvision", "use --format onnx or --format torch"),
        ("resnet50+efficientnet_b0", "timm", "joins networks, which timm does not do; use"),
        ("efficientnet_lite0", "torchvision", "is a network of timm, not of torchvision; use"),
        ("timm/vit_tiny_patch16_224", "torchvision", "use --format timm"),
    ],
)
def test_a_model_that_a_library_lacks_is_refused_with_what_works(
    name: str, library: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        require_available(name, library)


def test_a_model_of_several_labels_is_refused_where_its_answers_would_be_misread() -> None:
    require_available("efficientnet_b0", "onnx", multi=True)
    with pytest.raises(UsageError, match="use --format onnx"):
        require_available("efficientnet_b0", "hub", multi=True)
