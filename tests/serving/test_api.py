"""What a service answers: the rows of `predict`, heat, and what it says about its model."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from artstyle.explain.explain import explain_pictures
from artstyle.models.onnx_model import load_onnx_model
from artstyle.pictures.finding import PicturePath
from tests.cli.in_process import artstyle
from tests.serving.client import delete, form, get, post, predict
from tests.serving.tiny import LABELS, service, write_model

Pictures = dict[str, bytes]


@pytest.fixture(scope="module")
def predicted(
    model_file: Path, pictures: Pictures, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What `artstyle predict` says of the same files."""
    folder = tmp_path_factory.mktemp("predicted")
    for name, content in pictures.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    options = ("--run", model_file, "--format", "json", "--top-k", "2")
    done = artstyle("predict", *pictures, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_rows_are_those_of_predict_to_the_last_digit(
    url: str, pictures: Pictures, predicted: list[dict[str, Any]]
) -> None:
    assert predict(url, pictures, top_k=2).json() == {"results": predicted}
    assert {row["verdict"] for row in predicted} <= {"sure", "unsure"}


def test_requests_that_arrive_together_get_the_same_rows_as_alone(
    url: str, pictures: Pictures, predicted: list[dict[str, Any]]
) -> None:
    each = [{name: content} for name, content in pictures.items()] * 3
    with ThreadPoolExecutor(len(each)) as pool:
        answers = list(pool.map(lambda one: predict(url, one, top_k=2), each))
    assert [answer.json()["results"][0] for answer in answers] == predicted * 3


def test_an_image_can_be_the_body_itself(
    url: str, pictures: Pictures, predicted: list[dict[str, Any]]
) -> None:
    content = next(iter(pictures.values()))
    for kind in ("image/jpeg", "application/octet-stream"):
        answer = post(f"{url}/v1/predict?top_k=2", content=content, headers={"Content-Type": kind})
        assert answer.json()["results"] == [{**predicted[0], "path": "image"}]


def test_an_unreadable_image_has_an_error_in_its_row_and_spoils_no_other(
    url: str, pictures: Pictures
) -> None:
    name, content = next(iter(pictures.items()))
    answer = predict(url, {"text.jpg": b"no picture at all", name: content, "cut": content[:99]})
    first, second, third = answer.json()["results"]
    assert (answer.status_code, first["styles"], third["styles"]) == (200, None, None)
    assert "not a picture" in first["error"]
    assert second["error"] is None
    assert len(second["styles"]) == 3


def test_a_request_whose_only_image_is_unreadable_is_refused_with_the_reason(url: str) -> None:
    answer = predict(url, {"text.jpg": b"no picture at all"})
    assert answer.status_code == 422
    assert "not a picture" in answer.json()["error"]


def test_heat_is_that_of_gradcam(url: str, pictures: Pictures, model_file: Path) -> None:
    name, content = list(pictures.items())[3]
    picture = PicturePath(Path(name), content=content)
    (expected,) = explain_pictures(load_onnx_model(model_file), [picture], style="Ukiyo_e")
    assert expected.explained is not None
    query = {"style": "ukiyo-e", "format": "json"}
    answer = post(f"{url}/v1/gradcam", params=query, files=form({name: content})).json()
    assert answer["style"] == "Ukiyo_e"
    np.testing.assert_allclose(answer["map"], expected.explained.heat_SS, atol=1e-4)
    assert answer["row"] == predict(url, {name: content}, top_k=4).json()["results"][0]
    drawn = post(f"{url}/v1/gradcam", files=form({name: content}))
    with Image.open(io.BytesIO(drawn.content)) as overlay:
        assert (overlay.format, min(overlay.size)) == ("PNG", 512)


def test_heat_for_a_style_that_the_model_lacks_is_refused(url: str, pictures: Pictures) -> None:
    answer = post(
        f"{url}/v1/gradcam",
        params={"style": "Ukiyo"},
        files=form(dict(list(pictures.items())[-1:])),
    )
    assert answer.status_code == 422
    assert "Did you mean 'Ukiyo_e'" in answer.json()["error"]


def test_a_style_without_a_name_is_refused(url: str, pictures: Pictures) -> None:
    sent = form(dict(list(pictures.items())[:1]))
    answer = post(f"{url}/v1/gradcam", params={"style": ""}, files=sent)
    assert answer.status_code == 422
    assert "unknown style ''" in answer.json()["error"]


def test_a_wrong_method_is_told_all_right_ones(url: str) -> None:
    answer = post(f"{url}/v1/styles")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert delete(f"{url}/v1/model").headers["Allow"] == "GET, POST"


def test_the_page_and_its_files_are_served_and_nothing_else(
    model_file: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html>", "utf-8")
    (page / "main.js").write_text("export {};", "utf-8")
    (tmp_path / "secret").write_text("secret", "utf-8")
    with service(model_file, page=page) as url:
        index = get(url)
        assert (index.text, index.headers["content-type"][:9]) == ("<!doctype html>", "text/html")
        assert "default-src 'none'" in index.headers["content-security-policy"]
        assert "javascript" in get(f"{url}/page/main.js").headers["content-type"]
        for path in ("page/..%2fsecret", "page/%2e%2e/secret", "page/", "secret"):
            assert get(f"{url}/{path}").status_code == 404


def test_the_model_and_its_styles_are_described(url: str, model_file: Path) -> None:
    model = get(f"{url}/v1/model").json()
    assert model["labels"] == list(LABELS)
    assert model["fingerprint"] == load_onnx_model(model_file).fingerprint
    assert (model["run"], model["is_starter"]) == ("tiny.onnx", False)
    (ukiyo_e,) = [it for it in get(f"{url}/v1/styles").json() if it["style"] == "Ukiyo_e"]
    assert (ukiyo_e["name"], ukiyo_e["group"]) == ("Ukiyo-e", "Japanese prints")
    assert (ukiyo_e["names"]["ru"], ukiyo_e["years"]) == ("Укиё-э", "1670\N{EN DASH}1900")
    assert (ukiyo_e["aat_id"], ukiyo_e["wikidata_id"]) == ("300106769", "Q185905")


def test_metrics_count_what_was_answered(model_file: Path, pictures: Pictures) -> None:
    with service(model_file) as url:
        predict(url, pictures)
        predict(url, {"text.jpg": b"no picture"})
        get(f"{url}/nowhere/{'x' * 99}")
        text = get(f"{url}/metrics").text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["artstyle_requests_total", "/v1/predict", "200"] == 1
    assert samples["artstyle_requests_total", "/v1/predict", "422"] == 1
    assert samples["artstyle_requests_total", "other", "404"] == 1
    assert samples["artstyle_images_total", "answered"] == len(pictures)
    assert samples["artstyle_images_total", "unreadable"] == 1
    assert samples["artstyle_batch_images_sum",] == len(pictures) + 1
    assert samples["artstyle_queue_images",] == samples["artstyle_upload_bytes",] == 0


def test_every_route_of_the_description_has_a_summary_and_its_refusals(url: str) -> None:
    described = get(f"{url}/openapi.json").json()
    assert set(described["paths"]) == {
        "/v1/predict", "/v1/gradcam", "/v1/similar", "/v1/similar/picture", "/v1/model",
        "/v1/styles", "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert "401" in operation["responses"] or path in ("/healthz", "/readyz")
    assert "408" in described["paths"]["/v1/predict"]["post"]["responses"]
    assert described["components"]["schemas"]["Row"]["examples"]


def test_a_swap_loses_no_request_and_mixes_no_answer(
    model_file: Path, pictures: Pictures, tmp_path: Path
) -> None:
    other = write_model(tmp_path / "other.onnx", seed=1)
    sent = dict(list(pictures.items())[:3])
    with service(model_file, token="secret") as url, ThreadPoolExecutor(4) as pool:
        headers = {"Authorization": "Bearer secret"}

        def ask(_: object) -> list[dict[str, Any]]:
            answer = post(f"{url}/v1/predict", files=form(sent), headers=headers)
            assert answer.status_code == 200
            rows: list[dict[str, Any]] = answer.json()["results"]
            return rows

        before = ask(None)
        during = [pool.submit(ask, None) for _ in range(40)]
        swapped = post(f"{url}/v1/model", params={"run": str(other)}, headers=headers)
        assert swapped.status_code == 200
        after = ask(None)
        known = {before[0]["model"]: before, after[0]["model"]: after}
        assert len(known) == 2
        assert swapped.json()["fingerprint"] == after[0]["model"]
        for answered in during:
            for n, row in enumerate(answered.result()):
                assert row == known[row["model"]][n]
        for wrong in ("nowhere", "x" * 5000, "a\x00b", str(tmp_path)):
            failed = post(f"{url}/v1/model", params={"run": wrong}, headers=headers)
            assert (failed.status_code, ask(None)) == (422, after)
