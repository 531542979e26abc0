"""Many pictures as rows: what goes in comes out, in order, past the first room too."""

from dataclasses import replace

import pytest

from artstyle.preparation.likeness import Likeness
from artstyle.preparation.scan_table import ScannedImage, ScannedImages, cached_name


def known(number: int) -> ScannedImage:
    sha256 = f"{number * 0x9E3779B97F4A7C15 % 2**256:064x}"
    return ScannedImage(
        path=f"Cubism/na\udcffme-{number}.jpg",
        size=2**40 + number,
        mtime_ns=1_700_000_000_000_000_000 + number,
        sha256=sha256,
        width=20_000 + number,
        height=3,
        format="JPEG",
        mode="I;16B",
        likeness=Likeness(2**64 - 2 * number - 2, bytes([number % 256] * 191 + [0])),
        cached=cached_name(sha256, "rules"),
        cached_bytes=number,
        profile_ignored=number % 3 == 0,
    )


def table(count: int) -> ScannedImages:
    rows = ScannedImages("rules")
    for number in range(count):
        rows.append(known(number).path, known(number))
    return rows


def test_what_goes_in_comes_out() -> None:
    rows = table(3000)
    assert len(rows) == 3000
    assert list(rows) == [known(number) for number in range(3000)]
    assert rows[-1] == known(2999)
    assert list(rows.sha256s()) == [known(number).sha256 for number in range(3000)]
    assert list(rows.cached()) == [known(number).cached for number in range(3000)]
    assert rows.likenesses.phashes_N[7] == known(7).likeness.phash
    assert rows.likenesses.thumbnails_NT[7].tobytes() == known(7).likeness.thumbnail


@pytest.mark.parametrize(
    "change", [{"size": 2**63}, {"cached_bytes": -(2**63)}, {"width": 2**31}, {"mode": "nine char"}]
)
def test_what_no_picture_has_finds_no_room(change: dict[str, int | str]) -> None:
    assert ScannedImages.fits_row(known(3))
    assert not ScannedImages.fits_row(replace(known(3), **change))  # type: ignore[arg-type]


def test_tables_are_equal_when_all_they_know_is() -> None:
    assert table(1500) == table(1500)
    assert table(1500) != table(1499)
    changed = table(1499)
    changed.append(known(1499).path, known(1498))
    assert changed != table(1500)
