"""Detector ``structure``: the order of the file's blocks, what follows the picture, what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakeproof.detector import detector
from fakeproof.findings import Flag
from fakeproof.metadata.rules import DETECTORS, VERSION, RuleSet, load_rules
from fakeproof.metadata.ruling import ruling
from fakeproof.reading.containers import Block
from fakeproof.reading.record import Record
from fakeproof.reading.wechat import Trailer

if TYPE_CHECKING:
    from fakeproof.findings import Finding
    from fakeproof.photo import Photo

__all__ = ["structure"]

_ARCHIVES = (
    (b"PK\x03\x04", "ZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"%PDF-", "PDF"),
    (b"MZ\x90\0", "EXE"),
)
_VENDOR_HEADS = {
    "APP7": (b"HUAWEI", b"\x1aQualcomm"),
    "APP8": (b"SPIFF",),
    "APP3": (b"Meta", b"META"),
    "APP5": (b"RMETA",),
}
_VENDOR_NAMES = ((b"SEFT", "Samsung trailer"), (b"vivo{", "vivo trailer"), (b"streamdata", "vivo stream data"))


@detector(version=VERSION, category=DETECTORS["structure"], weighed="assigned", cost_ms=1)
def structure(photo: Photo, /, *, rules: RuleSet | None = None) -> tuple[Finding, ...]:
    """Record how the file is built.

    Almost everything here is neutral: the order of segments, appended camera data, unknown trailers. An appended
    archive is weak. WeChat's checksum tells whether the bytes are those that WeChat saved; where it does not fit, the
    file was changed afterwards. Blocks that cannot be read are reported with their offset and never raise.

    Returns
    -------
    tuple of Finding
        `score` 0 or 1; 2, and so a support of *edited*, for WeChat's checksum that does not fit.

    References
    ----------
    .. [1] ITU-T T.81 (JPEG), annex B; W3C PNG, third edition; CIPA DC-007 (multi-picture).

    Examples
    --------
    >>> import io
    >>> import fakeproof as fp
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (64, 64)).save(file, "JPEG")
    >>> [f.facts["kind"] for f in fp.metadata.structure(fp.Photo.from_bytes(file.getvalue()))]
    ['segments']
    """
    rules = rules or load_rules()
    record = photo.record
    box = record.container
    out: list[Finding] = []
    if box.order:
        names = _runs(box.order)
        words = {"summary": ", ".join(names), "format": box.format, "progressive": box.progressive}
        out.append(ruling(rules, "structure.record", words=words))
    out += _camera_data(record, rules)
    if record.wechat is not None:
        out.append(_wechat(record.wechat, rules))
    else:
        out += [finding for block in box.of("trailer") for finding in _trailer(block, record, rules)]
    if not box.complete:
        out.append(
            ruling(rules, "structure.incomplete", [{"field": box.format, "offset": box.end}], flags=Flag.TRUNCATED)
        )
    for problem in box.problems[:4]:
        quote = {"field": problem.where, "offset": problem.offset, "value": problem.reason}
        words = {"reason": f"{problem.where}: {problem.reason}", "offset": problem.offset}
        out.append(ruling(rules, "structure.parse_error", [quote], words=words, flags=Flag.PARSE_ERROR))
    return tuple(out)


def _runs(names: tuple[str, ...]) -> list[str]:
    """Fold repeated names: ``APP2 icc x3``."""
    out: list[tuple[str, int]] = []
    for name in names[:128]:
        if out and out[-1][0] == name:
            out[-1] = (name, out[-1][1] + 1)
        else:
            out.append((name, 1))
    return [name if count == 1 else f"{name} x{count}" for name, count in out]


def _wechat(trailer: Trailer, rules: RuleSet) -> Finding:
    """Say what WeChat's checksum says; the sender's number in it is nobody's business and is not quoted."""
    rule = "structure.wechat_old" if trailer.state == "unchecked" else f"structure.wechat_{trailer.state}"
    quote = {
        "field": "trailer",
        "tag": "WeChat, MD5",
        "offset": trailer.offset,
        "value": trailer.stated or "no checksum",
    }
    words = {"stated": trailer.stated, "actual": trailer.actual, "offset": trailer.offset}
    return ruling(rules, rule, [quote], words=words)


def _camera_data(record: Record, rules: RuleSet) -> list[Finding]:
    found: list[tuple[str, int]] = [("multi-picture index (MPF)", b.offset) for b in record.container.of("mpf")[:1]]
    for block in record.container.of("app"):
        if block.data.startswith(_VENDOR_HEADS.get(block.label, ())):
            found.append((f"{block.label} of the camera", block.offset))
    gain = next((f for f in record.fields if f.key.startswith("xmp.") and "hdr-gain-map" in f.namespace), None)
    if gain:
        found.append(("gain map", gain.offset))
    found += [("Samsung trailer", offset) for _, _, offset in record.seft[:1]]
    if not found:
        return []
    quotes = [{"field": name, "offset": offset} for name, offset in found]
    return [ruling(rules, "structure.camera_trailer", quotes, words={"name": ", ".join(n for n, _ in found)})]


def _trailer(block: Block, record: Record, rules: RuleSet) -> list[Finding]:
    data = block.data
    size = len(data)
    if not data.strip(b"\0\xff \r\n"):
        return []
    head = data[:65_536]
    for magic, name in _ARCHIVES:
        if head.lstrip(b"\0").startswith(magic):
            quote = {"field": "trailer", "offset": block.offset, "value": f"{name}, {size} bytes"}
            return [ruling(rules, "structure.archive", [quote], words={"name": name, "offset": block.offset})]
    vendor = next((name for magic, name in _VENDOR_NAMES if magic in data[-4096:] or magic in head), "")
    known = vendor or record.seft or record.container.of("mpf") or b"ftyp" in head[:4096]
    if known:
        words = {"name": vendor or ("motion photo" if b"ftyp" in head[:4096] else "appended pictures")}
        return [ruling(rules, "structure.camera_trailer", [{"field": "trailer", "offset": block.offset}], words=words)]
    quote = {"field": "trailer", "offset": block.offset, "value": f"{size} bytes"}  # may be personal
    return [ruling(rules, "structure.trailer", [quote], words={"size": size, "offset": block.offset})]
