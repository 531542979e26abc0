import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.errors import DataError, UsageError
from artstyle.explain.explain import explain_pictures
from artstyle.explain.folder import HeatmapFolder, file_stem
from artstyle.explain.gallery import Drawn, write_heatmaps
from artstyle.explain.methods import Method
from artstyle.models.torch_model import TorchModel
from artstyle.pictures.finding import PicturePath


def paint(path: Path, size: tuple[int, int] = (96, 64)) -> Path:
    """Paint red on the left half and green on the right."""
    picture = Image.new("RGB", size, (255, 0, 0))
    picture.paste((0, 255, 0), (size[0] // 2, 0, *size))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
    return path


def explain(
    model: TorchModel,
    out: Path,
    *paths: Path,
    style: str | None = None,
    method: Method = "gradcam",
    raw: bool = True,
) -> Drawn:
    folder = HeatmapFolder(out)
    folder.open()
    pictures = [PicturePath(path) for path in paths]
    explanations = explain_pictures(model, pictures, style=style, method=method, batch_size=2)
    return write_heatmaps(folder, explanations, model, method, raw=raw)


def test_each_picture_gets_an_overlay_a_panel_and_its_heat(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    picture = paint(tmp_path / "a.png")
    drawn = explain(two_colours, tmp_path / "out", picture, style="Cubism")
    (record,) = drawn.records
    heat = np.load(tmp_path / "out" / str(record.raw))
    assert (heat.dtype, heat.shape) == (np.float32, (32, 32))
    assert heat[:, :8].max() < 0.1 < 0.9 < heat[:, 24:].min()
    with Image.open(tmp_path / "out" / record.overlay) as overlay:
        assert overlay.size == (768, 512)
        assert overlay.format == "PNG"
    with Image.open(tmp_path / "out" / record.panel) as panel:
        assert panel.width > 2 * panel.height
    # 96x64 becomes 48x32, of which the middle 32 columns are seen.
    assert record.region == pytest.approx((1 / 6, 0, 5 / 6, 1))
    assert (record.style, record.model) == ("Cubism", "0123456789ab")


def test_the_maps_do_not_depend_on_who_else_is_in_the_batch(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    paths = [paint(tmp_path / f"{n}.png", (64 + 8 * n, 64)) for n in range(5)]
    together = explain(two_colours, tmp_path / "all", *paths)
    for path, record in zip(paths, together.records, strict=True):
        alone = explain(two_colours, tmp_path / path.stem, path).records[0]
        np.testing.assert_allclose(
            np.load(tmp_path / "all" / str(record.raw)),
            np.load(tmp_path / path.stem / str(alone.raw)),
            atol=1e-5,
        )


def test_bad_files_are_listed_in_their_place_and_the_rest_is_drawn(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    good = paint(tmp_path / "good.png")
    bad = tmp_path / "<bad>.png"
    bad.write_bytes(good.read_bytes()[:100])
    drawn = explain(two_colours, tmp_path / "out", bad, good, tmp_path / "gone.png")
    assert [Path(record.path).name for record in drawn.records] == ["good.png"]
    assert [(path.name, "damaged" in why) for path, why in drawn.failures] == [
        ("<bad>.png", True),
        ("gone.png", False),
    ]
    page = (tmp_path / "out/index.html").read_text("utf-8")
    assert "&lt;bad&gt;.png" in page
    assert "<bad>" not in page
    assert drawn.records[0].panel in page


def test_a_folder_gathers_heatmaps_and_keeps_those_it_has(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    one, two = paint(tmp_path / "one.png"), paint(tmp_path / "two.png")
    out = tmp_path / "out"
    explain(two_colours, out, one, raw=False)
    before = {path: path.read_bytes() for path in out.glob("*.png")}
    explain(two_colours, out, one, two, raw=False)
    explain(two_colours, out, one, method="layercam", raw=False)
    explain(two_colours, out, one, style="Ukiyo_e", raw=False)
    assert {path: path.read_bytes() for path in before} == before
    lines = (out / "heatmaps.jsonl").read_text("utf-8").splitlines()
    named = [(Path(r["path"]).name, r["method"]) for r in map(json.loads, lines)]
    assert named == [
        ("one.png", "gradcam"),
        ("two.png", "gradcam"),
        ("one.png", "layercam"),
        ("one.png", "gradcam"),
    ]
    assert len(list(out.glob("*-panel.png"))) == 4


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    HeatmapFolder(tmp_path / "out").open()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").touch()
    for path in (other, other / "thesis.txt"):
        with pytest.raises(UsageError, match=f"{path.name} holds something other than heatmaps"):
            HeatmapFolder(path).open()
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    folder = HeatmapFolder(tmp_path)
    folder.open()
    folder.records_path.write_text('{"path": "a.png"}\n')
    with pytest.raises(DataError, match=r"heatmaps\.jsonl is damaged"):
        folder.records()


def test_file_names_are_readable_safe_and_apart() -> None:
    assert file_stem(Path("a/Monet, Nymphéas (1906).jpg")).startswith("Monet_Nymphéas_1906-")
    assert file_stem(Path("a/x.jpg")) != file_stem(Path("b/x.jpg"))
    assert file_stem(Path("a/x.jpg")) != file_stem(Path("a/x.png"))
    assert file_stem(Path("a/x.jpg"), "Cubism") != file_stem(Path("a/x.jpg"), "Realism")
    assert file_stem(Path("x.jpg")) == file_stem(Path.cwd() / "x.jpg")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "\udcff\udcfe.jpg", "a\nb.jpg", "..\\..\\x", "é" * 250, "\0"]
)
def test_file_names_never_leave_the_folder_nor_grow_too_long(name: str) -> None:
    stem = file_stem(Path(name))
    assert Path(stem).name == stem
    assert len(f"{stem}-overlay.png".encode()) < 128
    assert stem.isprintable()
    assert not stem.startswith(".")


def test_a_picture_that_nothing_in_it_speaks_for_is_drawn_all_the_same(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    drawn = explain(two_colours, tmp_path / "out", paint(tmp_path / "a.png"), style="Ukiyo_e")
    assert not np.load(tmp_path / "out" / str(drawn.records[0].raw)).any()
