"""Manifests of every form that museums publish, varied at random, with what is to be read.

The forms are those of the specification's cookbook (the numbers are its recipes'), those of
Presentation API 2, and mistakes that are common in published manifests.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.iiif.museum import Museum, profile, ready_sizes

Json = dict[str, Any]
SHORT_SIDE_PX = 64


@dataclass(frozen=True)
class Expected:
    """What must be read of one canvas."""

    id: str
    label: str | None = None
    rights: str | None = None
    colour: str | None = None
    """Of the image; None if there must be a problem."""


@dataclass
class Case:
    """A manifest in a museum, and what must be read of it."""

    form: str
    address: str = ""
    expected: list[Expected] = field(default_factory=list)
    is_static: bool = False
    """Whether its images have no service, so that only the whole file can be had."""


class Builder:
    """Makes parts of manifests in one dialect, chosen at random."""

    def __init__(self, museum: Museum, number: int, seed: int) -> None:
        self.rng = random.Random(f"{seed} {number}")
        self.museum, self.number = museum, number
        self.root = f"/manifests/{number}"
        self.url = f"{museum.url}{self.root}"
        self.case = Case("")
        self._names = 0

    def maybe(self, share: float = 0.5) -> bool:
        return self.rng.random() < share

    def colour(self) -> str:
        return f"{self.rng.randrange(0x1000000):06x}"

    def name(self, what: str) -> str:
        self._names += 1
        return f"{self.url}/{what}/{self._names}"

    # Images and their services.

    def static(self, version: int, colour: str) -> Json:
        """Return an image without a service."""
        self.case.is_static = True
        width, height = self._sides()
        address = f"{self.museum.url}/static/{width}x{height}-{colour}.jpg"
        return self._body(version, address, width, height)

    def served(self, version: int, colour: str, *, level: int | None = None) -> Json:
        """Return an image with a service of any version, named in one of many ways."""
        rng = self.rng
        width, height = self._sides()
        api = rng.choice([1, 2, 2, 2] if version == 2 else [2, 3, 3, 3, 1])
        level = rng.choice([0, 1, 2, 2]) if level is None else level
        longest = "-max50" if api > 1 and level == 2 and self.maybe(0.1) else ""
        base = f"{self.museum.url}/iiif/{api}/level{level}{longest}/{width}x{height}-{colour}"
        whole = "max" if api == 3 else "full"
        quality = "native" if api == 1 else "default"
        body = self._body(version, f"{base}/full/{whole}/0/{quality}.jpg", width, height)
        service = self._service(base, api, level, (width, height))
        if self.maybe(0.15):
            auth: Json = {"@id": f"{base}/login", "profile": "http://iiif.io/api/auth/1/login"}
            service["service"] = auth
        services: Any = [service] if self.maybe(0.7 if version == 3 else 0.2) else service
        if self.maybe(0.1):
            services = [{"id": f"{self.url}/search", "type": "SearchService2"}, service]
        if self.maybe(0.05):
            return body  # The service is in the address alone.
        return body | {"service": services}

    def _service(self, base: str, api: int, level: int, size: tuple[int, int]) -> Json:
        rng = self.rng
        slash = "/" if self.maybe(0.1) else ""
        service: Json = {("id" if api == 3 else "@id"): f"{base}{slash}"}
        if api == 3 or self.maybe(0.5):
            service["type" if api == 3 or self.maybe() else "@type"] = f"ImageService{api}"
        if api == 2 and ("type" not in service or self.maybe()):
            service["@context"] = "http://iiif.io/api/image/2/context.json"
        if api == 1:
            service["@context"] = "http://library.stanford.edu/iiif/image-api/1.1/context.json"
        named = profile(api, level)
        service["profile"] = [named] if api == 2 and self.maybe(0.3) else named
        if self.maybe(0.2):
            service |= {"width": size[0], "height": size[1]}
            if level == 0:
                service["sizes"] = [{"width": w, "height": h} for w, h in ready_sizes(*size)]
        if self.maybe(0.05) and api < 3:
            return {"@id": base}
        if rng.random() < 0.05:
            service["@id"] = f"{base}/info.json"
            service.pop("id", None)
        return service

    def _sides(self) -> tuple[int, int]:
        if self.maybe(0.1):
            return self.rng.randint(30, 64), self.rng.randint(30, 64)
        return self.rng.randint(150, 900), self.rng.randint(150, 900)

    def _body(self, version: int, address: str, width: int, height: int) -> Json:
        sides: Json = {} if self.maybe(0.3) else {"width": width, "height": height}
        if self.maybe(0.05):
            sides = {key: str(value) for key, value in sides.items()}
        if version == 2:
            kind = self.rng.choice(
                [
                    "dctypes:Image",
                    "dctypes:Image",
                    "dcTypes:Image",
                    "http://purl.org/dc/dcmitype/Image",
                ]
            )
            return {"@id": address, "@type": kind, "format": "image/jpeg"} | sides
        return {"id": address, "type": "Image", "format": "image/jpeg"} | sides

    def image(self, version: int, colour: str) -> Json:
        return self.static(version, colour) if self.maybe(0.15) else self.served(version, colour)

    # Texts.

    def text3(self, words: str) -> Json:
        """Return a language map whose first language has the words."""
        language = self.rng.choice(["none", "en", "de", "ja"])
        return {language: [words]} | ({"fr": ["en français"]} if self.maybe(0.3) else {})

    def text2(self, words: str) -> Any:
        return self.rng.choice(
            [
                words,
                words,
                [words],
                {"@value": words, "@language": "en"},
                [{"@value": words, "@language": "de"}, {"@value": "other", "@language": "en"}],
                f"<span>{words}</span>",
            ]
        )

    # Canvases.

    def annotation3(self, body: Any, target: Any, **others: Any) -> Json:
        motivation = ["painting"] if self.maybe(0.2) else "painting"
        if isinstance(target, str) and self.maybe(0.2):
            target = {"id": target, "type": "Canvas"}
        return {
            "id": self.name("annotation"), "type": "Annotation", "motivation": motivation,
            "body": [body] if self.maybe(0.1) else body, "target": target,
        } | others  # fmt: skip

    def page3(self, annotations: list[Json]) -> Json:
        return {"id": self.name("page"), "type": "AnnotationPage", "items": annotations}

    def canvas3(self, colour: str | None, pages: list[Json], label: str | None = None) -> Json:
        """Return a canvas, and expect its image."""
        canvas: Json = {"id": self.name("canvas"), "type": "Canvas", "height": 1000, "width": 1000}
        if label is not None:
            canvas["label"] = self.text3(label)
        if self.maybe(0.1):
            canvas["thumbnail"] = [{"id": f"{self.url}/no-thumbnail.jpg", "type": "Image"}]
        if self.maybe(0.1):
            canvas["annotations"] = [{"id": self.name("comments"), "type": "AnnotationPage"}]
        self.case.expected.append(Expected(canvas["id"], label, None, colour))
        return canvas | {"items": pages}

    def simple3(self, label: str | None = None) -> Json:
        colour = self.colour()
        body = self.image(3, colour)
        target = f"{self.url}/canvas/{self._names + 1}"
        return self.canvas3(colour, [self.page3([self.annotation3(body, target)])], label)

    def simple2(
        self, label: str | None = None, body: Json | None = None, colour: str | None = None
    ) -> Json:
        colour = colour or self.colour()
        canvas: Json = {
            "@id": self.name("canvas"),
            "@type": "sc:Canvas",
            "height": 500,
            "width": 700,
        }
        if label is not None:
            canvas["label"] = self.text2(label)
        annotation = {
            "@id": self.name("annotation"), "@type": "oa:Annotation", "motivation": "sc:painting",
            "resource": body or self.image(2, colour), "on": canvas["@id"],
        }  # fmt: skip
        if self.maybe(0.2):
            del annotation["@id"]
        self.case.expected.append(Expected(canvas["@id"], label, None, colour))
        return canvas | {"images": annotation if self.maybe(0.05) else [annotation]}

    # Manifests.

    def finish3(self, canvases: list[Json], **others: Any) -> Json:
        manifest = {
            "@context": "http://iiif.io/api/presentation/3/context.json",
            "id": f"{self.url}/manifest.json", "type": "Manifest",
            "label": self.text3(f"Work {self.number}"), "items": canvases,
        } | others  # fmt: skip
        if self.maybe(0.1):
            manifest["@context"] = ["http://www.w3.org/ns/anno.jsonld", manifest["@context"]]
        if self.maybe(0.1):
            manifest |= {"thumbnail": None, "metadata": [], "x-museum": {"items": [1, None, "a"]}}
        return self._finished(manifest, len(canvases))

    def finish2(self, canvases: list[Json], **others: Any) -> Json:
        sequence: Json = {"@type": "sc:Sequence", "canvases": canvases}
        if self.maybe(0.5):
            sequence["@id"] = self.name("sequence")
        manifest = {
            "@context": "http://iiif.io/api/presentation/2/context.json",
            "@id": f"{self.url}/manifest.json", "@type": "sc:Manifest",
            "label": self.text2(f"Work {self.number}"),
            "sequences": sequence if self.maybe(0.05) else [sequence],
        } | others  # fmt: skip
        return self._finished(manifest, len(canvases))

    def _finished(self, manifest: Json, num_canvases: int) -> Json:
        rights = None
        if self.maybe(0.5):
            rights, said = self._rights("@id" in manifest)
            manifest |= said
        work = f"Work {self.number}"
        for number, e in enumerate(self.case.expected):
            label = work if num_canvases == 1 or e.label is None else f"{work}, {e.label}"
            self.case.expected[number] = Expected(e.id, label, rights, e.colour)
        content = json.dumps(manifest, ensure_ascii=self.maybe()).encode()
        mark = b"\xef\xbb\xbf" if self.maybe(0.05) else b""
        self.case.address = self.museum.put(f"{self.root}/manifest.json", mark + content)
        return manifest

    def _rights(self, is_2: bool) -> tuple[str, Json]:
        licence = "http://creativecommons.org/publicdomain/zero/1.0/"
        if is_2:
            said: Json = {"license": [licence] if self.maybe(0.2) else licence}
            if self.maybe():
                said["attribution"] = "Given by the <b>Museum</b> &amp; friends"
                return f"{licence}; Given by the Museum & friends", said
            return licence, said
        statement = {"label": {"en": ["Attribution"]}, "value": {"en": ["Given by the Museum"]}}
        if self.maybe():
            return f"{licence}; Given by the Museum", {
                "rights": licence,
                "requiredStatement": statement,
            }
        return licence, {"rights": licence}


def _one(b: Builder, **others: Any) -> None:
    b.finish3([b.simple3()], **others)


def image_without_service(b: Builder) -> None:  # 0001
    colour = b.colour()
    body = b.static(3, colour)
    b.finish3([b.canvas3(colour, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def canvas_of_another_size(b: Builder) -> None:  # 0004
    canvas = b.simple3()
    b.finish3([canvas | {"width": 80, "height": 99}])


def image_with_service(b: Builder) -> None:  # 0005
    colour = b.colour()
    body = b.served(3, colour)
    b.finish3([b.canvas3(colour, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def texts_in_languages(b: Builder) -> None:  # 0006, 0007, 0118
    b.finish3(
        [b.simple3()],
        summary={"en": ["x"], "de": ["y"]},
        metadata=[{"label": {"en": ["a"]}, "value": {"none": ["1", "2"]}}],
    )


def book(b: Builder) -> None:  # 0009
    b.finish3([b.simple3(f"p. {n}") for n in range(1, b.rng.randint(3, 7))])


def reading_direction(b: Builder) -> None:  # 0010, 0011
    b.finish3(
        [b.simple3(f"{n}r") for n in range(1, 4)],
        viewingDirection="right-to-left",
        behavior=["paged"],
    )


def placeholder_and_accompanying_canvas(b: Builder) -> None:  # 0013, 0014
    canvas = b.simple3()
    other = {"id": b.name("other"), "type": "Canvas", "items": []}
    b.finish3([canvas | {"placeholderCanvas": other, "accompanyingCanvas": other}])


def start_canvas(b: Builder) -> None:  # 0015, 0202
    canvases = [b.simple3("a"), b.simple3("b")]
    b.finish3(canvases, start={"id": canvases[1]["id"], "type": "Canvas"})


def tagged(b: Builder) -> None:  # 0021, 0135, 0258, 0261, 0266
    canvas = b.simple3()
    tag = {
        "id": b.name("tag"),
        "type": "Annotation",
        "motivation": "tagging",
        "body": {"type": "TextualBody", "value": "Brunnen"},
        "target": canvas["id"],
    }
    canvas["annotations"] = [b.page3([tag])]
    canvas["items"][0]["items"].insert(0, tag)
    b.finish3([canvas])


def contents(b: Builder) -> None:  # 0024, 0027, 0229
    canvases = [b.simple3("i"), b.simple3("ii")]
    ranges = [
        {
            "id": b.name("range"),
            "type": "Range",
            "items": [{"id": c["id"], "type": "Canvas"} for c in reversed(canvases)],
        }
    ]
    b.finish3(canvases, structures=ranges)


def choice(b: Builder) -> None:  # 0033, 0034
    colour = b.colour()
    body = {"type": "Choice", "items": [b.image(3, colour), b.image(3, b.colour())]}
    b.finish3([b.canvas3(colour, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def foldout(b: Builder) -> None:  # 0035, 0036
    colour = b.colour()
    target = f"{b.url}/canvas/x"
    whole = b.annotation3(b.image(3, colour), target)
    part = b.annotation3(b.image(3, b.colour()), f"{target}#xywh=10,10,300,200")
    parts = [part, whole] if b.maybe() else [whole, part]
    b.finish3([b.canvas3(colour, [b.page3(parts)] if b.maybe() else [b.page3([p]) for p in parts])])


def composition_of_parts(b: Builder) -> None:  # 0036
    colour = b.colour()
    target = f"{b.url}/canvas/x"
    selector = {"type": "FragmentSelector", "value": "xywh=0,0,900,900"}
    large = b.annotation3(
        b.image(3, colour), {"type": "SpecificResource", "source": target, "selector": selector}
    )
    small = b.annotation3(b.image(3, b.colour()), f"{target}#xywh=900,900,50,50")
    b.finish3([b.canvas3(colour, [b.page3([small, large])])])


def rotated(b: Builder) -> None:  # 0040
    colour = b.colour()
    source = b.served(3, colour, level=2)
    selector = {"type": "ImageApiSelector", "rotation": "90"}
    body = {"type": "SpecificResource", "source": source, "selector": selector}
    b.finish3([b.canvas3(colour, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def region(b: Builder) -> None:  # 0299
    colour = b.colour()
    source = b.served(3, colour, level=b.rng.choice([1, 2]))
    words = "0,0,140,120" if b.maybe() else "xywh=0,0,140,120"
    selector = {"type": "iiif:ImageApiSelector", "region": words}
    body = {"type": "SpecificResource", "source": source, "selector": selector}
    b.finish3([b.canvas3(colour, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def styled(b: Builder) -> None:  # 0045
    colour = b.colour()
    body = {"type": "SpecificResource", "styleClass": "turned", "source": b.image(3, colour)}
    annotation = b.annotation3(
        body, f"{b.url}/canvas/1", stylesheet={"type": "CssStylesheet", "value": ".turned {}"}
    )
    b.finish3([b.canvas3(colour, [b.page3([annotation])])])


def linked(b: Builder) -> None:  # 0046, 0047, 0053, 0234, 0230, 0318
    provider = {
        "id": f"{b.url}/museum",
        "type": "Agent",
        "label": {"en": ["Museum"]},
        "logo": [{"id": f"{b.url}/logo.png", "type": "Image"}],
    }
    _one(
        b,
        rendering=[{"id": f"{b.url}/x.pdf", "type": "Text"}],
        homepage=[{"id": f"{b.url}", "type": "Text"}],
        provider=[provider],
        navDate="1889-01-01T00:00:00Z",
    )


def external_annotation_page(b: Builder) -> None:  # 0068, 0269, 0306
    colour = b.colour()
    page = b.page3([b.annotation3(b.image(3, colour), f"{b.url}/canvas/1")])
    if b.maybe(0.3):
        second = page | {"id": f"{b.url}/second.json"}
        b.museum.put(f"{b.root}/second.json", second)
        page = {"id": "", "type": "AnnotationPage", "items": [], "next": f"{b.url}/second.json"}
    b.museum.put(f"{b.root}/page.json", page | {"id": f"{b.url}/page.json"})
    b.finish3([b.canvas3(colour, [{"id": f"{b.url}/page.json", "type": "AnnotationPage"}])])


def audio(b: Builder) -> None:  # 0002, 0014
    body = {"id": f"{b.url}/a.mp3", "type": "Sound", "format": "audio/mp3", "duration": 10.0}
    b.finish3([b.canvas3(None, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def video_and_image(b: Builder) -> None:  # 0003, 0489
    colour = b.colour()
    video = b.annotation3(
        {"id": f"{b.url}/v.mp4", "type": "Video", "format": "video/mp4"}, f"{b.url}/canvas/1#t=0,5"
    )
    picture = b.annotation3(b.image(3, colour), f"{b.url}/canvas/1")
    words = b.annotation3({"type": "TextualBody", "value": "words"}, f"{b.url}/canvas/1")
    b.finish3([b.canvas3(colour, [b.page3([video, words, picture])])])


def missing_image(b: Builder) -> None:  # 0283
    gap: Json = b.canvas3(None, [], "lost")
    del gap["items"]
    b.finish3([gap, b.simple3("there")])


def presentation_4(b: Builder) -> None:  # the v4 forms of 0001 and 0005
    colour = b.colour()
    annotation = b.annotation3(b.image(3, colour), f"{b.url}/canvas/1") | {
        "motivation": ["painting"]
    }
    canvas = b.canvas3(
        colour,
        [b.page3([annotation | {"target": [{"id": f"{b.url}/canvas/1", "type": "Canvas"}]}])],
    )
    b.finish3([canvas], **{"@context": "http://iiif.io/api/presentation/4/context.json"})


def version_2(b: Builder) -> None:  # 0057
    b.finish2([b.simple2()])


def book_2(b: Builder) -> None:
    b.finish2([b.simple2(f"fol. {n}") for n in range(1, b.rng.randint(3, 7))], viewingHint="paged")


def choice_2(b: Builder) -> None:
    colour = b.colour()
    body = {"@type": "oa:Choice", "default": b.image(2, colour), "item": [b.image(2, b.colour())]}
    b.finish2([b.simple2(None, body, colour)])


def region_2(b: Builder) -> None:
    colour = b.colour()
    full = b.served(2, colour, level=2)
    selector = {
        "@context": "http://iiif.io/api/annex/openannotation/context.json",
        "@type": "iiif:ImageApiSelector",
        "region": "10,10,120,120",
    }
    body = {
        "@id": b.name("part"),
        "@type": "oa:SpecificResource",
        "full": full,
        "selector": selector,
    }
    b.finish2([b.simple2(None, body, colour)])


def several_images_2(b: Builder) -> None:
    canvas = b.simple2()
    images = canvas["images"] if isinstance(canvas["images"], list) else [canvas["images"]]
    second = {
        "@type": "oa:Annotation",
        "motivation": "sc:painting",
        "resource": b.image(2, b.colour()),
        "on": f"{canvas['@id']}#xywh=0,0,20,20",
    }
    b.finish2([canvas | {"images": [second, *images]}])


def two_sequences_2(b: Builder) -> None:
    manifest = b.finish2([b.simple2("1"), b.simple2("2")])
    sequences = (
        manifest["sequences"]
        if isinstance(manifest["sequences"], list)
        else [manifest["sequences"]]
    )
    manifest["sequences"] = [*sequences, {"@id": f"{b.url}/other-order", "@type": "sc:Sequence"}]
    b.museum.put(f"{b.root}/manifest.json", manifest)


def comments_2(b: Builder) -> None:
    canvas = b.simple2()
    b.finish2([canvas | {"otherContent": [{"@id": f"{b.url}/list", "@type": "sc:AnnotationList"}]}])


def without_types(b: Builder) -> None:
    canvas = b.simple3()
    for node in (canvas["items"][0], canvas["items"][0]["items"][0]):
        del node["type"]
    b.finish3([canvas])


def relative_addresses(b: Builder) -> None:
    colour = b.colour()
    body = b.static(3, colour)
    body["id"] = body["id"].removeprefix(b.museum.url)
    b.finish3([b.canvas3(colour, [b.page3([b.annotation3(body, f"{b.url}/canvas/1")])])])


def collection(b: Builder) -> None:  # 0030, 0032
    addresses = _several(b)
    items = [{"id": a, "type": "Manifest", "label": {"en": ["x"]}} for a in addresses]
    inner = {"id": f"{b.url}/inner.json", "type": "Collection", "label": {"en": ["inner"]}}
    b.museum.put(f"{b.root}/inner.json", inner | {"items": items[1:]})
    nested = inner if b.maybe() else inner | {"items": items[1:]}
    document = {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{b.url}/collection.json",
        "type": "Collection",
        "items": [items[0], nested],
    }
    b.case.address = b.museum.put(f"{b.root}/collection.json", document)


def collection_2(b: Builder) -> None:
    addresses = _several(b)
    manifests = [{"@id": a, "@type": "sc:Manifest", "label": "x"} for a in addresses]
    key = "members" if b.maybe() else "manifests"
    document = {
        "@context": "http://iiif.io/api/presentation/2/context.json",
        "@id": f"{b.url}/collection.json",
        "@type": "sc:Collection",
        key: manifests,
    }
    b.case.address = b.museum.put(f"{b.root}/collection.json", document)


def paged_collection_2(b: Builder) -> None:
    addresses = _several(b)
    pages = [f"{b.url}/pages/{n}.json" for n in range(len(addresses))]
    for n, address in enumerate(addresses):
        page: Json = {
            "@id": pages[n],
            "@type": "sc:Collection",
            "manifests": [{"@id": address, "@type": "sc:Manifest"}],
        }
        b.museum.put(
            f"{b.root}/pages/{n}.json",
            page | ({"next": pages[n + 1]} if n + 1 < len(pages) else {}),
        )
    document = {
        "@id": f"{b.url}/collection.json",
        "@type": "sc:Collection",
        "total": len(addresses),
        "first": pages[0],
    }
    b.case.address = b.museum.put(f"{b.root}/collection.json", document)


def only_info(b: Builder) -> None:
    colour, api, level = b.colour(), b.rng.choice([1, 2, 3]), b.rng.choice([0, 1, 2])
    base = f"{b.museum.url}/iiif/{api}/level{level}/400x300-{colour}"
    b.case.address = f"{base}/info.json"
    b.case.expected = [Expected(base, None, None, colour)]


def _several(b: Builder) -> list[str]:
    """Put two or three manifests into the museum, and expect all of their canvases."""
    addresses, expected, is_static = [], [], False
    for n in range(b.rng.randint(2, 3)):
        inner = Builder(b.museum, b.number * 10 + n, b.rng.randrange(1 << 30))
        inner.root, inner.url = f"{b.root}/{n}", f"{b.url}/{n}"
        (version_2 if b.maybe() else _one)(inner)
        addresses.append(inner.case.address)
        expected += inner.case.expected
        is_static |= inner.case.is_static
    b.case.expected, b.case.is_static = expected, is_static
    return addresses


FORMS: tuple[Callable[[Builder], None], ...] = (
    image_without_service, canvas_of_another_size, image_with_service, texts_in_languages, book,
    reading_direction, placeholder_and_accompanying_canvas, start_canvas, tagged, contents, choice,
    foldout, composition_of_parts, rotated, region, styled, linked, external_annotation_page, audio,
    video_and_image, missing_image, presentation_4, version_2, book_2, choice_2, region_2,
    several_images_2, two_sequences_2, comments_2, without_types, relative_addresses, collection,
    collection_2, paged_collection_2, only_info,
)  # fmt: skip


def put_manifests(museum: Museum, count: int, seed: int = 0) -> list[Case]:
    """Put manifests into a museum, each form in turn; the same seed gives the same ones."""
    cases = []
    for number in range(count):
        form = FORMS[number % len(FORMS)]
        builder = Builder(museum, number, seed)
        builder.case.form = form.__name__
        form(builder)
        cases.append(builder.case)
    return cases
