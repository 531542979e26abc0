"""What a misspelt path may have meant."""

from pathlib import Path

import pytest

from artstyle.storage.nearby import did_you_mean


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("scans/Cubism/a.jpg", "scans/Rococo/b.jpg", "photos/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("scnas", "scans"),
        ("SCANS", "scans"),
        ("scan/Cubism", "scans/Cubism"),
        ("scans/cubsm/a.jpg", "scans/Cubism/a.jpg"),
        ("scan/Cubsm", None),  # Two mistakes: what would be suggested does not exist.
        ("gone.jpg", None),
        ("scans/Cubism/a.jpg/x", None),
    ],
)
def test_only_what_exists_and_is_near_is_suggested(
    given: str, meant: str | None, here: Path
) -> None:
    expected = f" Did you mean '{here / meant}'?" if meant else ""
    assert did_you_mean(here / given) == expected
