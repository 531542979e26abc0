"""Pictures of IIIF manifests: all forms of manifest are read, at the size that is needed."""

import io
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from artstyle.iiif.pictures import iiif_pictures
from artstyle.iiif.web import Manners
from artstyle.pictures.finding import PicturePath
from tests.iiif.manifests import SHORT_SIDE_PX, Case, put_manifests
from tests.iiif.museum import Museum, open_museum

QUICK = Manners(at_a_time=4, pause_s=0.0, first_wait_s=0.01, silence_s=2.0, whole_s=5.0)
NUM_MANIFESTS = int(os.environ.get("ARTSTYLE_MANIFESTS", "105"))


@pytest.fixture
def museum() -> Iterator[Museum]:
    with open_museum() as opened:
        yield opened


def read(sources: list[str], cache: Path, manners: Manners = QUICK) -> list[PicturePath]:
    return list(iiif_pictures(sources, SHORT_SIDE_PX, manners=manners, cache_folder=cache))


def shortcomings(case: Case, pictures: list[PicturePath]) -> list[str]:
    """Return what is not as expected of one manifest."""
    found = []
    for picture in pictures:
        record = picture.record
        assert record is not None
        found.append((record.id, record.label, record.rights, picture.problem is None))
    expected = [(e.id, e.label, e.rights, e.colour is not None) for e in case.expected]
    wrong = [] if found == expected else [f"{found} instead of {expected}"]
    for picture, e in zip(pictures, case.expected, strict=False):
        if picture.content is not None and e.colour is not None:
            wrong += _wrong_image(picture.content, e.colour, case)
    return [f"{case.form}: {case.address}: {w} {[p.problem for p in pictures]}" for w in wrong]


def _wrong_image(content: bytes, colour: str, case: Case) -> list[str]:
    image = Image.open(io.BytesIO(content))
    seen = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(seen, tuple)
    true = bytes.fromhex(colour)
    return [f"shows {seen}"] if max(abs(a - b) for a, b in zip(seen, true, strict=True)) > 12 else []


def test_manifests_of_all_forms_are_read_at_the_size_that_is_needed(
    museum: Museum, tmp_path: Path
) -> None:
    cases = put_manifests(museum, NUM_MANIFESTS)
    case_of = {e.id: case.address for case in cases for e in case.expected}
    found = defaultdict(list)
    for picture in read([case.address for case in cases], tmp_path):
        assert picture.record is not None
        found[case_of.get(picture.record.id or "", picture.record.manifest)].append(picture)
    wrong = [w for case in cases for w in shortcomings(case, found.pop(case.address, []))[:1]]
    assert not found
    assert len(wrong) <= 0.01 * len(cases), "\n".join(wrong)
    # Twice the need is what a size from a list of halves can cost; the whole would be more.
    too_large = [size for size in museum.served if min(size) >= 2 * SHORT_SIDE_PX]
    assert too_large == []
