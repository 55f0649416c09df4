"""Detector ``software``: programs that wrote the file, by their signatures, histories, data blocks and notes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakeproof.detector import detector
from fakeproof.findings import Flag
from fakeproof.metadata.rules import DETECTORS, VERSION, RuleSet, load_rules
from fakeproof.metadata.ruling import marked, ruling
from fakeproof.reading.record import Field, Record, shown

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.photo import Photo

__all__ = ["software"]

PHOTOSHOP_OWN = {0x03E9, 0x03F3, 0x03F5, 0x03F8, 0x0406, 0x0408, 0x0414, 0x041A, 0x0421, 0x0426}
"""Resources that only Photoshop writes: print and halftone settings, JPEG quality, guides, slices, version info."""
PHOTOSHOP_MIN = 2
"""How many of them make a save by Photoshop; other writers copy single ones (Lightroom writes 0x03ED alone)."""
CHANGING = (
    "drawing",
    "placed",
    "removed",
    "edited",
    "cropped",
    "filtered",
    "orientation.",
    "color_adjustments",
    "erased",
)
"""C2PA actions that alter pixels; created, opened, published, converted, transcoded and resized do not count."""
_TONAL = ("orientation.", "color_adjustments", "filtered")
_RETOUCH = re.compile(r'"product"\s*:\s*"([a-z_]{2,32})"')


@detector(version=VERSION, category=DETECTORS["software"], weighed="assigned", cost_ms=1)
def software(photo: Photo, /, *, rules: RuleSet | None = None) -> tuple[Finding, ...]:
    """Find the programs that wrote the file.

    Sees signatures in EXIF, XMP, IPTC and PNG texts, XMP edit histories with their times, Photoshop's data blocks,
    Save for Web, comments, Samsung's re-edit data, the retouch notes of the Douyin family and C2PA actions. An editor
    that leaves no trace, or a chat app that dropped it, is not seen. A program's name says that it wrote the file,
    not what it changed.

    Returns
    -------
    tuple of Finding
        One a rule that fired; `score` 0 neutral to 4 decisive. Pixel editors weigh 3, tone editors 2, viewers 1.

    References
    ----------
    .. [1] ISO 16684-1 (XMP); Adobe XMP Specification Part 2 (xmpMM:History).

    Examples
    --------
    >>> import io
    >>> import fakeproof as fp
    >>> from PIL import Image
    >>> image, file = Image.new("RGB", (64, 64), "grey"), io.BytesIO()
    >>> exif = image.getexif()
    >>> exif[0x0131] = "Adobe Photoshop 25.4 (Windows)"
    >>> image.save(file, "JPEG", exif=exif)
    >>> [f.facts["kind"] for f in fp.metadata.software(fp.Photo.from_bytes(file.getvalue()))]
    ['editor_saved']
    """
    rules = rules or load_rules()
    record = photo.record
    out = marked(record, rules, "software")
    out += _history(record, rules)
    out += _photoshop(record, rules)
    out += _segments(record, rules)
    out += _retouch(record, rules)
    out += _c2pa(record, rules)
    for problem in _problems(record):
        quote = {"field": problem[0], "offset": problem[1], "value": problem[2]}
        words = {"reason": f"{problem[0]}: {problem[2]}", "offset": problem[1]}
        out.append(ruling(rules, "software.parse_error", [quote], words=words, flags=Flag.PARSE_ERROR))
    return tuple(out)


def _problems(record: Record) -> list[tuple[str, int, str]]:
    found = [("XMP", x.problem_offset, x.problem) for x in record.xmp if x.problem]
    found += [(p.where, p.offset, p.reason) for p in record.problems]
    if record.store and record.store.problem:
        found.append(("C2PA", record.store.offset, record.store.problem))
    return found[:4]


def _history(record: Record, rules: RuleSet) -> list[Finding]:
    """Report xmpMM:History; its strength follows the strongest program in it."""
    steps = [step for x in record.xmp for step in x.structs("History") if step.get("action")]
    if not steps:
        return []
    agents = {step.get("softwareAgent", "") for step in steps} - {""}
    strength = _agents_strength(rules, agents)
    places = [f for f in record.fields if f.key == "xmp.action" and "History" in f.tag]
    words = {
        "steps": "; ".join(_step(s) for s in steps[:4]) + (f"; … ({len(steps)})" if len(steps) > 4 else ""),
        "count": len(steps),
        "chain": tuple({k: s[k] for k in ("action", "when", "softwareAgent", "changed") if k in s} for s in steps[:32]),
    }
    return [ruling(rules, "software.history", places, strength=strength, words=words)]


def _agents_strength(rules: RuleSet, agents: set[str]) -> str:
    """Strong with a pixel editor, moderate with a tone editor or none known, weak where only organisers saved."""
    fired = set()
    for agent in agents:
        for marker in rules.markers_for("software", "xmp.softwareAgent"):
            if marker.found(agent):
                fired.add(marker.rule)
    if fired & {"software.pixel_editor", "software.phone_editor"}:
        return "strong"
    return "weak" if fired == {"software.organiser"} else "moderate"


def _step(step: Mapping[str, str]) -> str:
    parts = [step.get("action", ""), step.get("softwareAgent", ""), step.get("when", "")]
    return shown(" ".join(p for p in parts if p), 100)


def _photoshop(record: Record, rules: RuleSet) -> list[Finding]:
    own = [r for r in record.resources if r.id in PHOTOSHOP_OWN]
    if len({r.id for r in own}) < PHOTOSHOP_MIN:
        return []
    quotes = [
        {
            "field": "8BIM",
            "tag": f"0x{r.id:04X}",
            "offset": r.offset,
            "value": f"{len(r.data)} bytes",
            "exiftool": "-Photoshop:all",
        }
        for r in own
    ]
    ids = sorted({f"0x{r.id:04X}" for r in own})
    return [ruling(rules, "software.photoshop_resources", quotes, words={"count": len(ids), "ids": ", ".join(ids)})]


def _segments(record: Record, rules: RuleSet) -> list[Finding]:
    out = []
    for block in record.container.of("ducky")[:1]:
        at = block.data.find(b"\0\1\0\4")
        quality = int.from_bytes(block.data[at + 4 : at + 8], "big") if at >= 0 else 0
        words = {"quality": f"{quality}" if 0 < quality <= 100 else "?"}
        quote = {
            "field": "APP12 Ducky",
            "offset": block.offset,
            "value": words["quality"],
            "exiftool": "-Ducky:Quality",
        }
        out.append(ruling(rules, "software.save_for_web", [quote], words=words))
    for block in record.container.of("adobe")[:1]:
        quote = {
            "field": "APP14 Adobe",
            "offset": block.offset,
            "value": block.data[:7].hex(),
            "exiftool": "-APP14:all",
        }
        out.append(ruling(rules, "software.adobe_marker", [quote]))
    return out


def _retouch(record: Record, rules: RuleSet) -> list[Finding]:
    """Read the JSON note of ByteDance's editors; known products only, so that no other JSON is taken for one."""
    products = rules.tables.get("products", {})
    for key in (
        "comment",
        "exif.ImageDescription",
        "exif.UserComment",
        "xmp.description",
        "text.Comment",
        "text.Description",
    ):
        for field in record.all(key):
            match = _RETOUCH.search(field.value)
            if not match or not (
                {"source_type", "stickerId", "filterId", "pictureId", "appversion"} & _keys(field.value)
            ):
                continue
            product = match[1]
            words = {"product": product, "name": products.get(product, product), "value": shown(field.value, 200)}
            strength = "" if product in products and product != "aweme" else "moderate"
            return [ruling(rules, "software.bytedance_retouch", [field], strength=strength, words=words)]
    return []


def _keys(text: str) -> set[str]:
    """Return the names of a JSON text's members, or of what can be seen of a cut-off one."""
    found: set[str] = set()
    try:
        stack: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return set(re.findall(r'"(\w{2,32})"\s*:', text))
    while stack and len(found) < 256:
        value = stack.pop()
        if isinstance(value, dict):
            found.update(map(str, value))
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value[:64])
    return found


def _c2pa(record: Record, rules: RuleSet) -> list[Finding]:
    if record.store is None:
        return []
    steps = [a for m in record.store.manifests for a in m.actions if _changes(a.get("action", ""))]
    if not steps:
        return []
    tonal = all(any(word in a["action"] for word in _TONAL) for a in steps)
    fields = [f for f in record.fields if f.key == "c2pa.action" and _changes(f.value)]
    told = [" ".join(a[k] for k in ("action", "softwareAgent", "when") if k in a) for a in steps[:6]]
    words = {"steps": "; ".join(shown(t, 100) for t in told), "count": len(steps)}
    unique: dict[tuple[str, str], Field] = {(f.value, f.tag): f for f in fields}
    return [
        ruling(
            rules,
            "software.c2pa_edits",
            list(unique.values()),
            strength="weak" if tonal else "",
            words=words,
            flags=Flag.UNVERIFIED,
        )
    ]


def _changes(action: str) -> bool:
    return any(word in action for word in CHANGING)
