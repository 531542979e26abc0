"""`artstyle evaluate` and `artstyle report` through their entrance."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.in_process import artstyle_text
from tests.evaluation.tiny import write_dataset, write_run

Done = subprocess.CompletedProcess[str]


def artstyle(folder: Path, *arguments: str) -> Done:
    return artstyle_text(*arguments, cwd=folder)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set and a run where the commands look for them.

    One picture of the val split is damaged.
    """
    folder = tmp_path_factory.mktemp("home")
    dataset = write_dataset(folder / "data" / "processed")
    write_run(folder / "runs" / "tiny", dataset)
    dataset.image_path(dataset.rows("val")[0]).write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def evaluated(home: Path) -> Done:
    return artstyle(home, "evaluate")


class Links(HTMLParser):
    """The anchors of a page, where its links lead, and what it would fetch."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {values["id"] or ""} if "id" in values else set()
        self.links |= {values["href"] or ""} if tag == "a" else set()
        source = values.get("src") or (values.get("href") if tag == "link" else "") or ""
        self.fetched |= {source} if source and not source.startswith("data:") else set()


def broken_links(page: Path) -> set[str]:
    links = Links(page)
    inner = {link for link in links.links if link.startswith("#")}
    outer = links.links - inner
    return {link for link in inner if link[1:] not in links.anchors} | {
        link for link in outer if not (page.parent / link).is_file()
    }


def test_without_arguments_the_newest_run_is_measured_on_the_test_split(
    home: Path, evaluated: Done
) -> None:
    assert evaluated.returncode == 0, evaluated.stderr
    for style in ("Baroque", "Cubism", "Rococo", "Ukiyo-e", "macro average"):
        assert style in evaluated.stdout
    *_, scores, for_artists = evaluated.stdout.splitlines()
    assert scores.startswith("accuracy 0.")
    assert for_artists.startswith("for other artists: accuracy 0.")
    page = Path("runs/tiny/evaluation/test/report.html")
    assert str(page) in evaluated.stderr
    assert (home / page).is_file()


def test_json_is_the_report_alone_and_a_damaged_picture_ends_with_exit_code_3(home: Path) -> None:
    done = artstyle(home, "evaluate", "--split", "val", "--format", "json")
    assert done.returncode == 3, done.stderr
    folder = home / "runs" / "tiny" / "evaluation" / "val"
    assert json.loads(done.stdout) == json.loads((folder / "report.json").read_text("utf-8"))
    assert "warning: The val split chose the checkpoint" in done.stderr
    assert "1 of 24 pictures could not be read" in done.stderr
    assert "not a picture" in (folder / "predictions.csv").read_text("utf-8").splitlines()[-1]


def test_pages_fetch_nothing_and_every_link_leads_somewhere(home: Path, evaluated: Done) -> None:
    reported = artstyle(home, "report", "--run", "tiny")
    assert reported.stdout.strip() == str(Path("runs/tiny/report.html")), reported.stderr
    folder = home / "runs" / "tiny" / "evaluation" / "test"
    for page in (folder / "report.html", home / reported.stdout.strip()):
        assert Links(page).fetched == set()
        assert broken_links(page) == set()
    cells = {link for link in Links(folder / "report.html").links if "cell-" in link}
    matrix = json.loads((folder / "report.json").read_text("utf-8"))["confusion_matrix"]
    assert len(cells) == sum(count > 0 for row in matrix["counts"] for count in row)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--run", "tinny"], 2, "unknown run 'tinny'. Did you mean 'tiny'?"),
        (["--data", "nowhere"], 2, "nowhere is not a dataset folder"),
        (["--split", "training"], 2, "training"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_torch_is_loaded(
    home: Path, arguments: list[str], code: int, message: str
) -> None:
    script = (
        "import sys; from artstyle.__main__ import main\n"
        f"sys.argv = ['artstyle', 'evaluate', *{arguments!r}]\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=home, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == code
    assert message in done.stderr
    assert done.stdout.strip() == "False"
