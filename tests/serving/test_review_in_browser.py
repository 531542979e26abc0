"""The page of a review in a browser: keys, the file behind it, sizes and colours."""

from pathlib import Path
from typing import Any

import pytest

from artstyle.prediction.review import ReviewFile, opened_review
from artstyle.serving.server import require_page
from tests.serving.browser import assert_fits, opened
from tests.serving.tiny import service
from tests.serving.whole import need

need("playwright")

ROW = "{}.png,Title {},Cubism,0.7,Pop_Art,0.2,unsure,Cubism; Pop_Art\n"
HEADER = "path,title,style_1,probability_1,style_2,probability_2,verdict,likely\n"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_keys_decide_and_the_file_has_each_decision(
    browser: Any,
    expect: Any,
    model_file: Path,
    pictures: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    scheme: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("answers.csv")
    path.write_text(HEADER + "".join(ROW.format(n, n) for n in range(1, 6)))
    for n, content in enumerate(list(pictures.values())[:4], start=1):
        Path(f"{n}.png").write_bytes(content)

    def decided() -> list[str]:
        return [row.review for row in ReviewFile(path).current()[1]]

    with (
        opened_review(path) as review,
        service(model_file, review=review, page=require_page()) as url,
        opened(browser, f"{url}/review", width=width, color_scheme=scheme, bypass_csp=True) as page,
    ):
        name, progress = page.locator("#name"), page.locator("#progress-words")
        expect(name).to_have_text("Title 1")
        expect(page.locator("#painting")).to_have_js_property("complete", True)
        assert page.evaluate("document.getElementById('painting').naturalWidth") > 0
        assert_fits(page)
        for key, row in {"Enter": 2, "2": 3, "r": 4, "/": 4}.items():
            page.keyboard.press(key)
            expect(name).to_have_text(f"Title {row}")
        page.keyboard.type("rococo")
        page.keyboard.press("Enter")
        expect(name).to_have_text("Title 5")
        expect(page.locator("#picture-problem")).to_contain_text("no such file")
        assert_fits(page)
        assert decided() == ["Cubism", "Pop_Art", "rejected", "Rococo", ""]
        page.keyboard.press("u")
        expect(name).to_have_text("Title 4")
        expect(page.locator("#decision")).to_have_text("Not reviewed.")
        assert decided() == ["Cubism", "Pop_Art", "rejected", "", ""]
        path.write_text(path.read_text().replace("rejected", "Baroque"))
        page.keyboard.press("a")
        expect(page.locator("#alert")).to_contain_text("was changed by another program")
        assert decided() == ["Cubism", "Pop_Art", "Baroque", "", ""]
        page.keyboard.press("a")
        expect(name).to_have_text("Title 5")
        page.click("#reject")
        expect(page.locator("#finished")).to_be_visible()
        expect(progress).to_contain_text("5 of 5 reviewed in answers.csv")
    assert decided() == ["Cubism", "Pop_Art", "Baroque", "Cubism", "rejected"]
