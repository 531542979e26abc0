"""Pictures of IIIF manifests: all forms of manifest are read, at the size that is needed."""

import io
import json
import os
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artstyle.iiif.cache import Cache
from artstyle.iiif.image_api import image_addresses, read_service
from artstyle.iiif.pictures import iiif_pictures
from artstyle.iiif.presentation import (
    annotations,
    canvas_record,
    canvases,
    document_kind,
    members,
    painted,
)
from artstyle.iiif.sources import is_iiif
from artstyle.iiif.web import Manners
from artstyle.pictures.finding import PicturePath
from tests.iiif.manifests import FORMS, SHORT_SIDE_PX, Case, put_manifests
from tests.iiif.museum import Museum, open_museum
from tests.iiif.sockets import serving

Json = dict[str, Any]
QUICK = Manners(at_a_time=4, pause_s=0.0, first_wait_s=0.01, silence_s=2.0, whole_s=5.0)
# All forms twice; `nox -s soak` reads a thousand.
NUM_MANIFESTS = 1000 if settings.get_current_profile_name() == "soak" else 2 * len(FORMS)


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
    return (
        [f"shows {seen}"] if max(abs(a - b) for a, b in zip(seen, true, strict=True)) > 12 else []
    )


@pytest.mark.hypothesis  # Part of `nox -s soak`.
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
    read_well = f"{len(cases) - len(wrong)} of {len(cases)} manifests are read"
    assert len(wrong) <= 0.01 * len(cases), "\n".join([read_well, *wrong])
    # Twice the need is what a size from a list of halves can cost; the whole would be more.
    too_large = [size for size in museum.served if min(size) >= 2 * SHORT_SIDE_PX]
    assert too_large == []


def manifest_of(museum: Museum, bodies: list[Json], name: str = "one") -> str:
    """Put a manifest with a canvas for each body into a museum; return its address."""
    canvases = [
        {
            "id": f"{museum.url}/{name}/{n}",
            "type": "Canvas",
            "items": [{"type": "AnnotationPage", "items": [{"type": "Annotation", "body": body}]}],
        }
        for n, body in enumerate(bodies)
    ]
    return museum.put(f"/{name}.json", {"type": "Manifest", "items": canvases})


def served(museum: Museum, path: str = "/iiif/2/level2/300x200-804020") -> Json:
    service = {"@id": f"{museum.url}{path}", "profile": "http://iiif.io/api/image/2/level2.json"}
    return {
        "id": f"{museum.url}{path}/full/full/0/default.jpg",
        "type": "Image",
        "service": service,
    }


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/iiif/2/level2/300x200-804020", "full/,64/0/default"),
        ("/iiif/2/level1/200x300-804020", "full/64,/0/default"),
        ("/iiif/3/level2/300x200-804020", "full/,64/0/default"),
        ("/iiif/1/level1/300x200-804020", "full/,64/0/native"),
        ("/iiif/2/level0/300x200-804020", "full/150,/0/default"),
        ("/iiif/3/level0/300x200-804020", "full/150,100/0/default"),
        ("/iiif/3/level2-max60/300x200-804020", "full/max/0/default"),
        ("/iiif/3/level2/60x90-804020", "full/max/0/default"),
        ("/iiif/2/level2/60x90-804020", "full/full/0/default"),
    ],
)
def test_the_size_that_is_asked_for_is_the_smallest_that_is_large_enough(
    museum: Museum, tmp_path: Path, path: str, request_: str
) -> None:
    (picture,) = read([f"{museum.url}{path}/info.json"], tmp_path)
    assert picture.problem is None
    assert museum.asked == [f"{path}/info.json", f"{path}/{request_}.jpg"]


def test_a_part_of_an_image_without_a_service_is_a_problem(museum: Museum, tmp_path: Path) -> None:
    body = {"id": f"{museum.url}/static/90x90-000000.jpg#xywh=0,0,20,20", "type": "Image"}
    (picture,) = read([manifest_of(museum, [body])], tmp_path)
    assert picture.problem == "it shows a part of an image that has no image service"


def test_a_second_reading_asks_for_manifests_only(museum: Museum, tmp_path: Path) -> None:
    address = manifest_of(museum, [served(museum)])
    first = read([address], tmp_path)
    museum.asked.clear()
    assert [p.content for p in read([address], tmp_path)] == [p.content for p in first]
    assert museum.asked == ["/one.json"]


def test_what_was_kept_for_a_day_is_fetched_again(museum: Museum, tmp_path: Path) -> None:
    address = manifest_of(museum, [served(museum)])
    read([address], tmp_path)
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    museum.asked.clear()
    read([address], tmp_path)
    assert len(museum.asked) == 3


def test_nothing_is_kept_past_the_bound(tmp_path: Path) -> None:
    cache = Cache(tmp_path, pytest.fail, max_bytes=10)
    cache.write("a", b"12345678")
    cache.write("b", b"123")
    assert (cache.read("a"), cache.read("b")) == (b"12345678", None)
    assert Cache(tmp_path, pytest.fail, max_bytes=10)._room_bytes == 2


def test_a_folder_that_cannot_keep_anything_is_said_once(museum: Museum, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    notes: list[str] = []
    address = manifest_of(museum, [served(museum)] * 2)
    folder = tmp_path / "file" / "cache"
    pictures = list(iiif_pictures([address], 64, notes.append, manners=QUICK, cache_folder=folder))
    assert [p.problem for p in pictures] == [None, None]
    assert len(notes) == 1


def test_servers_are_asked_politely(museum: Museum, tmp_path: Path) -> None:
    # Without the limit, ten would be asked for while the first is answered.
    museum.answer_s, manners = 0.2, Manners(at_a_time=2, pause_s=0.02)
    bodies = [{"id": f"{museum.url}/static/80x80-{n:06x}.jpg", "type": "Image"} for n in range(8)]
    read([manifest_of(museum, bodies)], tmp_path, manners)
    assert museum.most_at_once == 2
    assert museum.agents == {f"artstyle/{version('artstyle')}"}


def test_requests_to_a_host_begin_with_a_pause_between_them(museum: Museum, tmp_path: Path) -> None:
    bodies = [{"id": f"{museum.url}/static/80x80-{n:06x}.jpg", "type": "Image"} for n in range(8)]
    started = time.monotonic()
    read([manifest_of(museum, bodies)], tmp_path, Manners(at_a_time=9, pause_s=0.1))
    assert time.monotonic() - started >= 8 * 0.1


def test_pictures_come_in_order_a_few_ahead_of_the_taken(museum: Museum, tmp_path: Path) -> None:
    bodies = [{"id": f"{museum.url}/static/80x80-{n:06x}.jpg", "type": "Image"} for n in range(60)]
    pictures = iiif_pictures(
        [manifest_of(museum, bodies)], 64, manners=QUICK, cache_folder=tmp_path
    )
    taken = [next(pictures) for _ in range(5)]
    time.sleep(0.3)
    assert len(museum.asked) < 20
    ids = [p.record.id if p.record else None for p in [*taken, *pictures]]
    assert ids == [f"{museum.url}/one/{n}" for n in range(60)]


def test_what_is_not_taken_is_dropped_at_once(museum: Museum, tmp_path: Path) -> None:
    with serving(lambda connection: connection.recv(1)) as silent:
        good = {"id": f"{museum.url}/static/80x80-000000.jpg", "type": "Image"}
        address = manifest_of(museum, [good, {"id": silent, "type": "Image"}])
        pictures = iiif_pictures([address], 64, cache_folder=tmp_path)
        next(pictures)
        started = time.monotonic()
        assert isinstance(pictures, Generator)
        pictures.close()
    assert time.monotonic() - started < 5


def test_a_collection_that_contains_itself_is_read_once(museum: Museum, tmp_path: Path) -> None:
    notes: list[str] = []
    manifest = {"id": manifest_of(museum, [served(museum)]), "type": "Manifest"}
    items = [manifest, {"id": f"{museum.url}/all.json", "type": "Collection"}]
    address = museum.put("/all.json", {"type": "Collection", "items": items})
    pictures = iiif_pictures([address], 64, notes.append, manners=QUICK, cache_folder=tmp_path)
    assert [p.problem for p in pictures] == [None]
    assert notes == [f"{address} is listed again; it is read once"]


def test_a_manifest_on_this_machine_says_that_its_images_are_fetched(
    museum: Museum, tmp_path: Path
) -> None:
    manifest_of(museum, [served(museum)] * 2)
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(museum.documents["/one.json"]))
    notes: list[str] = []
    pictures = list(
        iiif_pictures([str(file)], 64, notes.append, manners=QUICK, cache_folder=tmp_path / "c")
    )
    assert [p.problem for p in pictures] == [None, None]
    assert notes == [f"{file} is on this machine, its images are not: they are fetched"]


def test_a_manifest_of_50_mb_is_refused_here_and_elsewhere(museum: Museum, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    with file.open("wb") as stream:
        stream.truncate(50 << 20)
    address = museum.put("/huge.json", b"x" * (50 << 20))
    problems = [p.problem for p in read([str(file), address], tmp_path / "c")]
    assert problems == [f"{n}: longer than the limit of 32 MiB" for n in (file, address)]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("https://museum.example/manifest", True),
        ("ftp://museum.example/manifest", True),
        ("scans/manifest.JSON", True),
        ("scans/", False),
        ("C:\\scans\\a.jpg", False),
        ("list.txt", True),
        ("paths.txt", False),
        ("absent.txt", False),
    ],
)
def test_addresses_json_files_and_lists_of_addresses_are_iiif(
    argument: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("# ours\n\nhttp://museum.example/1.json\n")
    Path("paths.txt").write_text("scans/http.jpg\n")
    assert is_iiif(argument) is expected


_KEYS = st.sampled_from([
    "id", "@id", "type", "@type", "items", "sequences", "canvases", "images", "resource", "body",
    "service", "profile", "width", "height", "sizes", "selector", "region", "target", "on", "label",
    "rights", "license", "attribution", "first", "default", "full", "source", "manifests",
    "members", "motivation", "format", "supports", "maxWidth", "requiredStatement", "value",
])  # fmt: skip
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5),
    st.sampled_from(["Manifest", "sc:Canvas", "Annotation", "oa:Choice", "SpecificResource"]),
    st.sampled_from(["level0", "http://x/full/max/0/default.jpg", "xywh=1,2,3,4", "pct:.,.,.,."]),
)  # fmt: skip
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=15,
)


@given(document=st.dictionaries(_KEYS, _JSON, max_size=6))
def test_no_document_breaks_the_readers(document: Json) -> None:
    document_kind(document)
    list(members(document))
    for canvas in [*canvases(document), document]:
        canvas_record(canvas, document, "here", is_only=True)
        for annotation in annotations(canvas):
            image = painted(annotation)
            if image is not None and image.service is not None:
                assert image_addresses(image.service, 64, image.part)
    assert image_addresses(read_service(document, "http://x"), 64)
