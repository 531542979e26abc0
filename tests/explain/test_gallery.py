import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artstyle.confidence.answers import Verdict
from artstyle.confidence.calibration import Calibration, Fitted, LikelySets
from artstyle.errors import DataError, UsageError
from artstyle.explain.explain import explain_pictures
from artstyle.explain.folder import HeatmapFolder, doubt, file_stem
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
    png: bool = False,
) -> Drawn:
    folder = HeatmapFolder(out)
    folder.open()
    pictures = [PicturePath(path) for path in paths]
    explanations = explain_pictures(model, pictures, style=style, method=method, batch_size=2)
    return write_heatmaps(folder, explanations, model, method, raw=raw, png=png)


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
        assert overlay.format == "JPEG"
    with Image.open(tmp_path / "out" / record.panel) as panel:
        assert panel.format == "JPEG"
        assert panel.width > panel.height
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
    before = {path: path.read_bytes() for path in out.glob("*.jpg")}
    assert len(before) == 2
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
    assert len(list(out.glob("*-panel.jpg"))) == 4


def test_png_overlays_have_256_colours_and_replace_the_same_heatmaps_in_jpeg(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    picture, out = paint(tmp_path / "a.png"), tmp_path / "out"
    for png, suffix in ((False, ".jpg"), (True, ".png"), (False, ".jpg")):
        (record,) = explain(two_colours, out, picture, png=png).records
        assert Path(record.overlay).suffix == suffix
        assert len(HeatmapFolder(out).records()) == 1
        assert {path.name for path in out.iterdir()} == {
            "index.html", "heatmaps.jsonl", record.overlay, record.panel, record.raw
        }  # fmt: skip
        with Image.open(out / record.overlay) as overlay:
            assert (overlay.mode == "P") == png


def test_sixty_heatmaps_of_real_detail_are_a_few_megabytes(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    """Noise of a painting's scale; as PNG, panel and overlay of a scan were near a megabyte."""
    pixels = np.random.default_rng(0).integers(0, 256, (44, 60, 3), dtype=np.uint8)
    scan = tmp_path / "scan.png"
    Image.fromarray(pixels).resize((480, 352), Image.Resampling.BICUBIC).save(scan)
    explain(two_colours, tmp_path / "out", scan, raw=False)
    assert 60 * sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) < 15e6


def test_the_index_says_what_the_colours_mean_and_shows_sub_folders(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    paths = [paint(tmp_path / "art" / name) for name in ("a.png", "old/a.png", "old/b.png")]
    explain(two_colours, tmp_path / "out", *paths)
    page = (tmp_path / "out/index.html").read_text("utf-8")
    assert "colour shows what spoke for the named style: the brighter, the more" in page
    assert re.findall(r"<summary>(.*?)</summary>", page) == [f"3 in {tmp_path / 'art'}"]
    captions = re.findall(r"<figcaption>(.*?)\n", page)
    assert captions == ["a.png", "old/a.png", "old/b.png"]
    text = re.sub(r"<title>.*?</title>", "", page)
    assert text.count("Heatmaps") == 1


def test_an_answer_of_half_or_less_is_called_unsure_wherever_it_is_shown(
    two_colours: TorchModel, tmp_path: Path
) -> None:
    picture = paint(tmp_path / "a.png")
    (likely,) = explain(two_colours, tmp_path / "sure", picture).records
    (other,) = explain(two_colours, tmp_path / "unsure", picture, style="Ukiyo_e").records
    assert likely.probability > 0.5 > other.probability
    assert (likely.doubt, other.doubt) == ("", "unsure")
    assert ">unsure: " not in (tmp_path / "sure/index.html").read_text("utf-8")
    assert "\nunsure: Ukiyo-e" in (tmp_path / "unsure/index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("verdict", "probability", "told"),
    [("sure", 0.3, ""), ("unsure", 0.9, "unsure"), ("unfamiliar", 0.99, "unfamiliar"),
     (None, 0.51, ""), (None, 0.5, "unsure")],
)  # fmt: skip
def test_the_models_verdict_counts_more_than_the_probability(
    verdict: Verdict | None, probability: float, told: str
) -> None:
    assert doubt(verdict, probability) == told
    assert doubt(verdict, probability, "content") == ""


@pytest.mark.parametrize(("sure", "verdict"), [(0.2, "sure"), (None, "unsure")])
def test_the_verdict_is_on_the_heat_for_the_most_probable_style_only(
    two_colours: TorchModel, tmp_path: Path, sure: float | None, verdict: str
) -> None:
    fitted = Fitted(
        temperature=1, sure=sure, group_sure=None,
        likely=LikelySets(coverage=0.9, temperature=1, least=0.1),
    )  # fmt: skip
    calibration = Calibration(
        labels=two_colours.labels, pictures=9, accuracy=1, majority=0.5, reason="", fitted=fitted
    )
    model, picture = replace(two_colours, calibration=calibration), paint(tmp_path / "a.png")
    (best,) = explain(model, tmp_path / "out", picture).records
    (other,) = explain(model, tmp_path / "out", picture, style="Ukiyo_e").records
    assert (best.verdict, other.verdict) == (verdict, None)
    assert [record.verdict for record in HeatmapFolder(tmp_path / "out").records()] == [
        verdict,
        None,
    ]


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
