"""Detector ``rights``: authors, agencies and licences named in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeproof.detector import detector
from fakeproof.metadata.rules import DETECTORS, VERSION, RuleSet, load_rules
from fakeproof.metadata.ruling import marked, ruling
from fakeproof.reading.record import Record, shown

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.photo import Photo

__all__ = ["rights"]

_TECHNICAL = frozenset({"iptc.CodedCharacterSet", "iptc.1:0", "iptc.2:0"})


@detector(version=VERSION, category=DETECTORS["rights"], weighed="assigned", cost_ms=1)
def rights(photo: Photo, /, *, rules: RuleSet | None = None) -> tuple[Finding, ...]:
    """Find who the file says owns or published the picture.

    Sees stock and news agencies, licence data, credit and source lines, author and copyright lines, in EXIF, XMP and
    IPTC. Sees nothing where a platform removed them. An author's name alone is weak: owners may set one in their
    camera.

    Returns
    -------
    tuple of Finding
        One a rule that fired; `score` 0 neutral to 4 decisive.

    References
    ----------
    .. [1] IPTC Photo Metadata Standard 2025.1; IPTC-IIM 4.2.

    Examples
    --------
    >>> import io
    >>> import fakeproof as fp
    >>> from PIL import Image
    >>> image, file = Image.new("RGB", (64, 64), "grey"), io.BytesIO()
    >>> exif = image.getexif()
    >>> exif[0x8298] = "Getty Images"
    >>> image.save(file, "JPEG", exif=exif)
    >>> [f.facts["rule"] for f in fp.metadata.rights(fp.Photo.from_bytes(file.getvalue()))]
    ['rights.agency', 'rights.author']
    """
    rules = rules or load_rules()
    record = photo.record
    return (*marked(record, rules, "rights"), *_iptc(record, rules))


def _iptc(record: Record, rules: RuleSet) -> list[Finding]:
    told = (f for f in record.fields if f.key.startswith("iptc.") and f.key not in _TECHNICAL)
    listed = [f for f in told if any(c.isalnum() for c in f.value)]
    blocks = record.container.of("iptc")
    if not blocks or not (listed or record.datasets or any(r.id == 0x0404 for r in record.resources)):
        return []
    summary = ", ".join(f"{f.key.partition('.')[2]}: {shown(f.value, 40)}" for f in listed[:6]) or "empty"
    raw = [{"field": "APP13", "offset": blocks[0].offset, "value": f"{len(blocks[0].data)} bytes"}]
    return [ruling(rules, "rights.iptc_block", listed[:6] or raw, words={"summary": summary})]
