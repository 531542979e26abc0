"""Addresses of the IIIF Image API, versions 1 to 3: an image at the size that a model needs."""

import re
from dataclasses import dataclass
from itertools import chain

from artstyle.iiif.linked_data import Node, address, kind, nodes, values

_IS_SERVICE = re.compile(r"iiif\.io/api/image|iiif/image-api|ImageService|level[0-2]")
_API_ADDRESS = re.compile(
    r"(?P<base>https?://.+)/(full|square|(pct:)?[\d.]+(,[\d.]+){3})"
    r"/(full|max|\^?!?(pct:)?[\d.]*,?[\d.]*)/!?[\d.]+/(default|native|color|gray|bitonal)\.\w+"
)


@dataclass(frozen=True)
class Part:
    """The part of an image that a canvas shows, and its turn."""

    region: str = "full"
    """``full``, or ``x,y,width,height`` in pixels, or any other region of the Image API."""
    rotation: str = "0"
    """Degrees clockwise; after a ``!`` the image is mirrored first."""


WHOLE = Part()


@dataclass(frozen=True)
class ImageService:
    """What an image server says about one image."""

    base: str
    """The address that requests begin with, without a slash at its end."""
    version: int
    """1, 2 or 3."""
    level: int | None
    """What it can do: 0 gives the listed sizes only; None if it does not say."""
    width: int | None
    height: int | None
    sizes: tuple[tuple[int, int], ...]
    """Width and height of smaller copies that are ready."""
    features: frozenset[str]
    """What it can do besides, in the words of the Image API."""
    longest_px: int | None
    """The longest side that it gives; None for any."""
    most_pixels: int | None

    @property
    def is_complete(self) -> bool:
        """Whether a size can be chosen without asking the server for its ``info.json``."""
        scales = self.level is not None and self.level > 0
        return bool(self.width and self.height and (scales or self.sizes))


def image_service(node: Node) -> ImageService | None:
    """Return the image service that an image names; None if it names none."""
    for service in nodes(node, "service", "services"):
        base = address(service)
        if base is not None and _is_image_service(service):
            return read_service(service, base)
    return None


def service_of_address(image_address: str) -> ImageService | None:
    """Return the service that an address of the Image API is of; None for any other address."""
    found = _API_ADDRESS.fullmatch(image_address)
    return None if found is None else read_service({}, found["base"])


def is_info(document: Node) -> bool:
    """Return whether a document is an ``info.json``."""
    words = " ".join(map(str, values(document, "protocol", "@context", "type", "@type")))
    return "/api/image" in words or "image-api" in words or "ImageService" in words


def read_service(node: Node, base: str) -> ImageService:
    """Read a service as an image names it, or its ``info.json``."""
    # In version 2 the profile is a list: the level, then objects with further abilities.
    extra = [profile for profile in values(node, "profile") if isinstance(profile, dict)]
    described = [node, *extra]
    level = re.search(r"level([0-2])", " ".join(map(str, values(node, "profile"))))
    sides = [*_numbers(described, "maxWidth"), *_numbers(described, "maxHeight")]
    sizes = [(_number(s, "width"), _number(s, "height")) for s in nodes(node, "sizes")]
    named = chain.from_iterable(values(d, "supports", "extraFeatures") for d in described)
    return ImageService(
        base=base.removesuffix("/info.json").rstrip("/"),
        version=_version(node),
        level=int(level[1]) if level else None,
        width=_number(node, "width"),
        height=_number(node, "height"),
        sizes=tuple((width, height) for width, height in sizes if width and height),
        features=frozenset(map(str, named)),
        longest_px=min(sides, default=None),
        most_pixels=min(_numbers(described, "maxArea"), default=None),
    )


def image_addresses(
    service: ImageService, short_side_px: int, part: Part = WHOLE
) -> tuple[str, ...]:
    """Return where an image is, at least as large as it is needed; the best address first.

    Args:
        service: With the image's width and height, where they are known.
        short_side_px: The length that the shorter side needs.
        part: What is wanted of it.
    """
    quality = "native" if service.version == 1 else "default"
    return tuple(
        f"{service.base}/{part.region}/{size}/{part.rotation}/{quality}.jpg"
        for size in _sizes(service, short_side_px, part.region)
    )


def _sizes(service: ImageService, short_side_px: int, region: str) -> tuple[str, ...]:
    """Return sizes in the words of the Image API."""
    # Version 2 has both words; where there are limits, only the second is within them.
    whole = {1: ("full",), 2: ("full", "max"), 3: ("max",)}[service.version]
    width, height = _region_size(service, region)
    if not width or not height or min(width, height) < 1:
        # Enough for pictures up to twice as long as wide.
        return (f"!{2 * short_side_px},{2 * short_side_px}", *whole)
    if min(width, height) <= short_side_px:
        return whole
    scale = short_side_px / min(width, height)
    scaled = round(width * scale), round(height * scale)
    if _gives_any_size(service):
        if not _is_within_limits(service, scaled):
            return ("max",)
        short = f"{short_side_px}," if width <= height else f",{short_side_px}"
        return (short, f"{scaled[0]},{scaled[1]}")
    enough = [size for size in service.sizes if min(size) >= short_side_px]
    if region != "full" or not enough:
        return whole
    width, height = min(enough)
    exact, by_width = f"{width},{height}", f"{width},"
    return (exact, by_width) if service.version == 3 else (by_width, exact)


def _gives_any_size(service: ImageService) -> bool:
    if service.level is None:
        return not service.sizes
    return service.level > 0 or {"sizeByW", "sizeByH"} <= service.features


def _is_within_limits(service: ImageService, size: tuple[int, int]) -> bool:
    longest, most = service.longest_px, service.most_pixels
    return not (longest and max(size) > longest) and not (most and size[0] * size[1] > most)


def _region_size(service: ImageService, region: str) -> tuple[int | None, int | None]:
    """Return the width and height of what a region has of the image."""
    width, height = service.width, service.height
    if found := re.fullmatch(r"(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})", region):
        x, y, across, down = map(int, found.groups())
        return min(across, (width or x + across) - x), min(down, (height or y + down) - y)
    found = re.fullmatch(r"pct:[\d.]+,[\d.]+,(\d{1,3}(?:\.\d+)?),(\d{1,3}(?:\.\d+)?)", region)
    if found and width and height:
        return round(width * float(found[1]) / 100), round(height * float(found[2]) / 100)
    if region == "square" and width and height:
        return min(width, height), min(width, height)
    return width, height


def _is_image_service(node: Node) -> bool:
    words = values(node, "@context", "type", "@type", "profile", "protocol")
    # Some museums name nothing but the address.
    return not words or bool(_IS_SERVICE.search(" ".join(map(str, words))))


def _version(node: Node) -> int:
    words = " ".join(map(str, values(node, "@context", "type", "@type", "profile")))
    if "/image/3/" in words or kind(node) == "imageservice3":
        return 3
    if "image-api/1" in words or "/image/1" in words or kind(node) == "imageservice1":
        return 1
    is_2 = "/image/2" in words or kind(node) == "imageservice2" or "@id" in node
    return 2 if is_2 or "id" not in node else 3


def _numbers(described: list[Node], key: str) -> list[int]:
    return [number for node in described if (number := _number(node, key))]


def _number(node: Node, key: str) -> int | None:
    """Return a whole number above 0; some museums write it as text."""
    try:
        number = int(float(node.get(key) or 0))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number > 0 else None
